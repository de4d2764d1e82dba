import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { EXIT } from '../../src/commands/exit-codes.ts';
import { DECISIONS } from '../../src/core/gate/decision.ts';
import { OUTCOMES } from '../../src/core/gate/finding.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('the README can be read in one sitting', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(200);
});

test('the README names every command there is', () => {
  const help = execFileSync(process.execPath, [join(ROOT, 'src/cli.ts'), '--help'], { encoding: 'utf8' });
  const commands = [...help.matchAll(/^ {2}([a-z]+) /gm)].map((match) => match[1] ?? '');
  expect(commands.length).toBeGreaterThanOrEqual(13);
  const table = read('README.md');
  expect(commands.filter((name) => name !== 'help' && !table.includes(`\`${name}`))).toEqual([]);
});

test('the README gives the meaning of every exit code, and of no other', () => {
  const given = [...read('README.md').matchAll(/^\| (\d+) \|/gm)].map((match) => Number(match[1]));
  expect(given).toEqual(Object.values(EXIT));
});

test('the README’s scripts exist', () => {
  const scripts = Object.keys(JSON.parse(read('package.json')).scripts);
  const named = [...read('README.md').matchAll(/npm run(?: -s)? ([a-z]+)/g)].map((match) => match[1] ?? '');
  expect(named.length).toBeGreaterThan(3);
  expect(named.filter((name) => !scripts.includes(name))).toEqual([]);
});

test('the architecture page stays a map, and each test it leans on exists', () => {
  const page = read('docs/architecture.md');
  expect(page.split('\n').length).toBeLessThanOrEqual(150);
  const tests = [...page.matchAll(/`(test\/[^`]+)`/g)].map((match) => match[1] ?? '');
  expect(tests.length).toBeGreaterThan(10);
  expect(tests.filter((path) => globSync(path, { cwd: ROOT }).length === 0)).toEqual([]);
});

test('the architecture page names every folder of the source', () => {
  const page = read('docs/architecture.md');
  const folders = globSync('src/*/', { cwd: ROOT }).map((path) => path.replace(/\/$/, ''));
  expect(folders.length).toBeGreaterThan(8);
  expect(folders.filter((folder) => folder !== 'src/core' && !page.includes(`\`${folder}\``))).toEqual([]);
});

test('the glossary has every decision and every outcome', () => {
  const words = read('docs/glossary.md');
  expect([...DECISIONS, ...OUTCOMES].filter((word) => !words.includes(`\`${word}\``))).toEqual([]);
});

test('code names only decision records that exist', () => {
  const named = globSync('{src,test}/**/*.ts', { cwd: ROOT }).flatMap((path) =>
    [...read(path).matchAll(/docs\/decisions\/\d{4}-[a-z-]+\.md/g)].map((match) => match[0]),
  );
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

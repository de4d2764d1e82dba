import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const PAGE = read('docs/authority-boundary.md');
const RULES = Array.from({ length: 15 }, (_, at) => `B${at + 1}`);

/** What the tests of a file are called, with what surrounds them. */
function titlesIn(path: string): readonly string[] {
  return [
    ...read(path).matchAll(/\b(?:test|describe)(?:\.each)?[^'`"]{0,200}?(['`"])((?:\\.|(?!\1).)*)\1/gs),
  ].map(([, , title]) => title ?? '');
}

const names = (title: string, rule: string): boolean => new RegExp(`\\b${rule}\\b`).test(title);

describe('the authority boundary', () => {
  test('has fifteen rules, each in one row of its page', () => {
    const rows = [...PAGE.matchAll(/^\| (B\d+) \| (.+?) \| (.+?) \|$/gm)];
    expect(rows.map(([, rule]) => rule)).toEqual(RULES);
  });

  test.each(RULES)('%s is held by a test of that name, in every file that its row gives', (rule) => {
    const row = PAGE.split('\n').find((line) => line.startsWith(`| ${rule} |`)) ?? '';
    const files = [...row.matchAll(/`(test\/[^`]+)`/g)].map(([, path]) => path ?? '');
    expect(files.length).toBeGreaterThan(0);
    for (const path of files) {
      const titles = titlesIn(path).filter((title) => names(title, rule));
      expect(titles, `${path} has no test that names ${rule}`).not.toEqual([]);
    }
  });

  test('is named by no test that its page does not know', () => {
    const known = new Set(RULES);
    const strange = globSync('test/**/*.test.ts', { cwd: ROOT }).flatMap((path) =>
      titlesIn(path).flatMap((title) =>
        [...title.matchAll(/\bB(?:\d+)\b(?=[),:])/g)]
          .map(([name]) => name)
          .filter((name) => !known.has(name)),
      ),
    );
    expect(strange).toEqual([]);
  });
});

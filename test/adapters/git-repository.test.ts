import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gitRepository } from '../../src/adapters/git/repository.ts';
import { RepositoryUnavailable } from '../../src/ports/repository.ts';
import { type GitFolder, openGitFolder } from '../support/git-folder.ts';

const PRICE = 'export const price = 1;\n\nexport const tax = 2;\n';
const MEBIBYTE = 1024 * 1024;

let here: GitFolder;
let first: string;
beforeEach(() => {
  here = openGitFolder();
  first = here.commit('Sell things', {
    'src/price.ts': PRICE,
    'docs/old.md': 'A page that is moved.\n'.repeat(9),
  });
});
afterEach(() => here[Symbol.dispose]());

const repository = (folder = here.folder) => gitRepository(folder);

/** A branch with one more commit, checked out. */
function branchOff(
  files: Readonly<Record<string, string | Uint8Array>>,
  subject = 'Change the price',
): string {
  here.git('checkout', '--quiet', '-b', 'work');
  return here.commit(subject, files);
}

async function refusal(asked: Promise<unknown>): Promise<string> {
  const fault = await asked.then(
    () => null,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(RepositoryUnavailable);
  return (fault as RepositoryUnavailable).message;
}

describe('a change since a branch', () => {
  test('is what the branch’s commits did since the two parted, and nothing that the base did meanwhile', async () => {
    branchOff({ 'src/price.ts': PRICE.replace('1', '3') });
    here.commit('Tax as well', { 'src/price.ts': PRICE.replace('1', '3').replace('2', '4') });
    here.git('checkout', '--quiet', 'main');
    const base = here.commit('Meanwhile', { 'src/other.ts': 'export const other = 1;\n' });
    here.git('checkout', '--quiet', 'work');
    const change = await repository().changeSince('main');
    expect(change).toMatchObject({
      title: 'Tax as well',
      commits: 2,
      from: first,
      base,
      uncommittedFiles: 0,
    });
    expect(change.diff).toContain('--- a/src/price.ts\n+++ b/src/price.ts\n');
    expect(change.diff).toContain('-export const price = 1;\n+export const price = 3;\n \n');
    expect(change.diff).toContain('+export const tax = 4;');
    expect(change.diff).not.toContain('other');
  });

  test('may be since a tag, or a commit', async () => {
    here.git('tag', 'v1');
    branchOff({ 'src/price.ts': 'export const price = 3;\n' });
    const byTag = await repository().changeSince('v1');
    expect(await repository().changeSince(first)).toEqual(byTag);
  });

  test('leaves out what is not committed, and counts its files', async () => {
    branchOff({ 'src/price.ts': PRICE.replace('1', '3') });
    here.write('src/price.ts', 'nobody reviewed this\n');
    here.write('docs/old.md', '');
    here.write('untracked.ts', 'nor this\n');
    const change = await repository().changeSince('main');
    expect(change.uncommittedFiles).toBe(2);
    expect(change.diff).not.toContain('reviewed');
  });

  test('is of the whole repository, from whichever of its folders it is asked', async () => {
    branchOff({ 'src/price.ts': PRICE.replace('1', '3'), 'docs/new.md': 'new\n' });
    here.git('config', 'diff.relative', 'true');
    const whole = await repository().changeSince('main');
    expect(whole.diff).toContain('docs/new.md');
    expect(await repository(join(here.folder, 'src')).changeSince('main')).toEqual(whole);
  });

  test('is found in a linked working tree, with that tree’s own HEAD', async () => {
    here.git('worktree', 'add', '--quiet', '-b', 'beside', join(here.folder, 'beside'));
    writeFileSync(join(here.folder, 'beside/src/price.ts'), PRICE.replace('1', '7'));
    here.git('-C', 'beside', 'commit', '--quiet', '--all', '--message', 'Beside');
    const change = await repository(join(here.folder, 'beside')).changeSince('main');
    expect(change).toMatchObject({ title: 'Beside', commits: 1 });
    expect(change.diff).toContain('+export const price = 7;');
  });

  test('shows a moved file as moved, and a binary one as binary', async () => {
    here.git('mv', 'docs/old.md', 'docs/new.md');
    branchOff({ 'logo.png': new Uint8Array([137, 80, 78, 71, 0, 1, 2, 3]) });
    const { diff } = await repository().changeSince('main');
    expect(diff).toContain('rename from docs/old.md\nrename to docs/new.md\n');
    expect(diff).toContain('Binary files /dev/null and b/logo.png differ');
  });

  test('cannot declare its own files binary, generated or otherwise not worth showing', async () => {
    branchOff({
      '.gitattributes': '*.ts -diff\n*.md binary\n',
      'src/price.ts': PRICE.replace('1', '3'),
      'docs/new.md': 'shown\n',
    });
    const { diff } = await repository().changeSince('main');
    expect(diff).toContain('+export const price = 3;');
    expect(diff).toContain('+shown');
    expect(diff).not.toContain('Binary');
  });

  test('looks the same whatever the repository’s configuration makes of diffs', async () => {
    branchOff({ 'src/price.ts': PRICE.replace('1', '3') });
    const plain = await repository().changeSince('main');
    const settings = {
      ...{ 'diff.noprefix': 'true', 'diff.mnemonicPrefix': 'true', 'diff.suppressBlankEmpty': 'true' },
      ...{
        'diff.context': '0',
        'diff.external': 'false',
        'diff.algorithm': 'patience',
        'color.ui': 'always',
      },
      ...{ 'core.bigFileThreshold': '1', 'log.showSignature': 'true', 'i18n.logOutputEncoding': 'UTF-16' },
    };
    for (const [name, value] of Object.entries(settings)) here.git('config', name, value);
    expect(await repository().changeSince('main')).toEqual(plain);
  });

  test('is of the folder that was named, also where git’s environment names another repository', async () => {
    branchOff({ 'src/price.ts': PRICE.replace('1', '3') });
    using other = openGitFolder();
    other.commit('Of another repository');
    const before = process.env['GIT_DIR'];
    process.env['GIT_DIR'] = join(other.folder, '.git');
    try {
      expect(await repository().changeSince('main')).toMatchObject({ title: 'Change the price' });
    } finally {
      if (before === undefined) delete process.env['GIT_DIR'];
      else process.env['GIT_DIR'] = before;
    }
  });

  test('needs a base that is there, and says how to get it', async () => {
    expect(await refusal(repository().changeSince('mian'))).toMatch(/no revision "mian".*git fetch/);
    expect(await refusal(repository().changeSince(''))).toContain('no revision ""');
  });

  test('takes no option for a branch', async () => {
    branchOff({ 'src/price.ts': '' });
    const asked = repository().changeSince(`--output=${join(here.folder, 'written')}`);
    expect(await refusal(asked)).toContain('is no revision');
    expect(here.git('status', '--porcelain')).toBe('');
    here.git('update-ref', 'refs/heads/--all', first);
    expect(await refusal(repository().changeSince('--all'))).toBe('"--all" is no revision');
    expect(await repository().changeSince('refs/heads/--all')).toMatchObject({ commits: 1 });
  });

  test('needs a commit that the base has not', async () => {
    expect(await refusal(repository().changeSince('main'))).toMatch(/HEAD has no commit that "main" has not/);
  });

  test('needs a common past', async () => {
    here.git('checkout', '--quiet', '--orphan', 'alien');
    here.commit('From elsewhere');
    expect(await refusal(repository().changeSince('main'))).toContain('no commit in common');
  });

  test('needs a repository', async () => {
    const empty = mkdtempSync(join(tmpdir(), 'sluice-none-'));
    try {
      for (const folder of [empty, join(empty, 'missing')]) {
        expect(await refusal(repository(folder).changeSince('main'))).toBe(`${folder} is no git repository`);
        expect(await refusal(repository(folder).defaultBranch())).toBe(`${folder} is no git repository`);
      }
    } finally {
      rmSync(empty, { recursive: true });
    }
  });
});

describe('a file at a revision', () => {
  test('is the revision’s, whatever HEAD, the index and the disk hold', async () => {
    branchOff({ 'src/price.ts': 'of the branch\n' });
    here.write('src/price.ts', 'of the index\n');
    here.git('add', '--all');
    here.write('src/price.ts', 'of the disk\n');
    expect(await repository().fileAt(first, 'src/price.ts')).toBe(PRICE);
    expect(await repository().fileAt('main', 'src/price.ts')).toBe(PRICE);
    expect(await repository(join(here.folder, 'src')).fileAt('main', 'src/price.ts')).toBe(PRICE);
    expect(await repository().fileAt('HEAD', 'src/price.ts')).toBe('of the branch\n');
  });

  test('is null where the revision has nothing there', async () => {
    branchOff({ 'new.ts': 'new\n' });
    expect(await repository().fileAt('main', 'new.ts')).toBeNull();
    expect(await repository().fileAt('main', 'src/price.ts/x')).toBeNull();
  });

  test.each([
    '',
    '/etc/passwd',
    '../outside.txt',
    'src/../../outside.txt',
    './src/price.ts',
    'src/../src/price.ts',
    'src//price.ts',
    'src/',
    '.git/config',
    'src/*.ts',
    ':(glob)src/*.ts',
    ':/src/price.ts',
    'src/price.ts\0.png',
    '--help',
  ])('is not looked for at %j', async (path) => {
    writeFileSync(join(here.folder, '../outside.txt'), 'secret');
    expect(await repository(join(here.folder, 'src')).fileAt('main', path)).toBeNull();
    rmSync(join(here.folder, '../outside.txt'));
  });

  test('is found under any name that a file may have', async () => {
    const names = ['ä ö.md', '-rf', ':(glob)*', 'a\nb', '[x].ts', '"quoted"'];
    here.commit('Odd names', Object.fromEntries(names.map((name) => [name, name])));
    for (const name of names) expect(await repository().fileAt('HEAD', name), name).toBe(name);
  });

  test('does not follow a link, nor take a folder or a submodule for a file', async () => {
    symlinkSync('/etc/passwd', join(here.folder, 'link'));
    here.git('update-index', '--add', '--cacheinfo', `160000,${first},module`);
    here.git('add', 'link');
    here.git('commit', '--quiet', '--message', 'No files');
    expect(await refusal(repository().fileAt('HEAD', 'link'))).toBe(
      'link is a symbolic link at HEAD, and no file',
    );
    expect(await refusal(repository().fileAt('HEAD', 'src'))).toBe('src is a folder at HEAD, and no file');
    expect(await refusal(repository().fileAt('HEAD', 'module'))).toContain('is a submodule');
  });

  test('is read up to a mebibyte, and refused beyond rather than cut', async () => {
    here.commit('Large', { most: 'x'.repeat(MEBIBYTE), over: 'x'.repeat(MEBIBYTE + 1) });
    expect(await repository().fileAt('HEAD', 'most')).toHaveLength(MEBIBYTE);
    expect(await refusal(repository().fileAt('HEAD', 'over'))).toBe(
      'over has 1048577 bytes at HEAD; at most 1048576 are read',
    );
  });

  test('of bytes that are no text says so in their place', async () => {
    here.commit('Bytes', { bytes: new Uint8Array([0x61, 0xff, 0x62]) });
    expect(await repository().fileAt('HEAD', 'bytes')).toBe('a\uFFFDb');
  });

  test('needs a revision that is there, and takes no option for one', async () => {
    expect(await refusal(repository().fileAt('nowhere', 'src/price.ts'))).toContain('nowhere');
    expect(await refusal(repository().fileAt('-r', 'src/price.ts'))).toBe('"-r" is no revision');
  });
});

describe('the branch that a change is meant for', () => {
  test('is the remote’s default where one is known', async () => {
    here.git('update-ref', 'refs/remotes/origin/trunk', first);
    here.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/trunk');
    expect(await repository().defaultBranch()).toBe('origin/trunk');
  });

  test('is main or master otherwise, or the remote’s where it was fetched', async () => {
    expect(await repository().defaultBranch()).toBe('main');
    here.git('symbolic-ref', 'refs/remotes/origin/HEAD', 'refs/remotes/origin/gone');
    here.git('branch', '--move', 'main', 'master');
    expect(await repository().defaultBranch()).toBe('master');
  });

  test('is nobody’s guess in a repository that has neither', async () => {
    here.git('branch', '--move', 'main', 'trunk');
    expect(await repository().defaultBranch()).toBeNull();
  });
});

describe('a git that does not answer', () => {
  test('is waited for no longer than it may take', async () => {
    const program = join(here.folder, 'stuck-git');
    writeFileSync(program, '#!/bin/sh\nexec sleep 600\n');
    chmodSync(program, 0o755);
    const stuck = gitRepository(here.folder, { program, timeoutMs: 50 });
    expect(await refusal(stuck.changeSince('main'))).toBe(`git gave no answer in ${here.folder} within 50ms`);
    expect(await refusal(stuck.fileAt('main', 'src/price.ts'))).toContain('within 50ms');
    expect(await refusal(stuck.defaultBranch())).toContain('within 50ms');
  });

  test('because it is not there is told apart from a folder that is none', async () => {
    const absent = gitRepository(here.folder, { program: join(here.folder, 'no-git') });
    expect(await refusal(absent.changeSince('main'))).toContain('git is not installed');
  });
});

import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { applyDiff } from '../../src/demo/apply-diff.ts';
import { BASE, readPulls } from './shop-pulls.ts';

const made: string[] = [];

function directory(files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'apply-diff-'));
  made.push(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

function tree(path: string): Readonly<Record<string, string>> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(path.length + 1), readFileSync(file, 'utf8')]),
  );
}

/** The diff git itself writes between two states of a directory. */
function gitDiff(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): string {
  const work = directory();
  for (const [side, files] of [['a', before] as const, ['b', after] as const]) {
    mkdirSync(join(work, side));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(work, side, name), text);
  }
  try {
    return execFileSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], {
      cwd: work,
      encoding: 'utf8',
    });
  } catch (error) {
    // It exits with 1 when the two differ, which they do.
    return (error as { readonly stdout: string }).stdout;
  }
}

const numbered = (count: number, change: Readonly<Record<number, string>> = {}) =>
  Array.from({ length: count }, (_, at) => `${change[at + 1] ?? `line ${at + 1}`}\n`).join('');

afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true });
});

describe("the shop's pull requests", () => {
  it.each(readPulls())('$id: gives the tree that git apply gives', async ({ diffPath, diff }) => {
    const [ours, gits] = [directory(), directory()];
    cpSync(BASE, ours, { recursive: true });
    cpSync(BASE, gits, { recursive: true });
    await applyDiff(diff, ours);
    execFileSync('git', ['apply', diffPath], { cwd: gits });
    expect(tree(ours)).toEqual(tree(gits));
    expect(tree(ours)).not.toEqual(tree(BASE));
  });
});

describe('applyDiff', () => {
  it.each([
    { what: 'a changed line', before: { f: numbered(9) }, after: { f: numbered(9, { 5: 'five' }) } },
    { what: 'two hunks', before: { f: numbered(40) }, after: { f: numbered(40, { 2: 'two', 38: 'x\ny' }) } },
    { what: 'lines at the start and the end', before: { f: 'b\n' }, after: { f: 'a\nb\nc\n' } },
    { what: 'a new and a deleted file', before: { old: 'gone\n' }, after: { new: 'here\n' } },
    { what: 'a last line that loses its break', before: { f: 'a\nb\n' }, after: { f: 'a\nb' } },
    { what: 'a last line that gains its break', before: { f: 'a\nb' }, after: { f: 'a\nb\n' } },
    { what: 'a file that becomes empty', before: { f: 'a\n' }, after: { f: '' } },
    { what: 'Windows line breaks', before: { f: 'a\r\nb\r\n' }, after: { f: 'a\r\nc\r\n' } },
    { what: 'lines that look like a diff', before: { f: '-- a\n' }, after: { f: '++ b\n@@ -1 +1 @@\n' } },
  ])('applies what git writes: $what', async ({ before, after }) => {
    const path = directory(before);
    await applyDiff(gitDiff(before, after), path);
    expect(tree(path)).toEqual(after);
  });

  it('names file and line where the text differs, and then writes nothing', async () => {
    const before = { a: numbered(9), b: numbered(9) };
    const diff = gitDiff(before, { a: numbered(9, { 5: 'five' }), b: numbered(9, { 5: 'five' }) });
    const drifted = { a: numbered(9), b: numbered(9, { 7: 'seven' }) };
    const path = directory(drifted);
    await expect(applyDiff(diff, path)).rejects.toMatchObject({
      code: 'diff_does_not_apply',
      file: 'b',
      line: 7,
      message: 'b, line 7: expected "line 7\\n", found "seven\\n"',
    });
    expect(tree(path)).toEqual(drifted);
  });

  it('does not look for the text elsewhere', async () => {
    const diff = gitDiff({ f: numbered(9) }, { f: numbered(9, { 5: 'five' }) });
    const path = directory({ f: `one more\n${numbered(9)}` });
    await expect(applyDiff(diff, path)).rejects.toMatchObject({ file: 'f', line: 2 });
  });

  it.each([
    { what: 'a file that is not there', files: {}, diff: '--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n' },
    { what: 'a new file that is', files: { f: 'a\n' }, diff: '--- /dev/null\n+++ b/f\n@@ -0,0 +1 @@\n+b\n' },
    { what: 'half a deletion', files: { f: 'a\nb\n' }, diff: '--- a/f\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n' },
    { what: 'a rename', files: { f: 'a\n' }, diff: '--- a/f\n+++ b/g\n@@ -1 +1 @@\n-a\n+b\n' },
    { what: 'a path that leaves', files: {}, diff: '--- /dev/null\n+++ b/../f\n@@ -0,0 +1 @@\n+b\n' },
    { what: 'a hunk cut short', files: { f: 'a\n' }, diff: '--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-a\n+b\n' },
    { what: 'an empty new file', files: {}, diff: 'diff --git a/f b/f\nnew file mode 100644\nindex 0..e\n' },
    { what: 'binary content', files: {}, diff: 'diff --git a/f b/f\nBinary files a/f and b/f differ\n' },
    { what: 'no diff at all', files: {}, diff: '' },
  ])('refuses $what', async ({ files, diff }) => {
    const path = directory(files);
    await expect(applyDiff(diff, path)).rejects.toMatchObject({ code: 'diff_does_not_apply' });
    expect(tree(path)).toEqual(files);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_DIFF_LINES, readDiff } from '../../../src/agent/diff/diff.ts';

const lines = (...text: string[]): string => `${text.join('\n')}\n`;

describe('reads every kind of file header', () => {
  test.each([
    {
      title: 'a modified file',
      diff: lines(
        'diff --git a/x.ts b/x.ts',
        'index 1..2 100644',
        '--- a/x.ts',
        '+++ b/x.ts',
        '@@ -1 +1 @@',
        '-a',
        '+b',
      ),
      file: { oldPath: 'x.ts', newPath: 'x.ts', status: 'modified' },
    },
    {
      title: 'an added file',
      diff: lines(
        'diff --git a/x.ts b/x.ts',
        'new file mode 100644',
        '--- /dev/null',
        '+++ b/x.ts',
        '@@ -0,0 +1 @@',
        '+b',
      ),
      file: { oldPath: null, newPath: 'x.ts', status: 'added' },
    },
    {
      title: 'an added empty file, whose name has spaces',
      diff: lines('diff --git a/x y.ts b/x y.ts', 'new file mode 100644', 'index 0000000..e69de29'),
      file: { oldPath: null, newPath: 'x y.ts', status: 'added' },
    },
    {
      title: 'a deleted file',
      diff: lines(
        'diff --git a/x.ts b/x.ts',
        'deleted file mode 100644',
        '--- a/x.ts',
        '+++ /dev/null',
        '@@ -1 +0,0 @@',
        '-a',
      ),
      file: { oldPath: 'x.ts', newPath: null, status: 'deleted' },
    },
    {
      title: 'a renamed file without changes',
      diff: lines('diff --git a/x y b/z', 'similarity index 100%', 'rename from x y', 'rename to z'),
      file: { oldPath: 'x y', newPath: 'z', status: 'renamed' },
    },
    {
      title: 'a copied file, as an added one that names its source',
      diff: lines(
        'diff --git a/x b/z',
        'similarity index 90%',
        'copy from x',
        'copy to z',
        '--- a/x',
        '+++ b/z',
        '@@ -1 +1 @@',
        '-a',
        '+b',
      ),
      file: { oldPath: 'x', newPath: 'z', status: 'added' },
    },
    {
      title: 'a change of mode',
      diff: lines('diff --git a/run b/run', 'old mode 100644', 'new mode 100755'),
      file: { oldPath: 'run', newPath: 'run', status: 'modified' },
    },
    {
      title: 'a binary file',
      diff: lines(
        'diff --git a/x.png b/x.png',
        'index 1..2 100644',
        'Binary files a/x.png and b/x.png differ',
      ),
      file: { oldPath: 'x.png', newPath: 'x.png', status: 'binary' },
    },
    {
      title: 'a binary patch, whose data may look like anything',
      diff: lines(
        'diff --git a/x b/x',
        'index 1..2',
        'GIT binary patch',
        'literal 4',
        '--- a/not a header',
        '@@ nor a hunk',
        '',
      ),
      file: { oldPath: 'x', newPath: 'x', status: 'binary' },
    },
    {
      title: 'a quoted path with octal escapes',
      diff: lines(
        'diff --git "a/s\\303\\274\\303\\237 \\"x\\".ts" "b/s\\303\\274\\303\\237 \\"x\\".ts"',
        'old mode 100644',
        'new mode 100755',
      ),
      file: { oldPath: 'süß "x".ts', newPath: 'süß "x".ts', status: 'modified' },
    },
    {
      title: 'a rename from a quoted path to a plain one',
      diff: lines(
        'diff --git "a/\\303\\274" b/u',
        'similarity index 100%',
        'rename from "\\303\\274"',
        'rename to u',
      ),
      file: { oldPath: 'ü', newPath: 'u', status: 'renamed' },
    },
    {
      title: 'a diff without prefixes, in a folder that looks like one',
      diff: lines('diff --git a/x.ts a/x.ts', '--- a/x.ts', '+++ a/x.ts', '@@ -1 +1 @@', '-a', '+b'),
      file: { oldPath: 'a/x.ts', newPath: 'a/x.ts', status: 'modified' },
    },
    {
      title: 'an added file of a diff without prefixes',
      diff: lines(
        'diff --git b/x.ts b/x.ts',
        'new file mode 100644',
        '--- /dev/null',
        '+++ b/x.ts',
        '@@ -0,0 +1 @@',
        '+b',
      ),
      file: { oldPath: null, newPath: 'b/x.ts', status: 'added' },
    },
    {
      title: 'mnemonic prefixes',
      diff: lines('diff --git i/x.ts w/x.ts', '--- i/x.ts', '+++ w/x.ts', '@@ -1 +1 @@', '-a', '+b'),
      file: { oldPath: 'x.ts', newPath: 'x.ts', status: 'modified' },
    },
    {
      title: 'plain diff -u with timestamps',
      diff: lines(
        '--- old/src/x y.ts\t2026-01-01 10:00:00',
        '+++ new/src/x y.ts\t2026-01-02 10:00:00',
        '@@ -1 +1 @@',
        '-a',
        '+b',
      ),
      file: { oldPath: 'src/x y.ts', newPath: 'src/x y.ts', status: 'modified' },
    },
    {
      title: 'a file that plain diff -N dates at the epoch',
      diff: lines(
        'diff -ruN old/x new/x',
        '--- old/x\t1970-01-01 00:00:00 +0000',
        '+++ new/x\t2026-01-02 10:00:00',
        '@@ -0,0 +1 @@',
        '+b',
      ),
      file: { oldPath: null, newPath: 'x', status: 'added' },
    },
    {
      title: 'a plain binary file',
      diff: lines('Binary files old/x.png and new/x.png differ'),
      file: { oldPath: 'x.png', newPath: 'x.png', status: 'binary' },
    },
    {
      title: 'a mailed patch, with its message before and its signature after',
      diff: lines(
        'From 1234 Mon Sep 17',
        'Subject: [PATCH] x',
        '',
        '---',
        ' x.ts | 2 +-',
        '',
        'diff --git a/x.ts b/x.ts',
        '--- a/x.ts',
        '+++ b/x.ts',
        '@@ -1 +1 @@',
        '-a',
        '+b',
        '-- ',
        '2.47.0',
        '',
      ),
      file: { oldPath: 'x.ts', newPath: 'x.ts', status: 'modified' },
    },
    {
      title: 'a path with characters that reorder or hide what people read',
      diff: lines(
        'diff --git a/x\u202Egnp.ts b/x\u202Egnp.ts',
        '--- a/x\u202Egnp.ts',
        '+++ b/x\u202Egnp.ts',
        '@@ -1 +1 @@',
        '-a',
        '+b',
      ),
      file: { oldPath: 'x\\u{202E}gnp.ts', newPath: 'x\\u{202E}gnp.ts', status: 'modified' },
    },
  ])('$title', ({ diff, file }) => {
    const { files, faults, truncation } = readDiff(diff);
    expect(faults).toEqual([]);
    expect(truncation).toBeNull();
    expect(files.map(({ oldPath, newPath, status }) => ({ oldPath, newPath, status }))).toEqual([file]);
  });
});

describe('reads hunks', () => {
  test('numbers each line on the sides it exists on', () => {
    const diff = lines(
      '--- a/x',
      '+++ b/x',
      '@@ -10,3 +20,3 @@ function f() {',
      ' one',
      '-two',
      '+TWO',
      ' three',
    );
    expect(readDiff(diff).files[0]?.hunks).toEqual([
      {
        oldStart: 10,
        heading: 'function f() {',
        newStart: 20,
        lines: [
          { kind: 'context', text: 'one', oldLine: 10, newLine: 20 },
          { kind: 'removed', text: 'two', oldLine: 11, newLine: null },
          { kind: 'added', text: 'TWO', oldLine: null, newLine: 21 },
          { kind: 'context', text: 'three', oldLine: 12, newLine: 22 },
        ],
      },
    ]);
  });

  test('takes what looks like a header for a line where the counts say so', () => {
    const diff = lines(
      '--- a/x.sql',
      '+++ b/x.sql',
      '@@ -1,2 +1,2 @@',
      '--- a comment',
      '-diff --git a/y b/y',
      '+++ x',
      '+@@ -1 +1 @@',
    );
    const reading = readDiff(diff);
    expect(reading.faults).toEqual([]);
    expect(reading.files[0]?.hunks[0]?.lines.map((line) => line.text)).toEqual([
      '-- a comment',
      'diff --git a/y b/y',
      '++ x',
      '@@ -1 +1 @@',
    ]);
  });

  test('drops carriage returns and the remark on a missing newline', () => {
    const diff =
      '--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-a\r\n\\ No newline at end of file\r\n+b\r\n\\ No newline at end of file';
    const reading = readDiff(diff);
    expect(reading.faults).toEqual([]);
    expect(reading.files[0]?.hunks[0]?.lines.map((line) => line.text)).toEqual(['a', 'b']);
  });

  test('reads a context line whose only space a mailer has stripped', () => {
    const reading = readDiff(lines('--- a/x', '+++ b/x', '@@ -1,2 +1,3 @@', ' a', '', '+b'));
    expect(reading.faults).toEqual([]);
    expect(reading.files[0]?.hunks[0]?.lines).toHaveLength(3);
  });

  test('an empty diff has no files and no faults', () => {
    expect(readDiff('')).toEqual({ files: [], faults: [], truncation: null });
    expect(readDiff('\n \n').faults).toEqual([]);
  });
});

describe('names the line of what cannot be read, and goes on', () => {
  test.each([
    { title: 'text that is no diff', diff: lines('hello'), line: 1, files: 0 },
    { title: 'a hunk before any file', diff: lines('', '@@ -1 +1 @@', '-a', '+b'), line: 2, files: 0 },
    {
      title: 'a hunk header without numbers',
      diff: lines('--- a/x', '+++ b/x', '@@ -a +b @@', '-a'),
      line: 3,
      files: 1,
    },
    {
      title: 'a hunk that ends early',
      diff: lines('--- a/x', '+++ b/x', '@@ -1,9 +1,9 @@', ' a', 'diff --git a/y b/y'),
      line: 3,
      files: 2,
    },
    {
      title: 'a diff that ends inside a hunk',
      diff: lines('--- a/x', '+++ b/x', '@@ -1,2 +1,2 @@', ' a'),
      line: 3,
      files: 1,
    },
    {
      title: 'more lines than the hunk counts',
      diff: lines('--- a/x', '+++ b/x', '@@ -1 +1 @@', '-a', '+b', '+c', '+d'),
      line: 6,
      files: 1,
    },
    { title: 'an old header alone', diff: lines('--- a/x', 'diff --git a/y b/y'), line: 1, files: 1 },
    {
      title: 'a combined diff',
      diff: lines('diff --cc x.ts', '@@@ -1,1 -1,1 +1,1 @@@', '- a'),
      line: 1,
      files: 0,
    },
    { title: 'a file that is only named', diff: lines('Only in new/src: x.ts'), line: 1, files: 0 },
    { title: 'a header whose paths run together', diff: lines('diff --git whatever'), line: 1, files: 1 },
  ])('$title', ({ diff, line, files }) => {
    const reading = readDiff(diff);
    expect(reading.faults[0]?.line).toBe(line);
    expect(reading.files).toHaveLength(files);
  });

  test('stops at the cap and says where', () => {
    const added = '+x\n'.repeat(MAX_DIFF_LINES);
    const diff = `--- a/x\n+++ b/x\n@@ -0,0 +1,${MAX_DIFF_LINES} @@\n${added}`;
    const reading = readDiff(diff);
    expect(reading.truncation).toEqual({ line: MAX_DIFF_LINES + 1, limit: `${MAX_DIFF_LINES} lines` });
    expect(reading.files[0]?.hunks[0]?.lines).toHaveLength(MAX_DIFF_LINES - 3);
  });
});

describe('holds for any input', () => {
  const fragments = fc.constantFrom(
    'diff --git a/x b/x',
    'diff --git "a/\\303" "b/\\',
    '--- a/x',
    '+++ b/x',
    '--- /dev/null',
    '+++ /dev/null',
    '@@ -1 +1 @@',
    '@@ -1,3 +1,2 @@',
    '@@ -0,0 +999999999 @@',
    '@@',
    '+a',
    '-a',
    ' a',
    '',
    '\\ No newline',
    'GIT binary patch',
    'Binary files a and b differ',
    'rename from x',
    'rename to y',
    'copy from "',
    'new file mode 1',
    'Only in x: y',
    '\r',
    '-- ',
  );
  const anyText = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fragments).map((all) => all.join('\n')),
  );

  test('never throws', () => {
    fc.assert(
      fc.property(anyText, (text) => Array.isArray(readDiff(text).files)),
      { numRuns: 120 },
    );
  });

  const change = fc.record({ kind: fc.constantFrom('+', '-', ' '), text: fc.string({ maxLength: 12 }) });
  const file = fc
    .record({
      name: fc.stringMatching(/^[a-z]{1,6}( [a-z]{1,4})?$/),
      changes: fc.array(change, { minLength: 1, maxLength: 8 }),
    })
    .map(({ name, changes }) => {
      const count = (kind: string): number => changes.filter((each) => each.kind !== kind).length;
      const head = `diff --git a/${name} b/${name}\n--- a/${name}\n+++ b/${name}\n@@ -1,${count('+')} +1,${count('-')} @@\n`;
      return head + changes.map(({ kind, text }) => `${kind}${text}\n`).join('');
    });
  const diff = fc.array(file, { maxLength: 4 }).map((files) => files.join(''));

  test('the files of two diffs put together are the files of the one and of the other', () => {
    fc.assert(
      fc.property(diff, diff, (a, b) => {
        const both = readDiff(a + b);
        expect(both.files).toEqual([...readDiff(a).files, ...readDiff(b).files]);
        expect(both.faults).toEqual([]);
      }),
    );
  });
});

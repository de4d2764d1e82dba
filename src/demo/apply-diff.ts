import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DiffError, type FileDiff, type Hunk, linesOf, parseDiff } from './shop-diff.ts';

/**
 * Applies a unified diff, as git writes it, to the files in `directory`.
 *
 * Exact, unlike `patch`: every hunk must fit where its header says, line for line. Throws `DiffError` naming the file
 * and line where one does not; then nothing has been written. Text files only; renames and mode changes are refused.
 */
export async function applyDiff(diff: string, directory: string): Promise<void> {
  const changes: (() => Promise<void>)[] = [];
  for (const file of parseDiff(diff)) changes.push(await planned(file, directory));
  for (const change of changes) await change();
}

/** Works out one file's new text and gives back the step that writes it. */
async function planned(file: FileDiff, directory: string): Promise<() => Promise<void>> {
  const { oldPath, newPath } = file;
  const path = newPath ?? oldPath;
  if (path === null || (oldPath !== null && newPath !== null && oldPath !== newPath)) {
    throw new DiffError({ file: oldPath, line: 1, what: `cannot be renamed to ${newPath ?? 'nothing'}` });
  }
  const before = await textOf(join(directory, path));
  if (oldPath === null && before !== null)
    throw new DiffError({ file: path, line: 1, what: 'exists already' });
  if (oldPath !== null && before === null)
    throw new DiffError({ file: path, line: 1, what: 'does not exist' });
  const after = patched(path, linesOf(before ?? ''), file.hunks);
  if (newPath === null) {
    if (after !== '') throw new DiffError({ file: path, line: 1, what: 'is deleted, but not all of it' });
    return () => rm(join(directory, path));
  }
  return async () => {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), after);
  };
}

function patched(file: string, before: readonly string[], hunks: readonly Hunk[]): string {
  const after: string[] = [];
  let read = 0;
  for (const hunk of hunks) {
    // A hunk with nothing old names the line it comes after, every other hunk its own first line.
    const start = hunk.oldCount === 0 ? hunk.oldStart : hunk.oldStart - 1;
    if (start < read)
      throw new DiffError({ file, line: start + 1, what: 'hunks overlap or are out of order' });
    after.push(...before.slice(read, start));
    read = start;
    for (const { kind, text } of hunk.lines) {
      if (kind !== 'removed') after.push(text);
      if (kind === 'added') continue;
      if (before[read] !== text) {
        const found = JSON.stringify(before[read] ?? 'the end of the file');
        throw new DiffError({
          file,
          line: read + 1,
          what: `expected ${JSON.stringify(text)}, found ${found}`,
        });
      }
      read++;
    }
  }
  return [...after, ...before.slice(read)].join('');
}

async function textOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The text of a file and a mark that changes whenever anybody replaces or edits it. */
export interface FileReading {
  readonly text: string;
  readonly mark: string;
}

/** Null when there is no such file. */
export async function readFlagFile(path: string): Promise<FileReading | null> {
  // The mark is taken first: an edit in between shows as a changed mark later, never as one already seen.
  const mark = await fileMark(path);
  return mark === null ? null : { text: await readFile(path, 'utf8'), mark };
}

/** Null when there is no such file. */
export async function fileMark(path: string): Promise<string | null> {
  try {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
}

/**
 * Replaces the file as a whole or not at all: new file beside it, flushed, renamed over it, folder flushed. A
 * crash at any point leaves the old text or the new, never a mixture; a left-over temporary file is removed
 * by the next write.
 *
 * Mode 0600: names of audiences and flags are nobody else's business. Returns the mark of what was written.
 */
export async function replaceFlagFile(path: string, text: string): Promise<string> {
  const temporary = temporaryFor(path);
  await rm(temporary, { force: true });
  try {
    // `wx`: never through a link somebody has put there.
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text, 'utf8');
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => {});
    throw cause;
  }
  await flushFolder(dirname(path));
  return (await fileMark(path)) ?? 'gone';
}

/** Makes the folder of a new flag file, readable by its owner only. */
export async function makeFolderFor(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
}

/** Throws what the file system would say to a replacement, without making one. */
export async function proveReplaceable(path: string): Promise<void> {
  await access(dirname(path), constants.W_OK | constants.X_OK);
  await access(path, constants.W_OK);
}

export function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`);
}

/**
 * A rename is only durable once its folder is; not every file system can flush a folder, and those order it
 * themselves.
 */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } catch (cause) {
    if (!hasCode(cause, 'EINVAL') && !hasCode(cause, 'EPERM')) throw cause;
  } finally {
    await handle.close();
  }
}

function isMissing(cause: unknown): boolean {
  return hasCode(cause, 'ENOENT');
}

function hasCode(cause: unknown, code: string): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === code;
}

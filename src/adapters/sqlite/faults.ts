import { StoreFault } from '../../ports/store.ts';

/** What to do, by SQLite's primary result code (sqlite.org/rescode.html): the ones a sound program can meet. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [5, 'Another process has been writing to it for too long: end a second Sluice or an open sqlite3 shell.'],
  [6, 'Another connection holds a table of it: end an open sqlite3 shell.'],
  [8, 'It is read-only: check the file, its directory and the mount.'],
  [10, 'The disk failed to read or write: check the disk, and that the file has not been moved away.'],
  [11, 'It is damaged: stop Sluice and restore the last backup.'],
  [13, 'The disk is full: free some space; Sluice carries on by itself.'],
  [14, 'It cannot be opened: check the path and the permissions of its directory.'],
  [15, 'Its locks do not work: put it on a local disk.'],
  [26, 'It is not a Sluice data file: check the configured path.'],
]);

/**
 * What to throw for an error out of `node:sqlite`: a `StoreFault` for what the outside world did to the file or for a
 * closed store, and the error itself for anything else, which is a bug (a failed constraint, wrong SQL).
 */
export function asStoreFault(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ERR_INVALID_STATE') {
    return new StoreFault('unavailable', `The store ${path} is closed: open it again.`, error);
  }
  if (error.code !== 'ERR_SQLITE_ERROR' || !('errcode' in error) || typeof error.errcode !== 'number') {
    return error;
  }
  // The low byte of an extended result code is the primary one.
  const remedy = REMEDIES.get(error.errcode & 0xff);
  if (remedy === undefined) return error;
  return new StoreFault(
    'unavailable',
    `The store ${path} could not be used (${error.message}); nothing was half written. ${remedy}`,
    error,
  );
}

import { closeSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { StoreFault } from '../../ports/store.ts';

/**
 * Linux's `statfs` types (linux/magic.h, and fs/smb) of the network disks on which SQLite's write-ahead log is unsafe:
 * its index is shared memory, which two machines don't share. Other systems number their disks differently; there the
 * refusal of WAL itself is the only guard.
 */
const NETWORK_DISKS: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'SMB (CIFS)'],
  [0xfe534d42, 'SMB 2'],
]);

/**
 * Makes the data file and its directory if they are missing, readable by their owner alone (0600 in 0700): the log
 * holds what people wrote and what the fleet measured. What exists keeps its mode. Returns the absolute path.
 *
 * Throws `StoreFault`: `unsupported_filesystem` on a network disk (nothing is created there but the directory),
 * `unavailable` when the place cannot be written.
 */
export function prepareDataFile(path: string): string {
  const file = resolve(path);
  const directory = dirname(file);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    refuseNetworkDisk(directory, statfsSync(directory).type);
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    if (error instanceof StoreFault) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new StoreFault(
      'unavailable',
      `Cannot write the data file ${file} (${why}). Give Sluice's user a writable directory on a local disk.`,
      error,
    );
  }
  return file;
}

/** Throws `unsupported_filesystem` when `type`, as `statfs` gives it, is a network disk. */
export function refuseNetworkDisk(directory: string, type: number): void {
  const disk = NETWORK_DISKS.get(type);
  if (disk === undefined) return;
  throw new StoreFault(
    'unsupported_filesystem',
    `${directory} is on ${disk}, where SQLite can lose acknowledged writes. ` +
      'Put the data file on a local disk, or use PostgreSQL.',
  );
}

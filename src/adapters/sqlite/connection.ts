import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { StoreFault } from '../../ports/store.ts';
import { prepareDataFile } from './data-file.ts';
import { asStoreFault } from './faults.ts';

const MEMORY = ':memory:';

/** How long a write waits for another process's before the store is `unavailable`. */
const BUSY_TIMEOUT_MS = 5_000;

type Params = Readonly<Record<string, SQLInputValue>>;
export type Row = Readonly<Record<string, SQLOutputValue>>;

/**
 * One open database. All of it is synchronous, so nothing can come between the statements of a transaction.
 * Every method throws `StoreFault` `unavailable` when the file cannot be used (see `faults.ts`).
 */
export interface Connection {
  readonly path: string;
  /** Runs one statement; how many rows it changed. */
  run(sql: string, params: Params): number;
  all(sql: string, params: Params): readonly Row[];
  first(sql: string, params: Params): Row | null;
  /** Runs statements without parameters: pragmas and migrations. */
  script(sql: string): void;
  /** All of `work` or nothing, under the write lock. Undone too when its result is one `keeps` refuses. */
  transaction<T>(work: () => T, keeps?: (result: T) => boolean): T;
  /** Closing twice is harmless. */
  close(): void;
}

/**
 * Opens (and creates) the database at `path`, or one in memory for ':memory:', so that what a transaction has
 * acknowledged survives a crash and a power cut. Throws `StoreFault`.
 */
export function openConnection(path: string): Connection {
  const file = path === MEMORY ? MEMORY : prepareDataFile(path);
  try {
    const db = new DatabaseSync(file);
    try {
      configure(db, file);
    } catch (error) {
      db.close();
      throw error;
    }
    return connectionOver(db, file);
  } catch (error) {
    throw asStoreFault(error, file);
  }
}

function configure(db: DatabaseSync, file: string): void {
  // The timeout comes first: switching the journal may have to wait for another process already.
  db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  const mode = db.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
  if (file !== MEMORY && mode !== 'wal') {
    throw new StoreFault(
      'unsupported_filesystem',
      `The disk of ${file} does not support SQLite's write-ahead log (journal mode stayed "${mode}"). ` +
        'Put the data file on a local disk, or use PostgreSQL.',
    );
  }
  // fullfsync matters on macOS alone, whose fsync leaves data in the drive's cache.
  db.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA foreign_keys = ON');
}

function connectionOver(db: DatabaseSync, path: string): Connection {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    const fresh = db.prepare(sql);
    prepared.set(sql, fresh);
    return fresh;
  };
  const explained = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw asStoreFault(error, path);
    }
  };
  return {
    path,
    run: (sql, params) => explained(() => Number(statement(sql).run(params).changes)),
    all: (sql, params) => explained(() => statement(sql).all(params)),
    first: (sql, params) => explained(() => statement(sql).get(params) ?? null),
    script: (sql) => explained(() => db.exec(sql)),
    transaction: (work, keeps) => explained(() => inTransaction(db, work, keeps)),
    close: () => {
      if (db.isOpen) explained(() => db.close());
    },
  };
}

function inTransaction<T>(db: DatabaseSync, work: () => T, keeps: (result: T) => boolean = () => true): T {
  // IMMEDIATE takes the write lock now: a transaction that read first could find its snapshot stale when it writes.
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec(keeps(result) ? 'COMMIT' : 'ROLLBACK');
    return result;
  } catch (error) {
    // A full disk has rolled back by itself; a second ROLLBACK would throw and hide the cause.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

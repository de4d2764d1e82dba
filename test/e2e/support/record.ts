import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseDocument } from '../../../src/adapters/embedded/flag-document.ts';
import { readFlag } from '../../../src/adapters/embedded/flag-layout.ts';
import type { Connection } from '../../../src/adapters/sqlite/connection.ts';
import { sqliteStoreOver } from '../../../src/adapters/sqlite/store.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { exportLog } from '../../../src/engine/log-file.ts';
import type { LogEntry, RolloutRow } from '../../../src/ports/store.ts';
import { FLAG } from './product.ts';

/** What a data folder holds of one rollout, read without writing a byte to it. */
export interface StoredRollout {
  readonly row: RolloutRow<RolloutState, Plan>;
  readonly entries: readonly LogEntry[];
  /** The export, as `replay` reads it. */
  readonly text: string;
  /** Whether a tick was under way when the file was left as it is. */
  readonly isLeased: boolean;
}

/** Null when the rollout, or the database, is not there yet. */
export async function storedRollout(dataDir: string, rolloutId: string): Promise<StoredRollout | null> {
  const path = join(dataDir, 'sluice.db');
  if (!existsSync(path)) return null;
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'rollout'").get() === undefined) return null;
    const store = sqliteStoreOver<RolloutState, Plan>(readOnly(db, path), systemClock);
    const row = await store.get(rolloutId);
    const text = await exportLog(store, rolloutId);
    if (row === null || text === null) return null;
    const lease = db.prepare('SELECT lease_owner FROM rollout WHERE id = ?').get(rolloutId);
    const isLeased = lease?.['lease_owner'] !== null;
    return { row, entries: await store.readLog(rolloutId, 1), text, isLeased };
  } finally {
    db.close();
  }
}

function readOnly(db: DatabaseSync, path: string): Connection {
  const refused = () => {
    throw new Error('this connection only reads');
  };
  return {
    path,
    run: refused,
    all: (sql, params) => db.prepare(sql).all(params),
    first: (sql, params) => db.prepare(sql).get(params) ?? null,
    script: refused,
    transaction: refused,
    close: () => db.close(),
  };
}

/** Percent of units the flag file exposes; 0 where there is no file or no flag yet. Throws for half a file. */
export function exposureInFile(dataDir: string): number {
  const path = join(dataDir, 'flags.json');
  if (!existsSync(path)) return 0;
  const flag = parseDocument(readFileSync(path, 'utf8'), path).flags[FLAG];
  if (flag === undefined) return 0;
  const reading = readFlag(flag);
  if (reading.kind === 'foreign') throw new Error(reading.why);
  return reading.exposure.percent;
}

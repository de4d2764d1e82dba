import { canonicalJson, type Json } from '../../core/canonical-json.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ListFilter, NewRollout, RolloutRow, RolloutStore } from '../../ports/store.ts';
import { commit } from './commit.ts';
import { type Connection, openConnection } from './connection.ts';
import { EMPTY_LOG, entryAfter, insertEntry, readLog } from './events.ts';
import { claimDue, endLeases, release } from './leases.ts';
import { appendInbox, pendingEffects, pendingInbox, settleEffect } from './messages.ts';
import { rolloutOf, text } from './rows.ts';
import { migrate } from './schema.ts';

export interface SqliteStoreOptions {
  /** The data file, made if missing; ':memory:' for one that ends with the store. */
  readonly path: string;
  /** Measures due times and leases; processes that share the file must share a machine, and so its clock. */
  readonly clock: Clock;
}

/**
 * The embedded store: one SQLite file on a local disk, safe to open from several processes of one machine.
 * Call `migrate` before anything else. Throws `StoreFault` `unsupported_filesystem` on a network disk and
 * `unavailable` when the file cannot be used.
 */
export function openSqliteStore<State = Json, Plan = Json>(
  options: SqliteStoreOptions,
): RolloutStore<State, Plan> {
  return sqliteStoreOver(openConnection(options.path), options.clock);
}

/** The store on an open connection, which it closes. Each method is `async` so that a fault rejects, never throws. */
export function sqliteStoreOver<State = Json, Plan = Json>(
  connection: Connection,
  clock: Clock,
): RolloutStore<State, Plan> {
  return {
    migrate: async () => migrate(connection),
    create: async (rollout) => create(connection, rollout, clock.now()),
    claimDue: async (request) => claimDue<State, Plan>(connection, clock, request),
    commit: async (claim, batch) => commit(connection, claim, batch, clock.now()),
    pendingEffects: async (rolloutId) => pendingEffects(connection, rolloutId),
    settleEffect: async (effect, outcome) => settleEffect(connection, effect, outcome),
    release: async (claim, nextTickAt) => release(connection, claim, nextTickAt, clock.now()),
    appendInbox: async (message) => appendInbox(connection, message, clock.now()),
    pendingInbox: async (rolloutId) => pendingInbox(connection, rolloutId),
    get: async (rolloutId) => get<State, Plan>(connection, rolloutId),
    list: async (filter) => list<State, Plan>(connection, filter),
    readLog: async (rolloutId, fromSeq) => readLog(connection, rolloutId, fromSeq),
    evidence: async (digest) => evidence(connection, digest),
    endLeases: async (isDead) => endLeases(connection, isDead, clock.now()),
    close: async () => connection.close(),
  };
}

function create<State, Plan>(
  connection: Connection,
  rollout: NewRollout<State, Plan>,
  now: number,
): 'created' | 'exists' {
  const first = entryAfter(EMPTY_LOG, rollout.firstEvent, { rolloutId: rollout.id, fence: 0 });
  return connection.transaction(() => {
    const created = connection.run(
      `INSERT INTO rollout (id, target, plan, plan_digest, state, version, fence, last_seq, head_hash,
         next_tick_at, created_at, updated_at)
       VALUES (:id, :target, :plan, :planDigest, :state, 1, 0, :lastSeq, :headHash, :nextTickAt, :now, :now)
       ON CONFLICT (id) DO NOTHING`,
      {
        id: rollout.id,
        target: rollout.target,
        plan: canonicalJson(rollout.plan),
        planDigest: rollout.planDigest,
        state: canonicalJson(rollout.state),
        lastSeq: first.seq,
        headHash: first.hash,
        nextTickAt: rollout.nextTickAt,
        now,
      },
    );
    if (created === 0) return 'exists';
    insertEntry(connection, first);
    return 'created';
  });
}

function get<State, Plan>(connection: Connection, id: string): RolloutRow<State, Plan> | null {
  const row = connection.first('SELECT * FROM rollout WHERE id = :id', { id });
  return row === null ? null : rolloutOf(row);
}

/** In order of creation, not of `created_at`, which a jump of the wall clock can turn round. */
function list<State, Plan>(connection: Connection, filter: ListFilter): readonly RolloutRow<State, Plan>[] {
  const unfinished = filter.unfinishedOnly ? 'next_tick_at IS NOT NULL' : 'TRUE';
  const beside = `target = :target OR json_extract(plan, '$.surface') = :surface`;
  const { on } = filter;
  return connection
    .all(
      `SELECT * FROM rollout WHERE ${unfinished} AND (${on === undefined ? 'TRUE' : beside})
       ORDER BY ordinal DESC LIMIT :limit`,
      { limit: Math.max(filter.limit, 0), ...(on ?? {}) },
    )
    .map((row) => rolloutOf<State, Plan>(row));
}

function evidence(connection: Connection, digest: string): string | null {
  const row = connection.first('SELECT body FROM evidence WHERE digest = :digest', { digest });
  return row === null ? null : text(row, 'body');
}

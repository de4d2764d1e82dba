import { canonicalJson } from '../../core/canonical-json.ts';
import type { Batch, Claim, CommitResult, LogEntry, NewEffect } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { entryAfter, insertEntry, type LogHead } from './events.ts';
import { integer, text } from './rows.ts';

const LOST: CommitResult = { kind: 'lost' };

/**
 * `RolloutStore.commit`. The claim's version and fence are the only guards: a lease that ran out on the clock but that
 * nobody has taken over since has harmed nobody, so its work still counts.
 *
 * An effect whose `eventIndex` names no event of the batch is a bug and throws `RangeError`; nothing is written.
 */
export function commit<State>(
  connection: Connection,
  claim: Claim<State, unknown>,
  batch: Batch<State>,
  now: number,
): CommitResult {
  return connection.transaction(
    () => {
      const head = ownedHead(connection, claim);
      if (head === null) return LOST;
      const entries = append(connection, claim, batch, head);
      if (entries === null) return LOST;
      moveOn(connection, claim, batch, entries.at(-1) ?? head, now);
      insertEffects(connection, claim.rolloutId, batch.effects, entries);
      keepEvidence(connection, batch);
      markHandled(connection, claim.rolloutId, batch, entries.at(-1) ?? head);
      return { kind: 'ok', version: claim.version + 1, entries };
    },
    (result) => result.kind === 'ok',
  );
}

/** Where the log ends, or null when another worker has moved the rollout on since the claim. */
function ownedHead(connection: Connection, claim: Claim<unknown, unknown>): LogHead | null {
  const row = connection.first(
    'SELECT last_seq, head_hash FROM rollout WHERE id = :id AND version = :version AND fence = :fence',
    { id: claim.rolloutId, version: claim.version, fence: claim.fence },
  );
  return row === null ? null : { seq: integer(row, 'last_seq'), hash: text(row, 'head_hash') };
}

/** Null when one of the events decides a gate that has been decided; the transaction must then be undone. */
function append(
  connection: Connection,
  claim: Claim<unknown, unknown>,
  batch: Batch<unknown>,
  head: LogHead,
): readonly LogEntry[] | null {
  const entries: LogEntry[] = [];
  for (const event of batch.events) {
    const entry = entryAfter(entries.at(-1) ?? head, event, claim);
    if (!insertEntry(connection, entry)) return null;
    entries.push(entry);
  }
  return entries;
}

function moveOn<State>(
  connection: Connection,
  claim: Claim<State, unknown>,
  batch: Batch<State>,
  head: LogHead,
  now: number,
): void {
  connection.run(
    `UPDATE rollout SET version = version + 1, state = :state, cursor = coalesce(:cursor, cursor),
       last_seq = :lastSeq, head_hash = :headHash, updated_at = :now
     WHERE id = :id`,
    {
      id: claim.rolloutId,
      state: canonicalJson(batch.state),
      cursor: batch.cursor,
      lastSeq: head.seq,
      headHash: head.hash,
      now,
    },
  );
}

function insertEffects(
  connection: Connection,
  rolloutId: string,
  effects: readonly NewEffect[],
  entries: readonly LogEntry[],
): void {
  for (const effect of effects) {
    const entry = entries[effect.eventIndex];
    if (entry === undefined)
      throw new RangeError(`no event ${effect.eventIndex} in this batch to intend an effect`);
    connection.run(
      `INSERT INTO effect (rollout_id, seq, kind, desired, status)
       VALUES (:rolloutId, :seq, :kind, :desired, 'pending')`,
      { rolloutId, seq: entry.seq, kind: effect.kind, desired: canonicalJson(effect.desired) },
    );
  }
  if (!effects.some((effect) => effect.kind === 'exposure')) return;
  connection.run(
    `UPDATE effect SET status = 'superseded'
     WHERE rollout_id = :rolloutId AND kind = 'exposure' AND status = 'pending'
       AND seq < (SELECT max(seq) FROM effect WHERE rollout_id = :rolloutId AND kind = 'exposure')`,
    { rolloutId },
  );
}

/** Evidence is named by its content, so one that is there already is the same. */
function keepEvidence(connection: Connection, batch: Batch<unknown>): void {
  for (const { digest, body } of batch.evidence) {
    connection.run('INSERT OR IGNORE INTO evidence (digest, body) VALUES (:digest, :body)', { digest, body });
  }
}

function markHandled(connection: Connection, rolloutId: string, batch: Batch<unknown>, head: LogHead): void {
  for (const { source, deliveryId } of batch.handled) {
    connection.run(
      `UPDATE inbox SET handled_seq = :seq
       WHERE source = :source AND delivery_id = :deliveryId AND rollout_id = :rolloutId AND handled_seq IS NULL`,
      { source, deliveryId, rolloutId, seq: head.seq },
    );
  }
}

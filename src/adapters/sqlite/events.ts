import { canonicalJson } from '../../core/canonical-json.ts';
import { CHAIN_START, chained } from '../../ports/event-chain.ts';
import type { LogEntry, NewEvent } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { logEntryOf } from './rows.ts';

/** Where a rollout's log ends. */
export interface LogHead {
  readonly seq: number;
  readonly hash: string;
}

export const EMPTY_LOG: LogHead = { seq: 0, hash: CHAIN_START };

/** The log entry that follows `head`, as it will be read back: members that are `undefined` are gone. */
export function entryAfter(
  head: LogHead,
  event: NewEvent,
  place: { readonly rolloutId: string; readonly fence: number },
): LogEntry {
  const entry = chained(event, { ...place, seq: head.seq + 1, prevHash: head.hash });
  return logEntryOf({ body: hashedText(entry), hash: entry.hash });
}

/** False, and nothing is stored, when this gate epoch of the rollout has been decided already. */
export function insertEntry(connection: Connection, entry: LogEntry): boolean {
  const inserted = connection.run(
    `INSERT INTO event (rollout_id, seq, gate_epoch, body, hash)
     VALUES (:rolloutId, :seq, :gateEpoch, :body, :hash)
     ON CONFLICT (rollout_id, gate_epoch) WHERE gate_epoch IS NOT NULL DO NOTHING`,
    {
      rolloutId: entry.rolloutId,
      seq: entry.seq,
      gateEpoch: entry.gateEpoch,
      body: hashedText(entry),
      hash: entry.hash,
    },
  );
  return inserted === 1;
}

export function readLog(connection: Connection, rolloutId: string, fromSeq: number): readonly LogEntry[] {
  return connection
    .all('SELECT body, hash FROM event WHERE rollout_id = :rolloutId AND seq >= :fromSeq ORDER BY seq', {
      rolloutId,
      fromSeq,
    })
    .map(logEntryOf);
}

/** The text the entry's hash is made of (see `chained`): whoever holds the file can check it with sha256sum. */
function hashedText({ hash: _, ...body }: LogEntry): string {
  return canonicalJson(body);
}

import { digestOf } from './digest.ts';
import type { LogEntry, NewEvent } from './store.ts';

/** What the first event of a log is chained to. */
export const CHAIN_START = '0'.repeat(64);

/**
 * The log entry that follows `prevHash`: its hash covers every field, so a changed byte anywhere breaks the chain from
 * there on.
 */
export function chained(
  event: NewEvent,
  place: {
    readonly rolloutId: string;
    readonly seq: number;
    readonly fence: number;
    readonly prevHash: string;
  },
): LogEntry {
  const body = {
    actor: event.actor,
    at: event.at,
    evidence: event.evidence,
    fence: place.fence,
    gateEpoch: event.gateEpoch,
    kind: event.kind,
    payload: event.payload,
    prevHash: place.prevHash,
    rolloutId: place.rolloutId,
    seq: place.seq,
  };
  return { ...body, hash: digestOf(body) };
}

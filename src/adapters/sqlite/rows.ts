import type { Json } from '../../core/canonical-json.ts';
import type { Claim, Effect, InboxMessage, LogEntry, RolloutRow } from '../../ports/store.ts';
import type { Row } from './connection.ts';

/** The column's text; throws `TypeError` on anything else, which no statement of ours can have stored. */
export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`${column} should be text, is ${typeof value}`);
  return value;
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number') throw new TypeError(`${column} should be a number, is ${typeof value}`);
  return value;
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column);
}

function json<T>(row: Row, column: string): T {
  return JSON.parse(text(row, column)) as T;
}

export function rolloutOf<State, Plan>(row: Row): RolloutRow<State, Plan> {
  return {
    id: text(row, 'id'),
    target: text(row, 'target'),
    plan: json(row, 'plan'),
    planDigest: text(row, 'plan_digest'),
    state: json(row, 'state'),
    version: integer(row, 'version'),
    fence: integer(row, 'fence'),
    nextTickAt: row['next_tick_at'] === null ? null : integer(row, 'next_tick_at'),
    createdAt: integer(row, 'created_at'),
    updatedAt: integer(row, 'updated_at'),
  };
}

export function claimOf<State, Plan>(row: Row, deadlineMono: number): Claim<State, Plan> {
  return {
    rolloutId: text(row, 'id'),
    target: text(row, 'target'),
    version: integer(row, 'version'),
    fence: integer(row, 'fence'),
    plan: json(row, 'plan'),
    planDigest: text(row, 'plan_digest'),
    state: json(row, 'state'),
    cursor: textOrNull(row, 'cursor'),
    deadlineMono,
  };
}

/** `row` holds `body`, the hashed text of every field but the hash, and `hash`. */
export function logEntryOf(row: Row): LogEntry {
  return { ...json<Omit<LogEntry, 'hash'>>(row, 'body'), hash: text(row, 'hash') };
}

export function effectOf(row: Row): Effect {
  return {
    rolloutId: text(row, 'rollout_id'),
    seq: integer(row, 'seq'),
    // The table's CHECK allows no third kind.
    kind: text(row, 'kind') === 'exposure' ? 'exposure' : 'tell',
    desired: json<Json>(row, 'desired'),
    attempts: integer(row, 'attempts'),
  };
}

export function inboxMessageOf(row: Row): InboxMessage {
  return {
    source: text(row, 'source'),
    deliveryId: text(row, 'delivery_id'),
    rolloutId: text(row, 'rollout_id'),
    receivedAt: integer(row, 'received_at'),
    body: json<Json>(row, 'body'),
  };
}

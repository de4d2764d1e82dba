import { canonicalJson } from '../../core/canonical-json.ts';
import type { Effect, EffectOutcome, InboxMessage } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { effectOf, inboxMessageOf } from './rows.ts';

/**
 * `RolloutStore.appendInbox`. A message for a rollout that isn't there is kept all the same and is `new`: a webhook may
 * overtake the creation it belongs to, its sender can do nothing about a refusal, and the first tick will find it.
 * A finished rollout is woken too: a way down stays open after the end, and nobody's word is left unread.
 */
export function appendInbox(connection: Connection, message: InboxMessage, now: number): 'new' | 'duplicate' {
  const { source, deliveryId, rolloutId, receivedAt } = message;
  return connection.transaction(() => {
    const kept = connection.run(
      `INSERT INTO inbox (source, delivery_id, rollout_id, received_at, body)
       VALUES (:source, :deliveryId, :rolloutId, :receivedAt, :body)
       ON CONFLICT (source, delivery_id) DO NOTHING`,
      { source, deliveryId, rolloutId, receivedAt, body: canonicalJson(message.body) },
    );
    if (kept === 0) return 'duplicate';
    connection.run(
      `UPDATE rollout SET next_tick_at = min(coalesce(next_tick_at, :now), :now), woken = 1
       WHERE id = :rolloutId`,
      { rolloutId, now },
    );
    return 'new';
  });
}

/** `RolloutStore.pendingInbox`: in the order they arrived here, which a jump of the wall clock cannot change. */
export function pendingInbox(connection: Connection, rolloutId: string): readonly InboxMessage[] {
  return connection
    .all('SELECT * FROM inbox WHERE rollout_id = :rolloutId AND handled_seq IS NULL ORDER BY ordinal', {
      rolloutId,
    })
    .map(inboxMessageOf);
}

/** `RolloutStore.pendingEffects`. Of one event's effects, exposure comes before the words about it. */
export function pendingEffects(connection: Connection, rolloutId: string): readonly Effect[] {
  return connection
    .all("SELECT * FROM effect WHERE rollout_id = :rolloutId AND status = 'pending' ORDER BY seq, kind", {
      rolloutId,
    })
    .map(effectOf);
}

/** `RolloutStore.settleEffect`. What is done or superseded stays so: a late answer changes nothing. */
export function settleEffect(connection: Connection, effect: Effect, outcome: EffectOutcome): void {
  connection.run(
    `UPDATE effect SET attempts = attempts + 1, status = :status, last_error = :error
     WHERE rollout_id = :rolloutId AND seq = :seq AND kind = :kind AND status = 'pending'`,
    {
      rolloutId: effect.rolloutId,
      seq: effect.seq,
      kind: effect.kind,
      status: outcome.kind === 'done' ? 'done' : 'pending',
      error: outcome.kind === 'done' ? null : outcome.error,
    },
  );
}

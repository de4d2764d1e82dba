import type { Clock } from '../../ports/clock.ts';
import type { Claim, ClaimRequest } from '../../ports/store.ts';
import type { Connection } from './connection.ts';
import { claimOf, integer, text } from './rows.ts';

/** `RolloutStore.claimDue`. One statement, so two processes can never lease the same rollout. */
export function claimDue<State, Plan>(
  connection: Connection,
  clock: Clock,
  request: ClaimRequest,
): readonly Claim<State, Plan>[] {
  return connection.transaction(() => {
    // Read under the write lock, monotonic clock first: the worker's deadline must not come after the lease's end.
    const deadlineMono = clock.mono() + request.leaseMs;
    const now = clock.now();
    return connection
      .all(
        `UPDATE rollout SET fence = fence + 1, lease_owner = :worker, lease_until = :leaseUntil, woken = 0
         WHERE ordinal IN (
           SELECT ordinal FROM rollout
           WHERE next_tick_at <= :now AND lease_until <= :now AND (:rolloutId IS NULL OR id = :rolloutId)
           ORDER BY next_tick_at, ordinal LIMIT :limit)
         RETURNING *`,
        {
          worker: request.worker,
          leaseUntil: now + request.leaseMs,
          now,
          rolloutId: request.rolloutId ?? null,
          limit: Math.max(request.limit, 0),
        },
      )
      .toSorted(
        (a, b) =>
          integer(a, 'next_tick_at') - integer(b, 'next_tick_at') ||
          integer(a, 'ordinal') - integer(b, 'ordinal'),
      )
      .map((row) => claimOf<State, Plan>(row, deadlineMono));
  });
}

/**
 * `RolloutStore.release`. The fence says whose lease it is, not the clock: one that ran out unclaimed is still ended
 * here. A message that came in during the lease may have been missed by this tick, so it makes the rollout due at once
 * whatever `nextTickAt` says, null included.
 */
export function release(
  connection: Connection,
  claim: Claim<unknown, unknown>,
  nextTickAt: number | null,
  now: number,
): void {
  connection.run(
    `UPDATE rollout SET lease_owner = NULL, lease_until = 0, woken = 0,
       next_tick_at = CASE WHEN woken = 1 THEN min(coalesce(:nextTickAt, :now), :now) ELSE :nextTickAt END
     WHERE id = :id AND fence = :fence`,
    { id: claim.rolloutId, fence: claim.fence, nextTickAt, now },
  );
}

/** `RolloutStore.endLeases`. Only live leases are asked about and counted. */
export function endLeases(connection: Connection, isDead: (owner: string) => boolean, now: number): number {
  return connection.transaction(() => {
    const owners = connection
      .all('SELECT DISTINCT lease_owner FROM rollout WHERE lease_owner IS NOT NULL AND lease_until > :now', {
        now,
      })
      .map((row) => text(row, 'lease_owner'));
    let ended = 0;
    for (const owner of owners.filter(isDead)) {
      ended += connection.run(
        `UPDATE rollout SET lease_owner = NULL, lease_until = 0
         WHERE lease_owner = :owner AND lease_until > :now`,
        { owner, now },
      );
    }
    return ended;
  });
}

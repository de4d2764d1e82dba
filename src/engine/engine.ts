import type { EngineParts, RolloutClaim } from './parts.ts';
import { summarise } from './summaries.ts';
import { type TickResult, tick } from './tick.ts';

const CLAIMS_AT_ONCE = 16;

/** Ticks every rollout that is due, each under its own lease. Returns how many were ticked. */
export async function tickDue(parts: EngineParts): Promise<number> {
  const claims = await parts.store.claimDue({
    worker: parts.worker,
    leaseMs: parts.timing.leaseMs,
    limit: CLAIMS_AT_ONCE,
  });
  await Promise.all(claims.map((claim) => tickClaim(claim, parts)));
  return claims.length;
}

/** Ticks one rollout now if it is due and nobody else holds it; null when it was not to be had. */
export async function tickOne(rolloutId: string, parts: EngineParts): Promise<TickResult | null> {
  const [claim] = await parts.store.claimDue({
    worker: parts.worker,
    leaseMs: parts.timing.leaseMs,
    limit: 1,
    rolloutId,
  });
  return claim === undefined ? null : tickClaim(claim, parts);
}

/**
 * Runs until `signal` aborts. A fault in one rollout, or of the store, is logged and tried again at the next tick: the loop
 * itself never ends for what the outside does.
 */
export async function runEngine(parts: EngineParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await tickDue(parts);
    } catch (fault) {
      parts.log.warn('rollouts could not be claimed', { fault: String(fault) });
    }
    await parts.clock.sleep(parts.timing.pollMs, signal);
  }
}

async function tickClaim(claim: RolloutClaim, parts: EngineParts): Promise<TickResult | null> {
  const startedAt = parts.clock.now();
  let nextTickAt: number | null = startedAt + claim.plan.tickMs;
  try {
    const target = parts.targetFor(claim.target);
    if (target === null) {
      parts.log.warn('no such target is configured here', { target: claim.target, rollout: claim.rolloutId });
      return null;
    }
    const result = await tick(claim, target, parts);
    if (result.kind === 'ticked') {
      nextTickAt = nextAfter(claim, result.state.phase, startedAt);
      // Not waited for: no lease is ever held across a model's answer.
      if (result.asked !== null) void summarise(claim, result.asked, parts);
    }
    return result;
  } catch (fault) {
    parts.log.warn('a tick failed; the next one reads everything anew', {
      rollout: claim.rolloutId,
      fault: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault),
    });
    await tellFault(claim, fault, parts);
    return null;
  } finally {
    await parts.store.release(claim, nextTickAt).catch((fault: unknown) => {
      parts.log.warn('a lease could not be given back; it ends by itself', { fault: String(fault) });
    });
  }
}

/** A rollout whose looks fail decides nothing: nobody may have to find that out by the silence. */
async function tellFault(claim: RolloutClaim, fault: unknown, parts: EngineParts): Promise<void> {
  const key = `${claim.rolloutId}/${claim.version}/fault`;
  if (parts.toldFaults.has(key)) return;
  parts.toldFaults.add(key);
  const message = {
    key,
    rolloutId: claim.rolloutId,
    urgency: 'needs_person' as const,
    headline: `${claim.target}: a look failed (${fault instanceof Error ? fault.message : String(fault)})`,
    lines: [
      'Exposure stays as it is and nothing promotes. It is tried again at every tick; rollback still works.',
    ],
  };
  await parts.chat.tell(message).catch((error: unknown) => {
    parts.log.warn('people could not be told', { fault: String(error) });
  });
}

/** While exposure is on its way down it is read back at once and often, not at the next full tick. */
const LOWERING_TICK_MS = 1_000;

function nextAfter(claim: RolloutClaim, phase: string, startedAt: number): number | null {
  if (phase === 'rolled_back' || phase === 'completed') return null;
  if (phase === 'rolling_back') return startedAt + Math.min(LOWERING_TICK_MS, claim.plan.tickMs);
  return startedAt + claim.plan.tickMs;
}

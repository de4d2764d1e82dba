import type { Evidence } from '../core/gate/evidence.ts';
import { isSameExposure, type RolloutState } from '../core/rollout/state.ts';
import type { ChatMessage } from '../ports/chat.ts';
import { type DesiredExposure, ExposureUnavailable } from '../ports/exposure.ts';
import type { Effect } from '../ports/store.ts';
import type { EngineParts, RolloutClaim, TargetParts } from './parts.ts';

/** A raising write is not begun with less of the lease left than this: it could land after someone else took over. */
const LEAST_LEASE_LEFT_MS = 500;

/**
 * Makes the outside agree with the committed state, exposure first. Exposure is a level: whenever the backend was seen to
 * differ from the desired value it is written again, whatever earlier ticks tried. A flag that is not `isOurs` any more, because
 * the rollout is over and nobody ordered it back, is left to whoever holds it now.
 */
export async function deliver(
  claim: RolloutClaim,
  state: RolloutState,
  evidence: Evidence,
  target: TargetParts,
  parts: EngineParts,
  isOurs: boolean,
): Promise<void> {
  const isTrue = !isOurs || (evidence.actual !== null && isSameExposure(evidence.actual, state.desired));
  const wasSet = isTrue || (await tryExposure(claim, state, evidence, target, parts));
  for (const effect of await parts.store.pendingEffects(claim.rolloutId)) {
    if (effect.kind === 'tell') await tell(effect, parts);
    else
      await parts.store.settleEffect(
        effect,
        wasSet ? { kind: 'done' } : { kind: 'failed', error: 'not set' },
      );
  }
}

async function tryExposure(
  claim: RolloutClaim,
  state: RolloutState,
  evidence: Evidence,
  target: TargetParts,
  parts: EngineParts,
): Promise<boolean> {
  if (isRaising(evidence.actual, state.desired)) {
    // Raising rests on a fresh read-back inside a lease that is still ours; lowering is always safe.
    if (evidence.actual === null) return false;
    if (claim.deadlineMono - parts.clock.mono() < LEAST_LEASE_LEFT_MS) return false;
  }
  return setExposure(claim, state.desired, state.stageEpoch, target, parts);
}

function isRaising(actual: Evidence['actual'], desired: DesiredExposure): boolean {
  if (actual === null) return desired.percent > 0 || desired.audiences.length > 0;
  return (
    desired.percent > actual.percent || desired.audiences.some((name) => !actual.audiences.includes(name))
  );
}

/** Writes once; true when the backend took it. A stale refusal means that a newer decision is in force already. */
export async function setExposure(
  claim: RolloutClaim,
  desired: DesiredExposure,
  stageEpoch: number,
  target: TargetParts,
  parts: EngineParts,
): Promise<boolean> {
  try {
    const stamp = { rolloutId: claim.rolloutId, seq: stageEpoch, fence: claim.fence };
    return (await target.exposure.set(desired, stamp)) === 'ok';
  } catch (error) {
    if (!(error instanceof ExposureUnavailable)) throw error;
    parts.log.warn('exposure could not be set; the next tick tries again', {
      rollout: claim.rolloutId,
      fault: error.message,
    });
    return false;
  }
}

/** After so many failed deliveries a message is given up: late words about an old stage mislead. */
const TELL_ATTEMPTS = 5;

async function tell(effect: Effect, parts: EngineParts): Promise<void> {
  try {
    await parts.chat.tell(effect.desired as unknown as ChatMessage);
    await parts.store.settleEffect(effect, { kind: 'done' });
  } catch (error) {
    parts.log.warn('people could not be told', { effect: effect.seq, fault: String(error) });
    const isLast = effect.attempts + 1 >= TELL_ATTEMPTS;
    await parts.store.settleEffect(
      effect,
      isLast ? { kind: 'done' } : { kind: 'failed', error: String(error) },
    );
  }
}

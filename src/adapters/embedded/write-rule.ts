import { canonicalJson } from '../../core/canonical-json.ts';
import type { DesiredExposure, WriteStamp } from '../../ports/exposure.ts';

/** What a flag holds when a write arrives. */
export interface Held {
  /** Null when the exposure in force cannot be known (somebody else's targeting). */
  readonly exposure: DesiredExposure | null;
  readonly stamp: WriteStamp | null;
  readonly superseded: readonly string[];
}

export type Admission = 'write' | 'unchanged' | 'stale';

/**
 * Whether a write may pass. One order within a rollout, one direction between rollouts:
 *
 * 1. Within the rollout that holds the flag, the higher (fence, seq) wins; a lower one is `stale`. The fence
 *    counts first: whoever leased the rollout later has read the whole log before it writes.
 * 2. Another rollout may always lower, and so takes the flag. Safety never waits for an order.
 * 3. Another rollout may raise only where nothing is in flight: an unstamped flag, or one at its end (nobody,
 *    or everybody).
 * 4. A rollout that lost the flag to another never raises it again, whatever its stamp. So a late write of an
 *    older rollout cannot undo the newer one's kill, although a killed flag is at its end and would be free
 *    for a new rollout by rule 3.
 *
 * Two rollouts never fight: whoever lowers takes the flag, and the other's next raise is `stale`, which its
 * engine tells. Not covered: an older rollout that has never written yet is indistinguishable from a new one;
 * its lease deadline stops it.
 */
export function admit(held: Held, desired: DesiredExposure, stamp: WriteStamp): Admission {
  if (held.stamp === null) return 'write';
  const isOwner = held.stamp.rolloutId === stamp.rolloutId;
  const wasOvertaken = held.superseded.includes(stamp.rolloutId);
  const isSame = held.exposure !== null && canonicalJson(held.exposure) === canonicalJson(desired);
  if (isOwner) {
    const order = compareStamps(stamp, held.stamp);
    if (order < 0) return 'stale';
    if (order === 0 && isSame) return 'unchanged';
  }
  if (lowers(held.exposure, desired)) return isSame && wasOvertaken && !isOwner ? 'stale' : 'write';
  if (wasOvertaken) return 'stale';
  return isOwner || isAtItsEnd(held.exposure) ? 'write' : 'stale';
}

/** Negative when `a` is the older of two stamps of one rollout. */
function compareStamps(a: WriteStamp, b: WriteStamp): number {
  return a.fence - b.fence || a.seq - b.seq;
}

/** True when nobody gains exposure. From an unknown exposure only nothing is surely lower. */
export function lowers(actual: DesiredExposure | null, desired: DesiredExposure): boolean {
  if (isNobody(desired)) return true;
  if (actual === null || desired.percent > actual.percent) return false;
  return actual.percent === 100 || desired.audiences.every((name) => actual.audiences.includes(name));
}

function isNobody({ percent, audiences }: DesiredExposure): boolean {
  return percent === 0 && audiences.length === 0;
}

function isAtItsEnd(exposure: DesiredExposure | null): boolean {
  return exposure !== null && (isNobody(exposure) || exposure.percent === 100);
}

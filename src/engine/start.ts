import { isAbsolute } from '../core/gate/outcome.ts';
import type { Sample } from '../core/gate/sample.ts';
import { fitToTraffic } from '../core/plan/fit-to-traffic.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { TrafficReading } from '../core/plan/preflight/traffic.ts';
import { type Preflight, preflight } from '../core/plan/preflight.ts';
import { DECIDER_VERSION, type RolloutEvent } from '../core/rollout/events.ts';
import { fold } from '../core/rollout/fold.ts';
import { startState } from '../core/rollout/state.ts';
import { digestOf } from '../ports/digest.ts';
import { VERSION } from '../version.ts';
import { learnedBackground } from './background.ts';
import { signalsOf } from './observe.ts';
import type { EngineParts, TargetParts } from './parts.ts';
import { otherRolloutOn } from './records.ts';
import { newEvent } from './tick.ts';

/** How units are put into buckets; written into every rollout, which never goes on under another one. */
export const BUCKETING = 'murmur3-v2';

export type StartResult =
  /** `plan` is the one in force: proposed checks that the traffic cannot clear were demoted. */
  | {
      readonly kind: 'started';
      readonly rolloutId: string;
      readonly plan: Plan;
      readonly preflight: Preflight;
    }
  | { readonly kind: 'refused'; readonly why: StartRefusal };

export type StartRefusal =
  /** A rollout of this id was started before: the same id starts once. */
  | { readonly kind: 'id_taken' }
  /** Another rollout is under way on this target. */
  | { readonly kind: 'target_busy'; readonly rolloutId: string }
  | { readonly kind: 'kill_switch'; readonly reason: string }
  /** A signal that a voting check needs could not be read. */
  | { readonly kind: 'unreadable'; readonly details: readonly string[] }
  | { readonly kind: 'not_clearable'; readonly preflight: Preflight };

/**
 * Reads the target's own traffic for `measureMs`, proves the kill switch, and starts the rollout if every stage can be
 * cleared. Nothing has moved when it is refused. `rolloutId` makes it idempotent: the same id starts once.
 */
export async function startRollout(
  request: {
    readonly rolloutId: string;
    readonly plan: Plan;
    readonly by: string;
    readonly measureMs: number;
    readonly onProgress?: (message: string) => void;
  },
  target: TargetParts,
  parts: EngineParts,
): Promise<StartResult> {
  const refuse = (why: StartRefusal): StartResult => ({ kind: 'refused', why });
  if ((await parts.store.get(request.rolloutId)) !== null) return refuse({ kind: 'id_taken' });
  const busy = await otherRolloutOn(parts.store, request.plan.target, request.rolloutId);
  if (busy !== null) return refuse({ kind: 'target_busy', rolloutId: busy });
  const kill = await target.exposure.proveKillSwitch();
  if (kill.kind === 'refused') return refuse({ kind: 'kill_switch', reason: kill.reason });

  request.onProgress?.(
    `reading the traffic of ${request.plan.target} for ${Math.round(request.measureMs / 1000)} s`,
  );
  const traffic = await measureTraffic(request.plan, request.measureMs, target, parts);
  const background = await learnedBackground(request.plan, traffic.samples, target, parts);
  const plan = fitToTraffic({ ...request.plan, background }, traffic);
  const unreadable = unreadableSignals(plan, traffic.samples);
  if (unreadable.length > 0) return refuse({ kind: 'unreadable', details: unreadable });
  const forecast = preflight(plan, traffic);
  if (!forecast.isClearable) return refuse({ kind: 'not_clearable', preflight: forecast });
  // Measuring takes long enough for another process to have started one.
  const busyNow = await otherRolloutOn(parts.store, request.plan.target, request.rolloutId);
  if (busyNow !== null) return refuse({ kind: 'target_busy', rolloutId: busyNow });

  const isNew = await create({ ...request, plan }, traffic.samples, parts);
  if (!isNew) return refuse({ kind: 'id_taken' });
  return { kind: 'started', rolloutId: request.rolloutId, plan, preflight: forecast };
}

/** How often the traffic is read before a source that does not answer is given up. */
const MEASURE_READS = 3;

/**
 * Two reads, `measureMs` apart: what lies between them is the traffic there is. A read that failed is tried again, because one
 * slow answer is no reason to refuse a rollout.
 */
export async function measureTraffic(
  plan: Plan,
  measureMs: number,
  target: TargetParts,
  parts: Pick<EngineParts, 'clock' | 'timing'>,
): Promise<TrafficReading> {
  const read = (cursor: string | null) =>
    target.telemetry.read({
      signals: signalsOf(plan),
      cursor,
      abort: AbortSignal.timeout(parts.timing.readTimeoutMs),
    });
  let reading = await read(null);
  for (let reads = 0; reads < MEASURE_READS; reads++) {
    await parts.clock.sleep(measureMs);
    reading = await read(reading.cursor);
    if (unreadableSignals(plan, reading.samples).length === 0) break;
  }
  // A window that follows a failed read reaches back over it, so its length is what the samples say.
  const overMs = Math.max(1, ...reading.samples.map((sample) => sample.to - sample.from));
  return { overMs, samples: reading.samples };
}

/** A fixed limit needs no stable side, and a series that only the new version has cannot be read yet. */
function unreadableSignals(plan: Plan, samples: readonly Sample[]): readonly string[] {
  const voting = new Set(
    plan.checks
      .filter((check) => check.severity !== 'advisory' && !isAbsolute(check))
      .map((check) => check.signal),
  );
  return samples
    .filter((s) => s.cohort === 'stable' && voting.has(s.signal) && s.quality.unusable !== null)
    .map((s) => `${s.signal}: ${s.quality.detail ?? s.quality.unusable}`);
}

async function create(
  request: { readonly rolloutId: string; readonly plan: Plan; readonly by: string },
  before: readonly Sample[],
  parts: EngineParts,
): Promise<boolean> {
  const at = parts.clock.now();
  const planDigest = digestOf(request.plan);
  const event: RolloutEvent = {
    kind: 'started',
    plan: request.plan,
    planDigest,
    before,
    versions: { sluice: VERSION, decider: DECIDER_VERSION, bucketing: BUCKETING },
  };
  const state = fold(request.plan, startState(request.plan, at), { at, event }, null);
  const created = await parts.store.create({
    id: request.rolloutId,
    target: request.plan.target,
    plan: request.plan,
    planDigest,
    state,
    firstEvent: newEvent({ at, actor: request.by, event, usesEvidence: false, gateEpoch: null }, null),
    nextTickAt: at,
  });
  return created === 'created';
}

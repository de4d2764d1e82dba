import type { Decision } from '../core/gate/decision.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import { addedRate, ERROR_RATE, isActive, type Moment, type World } from './world.ts';

/** What came of one simulated rollout. `firstActionMs` is when it first held, asked or rolled back, after the start; null for never. */
export interface Run {
  readonly end: 'complete' | 'rolled_back' | 'person' | 'unfinished';
  readonly endedMs: number;
  readonly firstActionMs: number | null;
  readonly firstAction: Decision | null;
  /** Failed requests that the change caused (expected value given the exposed requests). */
  readonly badRequests: number;
  readonly canaryRequests: number;
  /** Promotions (widening apart) of which a voting check was not clear. Must be none. */
  readonly blindPromotions: number;
  readonly widened: number;
  readonly looks: number;
}

/** One look of a run, for whoever draws or counts it. */
export interface Look {
  readonly elapsedMs: number;
  /** The exposure in force until this look. */
  readonly percent: number;
  readonly decision: Decision;
  /** What passed since the look before. A rollback that a person orders is decided without it. */
  readonly samples: readonly Sample[];
}

export type Tally = { -readonly [Key in keyof Run]: Run[Key] };

export function newTally(): Tally {
  return {
    end: 'unfinished',
    endedMs: 0,
    firstActionMs: null,
    firstAction: null,
    badRequests: 0,
    canaryRequests: 0,
    blindPromotions: 0,
    widened: 0,
    looks: 0,
  };
}

/** Adds a look. `begunAt` is when the world began, ms since the epoch. */
export function countLook(tally: Tally, look: Look, world: World, begunAt: number): void {
  const { decision, elapsedMs } = look;
  tally.looks += 1;
  tally.endedMs = elapsedMs;
  countHarm(tally, look, world, begunAt);
  if (isAction(decision) && tally.firstActionMs === null) {
    tally.firstActionMs = elapsedMs;
    tally.firstAction = decision;
  }
  if (decision.kind === 'widen') tally.widened += 1;
  if (decision.kind !== 'promote') return;
  const voting = decision.findings.filter((f) => f.intent === 'guard' && f.severity !== 'advisory');
  if (voting.length === 0 || voting.some((finding) => finding.outcome !== 'clear'))
    tally.blindPromotions += 1;
}

function countHarm(tally: Tally, { percent, samples }: Look, world: World, begunAt: number): void {
  const canary = samples.find((sample) => sample.signal === ERROR_RATE && sample.cohort === 'canary');
  // What could not be read whole comes again with the next reading.
  if (canary?.stat?.kind !== 'share' || canary.quality.unusable !== null) return;
  tally.canaryRequests += canary.stat.n;
  tally.badRequests += canary.stat.n * harmRate(world, { elapsedMs: canary.from - begunAt, percent });
}

/** By how much the change raises the canary's error rate now, as a fraction. */
function harmRate(world: World, moment: Moment): number {
  const bad = world.effects.find((effect) => effect.kind === 'bad_pod' && isActive(effect, moment));
  const ofPods =
    bad?.kind === 'bad_pod' && world.pods.canary > 0
      ? (bad.errorRate - world.errorRate) / world.pods.canary
      : 0;
  return Math.max(0, addedRate(world.effects, ERROR_RATE, moment) + ofPods);
}

/** It held, asked or rolled back: somebody's attention was called for. */
function isAction(decision: Decision): boolean {
  return decision.kind === 'hold' || decision.kind === 'ask' || decision.kind === 'rollback';
}

/** Whether people have been told that they are needed. */
export function waitsForPerson(decision: Decision): boolean {
  return decision.kind === 'ask' || decision.kind === 'hold';
}

export function runOf(tally: Tally, state: Pick<RolloutState, 'phase' | 'ended'>): Run {
  const end =
    state.phase === 'completed'
      ? 'complete'
      : state.phase === 'rolling_back' || state.phase === 'rolled_back'
        ? state.ended === 'person_rollback'
          ? 'person'
          : 'rolled_back'
        : 'unfinished';
  return { ...tally, end };
}

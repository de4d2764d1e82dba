import type { Decision } from '../core/gate/decision.ts';
import type { Evidence } from '../core/gate/evidence.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Command } from '../core/rollout/command.ts';
import { fold } from '../core/rollout/fold.ts';
import { type RolloutState, startState } from '../core/rollout/state.ts';
import { step } from '../core/rollout/step.ts';
import { worldTraffic } from './traffic.ts';
import { addedRate, ERROR_RATE, type World } from './world.ts';

/** How a simulated rollout is run: all times in ms. */
export interface RunSettings {
  /** When the rollout starts, ms since the epoch; the daily cycle depends on it. */
  readonly startAt: number;
  /** The world is left alone after this long. */
  readonly horizonMs: number;
  /** Stable is read for this long before anything is exposed. */
  readonly measureMs: number;
  /** A person who is asked, or sees it held, rolls back after this long; null for nobody. */
  readonly personAfterMs: number | null;
}

/** What came of it. `firstActionMs` is when it first held, asked or rolled back, after the start; null for never. */
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
  readonly percent: number;
  readonly decision: Decision;
  readonly samples: readonly Sample[];
}

/**
 * One rollout of a plan in a world through the pure heart of the engine: the same `step` and `fold` that a tick commits, without
 * a store. `test/simulate/rollout.test.ts` holds it to the engine's decisions, byte for byte.
 */
export function simulateRollout(
  plan: Plan,
  world: World,
  settings: RunSettings,
  onLook: (look: Look) => void = () => {},
): Run {
  const signals = [...new Set(plan.checks.map((check) => check.signal))];
  const traffic = worldTraffic(world, settings.startAt);
  const before = traffic.count({
    from: settings.startAt - settings.measureMs,
    to: settings.startAt,
    percent: 0,
    signals,
  });
  let state = started(plan, before, settings.startAt);
  const tally = newTally();
  let asked: number | null = null;
  for (let at = settings.startAt; at < settings.startAt + settings.horizonMs; at += plan.tickMs) {
    const to = at + plan.tickMs;
    const { percent } = state.desired;
    const samples = traffic.count({ from: at, to, percent, signals });
    const evidence: Evidence = { at: to, samples, actual: state.desired };
    const isAnswered: boolean =
      asked !== null && settings.personAfterMs !== null && to - asked >= settings.personAfterMs;
    const commands = isAnswered ? [rollback(state)] : [];
    const next = step(plan, state, { commands, evidence, quietMs: 0, supersededBy: null });
    state = next.state;
    const decision = state.last;
    if (decision === null) throw new Error('a look without a decision');
    const elapsedMs = to - settings.startAt;
    const look = { elapsedMs, percent, decision, samples };
    count(tally, look, world, { from: at - settings.startAt });
    onLook(look);
    const isWaiting =
      decision.kind === 'ask' || (decision.kind === 'hold' && decision.reason === 'breach_hold');
    asked = isWaiting ? (asked ?? to) : null;
    if (state.phase !== 'running') break;
  }
  return runOf(tally, state);
}

function started(plan: Plan, before: readonly Sample[], at: number): RolloutState {
  const event = { kind: 'started' as const, plan, planDigest: '', before, versions: NO_VERSIONS };
  return fold(plan, startState(plan, at), { at, event }, null);
}

const NO_VERSIONS = { sluice: '', decider: 0, bucketing: '' };

function rollback(state: RolloutState): Command {
  return { verb: 'rollback', by: 'person', reason: '', until: null, expectedEpoch: state.stageEpoch };
}

type Tally = { -readonly [Key in keyof Run]: Run[Key] };

function newTally(): Tally {
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

function count(tally: Tally, look: Look, world: World, { from }: { readonly from: number }): void {
  const { decision, percent, samples, elapsedMs } = look;
  tally.looks += 1;
  tally.endedMs = elapsedMs;
  const canary = samples.find((sample) => sample.signal === ERROR_RATE && sample.cohort === 'canary')?.stat;
  if (canary?.kind === 'share') {
    tally.canaryRequests += canary.n;
    tally.badRequests += canary.n * addedRate(world.effects, ERROR_RATE, { elapsedMs: from, percent });
  }
  const isAction = ['hold', 'ask', 'rollback'].includes(decision.kind);
  if (isAction && tally.firstActionMs === null) {
    tally.firstActionMs = elapsedMs;
    tally.firstAction = decision;
  }
  if (decision.kind === 'widen') tally.widened += 1;
  if (decision.kind !== 'promote') return;
  const voting = decision.findings.filter((f) => f.intent === 'guard' && f.severity !== 'advisory');
  if (voting.length === 0 || voting.some((finding) => finding.outcome !== 'clear'))
    tally.blindPromotions += 1;
}

function runOf(tally: Tally, state: RolloutState): Run {
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

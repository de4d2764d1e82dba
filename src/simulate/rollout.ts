import type { Evidence } from '../core/gate/evidence.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Command } from '../core/rollout/command.ts';
import { fold } from '../core/rollout/fold.ts';
import { NOTHING_EXPOSED, type RolloutState, startState } from '../core/rollout/state.ts';
import { step } from '../core/rollout/step.ts';
import { countLook, type Look, newTally, type Run, runOf, waitsForPerson } from './run-tally.ts';
import { worldTraffic } from './traffic.ts';
import type { World } from './world.ts';

export type { Look, Run } from './run-tally.ts';

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

/**
 * One rollout of a plan in a world through the pure heart of the engine: the same `step` and `fold` that a tick commits, without
 * a store. `test/simulate/rollout.test.ts` holds it to the engine's decisions, byte for byte. Preflight is not asked.
 */
export function simulateRollout(
  plan: Plan,
  world: World,
  settings: RunSettings,
  onLook: (look: Look) => void = () => {},
): Run {
  const { startAt } = settings;
  const reader = worldReader(plan, world, startAt);
  reader.read(startAt - settings.measureMs, 0);
  let state = started(plan, reader.read(startAt, 0), startAt);
  reader.forget();
  const tally = newTally();
  let asked: number | null = null;
  for (let at = startAt; at <= startAt + settings.horizonMs; at += plan.tickMs) {
    // Exposure is set after the first look, and every later one finds what the look before had set.
    const actual = at === startAt ? NOTHING_EXPOSED : state.desired;
    const samples = reader.read(at, actual.percent);
    const isAnswered: boolean =
      asked !== null && settings.personAfterMs !== null && at - asked >= settings.personAfterMs;
    const commands = isAnswered ? [personRollback(state.stageEpoch)] : [];
    const evidence: Evidence = { at, samples: isAnswered ? [] : samples, actual };
    state = step(plan, state, { commands, evidence, quietMs: 0, supersededBy: null }).state;
    const decision = state.last;
    if (decision === null) throw new Error('a look without a decision');
    const look = { elapsedMs: at - startAt, percent: actual.percent, decision, samples };
    countLook(tally, look, world, startAt);
    onLook(look);
    asked = waitsForPerson(decision) ? (asked ?? at) : null;
    if (state.phase !== 'running') break;
  }
  return runOf(tally, state);
}

/** Reads the world as the telemetry port over it does, one reading after the other. */
function worldReader(plan: Plan, world: World, begunAt: number) {
  const signals = [...new Set(plan.checks.map((check) => check.signal))];
  const traffic = worldTraffic(world, begunAt);
  let cursor: number | null = null;
  return {
    /** The next reading knows no earlier one, as the first of a rollout. */
    forget: () => {
      cursor = null;
    },
    read: (to: number, percent: number): readonly Sample[] => {
      const counted = traffic.count({ from: cursor ?? to, to, percent, signals });
      const isFirst = cursor === null;
      const isLost = counted.some((sample) => sample.quality.unusable !== null);
      if (isFirst || !isLost) cursor = to;
      return isFirst ? counted.map(firstReading) : counted;
    },
  };
}

/** The first reading only sets where the next one starts. */
function firstReading(sample: Sample): Sample {
  const quality = { ...sample.quality, unusable: 'first_read' as const, detail: 'simulated first_read' };
  return { ...sample, stat: null, quality };
}

function started(plan: Plan, before: readonly Sample[], at: number): RolloutState {
  const event = { kind: 'started' as const, plan, planDigest: '', before, versions: NO_VERSIONS };
  return fold(plan, startState(plan, at), { at, event }, null);
}

const NO_VERSIONS = { sluice: '', decider: 0, bucketing: '' };

/** The simulated person's answer: always back, never onwards. */
export function personRollback(expectedEpoch: number): Command {
  return { verb: 'rollback', by: 'person', reason: '', until: null, expectedEpoch };
}

import { backgroundOf } from '../../../src/core/gate/background.ts';
import { type EvidenceMode, standardSettings } from '../../../src/core/gate/settings.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import { readInstruction } from '../../../src/core/plan/instruction.ts';
import { makePlan } from '../../../src/core/plan/merge.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { worldTraffic } from '../../../src/simulate/traffic.ts';
import { ERROR_RATE, type World } from '../../../src/simulate/world.ts';

export const MINUTE_MS = 60_000;

const INSTRUCTION =
  'Advance 1% → 5% → 25% → 100%, fifteen minutes per stage. ' +
  'Hold if canary error rate exceeds the stable fleet by more than 0.5 points; roll back if it exceeds 2 points.';

/** The instruction of the benchmark as the product itself reads it; a look a minute, as the peers' defaults have it. */
export function errorRatePlan(tickMs = MINUTE_MS): Plan {
  const { plan, faults } = makePlan({
    title: 'benchmark',
    target: 'benchmark',
    surface: null,
    guardrails: [],
    instruction: { text: INSTRUCTION, reading: readInstruction(INSTRUCTION) },
    proposals: [],
    measurable: null,
    exposureKinds: null,
    allowWiden: false,
    tickMs,
  });
  if (faults.length > 0) throw new Error(`the benchmark's plan has faults: ${faults.join('; ')}`);
  return plan;
}

export const P99 = 'http.latency_p99';

/** The benchmark's instruction with p99 in the error rate's place. */
export function latencyPlan(): Plan {
  return withChecks(errorRatePlan(), [latencyCheck()]);
}

/** p99 holds at 1.1 times stable's and rolls back at 1.5 times. */
export function latencyCheck(): Check {
  return {
    id: P99,
    signal: P99,
    measure: { kind: 'quantile', p: 0.99 },
    worse: 'increase',
    hold: { compare: 'ratio', times: 1.1 },
    rollback: { compare: 'ratio', times: 1.5 },
    severity: 'critical',
    intent: 'guard',
    flags: [],
    why: 'the slowest hundredth must stay as quick as stable’s',
    provenance: [{ source: 'instruction', from: 'the benchmark', evidence: [] }],
  };
}

export function withChecks(plan: Plan, checks: readonly Check[]): Plan {
  return { ...plan, checks };
}

export function withSettings(plan: Plan, settings: Partial<Plan['settings']>): Plan {
  return { ...plan, settings: { ...plan.settings, ...settings } };
}

/** Minutes of the past that noise is learned from, as the engine reads them at a start. */
const PAST_MINUTES = 1_440;

/** The plan with the noise floor that this world's past teaches. */
export function withLearnedNoise(plan: Plan, world: World): Plan {
  const calm = { ...world, effects: [] };
  const traffic = worldTraffic(calm, 0);
  const signals = plan.checks.map((check) => check.signal);
  const minutes = Array.from({ length: PAST_MINUTES }, (_, at) =>
    traffic.count({ from: at * MINUTE_MS, to: (at + 1) * MINUTE_MS, percent: 0, signals }),
  );
  return { ...plan, background: backgroundOf(plan.checks, minutes.flat(), [], MINUTE_MS / plan.tickMs) };
}

/** Another ladder under the same checks, its constants worked out anew for its length. */
export function withLadder(plan: Plan, ladder: Plan['ladder'], mode: EvidenceMode = 'standard'): Plan {
  const ladderMs = ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  return { ...plan, ladder, settings: standardSettings({ tickMs: plan.tickMs, ladderMs }, mode) };
}

/** The check of the error rate against stable; the plan may carry more that nobody wrote. Throws when it is not there. */
export function errorRateCheck(plan: Plan): Check {
  const found = plan.checks.find(({ against, signal }) => against === undefined && signal === ERROR_RATE);
  if (found === undefined) throw new Error(`the plan has no check of ${ERROR_RATE}`);
  return found;
}

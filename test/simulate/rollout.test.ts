import { describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { Decision } from '../../src/core/gate/decision.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { eventOf } from '../../src/core/rollout/events.ts';
import type { RolloutState } from '../../src/core/rollout/state.ts';
import type { Store } from '../../src/engine/parts.ts';
import { runThroughEngine, SIMULATED_ROLLOUT } from '../../src/simulate/engine-run.ts';
import { type Run, type RunSettings, simulateRollout } from '../../src/simulate/rollout.ts';
import { CALM, type Effect, type World } from '../../src/simulate/world.ts';
import { check, ERROR_RATE, P95, planOf } from '../support/rollout-rig.ts';

const MINUTE = 60_000;
const SETTINGS: RunSettings = {
  startAt: Date.UTC(2026, 0, 5, 9),
  horizonMs: 110 * MINUTE,
  measureMs: MINUTE,
  personAfterMs: 15 * MINUTE,
};
const USUAL: World = {
  ...CALM,
  traffic: { requestsPerMinute: 4_000, dailySwing: 0.3 },
  noise: { sharedSd: 0.25, sharedCarry: 0.8, canaryCv: 0.25, stableCv: 0.125, latencySd: 0.02 },
  errorRate: 0.005,
};
const PLAN = planOf({
  ladder: [1, 5, 25, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 15 * MINUTE,
  })),
  tickMs: MINUTE,
});

interface Heard {
  readonly decisions: readonly string[];
  readonly run: Run | null;
}

async function throughEngine(plan: Plan, world: World, settings = SETTINGS): Promise<Heard> {
  let opened: Store | null = null;
  const result = await runThroughEngine(plan, world, {
    hasPast: false,
    settings,
    anyway: true,
    openStore: async (clock) => {
      opened = openSqliteStore<RolloutState, Plan>({ path: ':memory:', clock });
      await opened.migrate();
      return opened;
    },
  });
  const store = opened as Store | null;
  const log = (await store?.readLog(SIMULATED_ROLLOUT, 1)) ?? [];
  await store?.close();
  const decisions = log.flatMap((entry): readonly Decision[] => {
    const event = eventOf(entry.kind, entry.payload);
    return event.kind === 'decided' ? [event.decision] : [];
  });
  return {
    decisions: decisions.map((decision) => canonicalJson(decision)),
    run: result.kind === 'ran' ? result.run : null,
  };
}

function throughStep(plan: Plan, world: World, settings = SETTINGS): Heard {
  const decisions: string[] = [];
  const run = simulateRollout(plan, world, settings, (look) => decisions.push(canonicalJson(look.decision)));
  return { decisions, run };
}

const WORLDS: readonly {
  readonly what: string;
  readonly end: Run['end'];
  readonly effects: readonly Effect[];
  readonly world?: Partial<World>;
  readonly plan?: Plan;
}[] = [
  { what: 'a good release', end: 'complete', effects: [], world: { traffic: CALM.traffic } },
  { what: 'a small regression that a person ends', end: 'person', effects: [{ kind: 'step', by: 0.007 }] },
  { what: 'a regression', end: 'rolled_back', effects: [{ kind: 'step', by: 0.03 }] },
  {
    what: 'a regression in a late stage',
    end: 'rolled_back',
    effects: [{ kind: 'step', by: 0.03, fromPercent: 25 }],
    world: { traffic: CALM.traffic },
  },
  { what: 'a canary that dies', end: 'person', effects: [{ kind: 'dead', fromMs: 10 * MINUTE }] },
  {
    what: 'telemetry that fails for a while',
    end: 'complete',
    effects: [{ kind: 'telemetry_fault', why: 'unreachable', fromMs: 10 * MINUTE, forMs: 5 * MINUTE }],
    world: { traffic: CALM.traffic },
  },
  {
    what: 'slower requests, one bad pod and a second check',
    end: 'person',
    effects: [
      { kind: 'stretch', signal: 'http.latency_p95', times: 2, above: 0.9 },
      { kind: 'bad_pod', errorRate: 0.02 },
    ],
    world: { pods: { canary: 4, stable: 4 } },
    plan: { ...PLAN, checks: [ERROR_RATE, P95] },
  },
  {
    what: 'segments, and a check whose fall is bad',
    end: 'person',
    effects: [{ kind: 'step', by: -0.08, signal: 'cache.hit_ratio' }],
    world: {
      noise: CALM.noise,
      signals: { 'cache.hit_ratio': { kind: 'share', rate: 0.9 } },
      segments: [
        { name: 'mobile', canaryShare: 0.5, stableShare: 0.5, times: 1.05 },
        { name: 'web', canaryShare: 0.5, stableShare: 0.5, times: 0.95 },
      ],
    },
    plan: {
      ...PLAN,
      checks: [
        check({ signal: 'cache.hit_ratio', worse: 'decrease', hold: { compare: 'difference', by: 0.05 } }),
      ],
    },
  },
];

describe('the pure run and the engine decide the same, byte for byte', () => {
  test.each(WORLDS)('$what', async ({ effects, end, world = {}, plan = PLAN }) => {
    for (const seed of [1, 2, 3]) {
      const whole: World = { ...USUAL, ...world, seed, effects };
      const pure = throughStep(plan, whole);
      const real = await throughEngine(plan, whole);
      expect(real.decisions.length).toBeGreaterThan(3);
      expect(pure.decisions).toEqual(real.decisions);
      expect(pure.run).toEqual(real.run);
      if (seed === 1) expect(real.run?.end).toBe(end);
    }
  });
});

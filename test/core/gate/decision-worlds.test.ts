import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { decide } from '../../../src/core/gate/decide.ts';
import type { Evidence } from '../../../src/core/gate/evidence.ts';
import {
  logHarm,
  type NullLine,
  SAFETY_START,
  STANDARD_MIXTURE,
  startHarm,
  stepHarm,
  stepSafety,
} from '../../../src/core/gate/evidence-process.ts';
import { absorb, type GateState, startGate } from '../../../src/core/gate/gate-state.ts';
import { standardSettings } from '../../../src/core/gate/settings.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { stageWatches } from '../../../src/core/plan/stage-watches.ts';
import type { RolloutEvent } from '../../../src/core/rollout/events.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import { type RolloutState, startState } from '../../../src/core/rollout/state.ts';
import { randomFrom } from '../../../src/simulate/random.ts';
import { worldTraffic } from '../../../src/simulate/traffic.ts';
import { CALM, type Effect, type World } from '../../../src/simulate/world.ts';
import { check, planOf } from '../../support/rollout-rig.ts';
import { decidedUntilOver, ERRORS, type Made, planWith, series, windowsOf } from './decision-series.ts';
import { sample } from './looks.ts';

const SECOND_MS = 1_000;

describe('how often a rollout is read', () => {
  const SECONDS = 600;
  const ROLLOUTS = 300;
  const ALPHA = 0.05;
  const STABLE_RATE = 0.01;
  const POINTS = check({
    signal: 'dependency.retries',
    measure: { kind: 'count' },
    hold: { compare: 'difference', by: 0.01 },
  });
  const TIMES = check({ ...POINTS, hold: { compare: 'ratio', times: 2 } });

  interface Second {
    readonly canary: { readonly n: number; readonly x: number };
    readonly stable: { readonly n: number; readonly x: number };
  }

  /** Poisson requests, and events of each side at its own rate: nothing beyond counting. */
  function secondsOf(seed: number, canaryRate: number): readonly Second[] {
    const random = randomFrom(seed);
    const side = (perSecond: number, rate: number) => {
      const n = random.poisson(perSecond);
      return { n, x: random.poisson(n * rate) };
    };
    return Array.from({ length: SECONDS }, () => ({
      canary: side(20, canaryRate),
      stable: side(180, STABLE_RATE),
    }));
  }

  /** The same seconds, read in windows of `every`; ln of the highest harm evidence. */
  function peakOf(of: Check, seconds: readonly Second[], every: number): number {
    const settings = {
      ...standardSettings({ tickMs: every * SECOND_MS, ladderMs: SECONDS * SECOND_MS }),
      tau: 0,
    };
    let gate: GateState = startGate([of], settings);
    for (let begin = 0; begin < SECONDS; begin += every) {
      const at = (begin + every) * SECOND_MS;
      const read = seconds.slice(begin, begin + every);
      const samples = (['canary', 'stable'] as const).map((cohort) => ({
        ...sample(of.signal, cohort, {
          kind: 'count',
          n: read.reduce((sum, second) => sum + second[cohort].n, 0),
          x: read.reduce((sum, second) => sum + second[cohort].x, 0),
        }),
        from: begin * SECOND_MS,
        to: at,
      }));
      gate = absorb(
        [of],
        gate,
        { at, samples, actual: null },
        { settings, alone: false, looks: 10, stages: 1 },
      );
    }
    const state = gate[of.id];
    if (state?.kind !== 'share') throw new Error('no share');
    return Math.min(...state.harm.map(({ peak }) => peak));
  }

  const crossed = (of: Check, canaryRate: number, every: number, rollouts: number) =>
    Array.from({ length: rollouts }, (_, seed) => peakOf(of, secondsOf(seed, canaryRate), every)).filter(
      (peak) => peak >= Math.log(1 / ALPHA),
    ).length / rollouts;

  // Half of the hold line in points, the root of it as a ratio: where harm is measured from.
  const LINES = [
    { title: 'in points', of: POINTS, onLine: STABLE_RATE + 0.005 },
    { title: 'as a ratio', of: TIMES, onLine: STABLE_RATE * Math.SQRT2 },
  ];
  const cases = LINES.flatMap((line) => [1, 15, 60].map((every) => ({ ...line, every })));

  test.each(cases)(
    'calls harm of a canary exactly on the evidence line $title in at most one in twenty, every $every s',
    ({ of, onLine, every }) => {
      expect(crossed(of, onLine, every, ROLLOUTS)).toBeLessThanOrEqual(ALPHA);
    },
  );

  test.each(cases)('still finds a canary far beyond the line $title, every $every s', ({ of, every }) => {
    expect(crossed(of, 5 * STABLE_RATE, every, 20)).toBe(1);
  });
});

const STARTED_AT = 1_000_000;
const TICK_MS = 5_000;
const RETRIES = check({
  signal: 'dependency.retries',
  measure: { kind: 'count' },
  severity: 'major',
  hold: { compare: 'ratio', times: 1.5 },
});
const LATENCY = check({ signal: 'http.latency_p95', hold: { compare: 'band', times: 1.5, floor: 5 } });
const HITS = check({
  signal: 'cache.hit_ratio',
  worse: 'decrease',
  hold: { compare: 'difference', by: 0.05 },
});
const ORDERS = check({
  signal: 'custom:order_value',
  measure: { kind: 'mean', cuped: false },
  severity: 'major',
  worse: 'decrease',
  hold: { compare: 'band', times: 0.8, floor: 0 },
});
const MEMORY = check({
  signal: 'process.memory',
  measure: { kind: 'level' },
  severity: 'major',
  hold: { compare: 'band', times: 1.5, floor: 0 },
});
const [WATCH] = stageWatches([ERRORS]);
if (WATCH === undefined) throw new Error('no watch');

const effects = fc.constantFrom<readonly Effect[]>(
  [],
  [],
  [{ kind: 'step', by: 0.1, fromMs: 60_000 }],
  [{ kind: 'load', atFull: 0.05 }],
  [{ kind: 'incident', times: 6, fromMs: 40_000, forMs: 40_000 }],
  [{ kind: 'dead', fromPercent: 50 }],
  [{ kind: 'crash_loop' }],
  [{ kind: 'bad_pod', errorRate: 0.5 }],
  [{ kind: 'stretch', signal: LATENCY.signal, times: 2 }],
  [{ kind: 'telemetry_fault', why: 'partial', fromMs: 30_000, forMs: 20_000 }],
  [{ kind: 'telemetry_fault', why: 'timeout', fromMs: 30_000, forMs: 30_000 }],
);
const PARTS: readonly Pick<World, 'pods' | 'segments'>[] = [
  { pods: { canary: 0, stable: 0 }, segments: [] },
  { pods: { canary: 3, stable: 5 }, segments: [] },
  {
    pods: { canary: 0, stable: 0 },
    segments: [
      { name: 'web', canaryShare: 0.3, stableShare: 0.8, times: 1 },
      { name: 'app', canaryShare: 0.7, stableShare: 0.2, times: 3 },
    ],
  },
];
const world = fc
  .record({
    seed: fc.nat(1_000_000),
    effects,
    parts: fc.constantFrom(...PARTS),
    requestsPerMinute: fc.constantFrom(600, 10_000, 20_000),
    noise: fc.constantFrom(0, 0.2),
  })
  .map(
    ({ seed, effects: happening, parts, requestsPerMinute, noise }): World => ({
      ...CALM,
      ...parts,
      seed,
      effects: happening,
      errorRate: 0.02,
      traffic: { requestsPerMinute, dailySwing: 0.3 },
      noise: { sharedSd: noise, sharedCarry: 0.8, canaryCv: noise, stableCv: noise, latencySd: noise / 10 },
      signals: {
        [RETRIES.signal]: { kind: 'count', rate: 0.3 },
        [HITS.signal]: { kind: 'share', rate: 0.3 },
        [ORDERS.signal]: { kind: 'value', mean: 20, cv: 1, nonZeroShare: 0.5 },
        [MEMORY.signal]: { kind: 'level', value: 500, sd: 20 },
      },
    }),
  );

interface Entry {
  readonly at: number;
  readonly event: RolloutEvent;
  readonly evidence: Evidence | null;
}

/** A rollout as a tick commits it: the state through its text after every look, and the log of what happened. */
function lived(
  plan: Plan,
  of: World,
): { readonly log: readonly string[]; readonly states: readonly string[] } {
  const traffic = worldTraffic(of, STARTED_AT);
  const signals = [...new Set(plan.checks.map(({ signal }) => signal))];
  const read = (to: number, percent: number) => traffic.count({ from: to - TICK_MS, to, percent, signals });
  const event: RolloutEvent = {
    kind: 'started',
    plan,
    planDigest: '',
    before: read(STARTED_AT, 0),
    versions: { sluice: '', decider: 0, bucketing: '' },
  };
  const log = [JSON.stringify({ at: STARTED_AT, event, evidence: null })];
  let state: RolloutState = fold(plan, startState(plan, STARTED_AT), { at: STARTED_AT, event }, null);
  const states = [canonicalJson(state)];
  for (let look = 1; look <= 60 && state.phase === 'running'; look++) {
    const at = STARTED_AT + look * TICK_MS;
    const actual = state.desired;
    const evidence: Evidence = { at, samples: read(at, actual.percent), actual };
    const judged = decide(plan, state, evidence, at);
    const decided = { kind: 'decided' as const, decision: judged.decision };
    state = JSON.parse(JSON.stringify(fold(plan, state, { at, event: decided }, evidence, judged)));
    log.push(JSON.stringify({ at, event: decided, evidence }));
    states.push(canonicalJson(state));
  }
  return { log, states };
}

describe('a rollout folded anew from its log', () => {
  test('makes the same decisions and has the same state after every look, byte for byte', () => {
    const ladder = [10, 50, 100].map((percent) => ({
      exposure: { kind: 'percent' as const, percent },
      holdMs: 30_000,
    }));
    const checks = [ERRORS, WATCH, RETRIES, LATENCY, HITS, ORDERS, MEMORY];
    const plan = planOf({
      checks,
      ladder,
      allowWiden: true,
      tickMs: TICK_MS,
      settings: standardSettings({ tickMs: TICK_MS, ladderMs: 90_000 }),
    });
    fc.assert(
      fc.property(world, (of) => {
        const { log, states } = lived(plan, of);
        let state = startState(plan, STARTED_AT);
        for (const [at, text] of log.entries()) {
          const entry: Entry = JSON.parse(text);
          if (entry.event.kind === 'decided' && entry.evidence !== null) {
            const again = decide(plan, state, entry.evidence, entry.at).decision;
            expect(canonicalJson(again)).toBe(canonicalJson(entry.event.decision));
          }
          state = fold(plan, state, entry, entry.evidence);
          expect(canonicalJson(state)).toBe(states[at]);
        }
      }),
      { numRuns: 25 },
    );
  });
});

describe('a watch on the previous stage', () => {
  const movesUp = (made: Made | undefined) =>
    made !== undefined && ['promote', 'widen', 'complete'].includes(made.decision.kind);

  test('never lets a rollout go on where it would not have gone on, or gone on before, without it', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 2, max: 3 }), fc.boolean(), (looks, stages, allowWiden) => {
        const windows = windowsOf([ERRORS], looks);
        const watched = decidedUntilOver(planWith([ERRORS, WATCH], stages, { allowWiden }), windows);
        const plain = decidedUntilOver(planWith([ERRORS], stages, { allowWiden }), windows);
        // Until the one without has gone on alone: from there on, they are in different stages and weigh different looks.
        for (const [at, made] of watched.entries()) {
          if (movesUp(made)) expect(movesUp(plain[at])).toBe(true);
          else if (movesUp(plain[at])) return;
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** What the reference prints beyond what `evidence-process.test.ts` reads. */
describe('the reference’s worked numbers', () => {
  const MINUTES = [
    [1, 99],
    [2, 101],
    [9, 97],
    [11, 104],
  ].map(([x = 0, y = 0]) => ({ treated: { n: 200, x }, reference: { n: 19_800, x: y } }));

  test('end at +2.37 points, and cross at half the hold line in minute four and no sooner', () => {
    const total = (arm: 'treated' | 'reference') =>
      MINUTES.reduce((sum, minute) => sum + minute[arm].x, 0) /
      MINUTES.reduce((sum, minute) => sum + minute[arm].n, 0);
    expect(100 * (total('treated') - total('reference'))).toBeCloseTo(2.37, 2);
    let state = startHarm(2);
    const half: NullLine = { times: 1, plus: 0.0025 };
    const targets = [0.005, 0.02].map((plus): NullLine => ({ times: 1, plus }));
    const crossed = MINUTES.map((minute) => {
      const settings = { noise: { tau: 0.25 }, plannedLooks: 60, targets, mixture: STANDARD_MIXTURE };
      state = stepHarm(state, minute, half, 0.005, settings);
      return logHarm(state, STANDARD_MIXTURE) >= Math.log(100);
    });
    expect(crossed).toEqual([false, false, false, true]);
  });

  test.each([
    { rate: 0.001, margin: 0.005, n: 1_220 },
    { rate: 0.005, margin: 0.02, n: 328 },
    { rate: 0.005, margin: 0.005, n: 2_550 },
    { rate: 0.01, margin: 0.02, n: 435 },
    { rate: 0.01, margin: 0.005, n: 4_140 },
    { rate: 0.02, margin: 0.005, n: 7_284 },
  ])('need $n requests at $rate to clear $margin by the alternative of no change', ({ rate, margin, n }) => {
    const [noChange = 0] = stepSafety(
      SAFETY_START,
      { treated: { n, x: n * rate }, reference: { n: 1e9, x: 1e9 * rate } },
      { times: 1, plus: margin },
      rate,
      { tau: 0 },
    );
    // The table rounds up, or to three digits.
    expect(Math.abs(Math.log(1 / (0.05 * 0.4)) / noChange - 1)).toBeLessThan(0.0025);
  });
});

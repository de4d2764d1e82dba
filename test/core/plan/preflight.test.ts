import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Check, Line } from '../../../src/core/plan/check.ts';
import { fitToTraffic } from '../../../src/core/plan/fit-to-traffic.ts';
import type { Ladder } from '../../../src/core/plan/ladder.ts';
import { preflight, type TrafficReading, unitsNeeded } from '../../../src/core/plan/preflight.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { sample } from '../gate/looks.ts';

const { settings } = planOf();
const MINUTE = 60_000;
/** Room for good rollouts to clear, over what the formula gives. */
const HEADROOM = 1.3;

function traffic(perMinute: number, errorShare: number, signal = ERROR_RATE.signal): TrafficReading {
  const n = perMinute * 10;
  const stat = { kind: 'share', n, x: n * errorShare } as const;
  return { overMs: 10 * MINUTE, samples: [sample(signal, 'stable', stat)] };
}

function ladderOf(holdMs: number, percents: readonly number[] = [1, 5, 25, 100]): Ladder {
  return percents.map((percent) => ({ exposure: { kind: 'percent', percent }, holdMs }));
}

describe('canary requests needed, as the reference computes them', () => {
  const withMargin = (by: number): Check =>
    check({ ...ERROR_RATE, hold: { compare: 'difference', by }, rollback: null });

  test.each([
    { rate: 0.001, wide: 230, tight: 1_220 },
    { rate: 0.005, wide: 328, tight: 2_550 },
    { rate: 0.01, wide: 435, tight: 4_140 },
    { rate: 0.02, wide: 640, tight: 7_284 },
  ])('at $rate errors: about $wide for two points, $tight for half a point', ({ rate, wide, tight }) => {
    const seen = traffic(100_000, rate);
    const needed = (by: number) => unitsNeeded(withMargin(by), 'tight', settings, seen) / HEADROOM;
    expect(needed(0.02) / wide).toBeCloseTo(1, 1);
    expect(needed(0.005) / tight).toBeCloseTo(1, 1);
  });

  test('never less than each side must show', () => {
    const generous = withMargin(0.5);
    expect(unitsNeeded(generous, 'tight', settings, traffic(1_000, 0.001))).toBe(settings.minUnits);
  });

  test.each<{ title: string; watched: Check; needed: number }>([
    { title: 'a level needs none', watched: check({ ...ERROR_RATE, measure: { kind: 'level' } }), needed: 0 },
    { title: 'a check without lines needs none', watched: check({ signal: ERROR_RATE.signal }), needed: 0 },
    {
      title: 'a series stable never showed can never be cleared against stable',
      watched: check({ signal: 'cache.error_rate', hold: { compare: 'difference', by: 0.01 } }),
      needed: Number.POSITIVE_INFINITY,
    },
  ])('$title', ({ watched, needed }) => {
    expect(unitsNeeded(watched, 'tight', settings, traffic(1_000, 0.005))).toBe(needed);
  });

  test('a fixed limit with no past takes a healthy canary to sit half-way under it', () => {
    const limit = (at: number) => {
      const watched = check({ signal: 'cache.error_rate', hold: { compare: 'absolute', at } });
      return unitsNeeded(watched, 'tight', settings, traffic(1_000, 0.005));
    };
    expect(limit(0.02)).toBeGreaterThan(settings.minUnits);
    expect(limit(0.02)).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(limit(0.01)).toBeCloseTo(2 * limit(0.02), 6);
  });

  test('a limit the past is over already can never be cleared', () => {
    const watched = check({ signal: ERROR_RATE.signal, hold: { compare: 'absolute', at: 0.004 } });
    expect(unitsNeeded(watched, 'tight', settings, traffic(1_000, 0.005))).toBe(Number.POSITIVE_INFINITY);
  });

  test('without a single event in the past the rate is taken as half an event, never as nothing', () => {
    const needed = unitsNeeded(ERROR_RATE, 'wide', settings, traffic(1_000, 0));
    expect(needed).toBeGreaterThanOrEqual(settings.minUnits);
    expect(needed).toBeLessThan(400);
  });

  test('a nearer margin never needs fewer', () => {
    const points = fc.double({ min: 0.001, max: 0.2, noNaN: true });
    const rate = fc.double({ min: 0.0001, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(points, points, rate, (a, b, p) => {
        const needed = (by: number) => unitsNeeded(withMargin(by), 'tight', settings, traffic(10_000, p));
        // Margins one rounding apart may differ in the last digits.
        expect(needed(Math.min(a, b))).toBeGreaterThanOrEqual(needed(Math.max(a, b)) * (1 - 1e-9));
      }),
    );
  });
});

describe('a ladder', () => {
  const plan = planOf({ ladder: ladderOf(15 * MINUTE) });

  test('of fifteen minutes from 1 % needs about 2,800 requests a minute at half a percent of errors', () => {
    expect(preflight(plan, traffic(2_900, 0.005)).stages[0]?.verdict).toBe('clearable');
    expect(preflight(plan, traffic(2_700, 0.005)).stages[0]?.verdict).toBe('only_if_extended');
    expect(preflight(plan, traffic(1_300, 0.005)).stages[0]?.verdict).toBe('not_clearable');
  });

  test('says what is needed, what will be seen, and which check takes longest', () => {
    const [first] = preflight(plan, traffic(1_000, 0.005)).stages;
    expect(first).toMatchObject({
      exposure: '1%',
      slowest: 'error rate',
      expectedUnits: 150,
      holdMs: 15 * MINUTE,
    });
    expect((first?.neededUnits ?? 0) / HEADROOM / 328).toBeCloseTo(1, 1);
  });

  test('that reaches everyone asks for no evidence of its last stage', () => {
    expect(preflight(plan, traffic(20_000, 0.005)).stages.at(-1)).toMatchObject({
      neededMs: 0,
      verdict: 'clearable',
    });
  });

  test('has nothing to wait for when nothing votes', () => {
    const advice = planOf({ checks: [{ ...ERROR_RATE, severity: 'advisory' }] });
    expect(preflight(advice, traffic(0, 0))).toMatchObject({ isClearable: true, workable: null });
  });
});

describe('without any traffic', () => {
  test('no stage can be cleared, and no ladder is offered', () => {
    const found = preflight(planOf(), { overMs: MINUTE, samples: [] });
    expect(found).toMatchObject({ isClearable: false, unitsPerMinute: 0, workable: null });
    expect(found.stages[0]).toMatchObject({
      verdict: 'not_clearable',
      neededUnits: null,
      neededMs: null,
      expectedUnits: 0,
    });
  });
});

describe('the ladder it offers', () => {
  test('is one it accepts, keeps the end, and never starts beyond 25 %', () => {
    const perMinute = fc.integer({ min: 5, max: 3_000 });
    const rate = fc.double({ min: 0.0005, max: 0.03, noNaN: true });
    const holdMs = fc.constantFrom(10_000, MINUTE, 15 * MINUTE);
    const lines = fc.constantFrom<Line>({ compare: 'difference', by: 0.005 }, { compare: 'ratio', times: 2 });
    let offered = 0;
    fc.assert(
      fc.property(perMinute, rate, holdMs, lines, (requests, p, hold, line) => {
        const plan = planOf({ ladder: ladderOf(hold), checks: [{ ...ERROR_RATE, hold: line }] });
        const seen = traffic(requests, p);
        const { workable, isClearable } = preflight(plan, seen);
        expect(isClearable && workable !== null).toBe(false);
        if (workable === null) return;
        offered++;
        expect(preflight({ ...plan, ladder: workable }, seen).isClearable).toBe(true);
        const [first] = workable;
        expect(first?.exposure.kind === 'percent' && first.exposure.percent).toBeLessThanOrEqual(25);
        expect(workable.at(-1)?.exposure).toEqual({ kind: 'percent', percent: 100 });
        expect(workable.every((stage) => stage.holdMs >= hold)).toBe(true);
      }),
      { numRuns: 200 },
    );
    expect(offered).toBeGreaterThan(50);
  });
});

describe('a proposed check the traffic could never clear', () => {
  const proposed = check({
    signal: 'cache.error_rate',
    id: 'rule:cache.error_rate',
    severity: 'major',
    hold: { compare: 'difference', by: 0.005 },
    provenance: [{ source: 'rule', from: 'cache', evidence: [] }],
  });
  const plan = planOf({ ladder: ladderOf(15 * MINUTE), checks: [ERROR_RATE, proposed] });

  test('informs and does not vote, and that is said', () => {
    const fitted = fitToTraffic(plan, traffic(20_000, 0.005));
    expect(fitted.checks).toEqual([
      ERROR_RATE,
      { ...proposed, severity: 'advisory', hold: null, rollback: null, flags: ['low_volume'] },
    ]);
    expect(fitted.unobservable[0]?.what).toBe('cache error rate');
  });

  test('is the only kind that is demoted: a required one makes preflight refuse', () => {
    const thin = traffic(10, 0.005);
    expect(fitToTraffic(plan, thin).checks[0]).toEqual(ERROR_RATE);
    expect(preflight(fitToTraffic(plan, thin), thin).isClearable).toBe(false);
  });
});

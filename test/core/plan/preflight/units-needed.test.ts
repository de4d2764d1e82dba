import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Stat } from '../../../../src/core/gate/sample.ts';
import type { Against, Check, Line, Measure } from '../../../../src/core/plan/check.ts';
import { HEADROOM, type Spell } from '../../../../src/core/plan/preflight/looks.ts';
import { looksNeeded, unitsNeeded } from '../../../../src/core/plan/preflight/units-needed.ts';
import { check, ERROR_RATE, planOf } from '../../../support/rollout-rig.ts';
import { fineDurations, reading, traffic, values } from './readings.ts';

const { settings } = planOf();
const withMargin = (by: number): Check =>
  check({ ...ERROR_RATE, hold: { compare: 'difference', by }, rollback: null });

describe('canary requests needed, as the reference computes them', () => {
  test.each([
    { rate: 0.001, wide: 230, tight: 1_220 },
    { rate: 0.005, wide: 328, tight: 2_550 },
    { rate: 0.01, wide: 435, tight: 4_140 },
    { rate: 0.02, wide: 640, tight: 7_284 },
  ])('at $rate errors: about $wide for two points, $tight for half a point', ({ rate, wide, tight }) => {
    const context = { settings, traffic: traffic(100_000, rate) };
    const needed = (by: number) => unitsNeeded(withMargin(by), 'tight', context) / HEADROOM;
    for (const [by, reference] of [
      [0.02, wide],
      [0.005, tight],
    ] as const) {
      expect(needed(by)).toBeGreaterThan(reference * 0.85);
      expect(needed(by)).toBeLessThan(reference * 1.15);
    }
  });

  test('are never less than each side must show', () => {
    const context = { settings, traffic: traffic(1_000, 0.001) };
    expect(unitsNeeded(withMargin(0.5), 'tight', context)).toBe(settings.minUnits);
  });

  test('take the rate as half an event, never as nothing, where none was seen', () => {
    const needed = unitsNeeded(ERROR_RATE, 'wide', { settings, traffic: traffic(1_000, 0) });
    expect(needed).toBeGreaterThanOrEqual(settings.minUnits);
    expect(needed).toBeLessThan(400);
  });

  test('a nearer margin never needs fewer', () => {
    const points = fc.double({ min: 0.001, max: 0.2, noNaN: true });
    const rate = fc.double({ min: 0.0001, max: 0.2, noNaN: true });
    fc.assert(
      fc.property(points, points, rate, (a, b, p) => {
        const context = { settings, traffic: traffic(10_000, p) };
        const needed = (by: number) => unitsNeeded(withMargin(by), 'tight', context);
        // Margins one rounding apart may differ in the last digits of the search.
        expect(needed(Math.min(a, b))).toBeGreaterThanOrEqual(needed(Math.max(a, b)) * (1 - 1e-3));
      }),
      { numRuns: 60 },
    );
  });
});

describe('each kind of check', () => {
  const latency = 'http.latency_p95';
  const value = 'custom:order_value';
  const seen = reading({
    [ERROR_RATE.signal]: { kind: 'share', n: 100_000, x: 500 },
    'dependency.retries': { kind: 'count', n: 100_000, x: 500 },
    'cache.hit_ratio': { kind: 'share', n: 100_000, x: 95_000 },
    [latency]: fineDurations(10_000),
    [value]: values(10_000, 1),
  });
  const needed = (watched: Partial<Check> & Pick<Check, 'signal'>, margin: 'wide' | 'tight' = 'tight') =>
    unitsNeeded(check(watched), margin, { settings, traffic: seen });
  const points: Line = { compare: 'difference', by: 0.005 };
  const ratio: Line = { compare: 'ratio', times: 1.25 };

  test('a count needs what a share with the same rate needs', () => {
    const count = needed({ signal: 'dependency.retries', measure: { kind: 'count' }, hold: points });
    expect(count).toBe(needed({ signal: ERROR_RATE.signal, hold: points }));
  });

  test('a share over an edge needs what a share of the tail beyond it needs', () => {
    const edge: Measure = { kind: 'share_over', edgeMs: 10 * 1.05 ** 63, p: 0.95 };
    const tail = (1.05 ** 63) ** -0.97;
    const share: Stat = { kind: 'share', n: 100_000, x: 100_000 * tail };
    const asShare = unitsNeeded(check({ signal: 'tail', hold: ratio }), 'tight', {
      settings,
      traffic: reading({ tail: share }),
    });
    expect(needed({ signal: latency, measure: edge, hold: ratio }) / asShare).toBeCloseTo(1, 2);
  });

  test('a fall in points is judged on the misses', () => {
    const fall = needed({ signal: 'cache.hit_ratio', worse: 'decrease', hold: points });
    const misses = unitsNeeded(check({ signal: 'misses', hold: points }), 'tight', {
      settings,
      traffic: traffic(10_000, 0.05, 'misses'),
    });
    expect(fall / misses).toBeCloseTo(1, 2);
  });

  test('a quantile needs fewer the farther its line lies', () => {
    const at = (times: number) => needed({ signal: latency, hold: { compare: 'ratio', times } });
    expect(at(2)).toBeLessThan(at(1.5));
    expect(at(1.5)).toBeLessThan(at(1.25));
    expect(at(1.25)).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('a mean needs about as the square of what its line is nearer', () => {
    const at = (times: number) =>
      needed({ signal: value, measure: { kind: 'mean', cuped: false }, hold: { compare: 'ratio', times } });
    expect(at(1.05) / at(1.1)).toBeGreaterThan(3);
    expect(at(1.05) / at(1.1)).toBeLessThan(6);
  });

  test('a ratio to a constant needs what the mean needs', () => {
    const lines = { signal: value, hold: ratio };
    const mean = needed({ ...lines, measure: { kind: 'mean', cuped: false } });
    expect(needed({ ...lines, measure: { kind: 'ratio' } })).toBeCloseTo(mean, 6);
  });

  test.each<{ title: string; watched: Partial<Check> & Pick<Check, 'signal'> }>([
    {
      title: 'a level',
      watched: { signal: ERROR_RATE.signal, measure: { kind: 'level' }, hold: points },
    },
    { title: 'a check without lines', watched: { signal: ERROR_RATE.signal } },
    {
      title: 'an advisory check',
      watched: { signal: ERROR_RATE.signal, hold: points, severity: 'advisory' },
    },
    { title: 'a watch', watched: { signal: ERROR_RATE.signal, hold: points, intent: 'watch' } },
    {
      title: 'an expected change',
      watched: { signal: ERROR_RATE.signal, hold: points, intent: 'expect_change' },
    },
  ])('$title needs none', ({ watched }) => {
    expect(needed(watched)).toBe(0);
  });

  test('a series stable never showed can never be cleared against stable', () => {
    expect(needed({ signal: 'cache.error_rate', hold: points })).toBe(Number.POSITIVE_INFINITY);
    expect(needed({ signal: 'cache.latency_p95', hold: ratio })).toBe(Number.POSITIVE_INFINITY);
    expect(needed({ signal: 'custom:new', measure: { kind: 'mean', cuped: false }, hold: ratio })).toBe(
      Number.POSITIVE_INFINITY,
    );
  });
});

describe('a fixed limit', () => {
  const limit = (at: number, signal = 'cache.error_rate') =>
    unitsNeeded(check({ signal, hold: { compare: 'absolute', at } }), 'tight', {
      settings,
      traffic: traffic(1_000, 0.005),
    });

  test('with no past takes a healthy canary to sit half-way under it', () => {
    expect(limit(0.02)).toBeGreaterThan(settings.minUnits);
    expect(limit(0.01) / limit(0.02)).toBeCloseTo(2, 1);
  });

  test('with no past can be cleared for a quantile too', () => {
    const p95 = limit(300, 'cache.latency_p95');
    expect(p95).toBeGreaterThan(settings.minUnits);
    expect(p95).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test('needs fewer the farther below it the past lies', () => {
    expect(limit(0.02, ERROR_RATE.signal)).toBeLessThan(limit(0.01, ERROR_RATE.signal));
  });

  test('that the past is over already can never be cleared', () => {
    expect(limit(0.004, ERROR_RATE.signal)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('the weight of one look', () => {
  const perMinute = 1_000;
  const context = { settings, traffic: traffic(perMinute, 0.005) };
  const looks = (canary: number) =>
    looksNeeded(withMargin(0.002), 'tight', { look: { canary, stable: 9 * canary }, before: [] }, context);

  test('is capped, so that at high traffic it is looks that are needed and not units', () => {
    expect(looks(10) / looks(20)).toBeCloseTo(2, 1);
    expect(looks(10_000)).toBeGreaterThan(2 * settings.minIntervals);
    expect(looks(100_000) / looks(1_000_000)).toBeLessThan(1.1);
  });

  test('never makes more traffic need longer', () => {
    const size = fc.double({ min: 1, max: 1e6, noNaN: true });
    const measured = fc.constantFrom<{ watched: Check; stat: Stat }>(
      { watched: ERROR_RATE, stat: { kind: 'share', n: 10_000, x: 50 } },
      {
        watched: check({ signal: 'a.latency_p95', hold: { compare: 'ratio', times: 1.25 } }),
        stat: fineDurations(1_000),
      },
      {
        watched: check({
          signal: 'custom:value',
          measure: { kind: 'mean', cuped: false },
          hold: { compare: 'ratio', times: 1.1 },
        }),
        stat: values(1_000, 2),
      },
    );
    fc.assert(
      fc.property(size, size, measured, (a, b, { watched, stat }) => {
        const seen = { settings, traffic: reading({ [watched.signal]: stat }) };
        const need = (canary: number) =>
          looksNeeded(watched, 'tight', { look: { canary, stable: 9 * canary }, before: [] }, seen);
        expect(need(Math.max(a, b))).toBeLessThanOrEqual(need(Math.min(a, b)) * (1 + 1e-3));
      }),
      { numRuns: 40 },
    );
  });

  test('is asked of each stage anew, whatever earlier ones showed', () => {
    const look = { canary: 100, stable: 900 };
    const before: readonly Spell[] = [{ ...look, looks: looks(100) / 2 }];
    const rest = looksNeeded(withMargin(0.002), 'tight', { look, before }, context);
    expect(rest).toBeCloseTo(looks(100), 0);
  });
});

describe('held against', () => {
  const ratio: Line = { compare: 'ratio', times: 1.25 };
  const settled = (against: Against | undefined, before: readonly Spell[] = []) => {
    const watched = check({
      signal: ERROR_RATE.signal,
      hold: ratio,
      ...(against === undefined ? {} : { against }),
    });
    const look = { canary: 500, stable: 1_500 };
    return looksNeeded(watched, 'tight', { look, before }, { settings, traffic: traffic(10_000, 0.02) });
  };
  const spell = (looks: number): Spell => ({ looks, canary: 500, stable: 1_500 });

  test('a prediction known exactly, a check needs what it needs against stable', () => {
    const exact = settled({ kind: 'ab_prediction', times: 1, se: 0 });
    expect(exact).toBeCloseTo(settled(undefined), 6);
  });

  test('a prediction, it needs more the less is known of it, and never clears when that exceeds the margin', () => {
    const known = (se: number) => settled({ kind: 'ab_prediction', times: 1, se });
    expect(known(0.03)).toBeGreaterThan(known(0.01));
    expect(known(0.3)).toBe(Number.POSITIVE_INFINITY);
  });

  test('the previous stage, it needs what it needs against stable where there is none', () => {
    expect(settled({ kind: 'previous_stage' })).toBeCloseTo(settled(undefined), 6);
  });

  test('the previous stage, it needs more than against stable, and less the longer that stage was', () => {
    const behind = (looks: number) => settled({ kind: 'previous_stage' }, [spell(looks)]);
    expect(behind(40)).toBeGreaterThan(settled(undefined, [spell(40)]));
    expect(behind(50)).toBeLessThan(behind(40));
    expect(behind(10)).toBe(Number.POSITIVE_INFINITY);
  });
});

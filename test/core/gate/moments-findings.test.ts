import { describe, expect, test } from 'vitest';
import { nextStage } from '../../../src/core/gate/check-state.ts';
import { LOG_FLOOR } from '../../../src/core/gate/log-sum.ts';
import { winsorisedMoments } from '../../../src/core/gate/moments.ts';
import type { Moments } from '../../../src/core/gate/sample.ts';
import { randomFrom } from '../../../src/simulate/random.ts';
import { check } from '../../support/rollout-rig.ts';
import { judged, remembered, revenue, sumsOf } from './moments-looks.ts';

const REVENUE = revenue();
const TIMES = 4;

/** The same look four times over. */
function looks(canary: Moments, stable: Moments) {
  return Array.from({ length: TIMES }, () => ({ canary, stable }));
}

describe('a finding about a mean', () => {
  test('is clear when the canary earns what stable earns, of enough users', () => {
    const finding = judged(REVENUE, remembered(REVENUE, looks(sumsOf(2_000, 10, 8), sumsOf(2_000, 10, 8))));
    expect(finding).toMatchObject({
      outcome: 'clear',
      reason: 'within_lines',
      canary: { units: 8_000, value: 10 },
      baseline: { units: 8_000, value: 10 },
      trailing: { canary: 10, baseline: 10 },
    });
  });

  test.each([
    { title: 'holds over the hold line', mean: 9.3, outcome: 'breach_hold' },
    { title: 'rolls back over the rollback line', mean: 8.5, outcome: 'breach_rollback' },
    { title: 'is no breach where it is better', mean: 11, outcome: 'clear' },
  ])('$title', ({ mean, outcome }) => {
    const state = remembered(REVENUE, looks(sumsOf(5_000, mean, 8), sumsOf(5_000, 10, 8)));
    expect(judged(REVENUE, state).outcome).toBe(outcome);
  });

  test('never rolls back unless it is critical', () => {
    const major = revenue({ severity: 'major' });
    const state = remembered(major, looks(sumsOf(5_000, 8.5, 8), sumsOf(5_000, 10, 8)));
    expect(judged(major, state).outcome).toBe('breach_hold');
  });

  test('finds that nobody buys any more', () => {
    const state = remembered(REVENUE, looks(sumsOf(100, 0, 0), sumsOf(1_000, 10, 20)));
    expect(judged(REVENUE, state).outcome).toBe('breach_rollback');
  });

  test('is thin below 200 users a side, though nothing else is missing', () => {
    const state = remembered(REVENUE, looks(sumsOf(49, 10, 0.1), sumsOf(2_000, 10, 0.1)));
    expect(judged(REVENUE, state)).toMatchObject({ outcome: 'ambiguous', reason: 'thin' });
    expect(judged(REVENUE, state).safety.log).toBe(LOG_FLOOR);
    const enough = remembered(REVENUE, looks(sumsOf(50, 10, 0.1), sumsOf(2_000, 10, 0.1)));
    expect(judged(REVENUE, enough).outcome).toBe('clear');
  });

  test('takes no news from a few dozen recent users', () => {
    const state = remembered(REVENUE, looks(sumsOf(49, 2, 1), sumsOf(49, 10, 1)));
    expect(judged(REVENUE, state).trailing).toEqual({ canary: null, baseline: null });
  });

  test('is the same in cents as in thousands', () => {
    const outcomes = [1, 1_000].map((unit) => {
      const of = revenue({
        hold: { compare: 'difference', by: 0.5 * unit },
        rollback: { compare: 'difference', by: unit },
      });
      const arms = looks(sumsOf(2_000, 9.2 * unit, 8 * unit), sumsOf(2_000, 10 * unit, 8 * unit));
      const { outcome, reason, harm, safety } = judged(of, remembered(of, arms));
      return { outcome, reason, harm: harm.log.toFixed(6), safety: safety.log.toFixed(6) };
    });
    expect(outcomes[0]).toMatchObject({ outcome: 'breach_hold' });
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test('an expected rise is confirmed when it is seen, opposite when it falls, and informs only', () => {
    const expected = revenue({ intent: 'expect_change', hold: null, rollback: null });
    const rise = remembered(expected, looks(sumsOf(2_000, 12, 8), sumsOf(2_000, 10, 8)));
    expect(judged(expected, rise).reason).toBe('expected_change_confirmed');
    const fall = remembered(expected, looks(sumsOf(2_000, 8, 8), sumsOf(2_000, 10, 8)));
    expect(judged(expected, fall).reason).toBe('expected_change_opposite');
  });

  test('a ceiling needs nobody beside the canary', () => {
    const ceiling = check({
      signal: REVENUE.signal,
      measure: { kind: 'mean', cuped: false },
      hold: { compare: 'absolute', at: 12 },
    });
    const seen = (mean: number) =>
      judged(
        ceiling,
        remembered(
          ceiling,
          looks(sumsOf(2_000, mean, 8), sumsOf(0, 0, 0)).map((look) => ({ ...look, stable: null })),
        ),
      );
    expect(seen(10).outcome).toBe('clear');
    expect(seen(13).outcome).toBe('breach_hold');
  });
});

describe('a finding about a ratio', () => {
  test('is of the sums, with the variance of both', () => {
    const perOrder = revenue({ measure: { kind: 'ratio' } });
    // Two orders a user (sd 1), each worth five: a user with one order more brings five more.
    const orders = { mean: 2, sd: 1, slope: 5 };
    const state = remembered(perOrder, looks(sumsOf(500, 10, 5.2, orders), sumsOf(500, 10, 5.2, orders)));
    const finding = judged(perOrder, state);
    expect(finding).toMatchObject({ outcome: 'clear', canary: { value: 5 }, baseline: { value: 5 } });
    // The same sums read as a mean vary far more: 5.2 of 10 against 1.4 of 10.
    expect(
      judged(REVENUE, remembered(REVENUE, looks(sumsOf(500, 10, 5.2), sumsOf(500, 10, 5.2)))).safety.log,
    ).toBeLessThan(finding.safety.log);
  });
});

describe('what is remembered of a mean', () => {
  const good = looks(sumsOf(2_000, 10, 8), sumsOf(2_000, 10, 8));
  const drop = { canary: sumsOf(2_000, 5, 8), stable: sumsOf(2_000, 10, 8) };

  test('a partial window raises alarms and clears none', () => {
    const partial = good.map((look) => ({ ...look, unusable: 'partial' as const }));
    expect(judged(REVENUE, remembered(REVENUE, partial)).safety.log).toBe(LOG_FLOOR);
    const alarming = remembered(REVENUE, [{ ...drop, unusable: 'partial' }]);
    expect(judged(REVENUE, alarming)).toMatchObject({ outcome: 'breach_rollback', canary: { value: 5 } });
    const before = remembered(REVENUE, good);
    const after = remembered(REVENUE, [{ ...drop, unusable: 'partial' }], before);
    expect(judged(REVENUE, after).safety.log).toBe(judged(REVENUE, before).safety.log);
  });

  test('harm stays what it was at its highest, safety is what it is now', () => {
    const healed = remembered(REVENUE, [drop, ...good, ...good]);
    expect(healed.peak).toBe(remembered(REVENUE, [drop]).peak);
    expect(judged(REVENUE, healed).safety.log).toBeGreaterThan(
      judged(REVENUE, remembered(REVENUE, [drop])).safety.log,
    );
  });

  test('what begins in a later stage is not diluted by the earlier ones', () => {
    const long = remembered(REVENUE, [...good, ...good, ...good, ...good, ...good]);
    const late = { canary: sumsOf(2_000, 9.1, 8), stable: sumsOf(2_000, 10, 8) };
    expect(judged(REVENUE, remembered(REVENUE, [late, late, late], nextStage(long))).outcome).toBe(
      'breach_hold',
    );
    expect(remembered(REVENUE, [late, late, late], long).peak).toBeLessThan(Math.log(20));
  });

  test('each stage is compared within itself', () => {
    const night = remembered(REVENUE, [{ canary: sumsOf(300, 10, 8), stable: sumsOf(9_000, 10, 8) }]);
    const evening = remembered(
      REVENUE,
      [{ canary: sumsOf(4_000, 18, 8), stable: sumsOf(4_000, 20, 8) }],
      nextStage(night),
    );
    // Pooled: 17.4 against 13.1, a lift. Stage by stage: a tenth less.
    expect(judged(REVENUE, evening).outcome).toBe('breach_rollback');
  });

  test.each([
    { title: 'a sum that is no number', wrong: { y: Number.NaN } },
    { title: 'squares that no units could have', wrong: { yy: 1 } },
    { title: 'half a user', wrong: { n: 1_999.5 } },
    { title: 'fewer than no users', wrong: { n: -1 } },
  ])('$title is no evidence', ({ wrong }) => {
    const before = remembered(REVENUE, good);
    for (const side of ['canary', 'stable'] as const) {
      const after = remembered(REVENUE, [{ ...drop, [side]: { ...drop[side], ...wrong } }], before);
      expect(after.blind).toMatchObject({ why: 'inconsistent' });
      expect(after.stages).toEqual(before.stages);
      expect(after.peak).toBe(before.peak);
      expect(judged(REVENUE, after).outcome).toBe('no_data');
    }
  });

  test('a share in the place of sums is no evidence', () => {
    const after = remembered(REVENUE, [{ ...drop, canary: { kind: 'share', n: 10, x: 1 } }]);
    expect(after.blind?.detail).toContain('arrived as a share, not as a moments');
  });
});

describe('with nobody beside the canary', () => {
  const before = remembered(REVENUE, looks(sumsOf(2_000, 10, 8), sumsOf(2_000, 10, 8)));
  const alone = (mean: number) =>
    remembered(
      REVENUE,
      Array.from({ length: 10 }, () => ({ canary: sumsOf(1_000, mean, 8), stable: null, alone: true })),
      nextStage(before),
    );

  test('a mean is held against what stable showed, worth what its drift allows', () => {
    // v/n = 64/8000, drift 10² · 0.3² = 9: worth 8000 · 0.008/9.008 units.
    const finding = judged(REVENUE, alone(10), { alone: true });
    expect(finding.baseline.value).toBeCloseTo(10, 9);
    expect(finding.baseline.units).toBeCloseTo(7.105, 3);
  });

  test.each([
    { title: 'a fall by a third may be the day', mean: 6.7, isFound: false },
    { title: 'a fall to a fifth is none of it', mean: 2, isFound: true },
    { title: 'nobody buying any more is none of it', mean: 0, isFound: true },
  ])('$title', ({ mean, isFound }) => {
    const state = alone(mean);
    expect(state.peak > Math.log(100)).toBe(isFound);
    expect(judged(REVENUE, state, { alone: true }).outcome === 'breach_rollback').toBe(isFound);
  });

  test('what came too seldom before is no baseline', () => {
    const thin = remembered(REVENUE, looks(sumsOf(2_000, 10, 8), sumsOf(40, 10, 8)));
    const after = remembered(
      REVENUE,
      [{ canary: sumsOf(2_000, 0, 0), stable: null, alone: true }],
      nextStage(thin),
    );
    expect(after.peak).toBe(0);
  });
});

describe('one enormous order', () => {
  // 4,000 users a side who spend about ten; one of the canary's spends two million.
  const random = randomFrom(7);
  const spent = () => Array.from({ length: 4_000 }, () => 10 * Math.exp(0.8 * random.normal() - 0.32));
  const [ordinary, stable] = [spent(), spent()];
  const ceiling = revenue({
    worse: 'increase',
    hold: { compare: 'band', times: 1.05, floor: 0 },
    rollback: null,
  });
  const arms = (values: readonly number[], cap: number) =>
    [0, 1, 2, 3].map((part) => {
      const of = (all: readonly number[]) =>
        winsorisedMoments(all.slice(part * 1_000, (part + 1) * 1_000), { cap });
      return { canary: of(values), stable: of(stable) };
    });

  test('is drawn in to the cap, and decides nothing', () => {
    const cap = stable.toSorted((a, b) => a - b)[3_996] ?? 0;
    const withWhale = [2_000_000, ...ordinary.slice(1)];
    const [without, capped] = [ordinary, withWhale].map((values) =>
      judged(ceiling, remembered(ceiling, arms(values, cap)), { margin: 'wide' }),
    );
    expect(capped?.outcome).toBe(without?.outcome);
    expect(Math.abs((capped?.canary.value ?? 0) - (without?.canary.value ?? 0))).toBeLessThan(
      cap / 4_000 + 1e-9,
    );
  });

  test('that nobody drew in is too thin to be evidence of anything', () => {
    const raw = remembered(ceiling, arms([2_000_000, ...ordinary.slice(1)], Number.MAX_VALUE));
    const finding = judged(ceiling, raw);
    expect(raw.peak).toBeLessThan(Math.log(2));
    expect(finding.outcome).toBe('ambiguous');
  });
});

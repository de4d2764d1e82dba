import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Counts } from '../../../src/core/gate/evidence-process.ts';
import {
  type Interval,
  newcombe,
  quantileDifference,
  rateDifference,
  wilson,
} from '../../../src/core/gate/interval.ts';

const of = (x: number, n: number): Counts => ({ x, n });
const rounded = (interval: Interval | null) =>
  interval === null ? null : [interval.low, interval.high].map((limit) => Number(limit.toFixed(4)));

const COUNTS = fc
  .tuple(fc.integer({ min: 1, max: 50_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([n, share]) => of(Math.round(n * share), n));

describe('the interval of one share', () => {
  // Newcombe, "Two-sided confidence intervals for the single proportion" (Statistics in Medicine 1998), table I, method 3.
  test.each([
    [81, 263, [0.2553, 0.3662]],
    [15, 148, [0.0624, 0.1605]],
    [0, 20, [0, 0.1611]],
    [1, 29, [0.0061, 0.1718]],
  ])('of %i in %i is Wilson’s', (x, n, limits) => {
    expect(rounded(wilson(of(x, n)))).toEqual(limits);
  });

  test('of no units is none', () => {
    expect(wilson(of(0, 0))).toBeNull();
  });

  test('holds the share, stays within 0 and 1, and mirrors what is counted', () => {
    fc.assert(
      fc.property(COUNTS, ({ n, x }) => {
        const { low, high } = wilson(of(x, n)) ?? { low: Number.NaN, high: Number.NaN };
        expect(low).toBeLessThanOrEqual(x / n + 1e-12);
        expect(high).toBeGreaterThanOrEqual(x / n - 1e-12);
        expect(low >= 0 && high <= 1).toBe(true);
        expect(wilson(of(n - x, n))?.low).toBeCloseTo(1 - high, 10);
      }),
    );
  });
});

describe('the interval of a difference of shares', () => {
  // Newcombe, "Interval estimation for the difference between independent proportions" (1998), table II, method 10.
  test.each([
    { one: of(56, 70), two: of(48, 80), limits: [0.0524, 0.3339] },
    { one: of(9, 10), two: of(3, 10), limits: [0.1705, 0.809] },
    { one: of(6, 7), two: of(2, 7), limits: [0.0582, 0.8062] },
    { one: of(5, 56), two: of(0, 29), limits: [-0.0381, 0.1926] },
    { one: of(0, 10), two: of(0, 20), limits: [-0.1611, 0.2775] },
    { one: of(0, 10), two: of(0, 10), limits: [-0.2775, 0.2775] },
    { one: of(10, 10), two: of(0, 20), limits: [0.6791, 1] },
  ])('of $one.x/$one.n and $two.x/$two.n is Newcombe’s $limits', ({ one, two, limits }) => {
    expect(rounded(newcombe(one, two))).toEqual(limits);
  });

  test('with an empty side is none', () => {
    expect(newcombe(of(0, 0), of(1, 10))).toBeNull();
    expect(newcombe(of(1, 10), of(0, 0))).toBeNull();
    expect(rateDifference(of(0, 0), of(1, 10))).toBeNull();
    expect(rateDifference(of(1, 10), of(0, 0))).toBeNull();
  });

  test('turns round when its sides do, and holds the difference', () => {
    fc.assert(
      fc.property(COUNTS, COUNTS, (one, two) => {
        const there = newcombe(one, two) ?? { low: Number.NaN, high: Number.NaN };
        const back = newcombe(two, one) ?? { low: Number.NaN, high: Number.NaN };
        const difference = one.x / one.n - two.x / two.n;
        expect(there.low).toBeCloseTo(-back.high, 10);
        expect(there.low).toBeLessThanOrEqual(difference + 1e-12);
        expect(there.high).toBeGreaterThanOrEqual(difference - 1e-12);
        expect(there.low >= -1 - 1e-12 && there.high <= 1 + 1e-12).toBe(true);
      }),
    );
  });
});

describe('the interval of a difference of rates', () => {
  test('puts score limits of two Poisson means together', () => {
    // Ten events: 10 + z²/2 ± z sqrt(10 + z²/4) = 5.4319 and 18.4096; none: 0 and z² = 3.8415.
    const { low, high } = rateDifference(of(10, 1), of(0, 1)) ?? { low: 0, high: 0 };
    expect(low).toBeCloseTo(10 - Math.hypot(10 - 5.4319, 3.8415), 3);
    expect(high).toBeCloseTo(18.4096, 3);
  });

  test('of more than one event per unit is no share, and has one all the same', () => {
    const { low, high } = rateDifference(of(3_000, 1_000), of(2_000, 1_000)) ?? { low: 0, high: 0 };
    expect(low).toBeGreaterThan(0.85);
    expect(high).toBeLessThan(1.15);
  });

  test('of rare events is Newcombe’s interval', () => {
    const [poisson, binomial] = [rateDifference, newcombe].map((of2) =>
      of2(of(30, 100_000), of(20, 100_000)),
    );
    expect(poisson?.low).toBeCloseTo(binomial?.low ?? Number.NaN, 7);
    expect(poisson?.high).toBeCloseTo(binomial?.high ?? Number.NaN, 7);
  });
});

describe('the interval of a difference of quantiles', () => {
  const bounds = Array.from({ length: 100 }, (_, at) => at + 1);
  const even = (n: number) => ({ bounds, counts: [...bounds.map(() => n / 100), 0] });

  test('comes from the order statistics one standard error of their rank away', () => {
    // Evenly over 0 to 100 ms, 10,000 units: the rank of the median is known to 1.96 sqrt(0.25 / 10,000) = 0.98 %, so 0.98 ms.
    const { low, high } = quantileDifference(even(10_000), even(10_000), 0.5) ?? { low: 0, high: 0 };
    expect(low).toBeCloseTo(-0.98 * Math.SQRT2, 2);
    expect(high).toBeCloseTo(0.98 * Math.SQRT2, 2);
  });

  test('narrows as one over the root of the units', () => {
    const width = (n: number) => {
      const { low, high } = quantileDifference(even(n), even(n), 0.5) ?? { low: 0, high: 0 };
      return high - low;
    };
    expect(width(10_000) / width(40_000)).toBeCloseTo(2, 1);
  });

  test('with an empty side is none', () => {
    const empty = { bounds, counts: bounds.map(() => 0).concat(0) };
    expect(quantileDifference(empty, even(100), 0.5)).toBeNull();
    expect(quantileDifference(even(100), empty, 0.5)).toBeNull();
  });
});

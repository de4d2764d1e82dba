import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  arePossible,
  estimatesOf,
  NO_MOMENTS,
  plusMoments,
  slopeOf,
  winsorisedMoments,
} from '../../../src/core/gate/moments.ts';
import type { Moments } from '../../../src/core/gate/sample.ts';

const MEAN = { kind: 'mean', cuped: false } as const;
const RATIO = { kind: 'ratio' } as const;

/** Sums of these values and companions, uncapped. */
function sums(values: readonly number[], companions?: readonly number[]): Moments {
  const cap = Number.MAX_VALUE;
  return winsorisedMoments(values, companions ? { cap, companions: { values: companions, cap } } : { cap });
}

describe('sums over units', () => {
  test('draw a value in to the cap before it is summed, on both sides of zero', () => {
    // 1 + 2 + 10 - 10, and squares 1 + 4 + 100 + 100.
    expect(winsorisedMoments([1, 2, 5000, -70], { cap: 10 })).toEqual({
      n: 4,
      y: 3,
      yy: 205,
      z: 0,
      zz: 0,
      yz: 0,
    });
  });

  test('cap companions by their own cap', () => {
    // Companions 3 and 4 (capped from 9): z 7, zz 9 + 16, yz 1·3 + 2·4.
    expect(winsorisedMoments([1, 2], { cap: 10, companions: { values: [3, 9], cap: 4 } })).toEqual({
      n: 2,
      y: 3,
      yy: 5,
      z: 7,
      zz: 25,
      yz: 11,
    });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('never hide that a value was %d', (value) => {
    expect(arePossible(winsorisedMoments([1, value], { cap: 10 }))).toBe(false);
  });

  test('refuse a cap of nothing and companions of other units', () => {
    expect(() => winsorisedMoments([1], { cap: 0 })).toThrow(RangeError);
    expect(() => winsorisedMoments([1], { cap: 1, companions: { values: [], cap: 1 } })).toThrow(
      '1 values with 0 companions',
    );
  });

  test('of two parts are the sums of the whole', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (first, second) => {
        const parts = plusMoments(sums(first), sums(second));
        const whole = sums([...first, ...second]);
        expect(parts.n).toBe(whole.n);
        expect(parts.y).toBe(whole.y);
        expect(parts.yy / Math.max(whole.yy, 1)).toBeCloseTo(whole.yy / Math.max(whole.yy, 1), 12);
      }),
    );
  });
});

describe('an estimate', () => {
  test('of a mean has the variance of its units over their number', () => {
    // 0 2 4 6: mean 3, squares 56/4 - 9 = 5, over 4. And 1 1 3 3: mean 2, 20/4 - 4 = 1, over 4.
    const sides = { canary: sums([0, 2, 4, 6]), stable: sums([1, 1, 3, 3]) };
    expect(estimatesOf(sides, MEAN, 0)).toEqual({
      canary: { value: 3, variance: 1.25 },
      stable: { value: 2, variance: 0.25 },
    });
  });

  test('of a ratio has the delta-method variance', () => {
    // y 2 4 over z 1 3: R 6/4; v_y 1, v_z 1, c 1; (1 - 2·1.5·1 + 1.5²·1) / (2·2²) = 0.25/8.
    const { canary } = estimatesOf({ canary: sums([2, 4], [1, 3]), stable: NO_MOMENTS }, RATIO, 0);
    expect(canary).toEqual({ value: 1.5, variance: 0.03125 });
  });

  test('adjusted by CUPED moves each side by what it did before, and keeps the residual spread', () => {
    // slope 1.5, companions' mean (0+2+1+3)/4 = 1.5. Canary 2 - 1.5(1 - 1.5), residuals 1 and 0: variance 0.25/2.
    // Stable 4 - 1.5(2 - 1.5), residuals 0.5 and 1.5: variance 0.25/2.
    const sides = { canary: sums([1, 3], [0, 2]), stable: sums([2, 6], [1, 3]) };
    expect(estimatesOf(sides, MEAN, 1.5)).toEqual({
      canary: { value: 2.75, variance: 0.125 },
      stable: { value: 3.25, variance: 0.125 },
    });
  });

  test('is none without units, or where a ratio has nothing below the line', () => {
    const nothing = { canary: NO_MOMENTS, stable: sums([1, 2], [0, 0]) };
    expect(estimatesOf(nothing, MEAN, 0).canary).toBeNull();
    expect(estimatesOf(nothing, RATIO, 0)).toEqual({ canary: null, stable: null });
  });
});

describe('the slope of CUPED', () => {
  test('is pooled within the sides, so that a difference between them is none of it', () => {
    // Canary cov 1, v_z 1; stable cov 2, v_z 1, two units each: (2·1 + 2·2) / (2·1 + 2·1).
    expect(slopeOf([{ canary: sums([1, 3], [0, 2]), stable: sums([2, 6], [1, 3]) }])).toBe(1.5);
  });

  test('is 0 before anything was seen, and where what went before was the same for all', () => {
    expect(slopeOf([])).toBe(0);
    expect(slopeOf([{ canary: sums([1, 3], [0.1, 0.1]), stable: NO_MOMENTS }])).toBe(0);
  });
});

describe('sums that no units could give', () => {
  const good = sums([1, 3, 8], [2, 2, 5]);
  test.each([
    { title: 'a fraction of a unit', wrong: { n: 2.5 } },
    { title: 'fewer than no units', wrong: { n: -3 } },
    { title: 'more units than can be counted', wrong: { n: 1e300 } },
    { title: 'a sum that is no number', wrong: { y: Number.NaN } },
    { title: 'an infinite sum of squares', wrong: { yy: Number.POSITIVE_INFINITY } },
    { title: 'squares below what their sum demands', wrong: { yy: 47 } },
    { title: 'companions whose squares are too small', wrong: { zz: 26 } },
    { title: 'a product larger than both squares allow', wrong: { yz: 60 } },
    { title: 'negative squares', wrong: { y: 0, yz: 0, yy: -1 } },
    { title: 'values of nobody', wrong: { n: 0 } },
    { title: 'sums whose products overflow', wrong: { yy: 1e200 } },
  ])('$title', ({ wrong }) => {
    expect(arePossible(good)).toBe(true);
    expect(arePossible({ ...good, ...wrong })).toBe(false);
  });

  test('are told from those that some units gave, whatever these were', () => {
    const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value)), (units) => {
        expect(
          arePossible(
            sums(
              units.map(([y]) => y),
              units.map(([, z]) => z),
            ),
          ),
        ).toBe(true);
      }),
    );
  });
});

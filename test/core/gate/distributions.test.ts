import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chiSquareTail, logGamma, normalCdf, normalQuantile } from '../../../src/core/gate/distributions.ts';

const relativeError = (value: number, exact: number) => Math.abs(value / exact - 1);

describe('the normal distribution', () => {
  test.each([
    [0, 0.5],
    [1, 0.8413447460685429],
    [1.96, 0.9750021048517795],
    [-1.96, 0.0249978951482205],
    [-3, 0.0013498980316300946],
    [-8, 6.220960574271785e-16],
    [-10, 7.619853024160525e-24],
  ])('has below %d the tabulated share', (z, share) => {
    expect(relativeError(normalCdf(z), share)).toBeLessThan(1e-8);
  });

  test('ends at nothing and at everything', () => {
    expect([normalCdf(-40), normalCdf(40)]).toEqual([0, 1]);
    expect([normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0, 1]);
  });

  // Critical values as every table has them, with the digits of Wichura's AS 241 where a table stops.
  test.each([
    [0.5, 0],
    [0.975, 1.959963984540054],
    [0.99, 2.3263478740408408],
    [0.9995, 3.2905267314919255],
    [1e-10, -6.361340902404056],
  ])('has %d below the tabulated point', (p, z) => {
    expect(normalQuantile(p)).toBeCloseTo(z, 9);
  });

  test('knows no quantile of what is no probability inside', () => {
    for (const p of [0, 1, -0.1, 1.1, Number.NaN]) expect(() => normalQuantile(p)).toThrow(RangeError);
  });

  test('is symmetric and rises, and its quantile undoes it', () => {
    fc.assert(
      fc.property(fc.double({ min: -7, max: 7, noNaN: true }), (z) => {
        expect(normalCdf(z) + normalCdf(-z)).toBeCloseTo(1, 12);
        expect(normalCdf(z + 0.01)).toBeGreaterThan(normalCdf(z));
        if (z < 0) expect(normalQuantile(normalCdf(z))).toBeCloseTo(z, 8);
      }),
    );
  });
});

describe('the chi-square tail', () => {
  // Upper critical values, NIST/SEMATECH e-Handbook of Statistical Methods, table 1.3.6.7.4.
  test.each([
    [3.841, 1, 0.05],
    [6.635, 1, 0.01],
    [10.828, 1, 0.001],
    [5.991, 2, 0.05],
    [13.816, 2, 0.001],
    [11.07, 5, 0.05],
    [20.515, 5, 0.001],
    [18.307, 10, 0.05],
    [29.588, 10, 0.001],
    [43.773, 30, 0.05],
    [124.342, 100, 0.05],
    [149.449, 100, 0.001],
  ])('beyond %d with %i degrees of freedom is %d', (x, df, tail) => {
    expect(relativeError(chiSquareTail(x, df), tail)).toBeLessThan(1e-3);
  });

  test('is everything from nothing on, and nothing in the end', () => {
    expect(chiSquareTail(0, 3)).toBe(1);
    expect(chiSquareTail(-1, 3)).toBe(1);
    expect(chiSquareTail(2_000, 1)).toBeLessThan(1e-300);
  });

  test('has its closed forms at one, two and four degrees of freedom', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 200, noNaN: true }), (x) => {
        expect(relativeError(chiSquareTail(x, 2), Math.exp(-x / 2))).toBeLessThan(1e-11);
        expect(relativeError(chiSquareTail(x, 4), Math.exp(-x / 2) * (1 + x / 2))).toBeLessThan(1e-11);
        expect(chiSquareTail(x, 1) - 2 * normalCdf(-Math.sqrt(x))).toBeCloseTo(0, 12);
      }),
    );
  });
});

describe('the logarithm of the gamma function', () => {
  test.each([
    [1, 0],
    [2, 0],
    [10, 12.801827480081469],
    [0.5, 0.5723649429247001],
    [0.25, 1.2880225246980774],
    [100, 359.1342053695754],
  ])('at %d is the tabulated value', (x, log) => {
    expect(logGamma(x)).toBeCloseTo(log, 10);
  });

  test('grows by ln x from x to x + 1', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 1e6, noNaN: true }), (x) => {
        const step = logGamma(x + 1) - logGamma(x);
        expect(Math.abs(step - Math.log(x))).toBeLessThan(1e-13 * Math.max(1, logGamma(x + 1)) + 1e-11);
      }),
    );
  });
});

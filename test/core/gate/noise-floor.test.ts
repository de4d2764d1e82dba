import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Counts } from '../../../src/core/gate/evidence-process.ts';
import { noiseFloor } from '../../../src/core/gate/noise-floor.ts';
import { randomFrom } from '../../../src/simulate/random.ts';

/** Looks of a side whose rate scatters by `cv` from look to look beyond counting, keeping `carry` of it. */
function looks(settings: {
  readonly seed: number;
  readonly count: number;
  readonly n: number;
  readonly rate: number;
  readonly cv: number;
  readonly carry?: number;
}): readonly Counts[] {
  const { seed, count, n, rate, cv, carry = 0 } = settings;
  const random = randomFrom(seed);
  const sd = Math.sqrt(Math.log(1 + cv ** 2));
  let log = sd * random.normal();
  return Array.from({ length: count }, () => {
    log = carry * log + sd * Math.sqrt(1 - carry ** 2) * random.normal();
    return { n, x: random.poisson(n * rate * Math.exp(log - sd ** 2 / 2)) };
  });
}

const PLENTY = { count: 1_000, n: 100_000, rate: 0.005 };
const meanFloor = (settings: Omit<Parameters<typeof looks>[0], 'seed'>) => {
  const seeds = Array.from({ length: 12 }, (_, seed) => seed + 1);
  return seeds.reduce((sum, seed) => sum + noiseFloor(looks({ ...settings, seed })), 0) / seeds.length;
};

describe('the noise floor', () => {
  test('is 0.25 until something is learned', () => {
    expect(noiseFloor([])).toBeCloseTo(0.25, 12);
    expect(noiseFloor([{ n: 1_000, x: 5 }])).toBeCloseTo(0.25, 12);
    expect(noiseFloor(Array.from({ length: 50 }, () => ({ n: 0, x: 0 })))).toBeCloseTo(0.25, 12);
    expect(noiseFloor(Array.from({ length: 50 }, () => ({ n: 100, x: 0 })))).toBeCloseTo(0.25, 12);
  });

  test('is the moment estimate, less counting, shrunk as if ten looks had shown 0.25', () => {
    // Prediction 1,000 of 100,000, then 1,500: residual 0.5, counting 1/1,000 + 1/1,000, weight 1,000 / (1,000 + 16).
    const weight = 1_000 / 1_016;
    const square = (10 * 0.0625 + weight * (0.25 - 0.002)) / (10 + weight);
    const pair = [
      { n: 100_000, x: 1_000 },
      { n: 100_000, x: 1_500 },
    ];
    expect(noiseFloor(pair)).toBeCloseTo(Math.sqrt(square), 12);
  });

  test('recovers 0.25 within 0.08 from plenty of data, whatever the seed', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const floor = noiseFloor(looks({ ...PLENTY, cv: 0.25, seed }));
      expect(floor).toBeGreaterThan(0.17);
      expect(floor).toBeLessThan(0.33);
    }
  });

  test('grows with the true noise, and has a least and a most', () => {
    const floors = [0, 0.15, 0.25, 0.4, 1.5].map((cv) => meanFloor({ ...PLENTY, cv }));
    expect(floors).toEqual(floors.toSorted((a, b) => a - b));
    expect(floors[0]).toBeLessThan(0.12);
    expect(floors[1]).toBeGreaterThan(0.14);
    expect(floors[3]).toBeGreaterThan(0.35);
    expect(floors[4]).toBeCloseTo(0.6, 1);
  });

  test('is hardly moved by looks of a handful of events', () => {
    const thin = meanFloor({ count: 60, n: 100, rate: 0.005, cv: 0 });
    expect(Math.abs(thin - 0.25)).toBeLessThan(0.05);
  });

  test('is higher where one look resembles the next', () => {
    const apart = meanFloor({ ...PLENTY, cv: 0.25 });
    const carried = meanFloor({ ...PLENTY, cv: 0.25, carry: 0.8 });
    expect(carried).toBeGreaterThan(1.2 * apart);
  });

  test('does not ask resemblance of fewer than thirty looks', () => {
    const slow = Array.from({ length: 30 }, (_, at) => ({ n: 1e5, x: Math.round(500 + 20 * at) }));
    // Thirty looks have twenty-nine predictions: one short.
    expect(noiseFloor(slow)).toBeLessThanOrEqual(0.6);
    expect(noiseFloor([...slow, { n: 1e5, x: 1_100 }])).toBeGreaterThan(noiseFloor(slow) * 1.2);
  });

  test('stays within its bounds whatever was seen', () => {
    const look = fc
      .tuple(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([n, share]) => ({ n, x: Math.round(n * share) }));
    fc.assert(
      fc.property(fc.array(look, { maxLength: 80 }), (seen) => {
        const floor = noiseFloor(seen);
        expect(floor).toBeGreaterThanOrEqual(0.1);
        // The most, raised by the most that resemblance may add: 0.6 sqrt(1.8 / 0.2).
        expect(floor).toBeLessThanOrEqual(1.8 + 1e-12);
      }),
      { numRuns: 300 },
    );
  });
});

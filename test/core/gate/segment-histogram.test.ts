import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quantileOf, sizeOf } from '../../../src/core/gate/exceedance.ts';
import type { Stat } from '../../../src/core/gate/sample.ts';
import { inMixOf, segmentSizes } from '../../../src/core/gate/segment-histogram.ts';

type HistogramStat = Extract<Stat, { kind: 'histogram' }>;
const BOUNDS = [10, 20, 40, 80, 160];

/** Mobile takes 40–80 ms, web 10–20 ms: what differs between sides is only how much of each they have. */
function mixed(web: number, mobile: number): HistogramStat {
  const segments = [
    { key: 'web', counts: [0, web, 0, 0, 0, 0] },
    { key: 'mobile', counts: [0, 0, 0, mobile, 0, 0] },
  ];
  return { kind: 'histogram', bounds: BOUNDS, counts: [0, web, 0, mobile, 0, 0], segments };
}

describe('a histogram in the other side’s mix', () => {
  test('has the other side’s median where only the mix differed', () => {
    const [canary, stable] = [mixed(300, 700), mixed(9_000, 1_000)];
    expect(quantileOf(stable, 0.5)).toBeLessThan(20);
    expect(quantileOf(inMixOf(canary, stable), 0.5)).toBeCloseTo(quantileOf(canary, 0.5) ?? 0, 6);
  });

  test('is worth what the reweighting leaves: 1 / (0.3² / 9,000 + 0.7² / 1,000) requests', () => {
    expect(sizeOf(inMixOf(mixed(300, 700), mixed(9_000, 1_000)))).toBeCloseTo(
      1 / (0.09 / 9_000 + 0.49 / 1_000),
      6,
    );
  });

  test('is itself when both have the same mix', () => {
    const same = inMixOf(mixed(30, 70), mixed(300, 700));
    for (const [bucket, count] of mixed(300, 700).counts.entries()) {
      expect(same.counts[bucket]).toBeCloseTo(count, 6);
    }
  });

  test('never weighs more than it was, and is never made of less than nothing', () => {
    const size = fc.integer({ min: 0, max: 100_000 });
    fc.assert(
      fc.property(size, size, size, size, (a, b, c, d) => {
        const stable = mixed(c, d);
        const found = inMixOf(mixed(a, b), stable);
        expect(sizeOf(found)).toBeLessThanOrEqual(sizeOf(stable) * (1 + 1e-9));
        expect(found.counts.every((count) => Number.isFinite(count) && count >= 0)).toBe(true);
      }),
    );
  });

  test('counts its requests by segment', () => {
    expect(segmentSizes(mixed(3, 4))).toEqual([
      { key: 'web', n: 3, x: 0 },
      { key: 'mobile', n: 4, x: 0 },
    ]);
  });
});

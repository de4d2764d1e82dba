import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clusterPhi, withoutWorst } from '../../../src/core/gate/clusters.ts';
import type { Counts } from '../../../src/core/gate/evidence-process.ts';
import type { Parts } from '../../../src/core/gate/share-counts.ts';
import { randomFrom } from '../../../src/simulate/random.ts';

const pods = (...shares: readonly (readonly [x: number, n: number])[]): Parts =>
  Object.fromEntries(shares.map(([x, n], at) => [`pod-${at}`, { n, x }]));

describe('the design effect of clusters', () => {
  test('is Pearson’s X² over one less than the clusters', () => {
    // p 0.15, 37.5 due in each of 250: (52.5² + 7.5² + 17.5² + 27.5²) / (250 · 0.15 · 0.85) / 3 = 3,875 / 31.875 / 3.
    expect(clusterPhi(pods([90, 250], [30, 250], [20, 250], [10, 250]))).toBeCloseTo(3_875 / 31.875 / 3, 12);
  });

  test('is at least one: clusters that agree too well are no gain', () => {
    expect(clusterPhi(pods([10, 100], [10, 100], [10, 100]))).toBe(1);
  });

  test.each([
    ['no cluster', {}],
    ['one cluster', pods([9, 100])],
    ['one of two that saw anything', pods([9, 100], [0, 0])],
    ['no event anywhere', pods([0, 100], [0, 100])],
    ['nothing but events', pods([100, 100], [50, 50])],
  ])('is one for %s', (_, clusters) => {
    expect(clusterPhi(clusters)).toBe(1);
  });

  test('is about one for clusters that differ by chance alone', () => {
    const random = randomFrom(11);
    const phis = Array.from({ length: 400 }, () =>
      clusterPhi(pods(...Array.from({ length: 12 }, () => [random.binomial(2_000, 0.05), 2_000] as const))),
    );
    const mean = phis.reduce((sum, phi) => sum + phi, 0) / phis.length;
    // A chi-square over its degrees of freedom has mean 1; cut at 1 from below it lies a little above.
    expect(mean).toBeGreaterThan(1);
    expect(mean).toBeLessThan(1.35);
  });

  test('does not average out: the same shares of ten times the requests differ ten times as much', () => {
    const few = clusterPhi(pods([50, 100], [1, 100], [1, 100], [1, 100]));
    const many = clusterPhi(pods([500, 1_000], [10, 1_000], [10, 1_000], [10, 1_000]));
    expect(many / few).toBeCloseTo(10, 9);
  });
});

describe('without the worst cluster', () => {
  test('the one with most events beyond the common rate is left out', () => {
    // The common rate is 130 of 1,300: the big pod has 5 beyond it, the small one 25, and most events are the big pod’s.
    const clusters = { big: { n: 900, x: 95 }, bad: { n: 100, x: 35 }, rest: { n: 300, x: 0 } };
    expect(withoutWorst(clusters, 'increase')).toEqual({ key: 'bad', rest: { n: 1_200, x: 95 } });
  });

  test('where a fall is bad, the one that lacks most', () => {
    const clusters = pods([99, 100], [98, 100], [40, 100]);
    expect(withoutWorst(clusters, 'decrease')).toEqual({ key: 'pod-2', rest: { n: 200, x: 197 } });
  });

  test('needs another one that was seen', () => {
    expect(withoutWorst({}, 'increase')).toBeNull();
    expect(withoutWorst(pods([9, 10]), 'increase')).toBeNull();
    expect(withoutWorst(pods([9, 10], [0, 0]), 'increase')).toBeNull();
  });

  test('the rest is never worse than the whole', () => {
    const cluster: fc.Arbitrary<Counts> = fc
      .tuple(fc.integer({ min: 1, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true }))
      .map(([n, share]) => ({ n, x: Math.round(n * share) }));
    fc.assert(
      fc.property(fc.array(cluster, { minLength: 2, maxLength: 8 }), (list) => {
        const parts = Object.fromEntries(list.map((counts, at) => [`p${at}`, counts]));
        const whole = list.reduce((sum, { n, x }) => ({ n: sum.n + n, x: sum.x + x }), { n: 0, x: 0 });
        const up = withoutWorst(parts, 'increase')?.rest ?? { n: Number.NaN, x: 0 };
        const down = withoutWorst(parts, 'decrease')?.rest ?? { n: Number.NaN, x: 0 };
        expect(up.x / up.n).toBeLessThanOrEqual(whole.x / whole.n + 1e-12);
        expect(down.x / down.n).toBeGreaterThanOrEqual(whole.x / whole.n - 1e-12);
      }),
    );
  });
});

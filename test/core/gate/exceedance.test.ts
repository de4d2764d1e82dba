import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Histogram,
  logExceedance,
  quantileOf,
  resolutionAt,
} from '../../../src/core/gate/exceedance.ts';
import { randomFrom } from '../../../src/simulate/random.ts';

const P90 = { p: 0.9, phi: 1 };
/** Edges five percent apart from 1 to about 1,700 ms. */
const FINE = Array.from({ length: 153 }, (_, at) => 1.05 ** at);

function histogramOf(bounds: readonly number[], values: readonly number[]): Histogram {
  const counts = new Array<number>(bounds.length + 1).fill(0);
  for (const value of values) {
    const found = bounds.findIndex((bound) => value <= bound);
    const bucket = found === -1 ? bounds.length : found;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  return { bounds, counts };
}

function latencies(seed: number, n: number, medianMs: number): readonly number[] {
  const random = randomFrom(seed);
  return Array.from({ length: n }, () => medianMs * Math.exp(0.5 * random.normal()));
}

/** Every way to put `n` into four buckets, with its chance. */
function outcomes(n: number, chances: readonly number[]): readonly { counts: number[]; chance: number }[] {
  const factorial = (k: number): number => (k <= 1 ? 1 : k * factorial(k - 1));
  const all: { counts: number[]; chance: number }[] = [];
  for (let a = 0; a <= n; a++) {
    for (let b = 0; a + b <= n; b++) {
      for (let c = 0; a + b + c <= n; c++) {
        const counts = [a, b, c, n - a - b - c];
        const ways = factorial(n) / counts.reduce((product, count) => product * factorial(count), 1);
        const chance = counts.reduce((product, count, at) => product * (chances[at] ?? 0) ** count, ways);
        if (chance > 0) all.push({ counts, chance });
      }
    }
  }
  return all;
}

describe('a quantile on the line is worth at most 1 in expectation', () => {
  // Stable's p75 lies somewhere in (10, 20], so its image under ×1.5 lies somewhere in (15, 30]: taken as 15 + and 30.
  const bounds = [10, 20, 40];
  const stables = [
    [0.7, 0.05, 0.15, 0.1],
    [0.5, 0.3, 0.1, 0.1],
    [0, 0.9, 0.1, 0],
    [0.74, 0.26, 0, 0],
  ];
  const settings = { p: 0.75, phi: 1 };
  const expectation = (side: 'harm' | 'safe', canary: readonly number[], stable: readonly number[]) => {
    let sum = 0;
    for (const c of outcomes(5, canary)) {
      for (const s of outcomes(5, stable)) {
        const pair = { treated: { bounds, counts: c.counts }, reference: { bounds, counts: s.counts } };
        const log = logExceedance(side, pair, [{ times: 1.5, plus: 0 }], settings);
        sum += c.chance * s.chance * Math.exp(log);
      }
    }
    return sum;
  };

  // At most a quarter of the canary above 30 ms, which lies within (20, 40].
  test.each([
    { canary: [0.75, 0, 0, 0.25] },
    { canary: [0.2, 0.2, 0.35, 0.25] },
    { canary: [0, 0, 0.75, 0.25] },
    { canary: [0.9, 0.05, 0.05, 0] },
  ])('harm, enumerated exactly: canary $canary', ({ canary }) => {
    for (const stable of stables) expect(expectation('harm', canary, stable)).toBeLessThanOrEqual(1 + 1e-9);
  });

  // At least a quarter of the canary above 15 ms, which lies within (10, 20].
  test.each([
    { canary: [0.75, 0.25, 0, 0] },
    { canary: [0, 1, 0, 0] },
    { canary: [0.5, 0, 0.25, 0.25] },
    { canary: [0.1, 0.1, 0.1, 0.7] },
  ])('safety, enumerated exactly: canary $canary', ({ canary }) => {
    for (const stable of stables) expect(expectation('safe', canary, stable)).toBeLessThanOrEqual(1 + 1e-9);
  });

  test.each(['harm', 'safe'] as const)('%s, simulated with the same distribution on both sides', (side) => {
    const rounds = 800;
    let sum = 0;
    let crossed = 0;
    for (let round = 0; round < rounds; round++) {
      const treated = histogramOf(FINE, latencies(2 * round, 60, 20));
      const reference = histogramOf(FINE, latencies(2 * round + 1, 60, 20));
      const log = logExceedance(side, { treated, reference }, [{ times: 1, plus: 0 }], P90);
      sum += Math.exp(log);
      if (log >= Math.log(20)) crossed++;
    }
    expect(sum / rounds).toBeLessThanOrEqual(1.05);
    expect(crossed / rounds).toBeLessThanOrEqual(0.05);
  });
});

describe('power', () => {
  const reference = histogramOf(FINE, latencies(1, 4_000, 20));
  const seen = (treated: Histogram) => ({ treated, reference });

  test('a p90 that doubled is confirmed against a ten percent line', () => {
    const pair = seen(histogramOf(FINE, latencies(2, 1_000, 40)));
    expect(logExceedance('harm', pair, [{ times: 1.1, plus: 0 }], P90)).toBeGreaterThan(Math.log(100));
  });

  test('a p90 that did not move is proved to be under half as much again', () => {
    const pair = seen(histogramOf(FINE, latencies(3, 2_000, 20)));
    expect(logExceedance('safe', pair, [{ times: 1.5, plus: 0 }], P90)).toBeGreaterThan(Math.log(20));
    expect(logExceedance('harm', pair, [{ times: 1.1, plus: 0 }], P90)).toBeLessThan(0);
  });

  test('a fixed limit needs only the canary', () => {
    const slow = histogramOf(FINE, latencies(4, 500, 40));
    const pair = { treated: slow, reference: { bounds: FINE, counts: FINE.map(() => 0).concat(0) } };
    expect(logExceedance('harm', pair, [{ times: 0, plus: 50 }], P90)).toBeGreaterThan(Math.log(100));
    expect(logExceedance('safe', pair, [{ times: 0, plus: 200 }], P90)).toBeGreaterThan(Math.log(20));
  });
});

describe('rounding', () => {
  const bounds = [10, 20, 40, 80, 160];
  const pair = {
    treated: { bounds, counts: [300, 300, 300, 80, 15, 5] },
    reference: { bounds, counts: [400, 350, 200, 40, 8, 2] },
  };
  const at = (side: 'harm' | 'safe', times: number) => logExceedance(side, pair, [{ times, plus: 0 }], P90);

  test('harm is measured at the next edge up, safety at the last edge down', () => {
    expect(at('harm', 1.3)).toBe(at('harm', 2));
    expect(at('safe', 1.3)).toBe(at('safe', 1));
  });

  test('a band is as its farthest line', () => {
    const both = (side: 'harm' | 'safe', floor: number) => {
      const lines = [
        { times: 1.3, plus: 0 },
        { times: 1, plus: floor },
      ];
      return logExceedance(side, pair, lines, P90);
    };
    for (const side of ['harm', 'safe'] as const) {
      expect(both(side, 0)).toBe(logExceedance(side, pair, [{ times: 1.3, plus: 0 }], P90));
      expect(both(side, 1_000)).toBe(logExceedance(side, pair, [{ times: 1, plus: 1_000 }], P90));
    }
  });

  test('a larger design effect never says more', () => {
    for (const side of ['harm', 'safe'] as const) {
      const lines = [{ times: 1, plus: 0 }];
      const plain = logExceedance(side, pair, lines, P90);
      const damped = logExceedance(side, pair, lines, { p: 0.9, phi: 3 });
      expect(Math.abs(damped)).toBeLessThanOrEqual(Math.abs(plain));
    }
  });
});

describe('the quantile of a histogram', () => {
  test.each([
    { title: 'is none of nothing', bounds: [10, 20], counts: [0, 0, 0], p: 0.5, expected: null },
    { title: 'is none without any edge', bounds: [], counts: [7], p: 0.5, expected: null },
    { title: 'lies within its bucket', bounds: [10, 20], counts: [0, 4, 0], p: 0.5, expected: 15 },
    { title: 'starts from 0', bounds: [10, 20], counts: [4, 0, 0], p: 0.5, expected: 5 },
    { title: 'passes empty buckets', bounds: [10, 20, 30], counts: [1, 0, 1, 0], p: 0.9, expected: 28 },
    { title: 'on an edge is the edge', bounds: [10, 20], counts: [2, 2, 0], p: 0.5, expected: 10 },
    { title: 'beyond the last edge is the edge', bounds: [10, 20], counts: [1, 0, 9], p: 0.9, expected: 20 },
  ])('$title', ({ bounds, counts, p, expected }) => {
    const found = quantileOf({ bounds, counts }, p);
    if (expected === null) expect(found).toBeNull();
    else expect(found).toBeCloseTo(expected, 9);
  });

  test('never falls as p rises, and stays within the edges', () => {
    const histogram = fc
      .array(fc.nat(1_000), { minLength: 4, maxLength: 4 })
      .map((counts): Histogram => ({ bounds: [5, 10, 50], counts }));
    const p = fc.double({ min: 0.01, max: 0.99, noNaN: true });
    fc.assert(
      fc.property(histogram, p, p, (seen, a, b) => {
        const low = quantileOf(seen, Math.min(a, b));
        const high = quantileOf(seen, Math.max(a, b));
        expect(low === null).toBe(high === null);
        if (low === null || high === null) return;
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(50);
      }),
    );
  });
});

describe('resolution', () => {
  test.each([
    { title: 'is the ratio of the edges around the quantile', counts: [8, 1, 1, 0], p: 0.85, expected: 2 },
    { title: 'is infinite in the first bucket', counts: [9, 1, 0, 0], p: 0.5, expected: Infinity },
    { title: 'is infinite beyond the last edge', counts: [1, 1, 1, 7], p: 0.9, expected: Infinity },
    { title: 'is infinite of nothing', counts: [0, 0, 0, 0], p: 0.5, expected: Infinity },
  ])('$title', ({ counts, p, expected }) => {
    expect(resolutionAt({ bounds: [10, 20, 40], counts }, p)).toBe(expected);
  });
});

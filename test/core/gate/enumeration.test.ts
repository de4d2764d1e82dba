import { describe, expect, test } from 'vitest';
import { lineAgainst } from '../../../src/core/gate/baseline.ts';
import { logGamma } from '../../../src/core/gate/distributions.ts';
import {
  logEvidence,
  logHarm,
  logSafety,
  type NullLine,
  SAFETY_START,
  STANDARD_MIXTURE,
  startHarm,
  stepHarm,
  stepSafety,
} from '../../../src/core/gate/evidence-process.ts';
import { logExceedance } from '../../../src/core/gate/exceedance.ts';
import { startRatio, stepRatio } from '../../../src/core/gate/sample-ratio.ts';

/** Expectations by summing over every outcome there is: no simulation, so no noise to hide behind. */
const ROUNDING = 1e-9;

function binomial(n: number, p: number): readonly number[] {
  return Array.from({ length: n + 1 }, (_, k) => {
    if (p <= 0 || p >= 1) return k === (p <= 0 ? 0 : n) ? 1 : 0;
    const ways = logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1);
    return Math.exp(ways + k * Math.log(p) + (n - k) * Math.log(1 - p));
  });
}

interface Arms {
  readonly treated: { readonly n: number; readonly x: number };
  readonly reference: { readonly n: number; readonly x: number };
}

function expected(
  sizes: readonly [number, number],
  rates: readonly [number, number],
  value: (arms: Arms) => number,
): number {
  const [treated, reference] = [binomial(sizes[0], rates[0]), binomial(sizes[1], rates[1])];
  let sum = 0;
  for (const [x, p] of treated.entries()) {
    for (const [y, q] of reference.entries()) {
      sum += p * q * value({ treated: { n: sizes[0], x }, reference: { n: sizes[1], x: y } });
    }
  }
  return sum;
}

const SIZES: readonly (readonly [number, number])[] = [
  [1, 1],
  [4, 30],
  [25, 40],
];
const LINES: readonly NullLine[] = [
  { times: 1, plus: 0.005 },
  { times: 1, plus: 0.02 },
  { times: 1.5, plus: 0 },
  { times: 2, plus: 0 },
  { times: 0.8, plus: 0 },
  { times: 1, plus: 0.2 },
];
const STABLE = [0, 0.002, 0.02, 0.2, 0.45];
const PREDICTED = [0.001, 0.02, 0.3];
const TAUS = [0, 0.25];

const GRID = LINES.flatMap((line) =>
  STABLE.flatMap((rate) =>
    SIZES.flatMap((sizes) =>
      PREDICTED.flatMap((ls) => TAUS.map((tau) => ({ line, rate, sizes, ls, noise: { tau } }))),
    ),
  ),
);
const allowed = (line: NullLine, rate: number) => Math.min(1, line.times * rate + line.plus);

describe('the expectation of one interval, over every binomial outcome', () => {
  test('is at most 1 for harm on its null line and inside it, whatever was predicted', () => {
    const factors = [1.1, 2, 30];
    let [settings, most] = [0, 0];
    for (const { line, rate, sizes, ls, noise } of GRID) {
      for (const factor of factors) {
        for (const inside of [1, 0.5]) {
          const lc = factor * (line.times * ls + line.plus);
          const rates = [inside * allowed(line, rate), rate] as const;
          const e = expected(sizes, rates, ({ treated, reference }) =>
            Math.exp(logEvidence(treated, reference, line, { lc, ls }, noise)),
          );
          [settings, most] = [settings + 1, Math.max(most, e)];
        }
      }
    }
    expect(settings).toBeGreaterThanOrEqual(432);
    expect(most).toBeLessThanOrEqual(1 + ROUNDING);
    expect(most).toBeGreaterThan(0.99);
  });

  test('is at most 1 for safety on its null line and beyond it', () => {
    let [settings, most] = [0, 0];
    for (const { line, rate, sizes, ls, noise } of GRID) {
      for (const beyond of [1, 1.5]) {
        const rates = [Math.min(1, beyond * allowed(line, rate)), rate] as const;
        if (rates[0] < line.times * rate + line.plus) continue;
        const e = expected(sizes, rates, (arms) =>
          Math.exp(logSafety(stepSafety(SAFETY_START, arms, line, ls, noise))),
        );
        [settings, most] = [settings + 1, Math.max(most, e)];
      }
    }
    expect(settings).toBeGreaterThanOrEqual(432);
    expect(most).toBeLessThanOrEqual(1 + ROUNDING);
    expect(most).toBeGreaterThan(0.99);
  });

  test('beyond the line harm grows: the grid could fail', () => {
    const line = { times: 1, plus: 0.02 };
    const e = expected([25, 40], [0.2, 0.02], ({ treated, reference }) =>
      Math.exp(logEvidence(treated, reference, line, { lc: 0.12, ls: 0.02 }, { tau: 0 })),
    );
    expect(e).toBeGreaterThan(2);
  });
});

describe('the standard mixture with its targets', () => {
  const settings = {
    noise: { tau: 0 },
    plannedLooks: 2,
    targets: [
      { times: 1, plus: 0.04 },
      { times: 1, plus: 0.2 },
    ],
    mixture: STANDARD_MIXTURE,
  };

  test.each([
    { factor: { times: 1, se: 0 } },
    { factor: { times: 1.3, se: 0.1 } },
    { factor: { times: 0.8, se: 0.05 } },
  ])('is worth at most 1 after one look and after two, against a baseline of $factor', ({ factor }) => {
    const line = lineAgainst({ times: 1, plus: 0.02 }, factor, 'harm', 'asIs');
    // The truth may be anything the factor stands for, up to where its error reaches.
    const treatedRate = factor.times * 0.1 + 0.02;
    const sizes = [6, 9] as const;
    let two = 0;
    const one = expected(sizes, [treatedRate, 0.1], (first) => {
      const state = stepHarm(startHarm(2), first, line, 0.05, settings);
      return Math.exp(logHarm(state, STANDARD_MIXTURE));
    });
    two = expected(sizes, [treatedRate, 0.1], (first) => {
      const state = stepHarm(startHarm(2), first, line, 0.05, settings);
      // The second look predicts from the first: any prediction of earlier data keeps the expectation.
      const ls = Math.max(first.reference.x / first.reference.n, 0.01);
      return expected(sizes, [treatedRate, 0.1], (second) =>
        Math.exp(logHarm(stepHarm(state, second, line, ls, settings), STANDARD_MIXTURE)),
      );
    });
    expect(one).toBeLessThanOrEqual(1 + ROUNDING);
    expect(two).toBeLessThanOrEqual(1 + ROUNDING);
    expect(two).toBeGreaterThan(0.3);
  });

  test('however the same units are split into looks, also by what was seen so far', () => {
    const line = { times: 1, plus: 0.05 };
    const value = (split: (bad: number) => number) =>
      expected([2, 3], [0.15, 0.1], (first) => {
        const state = stepHarm(startHarm(2), first, line, 0.1, settings);
        const more = split(first.treated.x);
        return more === 0
          ? Math.exp(logHarm(state, STANDARD_MIXTURE))
          : expected([more, 6], [0.15, 0.1], (second) =>
              Math.exp(logHarm(stepHarm(state, second, line, 0.1, settings), STANDARD_MIXTURE)),
            );
      });
    for (const split of [() => 8, (bad: number) => (bad > 0 ? 1 : 8), (bad: number) => (bad > 0 ? 0 : 4)]) {
      expect(value(split)).toBeLessThanOrEqual(1 + ROUNDING);
    }
  });
});

/** Every way `n` units can fall into as many buckets as there are shares, with its probability. */
function outcomes(n: number, shares: readonly number[]): readonly (readonly [readonly number[], number])[] {
  const [share, ...rest] = shares;
  if (share === undefined) return n === 0 ? [[[], 1]] : [];
  return Array.from({ length: n + 1 }, (_, k) => k).flatMap((k) => {
    const chance =
      Math.exp(logGamma(n + 1) - logGamma(k + 1) - logGamma(n - k + 1)) * (k === 0 ? 1 : share ** k);
    return outcomes(n - k, rest).map(([counts, p]) => [[k, ...counts], p * chance] as const);
  });
}

describe('the exceedance e-value, over every histogram', () => {
  const bounds = [1, 2, 4, 8];
  // Each side's values double from bucket to bucket, so that one a bucket higher is exactly twice as slow.
  const SHAPES = [
    [0.25, 0.25, 0.25, 0.25],
    [0.7, 0.1, 0.1, 0.1],
    [0.05, 0.05, 0.1, 0.8],
    [0.4, 0.4, 0.15, 0.05],
  ];

  test.each([0.5, 0.8, 0.95])('is worth at most 1 on the line itself, at p = %d', (p) => {
    for (const shape of SHAPES) {
      for (const [n, m] of [
        [3, 3],
        [6, 2],
        [2, 6],
      ] as const) {
        for (const side of ['harm', 'safe'] as const) {
          let [mean, mass] = [0, 0];
          for (const [counts, a] of outcomes(n, [0, ...shape])) {
            for (const [others, b] of outcomes(m, [...shape, 0])) {
              const pair = { treated: { bounds, counts }, reference: { bounds, counts: others } };
              mass += a * b;
              mean += a * b * Math.exp(logExceedance(side, pair, [{ times: 2, plus: 0 }], { p, phi: 1 }));
            }
          }
          expect(mass).toBeCloseTo(1, 9);
          expect(mean).toBeLessThanOrEqual(1 + ROUNDING);
        }
      }
    }
  });
});

describe('the sample-ratio e-value', () => {
  test.each([
    [0.01, 40],
    [0.1, 25],
    [0.5, 60],
  ])('is a mixture over what units can do: at a share of %d it sums to 1 over %i units', (share, n) => {
    const sum = binomial(n, share).reduce((total, chance, canary) => {
      const seen = stepRatio(startRatio(), { canary, stable: n - canary }, share);
      const { closed } = stepRatio(seen, { canary: 0, stable: 0 }, share / 2);
      return total + chance * Math.exp(closed);
    }, 0);
    expect(sum).toBeCloseTo(1, 9);
  });
});

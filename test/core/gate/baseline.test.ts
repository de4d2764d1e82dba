import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CONCURRENT,
  type Factor,
  factorAgainst,
  isMixDifferent,
  lineAgainst,
  mixFactor,
  ONE_SIDED_Z,
  product,
} from '../../../src/core/gate/baseline.ts';
import { normalQuantile } from '../../../src/core/gate/distributions.ts';
import type { NullLine } from '../../../src/core/gate/evidence-process.ts';
import type { Part } from '../../../src/core/gate/sample.ts';
import type { Parts, Sides } from '../../../src/core/gate/share-counts.ts';
import { randomFrom } from '../../../src/simulate/random.ts';

const HOLD: NullLine = { times: 1, plus: 0.005 };
const DOUBLE: NullLine = { times: 2, plus: 0 };

describe('a factor on the baseline', () => {
  test('of another on top of it multiplies, and their errors add in squares', () => {
    expect(product({ times: 2, se: 0.3 }, { times: 1.5, se: 0.4 })).toEqual({ times: 3, se: 0.5 });
    expect(product(CONCURRENT, CONCURRENT)).toEqual(CONCURRENT);
  });

  test('known exactly moves the line by itself: “0.5 points over 1.5 times stable”', () => {
    const factor: Factor = { times: 1.5, se: 0 };
    expect(lineAgainst(HOLD, factor, 'harm', 'asIs')).toEqual({ times: 1.5, plus: 0.005 });
    expect(lineAgainst(DOUBLE, factor, 'safe', 'asIs')).toEqual({ times: 3, plus: 0 });
  });

  test('divides where the arms have changed places', () => {
    const fall: NullLine = { times: 1.25, plus: 0 };
    expect(lineAgainst(fall, { times: 0.5, se: 0 }, 'harm', 'swapped')).toEqual({ times: 2.5, plus: 0 });
  });

  test('known badly gives harm the far end and safety the near one, one-sided 99 %', () => {
    expect(ONE_SIDED_Z).toBeCloseTo(normalQuantile(0.99), 9);
    const factor: Factor = { times: 2, se: 0.1 };
    const room = Math.exp(0.1 * ONE_SIDED_Z);
    expect(lineAgainst(HOLD, factor, 'harm', 'asIs').times).toBeCloseTo(2 * room, 12);
    expect(lineAgainst(HOLD, factor, 'safe', 'asIs').times).toBeCloseTo(2 / room, 12);
  });

  test('says nothing about a fixed limit', () => {
    const limit: NullLine = { times: 0, plus: 0.01 };
    expect(lineAgainst(limit, { times: 9, se: 1 }, 'harm', 'asIs')).toBe(limit);
  });

  test('the less is known, the farther the line is from harm and the nearer to unsafe, whichever way it is turned', () => {
    const se = fc.double({ min: 0, max: 2, noNaN: true });
    const times = fc.double({ min: 0.1, max: 10, noNaN: true });
    const turned = fc.constantFrom('asIs' as const, 'failures' as const, 'swapped' as const);
    fc.assert(
      fc.property(times, se, se, turned, (by, a, b, oriented) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        const at = (known: number, side: 'harm' | 'safe') =>
          lineAgainst(DOUBLE, { times: by, se: known }, side, oriented).times;
        expect(at(more, 'harm')).toBeGreaterThanOrEqual(at(less, 'harm') * (1 - 1e-12));
        expect(at(more, 'safe')).toBeLessThanOrEqual(at(less, 'safe') * (1 + 1e-12));
        expect(at(more, 'safe')).toBeLessThanOrEqual(at(more, 'harm') * (1 + 1e-12));
      }),
    );
  });
});

describe('the previous stage as a baseline', () => {
  const previous = { canary: { n: 10_000, x: 40 }, stable: { n: 100_000, x: 200 }, looks: 15 };
  const against = { kind: 'previous_stage' as const };

  test('is the difference of differences on the log scale, half an event in each cell', () => {
    const { times, se } = factorAgainst(against, previous, 'asIs', 0.25);
    expect(times).toBeCloseTo(40.5 / 10_000 / (200.5 / 100_000), 12);
    expect(se).toBeCloseTo(Math.sqrt(1 / 40.5 + 1 / 200.5 + (2 * 0.0625) / 15), 12);
  });

  test('of a share whose fall is bad counts what it lacked', () => {
    const hits = { canary: { n: 10_000, x: 9_960 }, stable: { n: 100_000, x: 99_800 }, looks: 15 };
    expect(factorAgainst(against, hits, 'failures', 0.25)).toEqual(
      factorAgainst(against, previous, 'asIs', 0.25),
    );
  });

  test('that had no event on one side is a finite factor, known badly', () => {
    const none = { canary: { n: 1_000, x: 0 }, stable: { n: 9_000, x: 18 }, looks: 5 };
    const { times, se } = factorAgainst(against, none, 'asIs', 0.25);
    expect(times).toBeGreaterThan(0);
    expect(se).toBeGreaterThan(1.4);
  });

  test('before there is one, and for one that saw nobody, is stable itself', () => {
    const empty = { ...previous, canary: { n: 0, x: 0 } };
    expect(factorAgainst(against, null, 'asIs', 0.25)).toEqual(CONCURRENT);
    expect(factorAgainst(against, empty, 'asIs', 0.25)).toEqual(CONCURRENT);
    expect(factorAgainst(undefined, previous, 'asIs', 0.25)).toEqual(CONCURRENT);
  });

  test('is known to within its standard error: 99 % of stages that did not differ lie inside', () => {
    const random = randomFrom(5);
    const inside = Array.from({ length: 2_000 }, () => {
      const cv = () => random.gamma(16) / 16;
      const canary = Array.from({ length: 15 }, () => random.poisson(4_000 * 0.005 * cv()));
      const stable = Array.from({ length: 15 }, () => random.poisson(16_000 * 0.005 * cv()));
      const total = (events: readonly number[]) => events.reduce((sum, x) => sum + x, 0);
      const stage = {
        canary: { n: 60_000, x: total(canary) },
        stable: { n: 240_000, x: total(stable) },
        looks: 15,
      };
      const { times, se } = factorAgainst(against, stage, 'asIs', 0.25);
      return Math.log(times) < ONE_SIDED_Z * se;
    }).filter(Boolean).length;
    expect(inside).toBeGreaterThan(2_000 * 0.98);
    expect(inside).toBeLessThan(2_000);
  });
});

describe('the prediction of an A/B test as a baseline', () => {
  test('is what it says, with the error it says', () => {
    const against = { kind: 'ab_prediction' as const, times: 1.2, se: 0.05 };
    expect(factorAgainst(against, null, 'asIs', 0.25)).toEqual({ times: 1.2, se: 0.05 });
  });
});

type Seen = readonly (readonly [key: string, n: number, x: number])[];
const parts = (seen: Seen): readonly Part[] => seen.map(([key, n, x]) => ({ key, n, x }));
const totals = (seen: Seen): Parts => Object.fromEntries(seen.map(([key, n, x]) => [key, { n, x }]));
const sidesOf = <T>(of: (seen: Seen) => T, canary: Seen, stable: Seen): Sides<T> => ({
  canary: of(canary),
  stable: of(stable),
});

describe('a mix of segments', () => {
  // The web fails at 1 %, the app at 4.04 %; a fifth of stable is the app, and seven tenths of the canary.
  const stable: Seen = [
    ['web', 80_000, 800],
    ['app', 20_000, 808],
  ];
  const canary: Seen = [
    ['web', 3_000, 30],
    ['app', 7_000, 282],
  ];

  test('that differs is taken out: +1.51 points as counted are -0.01 at the canary’s mix', () => {
    const [shareOfCanary, shareOfStable] = [312 / 10_000, 1_608 / 100_000];
    expect(100 * (shareOfCanary - shareOfStable)).toBeCloseTo(1.51, 2);
    const { times, se } = mixFactor(sidesOf(parts, canary, stable), sidesOf(totals, canary, stable), 'asIs');
    expect(times).toBeCloseTo((0.3 * 0.01 + 0.7 * 0.0404) / shareOfStable, 12);
    expect(100 * (shareOfCanary - times * shareOfStable)).toBeCloseTo(-0.01, 2);
    // Beyond what 1,608 events tell of stable anyway: (0.7² 808.5 / 20,000² + 0.3² 800.5 / 80,000²) / 0.03128² - 1 / 1,608.
    expect(se).toBeCloseTo(
      Math.sqrt((0.49 * 808.5) / 4e8 / 0.03128 ** 2 + (0.09 * 800.5) / 6.4e9 / 0.03128 ** 2 - 1 / 1_608),
      9,
    );
  });

  test('is the window’s own: the rates are the rollout’s, the shares are now’s', () => {
    const now: Seen = [
      ['web', 50, 0],
      ['app', 50, 50],
    ];
    const { times } = mixFactor(sidesOf(parts, now, stable), sidesOf(totals, canary, stable), 'asIs');
    expect(times).toBeCloseTo((0.01 + 0.0404) / 2 / 0.01608, 12);
  });

  test('of misses is reckoned in misses', () => {
    const turned = (seen: Seen): Seen => seen.map(([key, n, x]) => [key, n, n - x]);
    const asHits = mixFactor(
      sidesOf(parts, turned(canary), turned(stable)),
      sidesOf(totals, turned(canary), turned(stable)),
      'failures',
    );
    const asMisses = mixFactor(sidesOf(parts, canary, stable), sidesOf(totals, canary, stable), 'asIs');
    expect(asHits.times).toBeCloseTo(asMisses.times, 12);
  });

  test('apart by five percent or less is left alone, and by more only if not by chance', () => {
    const at = (app: number, n: number): Seen => [
      ['web', n * (1 - app), 0],
      ['app', n * app, 0],
    ];
    const differs = (app: number, n: number) => isMixDifferent(sidesOf(totals, at(app, n), at(0.2, 100_000)));
    expect(differs(0.24, 1_000_000)).toBe(false);
    expect(differs(0.26, 100_000)).toBe(true);
    // Half instead of a fifth, of ten units: chi-square 5.6, p 0.02.
    expect(differs(0.5, 10)).toBe(false);
    expect(differs(0.5, 100)).toBe(true);
  });

  test('of one segment, or of an empty side, does not differ', () => {
    const one: Seen = [['web', 1_000, 5]];
    expect(isMixDifferent(sidesOf(totals, one, one))).toBe(false);
    expect(isMixDifferent(sidesOf(totals, [], stable))).toBe(false);
    expect(mixFactor(sidesOf(parts, [], []), sidesOf(totals, [], []), 'asIs')).toEqual(CONCURRENT);
  });

  test('a segment that stable hardly has is read at the pooled rate, never at a rate of three units', () => {
    const withRare: Seen = [...stable, ['tv', 3, 3]];
    const now: Seen = [
      ['web', 5_000, 50],
      ['tv', 5_000, 50],
    ];
    const { times } = mixFactor(sidesOf(parts, now, withRare), sidesOf(totals, now, withRare), 'asIs');
    const pooled = 1_611 / 100_003;
    const mean = (80_000 * 0.01 + 20_000 * 0.0404 + 3 * pooled) / 100_003;
    expect(times).toBeCloseTo((0.5 * 0.01 + 0.5 * pooled) / mean, 9);
  });

  test('is hardly known where stable hardly has the segment: none of forty is no promise that there never will be one', () => {
    const rare: Seen = [
      ['web', 100_000, 500],
      ['app', 40, 0],
    ];
    const { se } = mixFactor(sidesOf(parts, canary, rare), sidesOf(totals, canary, rare), 'asIs');
    expect(se).toBeGreaterThan(1);
  });

  test('a segment called like something every object has is a segment like any other', () => {
    const odd: Seen = [
      ['constructor', 5_000, 5],
      ['__proto', 5_000, 100],
    ];
    expect(isMixDifferent(sidesOf(totals, odd, stable))).toBe(true);
    expect(isMixDifferent(sidesOf(totals, canary, canary))).toBe(false);
  });

  test('that is the same on both sides is no factor, whatever the rates', () => {
    const segment = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(segment, { minLength: 2, maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        (list, k) => {
          const small: Seen = list.map(([n, share], at) => [`s${at}`, n, Math.round(n * share)]);
          const large: Seen = small.map(([key, n, x]) => [key, n * k, x * k]);
          const factor = mixFactor(sidesOf(parts, small, large), sidesOf(totals, small, large), 'asIs');
          expect(factor).toEqual(CONCURRENT);
        },
      ),
    );
  });
});

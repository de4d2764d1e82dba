import { describe, expect, test } from 'vitest';
import { CALM } from '../../../src/simulate/world.ts';
import { oneSidedHalfWidth } from './asymptotic-sequence.ts';
import { errorRateCheck, errorRatePlan, latencyCheck } from './bench-plan.ts';
import type { Brief, Interval, Judge, LookVerdict } from './judge.ts';
import { mannWhitney, shiftOf, standardErrorOf } from './mann-whitney.ts';
import { logNegativeBinomial, oracle, WALD } from './oracle.ts';
import { peekedZ, pooledZ } from './peeked-z.ts';
import { pocock, scoreZ } from './pocock.ts';
import { crossing, pocockConstant } from './pocock-constant.ts';
import { rawDifference } from './raw-difference.ts';

const plan = errorRatePlan();
const BRIEF: Brief = { check: errorRateCheck(plan), settings: plan.settings, looksPerStage: 15 };

function interval(canary: readonly [number, number], stable: readonly [number, number]): Interval {
  const stat = ([n, x]: readonly [number, number]) => ({ kind: 'share' as const, n, x });
  return { fromMinutes: 0, canary: stat(canary), stable: stat(stable) };
}

const GOOD = interval([200, 1], [19_800, 99]);
/** 3 % against 0.5 %. */
const BAD = interval([200, 6], [19_800, 99]);
/** 1.5 % against 0.5 %: over the hold line, under the rollback line. */
const SO_SO = interval([200, 3], [19_800, 99]);

function looks(judge: Judge, intervals: readonly Interval[]): readonly LookVerdict[] {
  return intervals.map((each) => judge.look(each));
}

describe('the raw difference', () => {
  test('with failureLimit 0 rolls back on the first bad interval', () => {
    expect(looks(rawDifference(BRIEF, 0), [GOOD, BAD])).toEqual(['go_on', 'rollback']);
  });

  test('with failureLimit 3 rolls back on the fourth, whether or not there were good ones between', () => {
    const verdicts = looks(rawDifference(BRIEF, 3), [BAD, GOOD, BAD, BAD, GOOD, BAD]);
    expect(verdicts).toEqual(['go_on', 'go_on', 'go_on', 'go_on', 'go_on', 'rollback']);
  });

  test('begins to count anew with each stage', () => {
    const judge = rawDifference(BRIEF, 1);
    looks(judge, [BAD]);
    judge.enterStage();
    expect(looks(judge, [BAD, BAD])).toEqual(['go_on', 'rollback']);
  });

  test('does not promote over the hold line, and looks at the last interval alone', () => {
    const judge = rawDifference(BRIEF, 0);
    looks(judge, [GOOD, SO_SO]);
    expect(judge.stageEnd(5)).toBe('wait');
    judge.look(GOOD);
    expect(judge.stageEnd(5)).toBe('promote');
  });

  test('takes an interval without a request for a pass', () => {
    const judge = rawDifference(BRIEF, 0);
    expect(judge.look(interval([0, 0], [19, 0]))).toBe('go_on');
    expect(judge.stageEnd(5)).toBe('promote');
  });

  test('holds a quantile against times of stable’s', () => {
    const brief = { ...BRIEF, check: latencyCheck() };
    const bounds = Array.from({ length: 40 }, (_, at) => 100 * 1.05 ** at);
    const at = (edge: number) => ({
      kind: 'histogram' as const,
      bounds,
      counts: [...bounds, 0].map((_, bucket) => (bucket === edge ? 1_000 : 0)),
    });
    const slow = { fromMinutes: 0, canary: at(20), stable: at(10) };
    const slower = { fromMinutes: 0, canary: at(14), stable: at(10) };
    expect(rawDifference(brief, 0).look(slow)).toBe('rollback');
    const judge = rawDifference(brief, 0);
    expect(judge.look(slower)).toBe('go_on');
    expect(judge.stageEnd(5)).toBe('wait');
  });
});

describe('Mann-Whitney', () => {
  test('estimates the shift as the median of all differences', () => {
    // Differences of {1, 4, 6} and {2, 3}: -2 -1 1 2 3 4.
    expect(shiftOf([1, 4, 6], [2, 3], 0.95).estimate).toBe(1.5);
  });

  test('has the standard error of the statistic, worked by hand', () => {
    // sqrt(3 · 2 · 6 / 12); with three of the five alike the 6 becomes 6 - 24 / 20.
    expect(standardErrorOf([1, 4, 6], [2, 3])).toBeCloseTo(Math.sqrt(3), 12);
    expect(standardErrorOf([1, 1, 1], [2, 3])).toBeCloseTo(Math.sqrt((6 * (6 - 24 / 20)) / 12), 12);
  });

  test('has the interval of ordered differences, worked by hand', () => {
    // Ten points against ten: 50 - 1.96 sqrt(175) - 0.5 = 23.57, so the 24th difference from either end.
    const y = Array.from({ length: 10 }, (_, at) => at);
    const x = y.map((value) => value + 100 + value / 1_000);
    const differences = x.flatMap((a) => y.map((b) => a - b)).sort((a, b) => a - b);
    const { low, high } = shiftOf(x, y, 0.95);
    expect(low).toBe(differences[23]);
    expect(high).toBe(differences[100 - 24]);
  });

  test('rolls back at the end of a stage when the shift is sure, and asks when a side showed nothing', () => {
    const bad = mannWhitney(BRIEF);
    expect(
      looks(
        bad,
        Array.from({ length: 15 }, () => BAD),
      ),
    ).not.toContain('rollback');
    expect(bad.stageEnd(5)).toBe('rollback');
    const good = mannWhitney(BRIEF);
    looks(good, [...Array.from({ length: 14 }, () => GOOD), interval([200, 0], [19_800, 99])]);
    expect(good.stageEnd(5)).toBe('promote');
    expect(mannWhitney(BRIEF).stageEnd(5)).toBe('ask');
  });
});

describe('z at every look', () => {
  test('is the pooled two-proportion statistic', () => {
    // 30 of 1,000 against 20 of 1,000: 0.01 / sqrt(0.025 · 0.975 · 2 / 1,000).
    expect(pooledZ({ n: 1_000, x: 30 }, { n: 1_000, x: 20 })).toBeCloseTo(1.4322, 4);
    expect(pooledZ({ n: 0, x: 0 }, { n: 1_000, x: 20 })).toBe(0);
  });

  test('rolls back as soon as it is beyond 1.96, and promotes otherwise', () => {
    expect(peekedZ().look(BAD)).toBe('rollback');
    const judge = peekedZ();
    expect(judge.look(GOOD)).toBe('go_on');
    expect(judge.stageEnd(5)).toBe('promote');
  });
});

describe('Pocock’s boundary', () => {
  test.each([
    [2, 2.178],
    [5, 2.413],
    [10, 2.555],
  ])('for %i looks is the tabulated one', (count, constant) => {
    // Jennison & Turnbull (2000), table 2.1, two-sided 5 %: a one-sided 2.5 % differs by the chance of crossing both.
    expect(pocockConstant(count, 0.025)).toBeCloseTo(constant, 2);
  });

  test('spends its alpha over the looks', () => {
    expect(crossing(15, pocockConstant(15, 0.05))).toBeCloseTo(0.05, 5);
    expect(crossing(1, 1.644_853_6)).toBeCloseTo(0.05, 6);
  });

  test('measures a difference in standard errors at the line or at what was seen', () => {
    const stage = { canary: { n: 1_000, x: 30 }, stable: { n: 10_000, x: 50 } };
    const counting = (0.03 * 0.97) / 1_000 + (0.005 * 0.995) / 10_000;
    const noise = (0.25 ** 2 * (0.03 ** 2 + 0.005 ** 2)) / 5;
    expect(scoreZ({ stage, intervals: 5 }, 0.0025, 0.25)).toBeCloseTo(
      0.0225 / Math.sqrt(counting + noise),
      10,
    );
  });

  test('rolls back a clear regression, promotes a proven release and waits for an unproven one', () => {
    expect(
      looks(
        pocock(BRIEF),
        Array.from({ length: 15 }, () => BAD),
      ),
    ).toContain('rollback');
    const judge = pocock(BRIEF);
    expect(judge.stageEnd(5)).toBe('wait');
    looks(
      judge,
      Array.from({ length: 15 }, () => GOOD),
    );
    expect(judge.stageEnd(5)).toBe('promote');
  });
});

describe('the asymptotic sequence', () => {
  test('reaches as far as its formula says, worked by hand', () => {
    // alpha 0.05, N* 5,000: rho^2 = (-2 ln 0.1 + ln(1 - 2 ln 0.1)) / 5,000 = 0.00126610; n = 10,000, variance 1e-6.
    const rho2 = (4.605_170_186 + Math.log(5.605_170_186)) / 5_000;
    const grown = 10_000 * rho2 + 1;
    const expected = Math.sqrt(1e-2 * ((2 * grown) / (1e8 * rho2)) * Math.log(1 + Math.sqrt(grown) / 0.1));
    expect(rho2).toBeCloseTo(0.001_265_8, 6);
    expect(oneSidedHalfWidth(10_000, 1e-6, 0.05)).toBeCloseTo(expected, 10);
  });

  test('is wider than a test made once would be', () => {
    expect(oneSidedHalfWidth(5_000, 1, 0.05)).toBeGreaterThan(1.645);
  });
});

describe('the oracle', () => {
  const world = {
    ...CALM,
    errorRate: 0.005,
    noise: { ...CALM.noise, sharedSd: 0.25, canaryCv: 0.25, stableCv: 0.125 },
  };

  test('has Wald’s thresholds for 1 % and 5 %', () => {
    expect(WALD.upper).toBeCloseTo(Math.log(95), 10);
    expect(WALD.lower).toBeCloseTo(Math.log(0.05 / 0.99), 10);
  });

  test('counts failures as negative binomial, whose chances add up to 1', () => {
    const chances = Array.from({ length: 200 }, (_, x) => Math.exp(logNegativeBinomial(x, 5, 16)));
    expect(chances.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 9);
    expect(chances.reduce((sum, chance, x) => sum + x * chance, 0)).toBeCloseTo(5, 7);
  });

  test('rolls back its effect and clears a release that shows none of it', () => {
    const bad = oracle(BRIEF, { ...world, effects: [{ kind: 'step', by: 0.025 }] });
    expect(
      looks(
        bad,
        Array.from({ length: 15 }, () => BAD),
      ),
    ).toContain('rollback');
    const good = oracle(BRIEF, world);
    expect(good.stageEnd(5)).toBe('wait');
    looks(
      good,
      Array.from({ length: 15 }, () => GOOD),
    );
    expect(good.stageEnd(5)).toBe('promote');
  });
});

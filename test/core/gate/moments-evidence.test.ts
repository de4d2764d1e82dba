import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LOG_FLOOR } from '../../../src/core/gate/log-sum.ts';
import {
  contrastsOf,
  EXPECTED_UNITS,
  isThick,
  logMomentsEvidence,
  logSequenceEvidence,
  mixingOf,
  type Stratum,
} from '../../../src/core/gate/moments-evidence.ts';
import type { Line } from '../../../src/core/plan/check.ts';
import { sumsOf } from './moments-looks.ts';

const MEAN = { kind: 'mean', cuped: false } as const;
const SETTINGS = { measure: MEAN, alpha: 0.05, expectedUnits: EXPECTED_UNITS };

/** The reference's one-sided bound: how far below the estimate the sequence reaches at this alpha. */
function radius(variance: number, n: number, rho2: number, alpha: number): number {
  const s2 = n * variance;
  return Math.sqrt(
    ((s2 * 2 * (n * rho2 + 1)) / (n * n * rho2)) * Math.log(1 + Math.sqrt(n * rho2 + 1) / (2 * alpha)),
  );
}

function stratum(
  canary: readonly [number, number, number],
  stable: readonly [number, number, number],
): Stratum {
  return { canary: sumsOf(...canary), stable: sumsOf(...stable), beta: 0 };
}

function evidence(
  side: 'harm' | 'safe',
  strata: readonly Stratum[],
  line: Line,
  worse: 'increase' | 'decrease' = 'increase',
): number {
  return logMomentsEvidence(side, strata, contrastsOf(line, { worse }, side), SETTINGS);
}

describe('the confidence sequence turned round', () => {
  test('excludes the line at alpha exactly when the evidence reaches 1/alpha', () => {
    fc.assert(
      fc.property(
        fc.record({
          z: fc.double({ min: 0.01, max: 30, noNaN: true }),
          units: fc.integer({ min: 1, max: 10_000_000 }),
          variance: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
          alpha: fc.double({ min: 1e-6, max: 0.2, noNaN: true }),
        }),
        ({ z, units, variance, alpha }) => {
          const rho2 = mixingOf(0.05, EXPECTED_UNITS);
          const excess = z * Math.sqrt(variance);
          const excluded = excess >= radius(variance, units, rho2, alpha);
          expect(logSequenceEvidence({ excess, variance, units }, rho2) >= Math.log(1 / alpha)).toBe(
            excluded,
          );
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('has 1/alpha at the bound itself', () => {
    for (const alpha of [0.1, 0.05, 0.001]) {
      const rho2 = mixingOf(0.05, EXPECTED_UNITS);
      const excess = radius(4, 1_000, rho2, alpha);
      expect(logSequenceEvidence({ excess, variance: 4, units: 1_000 }, rho2)).toBeCloseTo(
        Math.log(1 / alpha),
        9,
      );
    }
  });

  test('gives the worked number', () => {
    // a 0.1: r2 = (4.605170 + ln 5.605170) / 5000 = 0.001265772, n r2 = 6.328859.
    // T = 0.3² · 6.328859 / (2 · 0.0016 · 7.328859) = 24.287437; ln E = ln 2 + T - ln(7.328859) / 2.
    const rho2 = mixingOf(0.05, 5_000);
    expect(rho2).toBeCloseTo(0.001265772, 9);
    expect(logSequenceEvidence({ excess: 0.3, variance: 0.0016, units: 5_000 }, rho2)).toBeCloseTo(
      23.98467,
      4,
    );
  });

  test.each([
    { title: 'on the wrong side of the line', excess: -1, variance: 1 },
    { title: 'on the line', excess: 0, variance: 1 },
    { title: 'where nothing varies', excess: 1, variance: 0 },
    { title: 'where the variance is no number', excess: 1, variance: Number.NaN },
  ])('has no evidence $title', ({ excess, variance }) => {
    expect(logSequenceEvidence({ excess, variance, units: 1_000 }, 0.001)).toBe(LOG_FLOOR);
  });
});

describe('evidence against a line', () => {
  const above = stratum([1_000, 12, 4], [1_000, 10, 4]);
  const below = stratum([1_000, 8, 4], [1_000, 10, 4]);

  test('compares the two means, of units as if both sides were equally large', () => {
    // Excess 12 - 10 - 0.5; variance 16/1000 + 16/1000; n = 4 · 1000·1000/2000.
    const expected = logSequenceEvidence(
      { excess: 1.5, variance: 0.032, units: 2_000 },
      mixingOf(0.05, EXPECTED_UNITS),
    );
    expect(evidence('harm', [above], { compare: 'difference', by: 0.5 })).toBeCloseTo(expected, 9);
  });

  test('of a ratio weighs stable by the line, exactly', () => {
    // Excess 12 - 1.1·10; variance 0.016 + 1.1² · 0.016.
    const expected = logSequenceEvidence(
      { excess: 1, variance: 0.016 * 2.21, units: 2_000 },
      mixingOf(0.05, EXPECTED_UNITS),
    );
    expect(evidence('harm', [above], { compare: 'ratio', times: 1.1 })).toBeCloseTo(expected, 9);
  });

  test('of an absolute limit needs nobody beside the canary', () => {
    const alone = { ...above, stable: sumsOf(0, 0, 0) };
    const expected = logSequenceEvidence(
      { excess: 1, variance: 0.016, units: 1_000 },
      mixingOf(0.05, EXPECTED_UNITS),
    );
    expect(evidence('harm', [alone], { compare: 'absolute', at: 11 })).toBeCloseTo(expected, 9);
  });

  test.each<{ readonly title: string; readonly line: Line }>([
    { title: 'a difference', line: { compare: 'difference', by: 0.5 } },
    { title: 'a floor', line: { compare: 'absolute', at: 9 } },
    { title: 'a ratio', line: { compare: 'ratio', times: 0.95 } },
    { title: 'a band', line: { compare: 'band', times: 0.95, floor: 0.2 } },
  ])('where a fall is bad: $title is beyond its line below it, and safe above', ({ line }) => {
    expect(evidence('harm', [below], line, 'decrease')).toBeGreaterThan(3);
    expect(evidence('harm', [above], line, 'decrease')).toBe(LOG_FLOOR);
    expect(evidence('safe', [above], line, 'decrease')).toBeGreaterThan(3);
    expect(evidence('safe', [below], line, 'decrease')).toBe(LOG_FLOOR);
  });

  test('a fall is a rise seen in the mirror', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.constantFrom('harm', 'safe'),
        (shift, side) => {
          const rise = stratum([500, 10 + shift, 4], [700, 10, 3]);
          const fall = stratum([500, -10 - shift, 4], [700, -10, 3]);
          const line = { compare: 'difference', by: 0.5 } as const;
          expect(evidence(side, [fall], line, 'decrease')).toBeCloseTo(evidence(side, [rise], line), 9);
        },
      ),
    );
  });

  test('a band takes the least evidence of harm and the mean of the e-values of safety', () => {
    const band = { compare: 'band', times: 1.05, floor: 1.5 } as const;
    const ratio = { compare: 'ratio', times: 1.05 } as const;
    const floor = { compare: 'difference', by: 1.5 } as const;
    expect(evidence('harm', [above], band)).toBe(
      Math.min(evidence('harm', [above], ratio), evidence('harm', [above], floor)),
    );
    const e = (line: Line) => Math.exp(evidence('safe', [stratum([300, 10, 4], [300, 10, 4])], line));
    expect(e(band)).toBeCloseTo((e(ratio) + e(floor)) / 2, 9);
  });

  test('a band without a floor is the ratio', () => {
    expect(contrastsOf({ compare: 'band', times: 0.95, floor: 0 }, { worse: 'decrease' }, 'harm')).toEqual(
      contrastsOf({ compare: 'ratio', times: 0.95 }, { worse: 'decrease' }, 'harm'),
    );
  });

  test('a multiple of nothing or of a loss is no line', () => {
    for (const mean of [0, -10]) {
      const pair = stratum([1_000, mean + 5, 4], [1_000, mean, 4]);
      expect(evidence('harm', [pair], { compare: 'ratio', times: 1.1 })).toBe(LOG_FLOOR);
      expect(evidence('safe', [pair], { compare: 'ratio', times: 1.1 })).toBe(LOG_FLOOR);
    }
  });

  test('compares within a stage: a busy evening that most of the canary saw is no lift', () => {
    // Both sides 10 by night and 20 in the evening; pooled, the canary would show 19.1 against 12.
    const night = stratum([100, 10, 4], [8_000, 10, 4]);
    const evening = stratum([1_000, 20, 4], [2_000, 20, 4]);
    const line = { compare: 'difference', by: 0.5 } as const;
    expect(evidence('harm', [night, evening], line)).toBe(LOG_FLOOR);
    const worseInBoth = [stratum([100, 8, 4], [8_000, 10, 4]), stratum([1_000, 18, 4], [2_000, 20, 4])];
    expect(evidence('harm', worseInBoth, line, 'decrease')).toBeGreaterThan(10);
  });

  test('does not depend on the unit of the values', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
        // Never on a line itself, where rounding alone decides the side.
        fc.integer({ min: 80, max: 119 }).map((tenths) => tenths / 10 + 0.03),
        fc.constantFrom<Line>(
          { compare: 'difference', by: 0.5 },
          { compare: 'ratio', times: 1.05 },
          { compare: 'absolute', at: 10 },
        ),
        (unit, mean, line) => {
          const scaled = (by: number) => stratum([500, by * mean, by * 4], [800, by * 10, by * 5]);
          const inUnit: Line =
            line.compare === 'difference'
              ? { compare: 'difference', by: line.by * unit }
              : line.compare === 'absolute'
                ? { compare: 'absolute', at: line.at * unit }
                : line;
          const [as, bs] = [evidence('harm', [scaled(1)], line), evidence('harm', [scaled(unit)], inUnit)];
          expect(bs - as).toBeCloseTo(0, 5);
        },
      ),
    );
  });
});

describe('a stage is thick enough', () => {
  const twoHundred = { canary: sumsOf(200, 10, 10), stable: sumsOf(200, 10, 10) };
  test('from 200 units a side', () => {
    expect(isThick(twoHundred, MEAN, true)).toBe(true);
    expect(isThick({ ...twoHundred, canary: sumsOf(199, 10, 10) }, MEAN, true)).toBe(false);
    expect(isThick({ ...twoHundred, stable: sumsOf(199, 10, 10) }, MEAN, true)).toBe(false);
    expect(isThick({ ...twoHundred, stable: sumsOf(0, 0, 0) }, MEAN, false)).toBe(true);
  });

  test('when at least 30 units carry each sum', () => {
    // One unit in ten with 100: n 300 has 30 carriers exactly, (3000)²/300000; one in eleven has fewer.
    const carriers = (n: number, of: number) => ({ n, y: of * 100, yy: of * 10_000, z: 0, zz: 0, yz: 0 });
    expect(isThick({ canary: carriers(300, 30), stable: carriers(300, 30) }, MEAN, true)).toBe(true);
    expect(isThick({ canary: carriers(330, 29), stable: carriers(330, 29) }, MEAN, true)).toBe(false);
  });

  test('though the canary sells nothing: that is harm to be found', () => {
    const { canary, stable } = { canary: sumsOf(300, 0, 0), stable: sumsOf(5_000, 10, 10) };
    expect(isThick({ canary, stable }, MEAN, true)).toBe(true);
    expect(
      evidence('harm', [{ canary, stable, beta: 0 }], { compare: 'ratio', times: 0.95 }, 'decrease'),
    ).toBeGreaterThan(Math.log(100));
  });

  test('not when nobody has a value, or one unit has it all', () => {
    const nobody = sumsOf(500, 0, 0);
    expect(isThick({ canary: nobody, stable: nobody }, MEAN, true)).toBe(false);
    const whale = { ...sumsOf(500, 10, 10) };
    const withWhale = { ...whale, n: 501, y: whale.y + 1e6, yy: whale.yy + 1e12 };
    expect(isThick({ canary: withWhale, stable: sumsOf(5_000, 10, 10) }, MEAN, true)).toBe(false);
  });

  test('for a ratio also in what it is divided by', () => {
    const side = { ...sumsOf(500, 10, 10), z: 1_000, zz: 1_000_000, yz: 10_000 };
    expect(isThick({ canary: side, stable: side }, { kind: 'ratio' }, true)).toBe(false);
    expect(isThick({ canary: side, stable: side }, MEAN, true)).toBe(true);
  });
});

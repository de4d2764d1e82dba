import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Counts,
  type HarmMixture,
  type HarmState,
  harmMixture,
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
import { randomFrom } from '../../../src/simulate/random.ts';

const PLANNED = 60;
/** The mixture of the reference's worked numbers: no targets, half from the start, a quarter each for restarts. */
const REFERENCE: { readonly targets: readonly NullLine[]; readonly mixture: HarmMixture } = {
  targets: [],
  mixture: harmMixture({ fromStart: 0.5, restarts: 0.25, overtime: 0.25, onTargets: [] }),
};

/** Minutes of the reference's worked example: stable 0.5 %, a 2.4-point regression of the canary at 1 % of traffic. */
const MINUTES = [
  { treated: { n: 200, x: 1 }, reference: { n: 19_800, x: 99 } },
  { treated: { n: 200, x: 2 }, reference: { n: 19_800, x: 101 } },
  { treated: { n: 200, x: 9 }, reference: { n: 19_800, x: 97 } },
  { treated: { n: 200, x: 11 }, reference: { n: 19_800, x: 104 } },
];

/** M after each minute, with stable's rate predicted by an average that keeps `keep` of its past. */
function harmOverMinutes(tau: number, keep: number): readonly number[] {
  let state = startHarm(0);
  let ls = 0.005;
  return MINUTES.map((counts) => {
    state = stepHarm(state, counts, { times: 1, plus: 0.005 }, ls, {
      noise: { tau },
      plannedLooks: PLANNED,
      ...REFERENCE,
    });
    ls = keep * ls + ((1 - keep) * counts.reference.x) / counts.reference.n;
    return Math.exp(logHarm(state, REFERENCE.mixture));
  });
}

describe('the worked example', () => {
  test.each([
    { tau: 0.25, expected: [0.171, 0.151, 1.52, 810] },
    { tau: 0, expected: [0.16, 0.141, 2.2, 5617] },
  ])('reads as in the reference, minute by minute, at tau $tau', ({ tau, expected }) => {
    const found = harmOverMinutes(tau, 0.8);
    for (const [minute, m] of expected.entries()) {
      expect((found[minute] ?? 0) / m).toBeCloseTo(1, 2);
    }
  });

  test('two bad requests of 326 are not clear yet, two of 380 are', () => {
    const seenOf = (n: number) =>
      stepSafety(
        SAFETY_START,
        { treated: { n, x: 2 }, reference: { n: 32_274, x: 160 } },
        { times: 1, plus: 0.02 },
        0.005,
        { tau: 0 },
      );
    expect(seenOf(326)[0]).toBeCloseTo(3.285, 3);
    expect(Math.exp(logSafety(seenOf(326)))).toBeLessThan(20);
    expect(Math.exp(logSafety(seenOf(380))) / 49.7).toBeCloseTo(1, 1);
    expect(Math.exp(logSafety(seenOf(380)))).toBeGreaterThan(20);
  });
});

const LINES: readonly NullLine[] = [
  { times: 1, plus: 0.005 },
  { times: 1, plus: 0.02 },
  { times: 1, plus: 0.2 },
  { times: 1.1, plus: 0 },
  { times: 2, plus: 0 },
  { times: 0, plus: 0.01 },
  { times: 0, plus: 0.3 },
];
const SIZES = [
  [1, 1],
  [3, 12],
  [12, 4],
  [12, 12],
] as const;
const RATES = [0, 1e-4, 0.002, 0.01, 0.05, 0.1, 0.25, 0.5, 0.8, 1];

function binomial(n: number, p: number): readonly number[] {
  const chances = [(1 - p) ** n];
  if (p === 1) return Array.from({ length: n + 1 }, (_, x) => (x === n ? 1 : 0));
  for (let x = 1; x <= n; x++) chances.push(((chances[x - 1] ?? 0) * (n - x + 1) * p) / (x * (1 - p)));
  return chances;
}

/** The exact expectation of each process in one look, over every outcome of two binomial arms. */
function expectations(
  sizes: readonly [number, number],
  rates: { readonly treated: number; readonly reference: number },
  logs: (counts: { readonly treated: Counts; readonly reference: Counts }) => readonly number[],
): readonly number[] {
  const [treatedN, referenceN] = sizes;
  const treated = binomial(treatedN, rates.treated);
  const reference = binomial(referenceN, rates.reference);
  let sums: number[] = [];
  for (const [x, pX] of treated.entries()) {
    for (const [y, pY] of reference.entries()) {
      if (pX * pY === 0) continue;
      const found = logs({ treated: { n: treatedN, x }, reference: { n: referenceN, x: y } });
      sums = found.map((log, k) => (sums[k] ?? 0) + pX * pY * Math.exp(log));
    }
  }
  return sums;
}

/** The predicted rate as the gate hands it over: from earlier data, and under an absolute limit. */
function predictions(line: NullLine): readonly number[] {
  return line.times === 0 ? [line.plus * 0.9, line.plus / 2, 1e-6] : [1e-6, 0.005, 0.3];
}

describe('no release on the null line is worth more than 1 in expectation, whatever was predicted', () => {
  test.each([0, 0.25])('harm, enumerated exactly, at tau %d', (tau) => {
    let settings = 0;
    let highest = 0;
    for (const line of LINES) {
      for (const reference of RATES) {
        const limit = line.times * reference + line.plus;
        for (const treated of [limit, limit / 2].filter((rate) => rate <= 1)) {
          for (const sizes of SIZES) {
            for (const ls of predictions(line)) {
              const found = expectations(
                sizes,
                { treated, reference },
                (counts) =>
                  stepHarm(startHarm(0), counts, line, ls, {
                    noise: { tau },
                    plannedLooks: PLANNED,
                    ...REFERENCE,
                  }).fromStart,
              );
              highest = Math.max(highest, ...found);
              settings++;
            }
          }
        }
      }
    }
    expect(settings).toBeGreaterThan(1_000);
    expect(highest).toBeLessThanOrEqual(1 + 1e-9);
  });

  test.each([0, 0.25])('safety, enumerated exactly, at tau %d', (tau) => {
    let settings = 0;
    let highest = 0;
    for (const line of LINES) {
      for (const reference of RATES) {
        const limit = line.times * reference + line.plus;
        for (const treated of [limit, Math.min(1, limit * 2)].filter((rate) => rate <= 1 && rate >= limit)) {
          for (const sizes of SIZES) {
            for (const ls of predictions(line)) {
              const found = expectations(sizes, { treated, reference }, (counts) =>
                stepSafety(SAFETY_START, counts, line, ls, { tau }),
              );
              highest = Math.max(highest, ...found);
              settings++;
            }
          }
        }
      }
    }
    expect(settings).toBeGreaterThan(1_000);
    expect(highest).toBeLessThanOrEqual(1 + 1e-9);
  });

  test('harm on the line crosses 1/0.01 in at most 1 % of rollouts, however often one looks', () => {
    const random = randomFrom(7);
    const rollouts = 500;
    let alarms = 0;
    for (let rollout = 0; rollout < rollouts; rollout++) {
      let state = startHarm(0);
      for (let look = 0; look < 60; look++) {
        const counts = {
          treated: { n: 100, x: random.poisson(100 * 0.0075) },
          reference: { n: 900, x: random.poisson(900 * 0.005) },
        };
        state = stepHarm(state, counts, { times: 1, plus: 0.0025 }, 0.005, {
          noise: { tau: 0.25 },
          plannedLooks: PLANNED,
          ...REFERENCE,
        });
      }
      if (state.peak >= Math.log(100)) alarms++;
    }
    expect(alarms / rollouts).toBeLessThanOrEqual(0.01);
  });
});

/** After looks that show nothing, what has been restarted is the sum of the weights given so far. */
function weightAfter(looks: number, plannedLooks: number): number {
  let state: HarmState = startHarm(0);
  const nothing = { treated: { n: 0, x: 0 }, reference: { n: 100, x: 1 } };
  for (let look = 0; look < looks; look++) {
    state = stepHarm(state, nothing, { times: 1, plus: 0.01 }, 0.01, {
      noise: { tau: 0 },
      plannedLooks,
      ...REFERENCE,
    });
  }
  return Math.exp(state.restarted[0] ?? Number.NaN);
}

describe('the standard mixture', () => {
  test('stakes exactly everything it has: on starts, and on alternatives', () => {
    const { fromStart, restarts, overtime, logWeights } = STANDARD_MIXTURE;
    expect(fromStart + restarts + overtime).toBeCloseTo(1, 12);
    expect(logWeights.reduce((sum, log) => sum + Math.exp(log), 0)).toBeCloseTo(1, 12);
  });

  test('finds the effect that was written down sooner than the mixture without targets', () => {
    const wide = { times: 1, plus: 0.02 };
    const tight = { times: 1, plus: 0.005 };
    const looksUntil = (mixture: typeof REFERENCE) => {
      let state = startHarm(mixture.targets.length);
      for (let look = 1; look < 200; look++) {
        const counts = { treated: { n: 20, x: 0.5 }, reference: { n: 1_980, x: 9.9 } };
        state = stepHarm(state, counts, { times: 1, plus: 0.0025 }, 0.005, {
          noise: { tau: 0.25 },
          plannedLooks: PLANNED,
          ...mixture,
        });
        if (state.peak >= Math.log(20)) return look;
      }
      return 200;
    };
    const standard = { targets: [tight, wide], mixture: STANDARD_MIXTURE };
    expect(looksUntil(standard)).toBeLessThanOrEqual(looksUntil(REFERENCE) - 3);
  });
});

describe('restarts', () => {
  test.each([1, 7, 60, 500])('weigh a quarter over %d planned looks', (plannedLooks) => {
    expect(weightAfter(plannedLooks, plannedLooks)).toBeCloseTo(0.25, 9);
  });

  test.each([1, 7, 60])('and never more than the other half, for any number of looks past %d', (planned) => {
    expect(weightAfter(3_000, planned)).toBeLessThan(0.5);
  });

  test('let a regression in minute 38 be seen within three looks', () => {
    let state = startHarm(0);
    let seenAfter = 0;
    for (let look = 0; look < 60 && state.peak < Math.log(100); look++) {
      const isBad = look >= 37;
      const counts = { treated: { n: 500, x: isBad ? 18 : 2 }, reference: { n: 9_500, x: 48 } };
      state = stepHarm(state, counts, { times: 1, plus: 0.0025 }, 0.005, {
        noise: { tau: 0.25 },
        plannedLooks: PLANNED,
        ...REFERENCE,
      });
      if (isBad) seenAfter++;
    }
    expect(seenAfter).toBeLessThanOrEqual(3);
  });
});

const line = fc.constantFrom(...LINES.filter(({ times }) => times !== 0));
const rate = fc.double({ min: 1e-6, max: 0.5, noNaN: true });
const counts = fc
  .record({
    n: fc.integer({ min: 1, max: 1_000_000_000 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ n, share }) => ({ n, x: Math.floor(n * share) }));

describe('for any counts', () => {
  test('an interval in which one arm saw nothing is worth nothing', () => {
    fc.assert(
      fc.property(line, rate, rate, counts, fc.boolean(), (null_, ls, lc, seen, isTreated) => {
        const none = { n: 0, x: 0 };
        const [treated, reference] = isTreated ? [none, seen] : [seen, none];
        expect(logEvidence(treated, reference, null_, { lc, ls }, { tau: 0.25 })).toBe(0);
      }),
    );
  });

  test('a billion requests stay on the log scale: states are finite and survive JSON unchanged', () => {
    const look = fc.record({ treated: counts, reference: counts });
    fc.assert(
      fc.property(line, rate, fc.array(look, { minLength: 1, maxLength: 12 }), (null_, ls, looks) => {
        let harm = startHarm(0);
        let safety = SAFETY_START;
        for (const seen of looks) {
          harm = stepHarm(harm, seen, null_, ls, {
            noise: { tau: 0.25 },
            plannedLooks: PLANNED,
            ...REFERENCE,
          });
          safety = stepSafety(safety, seen, null_, ls, { tau: 0.25 });
        }
        const numbers = [
          ...harm.fromStart,
          ...harm.restarted,
          harm.peak,
          logHarm(harm, REFERENCE.mixture),
          logSafety(safety),
        ];
        expect(numbers.every(Number.isFinite)).toBe(true);
        expect(JSON.parse(JSON.stringify({ harm, safety }))).toEqual({ harm, safety });
      }),
    );
  });

  test('evidence of harm is sticky: its peak never falls', () => {
    const look = fc.record({ treated: counts, reference: counts });
    fc.assert(
      fc.property(line, rate, fc.array(look, { minLength: 2, maxLength: 12 }), (null_, ls, looks) => {
        let state = startHarm(0);
        for (const seen of looks) {
          const next = stepHarm(state, seen, null_, ls, {
            noise: { tau: 0.25 },
            plannedLooks: PLANNED,
            ...REFERENCE,
          });
          expect(next.peak).toBeGreaterThanOrEqual(state.peak);
          expect(next.peak).toBeGreaterThanOrEqual(logHarm(next, REFERENCE.mixture));
          state = next;
        }
      }),
    );
  });

  test('a harm needs no minimum: three failures of three requests against 0.5 % cross 1/0.01', () => {
    const state = stepHarm(
      startHarm(0),
      { treated: { n: 3, x: 3 }, reference: { n: 1_000, x: 5 } },
      { times: 1, plus: 0.0025 },
      0.005,
      { noise: { tau: 0.25 }, plannedLooks: PLANNED, ...REFERENCE },
    );
    expect(state.peak).toBeGreaterThan(Math.log(100));
  });
});

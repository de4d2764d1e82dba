import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RatioState, startRatio, stepRatio } from '../../../src/core/gate/sample-ratio.ts';
import { randomFrom } from '../../../src/simulate/random.ts';

/** What the gate holds at: one in a thousand rollouts assigned as designed. */
const ALARM = Math.log(1_000);

/** Looks of `perLook` units, each canary with `truth`, until the alarm; null when it never comes. */
function unitsToAlarm(
  seed: number,
  of: { readonly share: number; readonly truth: number; readonly perLook: number; readonly looks: number },
): number | null {
  const random = randomFrom(seed);
  let state = startRatio();
  for (let look = 1; look <= of.looks; look++) {
    const canary = random.binomial(of.perLook, of.truth);
    state = stepRatio(state, { canary, stable: of.perLook - canary }, of.share);
    if (state.peak >= ALARM) return look * of.perLook;
  }
  return null;
}

describe('a sample-ratio mismatch', () => {
  test('weighs one unit as the beta-binomial against the binomial: evidence of a single unit is none', () => {
    // Centred on the design, a single unit is as likely under the mixture as under the design itself.
    expect(stepRatio(startRatio(), { canary: 1, stable: 0 }, 0.1).peak).toBeCloseTo(0, 9);
    // Two of two: (100/1,000)(101/1,001) against 0.1², by hand ln(1.00899…).
    const two = stepRatio(startRatio(), { canary: 2, stable: 0 }, 0.1);
    expect(two.peak).toBeCloseTo(Math.log(((100 / 1_000) * (101 / 1_001)) / 0.01), 9);
  });

  test('has expectation one under the design, whatever the units: it is an e-value exactly', () => {
    for (const share of [0.01, 0.25, 0.5]) {
      const n = 60;
      let [mean, weight] = [0, (1 - share) ** n];
      for (let canary = 0; canary <= n; canary++) {
        mean += weight * Math.exp(evidenceOf({ canary, stable: n - canary }, share));
        weight *= ((n - canary) / (canary + 1)) * (share / (1 - share));
      }
      expect(mean).toBeCloseTo(1, 9);
    }
  });

  test('is seen in at most one in a thousand rollouts assigned as designed', () => {
    const alarms = [0.01, 0.1, 0.5].flatMap((share) =>
      Array.from({ length: 1_000 }, (_, seed) =>
        unitsToAlarm(7_919 * seed, { share, truth: share, perLook: 500, looks: 60 }),
      ).filter((units) => units !== null),
    );
    expect(alarms.length).toBeLessThanOrEqual(3);
  });

  test.each([
    { share: 0.5, times: 1.05, most: 9_000 },
    { share: 0.25, times: 1.05, most: 26_000 },
    { share: 0.1, times: 1.2, most: 6_000 },
    { share: 0.01, times: 2, most: 5_500 },
  ])(
    'of $times times a share of $share is found within $most units in the median',
    ({ share, times, most }) => {
      const units = Array.from({ length: 101 }, (_, seed) =>
        unitsToAlarm(seed, { share, truth: share * times, perLook: 250, looks: 800 }),
      );
      const median = units.map((n) => n ?? Infinity).toSorted((a, b) => a - b)[50] ?? Infinity;
      expect(median).toBeLessThanOrEqual(most);
    },
  );

  test('the other way round counts as well', () => {
    const found = unitsToAlarm(3, { share: 0.5, truth: 0.45, perLook: 250, looks: 200 });
    expect(found).not.toBeNull();
  });

  test('a new share begins a new comparison and keeps what the earlier one showed', () => {
    const bad: RatioState = stepRatio(startRatio(), { canary: 300, stable: 700 }, 0.2);
    const next = stepRatio(bad, { canary: 250, stable: 250 }, 0.5);
    expect(next).toMatchObject({ share: 0.5, canary: 250, stable: 250 });
    expect(next.closed).toBeCloseTo(bad.peak, 12);
    expect(next.peak).toBe(bad.peak);
  });

  test('evidence is of totals, however they were cut into looks', () => {
    const cuts = fc.array(fc.tuple(fc.nat(200), fc.nat(200)), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(cuts, fc.constantFrom(0.05, 0.5), (looks, share) => {
        const whole = looks.reduce(([a, b], [c, s]) => [a + c, b + s] as const, [0, 0] as const);
        const cut = looks.reduce<RatioState>(
          (state, [canary, stable]) => stepRatio(state, { canary, stable }, share),
          startRatio(),
        );
        expect([cut.canary, cut.stable]).toEqual(whole);
        const logWhole = evidenceOf({ canary: whole[0], stable: whole[1] }, share);
        expect(cut.peak).toBeGreaterThanOrEqual(logWhole - 1e-9);
      }),
    );
  });
});

/** ln e of these units, also where it lies below the peak of 0 that every comparison begins with. */
function evidenceOf(units: { readonly canary: number; readonly stable: number }, share: number): number {
  const state = stepRatio(startRatio(), units, share);
  return stepRatio(state, { canary: 0, stable: 0 }, 0.5 * share).closed;
}

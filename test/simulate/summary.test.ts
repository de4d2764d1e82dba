import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/simulate/run-tally.ts';
import { type Outcome, onsetWatch, summaryOf, wilson } from '../../src/simulate/summary.ts';
import { CALM } from '../../src/simulate/world.ts';

const MINUTE = 60_000;

function ran(run: Partial<Run>, onsetMs: number | null = 0): Outcome {
  const usual: Run = {
    end: 'complete',
    endedMs: 60 * MINUTE,
    firstActionMs: null,
    firstAction: null,
    badRequests: 0,
    canaryRequests: 1_000,
    blindPromotions: 0,
    widened: 0,
    looks: 60,
  };
  return { run: { kind: 'ran', run: { ...usual, ...run } }, onsetMs };
}

describe('a share with its interval', () => {
  test.each([
    { count: 0, of: 200, low: 0, high: 0.018_85 },
    { count: 10, of: 100, low: 0.055_23, high: 0.174_37 },
    { count: 200, of: 200, low: 0.981_15, high: 1 },
  ])('of $count in $of is Wilson’s', ({ count, of, low, high }) => {
    const share = wilson(count, of);
    expect(share.low).toBeCloseTo(low, 4);
    expect(share.high).toBeCloseTo(high, 4);
  });

  test('holds what was seen, and narrows when more is', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (a, b) => {
        const [count, of] = [Math.min(a, b), Math.max(a, b, 1)];
        const one = wilson(count, of);
        expect(one.low).toBeGreaterThanOrEqual(0);
        expect(one.low).toBeLessThanOrEqual(one.share);
        expect(one.high).toBeGreaterThanOrEqual(one.share);
        expect(one.high).toBeLessThanOrEqual(1);
        const twice = wilson(2 * count, 2 * of);
        expect(twice.high - twice.low).toBeLessThan(one.high - one.low);
      }),
    );
  });

  test('of nothing may be anything', () => {
    expect(wilson(0, 0)).toMatchObject({ share: 0, low: 0, high: 1 });
  });
});

describe('many runs as one answer', () => {
  test('time to the first action runs from when the effect reached the canary', () => {
    const times = [12, 13, 14, 30].map((minute) =>
      ran({ end: 'rolled_back', firstActionMs: minute * MINUTE, badRequests: 4 }, 10 * MINUTE),
    );
    const summary = summaryOf([...times, ran({})]);
    expect(summary.firstAction).toEqual({ count: 4, medianMs: 3 * MINUTE, p90Ms: 20 * MINUTE });
    expect(summary).toMatchObject({
      rolledBack: { count: 4, of: 5 },
      complete: { count: 1 },
      harmedRequests: 3.2,
      early: 0,
    });
  });

  test('an action before there was anything to act on is early, and in no time', () => {
    const summary = summaryOf([ran({ end: 'rolled_back', firstActionMs: 5 * MINUTE }, 10 * MINUTE)]);
    expect(summary).toMatchObject({ early: 1, firstAction: null });
    const never = summaryOf([ran({ end: 'person', firstActionMs: 5 * MINUTE }, null)]);
    expect(never).toMatchObject({ early: 1, firstAction: null });
  });

  test('what was not started is in no share', () => {
    const refused: Outcome = {
      run: { kind: 'refused', why: { kind: 'unreadable', details: [] } },
      onsetMs: null,
    };
    expect(summaryOf([refused, ran({ firstActionMs: MINUTE })])).toMatchObject({
      rollouts: 2,
      refused: 1,
      complete: { count: 1, of: 1 },
      paused: 1,
    });
    expect(summaryOf([refused]).harmedRequests).toBe(0);
  });
});

test('an effect reaches the canary when it is in force and somebody is exposed', () => {
  const watch = onsetWatch({ ...CALM, effects: [{ kind: 'step', by: 0.02, fromPercent: 25 }] });
  const look = (minute: number, percent: number) =>
    watch.onLook({ elapsedMs: minute * MINUTE, percent, decision: {} as never, samples: [] });
  look(0, 0);
  look(1, 5);
  look(2, 5);
  expect(watch.onsetMs()).toBeNull();
  look(3, 25);
  look(4, 25);
  expect(watch.onsetMs()).toBe(2 * MINUTE);
  expect(onsetWatch(CALM).onsetMs()).toBe(0);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Line } from '../../../../src/core/plan/check.ts';
import { fitToTraffic } from '../../../../src/core/plan/fit-to-traffic.ts';
import { formatLadder, ladderFaults } from '../../../../src/core/plan/ladder.ts';
import type { Plan } from '../../../../src/core/plan/plan.ts';
import { adaptiveLadder } from '../../../../src/core/plan/preflight/ladder-proposal.ts';
import { preflight } from '../../../../src/core/plan/preflight.ts';
import { check, ERROR_RATE, planOf } from '../../../support/rollout-rig.ts';
import { planned } from '../plan-request.ts';
import { ladderOf, MINUTE, traffic } from './readings.ts';

const TICK_MS = 15_000;
const plan = planOf({ ladder: ladderOf(15 * MINUTE), tickMs: TICK_MS });
const proposed = (perMinute: number, more: Partial<Plan> = {}) => {
  const { workable } = preflight({ ...plan, ...more }, traffic(perMinute, 0.005));
  return workable === null ? null : formatLadder(workable);
};

describe('the ladder it offers', () => {
  test('starts where the evidence needed arrives within the first hold, and keeps the higher rungs', () => {
    expect(proposed(400)).toBe('10% for 15m → 25% for 45m → 100% for 15m');
    expect(proposed(800)).toBe('5% for 15m → 25% for 25m → 100% for 15m');
  });

  test('starts at the largest first step where none will do, and lasts as long as it must', () => {
    expect(proposed(20)).toBe('25% for 14h → 100% for 15m');
    expect(proposed(400, { largestFirstPercent: 5 })).toBe('5% for 25m → 25% for 45m → 100% for 15m');
  });

  test('leaves holds alone that are long enough', () => {
    const ladder = ladderOf(15 * MINUTE).with(2, {
      exposure: { kind: 'percent', percent: 25 },
      holdMs: 3_600_000,
    });
    expect(proposed(800, { ladder })).toBe('5% for 15m → 25% for 1h → 100% for 15m');
  });

  test('is one it accepts, keeps the end, and never starts beyond the largest first step', () => {
    const perMinute = fc.integer({ min: 5, max: 3_000 });
    const rate = fc.double({ min: 0.0005, max: 0.03, noNaN: true });
    const holdMs = fc.constantFrom(MINUTE, 15 * MINUTE);
    const lines = fc.constantFrom<Line>({ compare: 'difference', by: 0.005 }, { compare: 'ratio', times: 2 });
    const largest = fc.constantFrom(2, 10, 25);
    let offered = 0;
    fc.assert(
      fc.property(perMinute, rate, holdMs, lines, largest, (requests, p, hold, line, largestFirstPercent) => {
        const checks = [{ ...ERROR_RATE, hold: line }];
        const given = { ...plan, ladder: ladderOf(hold), checks, largestFirstPercent };
        const seen = traffic(requests, p);
        const { workable, isClearable, advice } = preflight(given, seen);
        expect(isClearable && workable !== null).toBe(false);
        if (workable === null) {
          expect(advice.length > 0).toBe(!isClearable);
          return;
        }
        offered++;
        expect(preflight({ ...given, ladder: workable }, seen).isClearable).toBe(true);
        const [first] = workable;
        expect(first?.exposure.kind === 'percent' && first.exposure.percent).toBeLessThanOrEqual(
          largestFirstPercent,
        );
        expect(workable.at(-1)?.exposure).toEqual({ kind: 'percent', percent: 100 });
        expect(workable.every((stage) => stage.holdMs >= hold)).toBe(true);
      }),
      { numRuns: 60 },
    );
    expect(offered).toBeGreaterThan(15);
  });
});

describe('where nothing can be cleared within a day', () => {
  test('the nearest lines that can be are named, and widening where it is not on yet', () => {
    const { workable, advice } = preflight(plan, traffic(5, 0.005));
    expect(workable).toBeNull();
    expect(advice).toMatchObject([
      {
        kind: 'coarser_lines',
        checkId: ERROR_RATE.id,
        times: 3,
        hold: { compare: 'difference', by: 0.015 },
        rollback: { compare: 'difference', by: 0.06 },
      },
      { kind: 'widen', upToPercent: 25 },
    ]);
    expect(preflight({ ...plan, allowWiden: true }, traffic(5, 0.005)).advice).toHaveLength(1);
  });

  test('the lines named can be cleared', () => {
    const [coarser] = preflight(plan, traffic(5, 0.005)).advice;
    if (coarser?.kind !== 'coarser_lines') throw new Error('no lines');
    const { hold, rollback } = coarser;
    expect(proposed(5, { checks: [{ ...ERROR_RATE, hold, rollback }] })).not.toBeNull();
  });
});

describe('an adaptive ladder', () => {
  test.each([
    { perMinute: 20, ladder: '25% for 14h → 100% for 15m' },
    { perMinute: 200, ladder: '25% for 90m → 100% for 15m' },
    { perMinute: 2_000, ladder: '2% → 5% → 10% → 20% → 50% → 100%, 15m per stage' },
    { perMinute: 20_000, ladder: '1% → 2% → 5% → 10% → 20% → 50% → 100%, 15m per stage' },
  ])('at $perMinute requests a minute is $ladder', ({ perMinute, ladder }) => {
    expect(formatLadder(adaptiveLadder(plan, traffic(perMinute, 0.005)))).toBe(ladder);
  });

  test('ends where the given one ends, keeps leading audiences, and leaves a switch alone', () => {
    const seen = traffic(2_000, 0.005);
    const inner = { exposure: { kind: 'audience', name: 'internal' }, holdMs: MINUTE } as const;
    const ring = [inner, ...ladderOf(15 * MINUTE, [5, 50])];
    expect(formatLadder(adaptiveLadder({ ...plan, ladder: ring }, seen))).toBe(
      'audience:internal for 3m → 2% for 15m → 5% for 15m → 10% for 15m → 20% for 15m → 50% for 15m',
    );
    const green = [{ exposure: { kind: 'switch', to: 'green' }, holdMs: MINUTE }] as const;
    expect(adaptiveLadder({ ...plan, ladder: green }, seen)).toBe(green);
  });

  test('is sound and one preflight accepts, or the one given', () => {
    const perMinute = fc.integer({ min: 1, max: 50_000 });
    const rate = fc.double({ min: 0.0005, max: 0.03, noNaN: true });
    const holdMs = fc.constantFrom(MINUTE, 15 * MINUTE, 86_400_000);
    fc.assert(
      fc.property(perMinute, rate, holdMs, (requests, p, hold) => {
        const given = { ...plan, ladder: ladderOf(hold) };
        const seen = traffic(requests, p);
        const ladder = adaptiveLadder(given, seen);
        expect(ladderFaults(ladder)).toEqual([]);
        if (ladder !== given.ladder) expect(preflight({ ...given, ladder }, seen).isClearable).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('is the plan’s own only by opting in, and then the plan says why', () => {
    const seen = traffic(2_000, 0.005);
    expect(fitToTraffic(plan, seen).ladder).toBe(plan.ladder);
    const fitted = fitToTraffic({ ...plan, ladderMode: 'adaptive' }, seen);
    expect(fitted.ladder).toEqual(adaptiveLadder(plan, seen));
    expect(fitted.ladderWhy).toContain('2000 requests/min');
    expect(fitted.settings.plannedLooks).toBe((6 * 15 * MINUTE) / TICK_MS);
  });

  test('is opted into by policy, which may also bound the first step', () => {
    expect(planned({ adaptive: true, largestFirstPercent: 10 })).toMatchObject({
      ladderMode: 'adaptive',
      largestFirstPercent: 10,
    });
    expect(Object.keys(planned())).not.toContain('ladderMode');
  });

  test('is not bent by what was only proposed', () => {
    const thin = check({
      signal: 'cache.error_rate',
      hold: { compare: 'difference', by: 0.005 },
      severity: 'major',
      provenance: [{ source: 'rule', from: 'cache', evidence: [] }],
    });
    const seen = traffic(2_000, 0.005);
    expect(adaptiveLadder({ ...plan, checks: [ERROR_RATE, thin] }, seen)).toEqual(adaptiveLadder(plan, seen));
  });
});

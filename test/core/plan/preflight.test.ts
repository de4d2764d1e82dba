import { describe, expect, test } from 'vitest';
import { fitToTraffic } from '../../../src/core/plan/fit-to-traffic.ts';
import { preflight } from '../../../src/core/plan/preflight.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { ladderOf, MINUTE, traffic } from './preflight/readings.ts';

describe('a ladder', () => {
  const plan = planOf({ ladder: ladderOf(15 * MINUTE), tickMs: 15_000 });

  test('of fifteen minutes from 1 % needs about 3,000 requests a minute at half a percent of errors', () => {
    expect(preflight(plan, traffic(3_300, 0.005)).stages[0]?.verdict).toBe('clearable');
    expect(preflight(plan, traffic(2_800, 0.005)).stages[0]?.verdict).toBe('only_if_extended');
    expect(preflight(plan, traffic(1_300, 0.005)).stages[0]?.verdict).toBe('not_clearable');
  });

  test('says what is needed, what will be seen, and which check takes longest', () => {
    const [first] = preflight(plan, traffic(1_000, 0.005)).stages;
    expect(first).toMatchObject({
      exposure: '1%',
      slowest: 'error rate',
      expectedUnits: 150,
      holdMs: 15 * MINUTE,
    });
    // 328 by the formula; 1.3 times as many for four in five good rollouts.
    expect(Math.abs((first?.neededUnits ?? 0) / 1.3 / 328 - 1)).toBeLessThan(0.15);
  });

  test('that reaches everyone asks for no evidence of its last stage', () => {
    expect(preflight(plan, traffic(20_000, 0.005)).stages.at(-1)).toMatchObject({
      neededMs: 0,
      verdict: 'clearable',
    });
  });

  test('has nothing to wait for when nothing votes', () => {
    const advice = planOf({ checks: [{ ...ERROR_RATE, severity: 'advisory' }] });
    expect(preflight(advice, traffic(0, 0))).toMatchObject({ isClearable: true, workable: null, advice: [] });
  });
});

describe('without any traffic', () => {
  test('no stage can be cleared, and no ladder is offered', () => {
    const found = preflight(planOf(), { overMs: MINUTE, samples: [] });
    expect(found).toMatchObject({ isClearable: false, unitsPerMinute: 0, workable: null, advice: [] });
    expect(found.stages[0]).toMatchObject({
      verdict: 'not_clearable',
      neededUnits: null,
      neededMs: null,
      expectedUnits: 0,
    });
  });
});

describe('a proposed check the traffic could never clear', () => {
  const proposed = check({
    signal: 'cache.error_rate',
    id: 'rule:cache.error_rate',
    severity: 'major',
    hold: { compare: 'difference', by: 0.005 },
    provenance: [{ source: 'rule', from: 'cache', evidence: [] }],
  });
  const plan = planOf({ ladder: ladderOf(15 * MINUTE), checks: [ERROR_RATE, proposed] });

  test('informs and does not vote, and that is said', () => {
    const fitted = fitToTraffic(plan, traffic(20_000, 0.005));
    expect(fitted.checks).toEqual([
      ERROR_RATE,
      { ...proposed, severity: 'advisory', hold: null, rollback: null, flags: ['low_volume'] },
    ]);
    expect(fitted.unobservable[0]?.what).toBe('cache error rate');
  });

  test('is the only kind that is demoted: a required one makes preflight refuse', () => {
    const thin = traffic(10, 0.005);
    expect(fitToTraffic(plan, thin).checks[0]).toEqual(ERROR_RATE);
    expect(preflight(fitToTraffic(plan, thin), thin).isClearable).toBe(false);
  });
});

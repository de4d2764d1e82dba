import { describe, expect, test } from 'vitest';
import type { Check } from '../../../../src/core/plan/check.ts';
import { preflight } from '../../../../src/core/plan/preflight.ts';
import { check, ERROR_RATE, planOf } from '../../../support/rollout-rig.ts';
import { fineDurations, ladderOf, MINUTE, reading, traffic, values } from './readings.ts';

const plan = planOf({ ladder: ladderOf(15 * MINUTE) });
const P95 = check({ signal: 'http.latency_p95', hold: { compare: 'ratio', times: 1.5 } });
const harms = (checks: readonly Check[], seen = traffic(2_000, 0.005)) =>
  preflight({ ...plan, checks }, seen).stages.map((stage) => stage.harm);

describe('what a regression costs before it is found', () => {
  test('depends on the requests needed, hardly on the exposure, while the time falls with exposure', () => {
    const at = (percent: number) =>
      preflight({ ...plan, ladder: ladderOf(15 * MINUTE, [percent, 100]) }, traffic(600, 0.005)).stages[0]
        ?.harm;
    const [low, high] = [at(1), at(25)];
    expect((high?.requests ?? 0) / (low?.requests ?? 1)).toBeLessThan(1.5);
    expect((low?.ms ?? 0) / (high?.ms ?? 1)).toBeGreaterThan(15);
  });

  test('counts the requests that fail because of it, at the rollback line', () => {
    const [first] = harms([ERROR_RATE]);
    expect(first).toMatchObject({ checkId: ERROR_RATE.id, action: 'rollback', line: ERROR_RATE.rollback });
    expect(first?.badRequests).toBe(Math.round((first?.requests ?? 0) * 0.02));
  });

  test('takes twice the hold line where there is no rollback line, and a hold is what comes of it', () => {
    const [first] = harms([{ ...ERROR_RATE, rollback: null }]);
    expect(first).toMatchObject({ action: 'hold', line: { compare: 'difference', by: 0.01 } });
  });

  test('is that of the slowest check that may roll back, whatever others may hold', () => {
    const slower: Check = { ...ERROR_RATE, id: 'slower', rollback: { compare: 'difference', by: 0.01 } };
    const major: Check = {
      ...slower,
      id: 'major',
      severity: 'major',
      hold: { compare: 'difference', by: 0.001 },
    };
    expect(harms([ERROR_RATE, slower, major])[0]?.checkId).toBe('slower');
  });

  test('takes more where it begins with a later stage, which a clean past speaks against', () => {
    const [first, second] = harms([ERROR_RATE]);
    expect(second?.requests ?? 0).toBeGreaterThan(first?.requests ?? 0);
  });

  test('is never less than one look shows', () => {
    const [, , third] = harms([ERROR_RATE], traffic(1_000_000, 0.005));
    const lookUnits = (1_000_000 / MINUTE) * plan.tickMs * 0.25;
    expect(third?.requests).toBeGreaterThanOrEqual(lookUnits);
    expect(third?.ms).toBeGreaterThanOrEqual(plan.tickMs);
  });

  test('counts what is slower than stable’s quantile for latency, and nothing as bad for a mean', () => {
    const mean = check({
      signal: 'custom:value',
      measure: { kind: 'mean', cuped: false },
      worse: 'decrease',
      hold: { compare: 'ratio', times: 0.9 },
    });
    const seen = reading({ [P95.signal]: fineDurations(2_000), [mean.signal]: values(2_000, 1) });
    const [slow] = harms([P95], seen);
    // Twice the hold line is its square: 2.25 times as long, so about 1 / 2.25 of the way down the tail.
    expect((slow?.badRequests ?? 0) / (slow?.requests ?? 1)).toBeCloseTo(0.05 * 2.25 ** 0.97 - 0.05, 2);
    const [sold] = harms([mean], seen);
    expect(sold).toMatchObject({ action: 'hold', badRequests: null });
    expect(sold?.requests ?? 0).toBeGreaterThan(200);
  });

  test('has no bound where everyone is exposed, where nothing has a line, and where it would never be found', () => {
    expect(harms([ERROR_RATE]).at(-1)).toBeNull();
    expect(harms([check({ signal: ERROR_RATE.signal })])[0]).toBeNull();
    expect(harms([check({ signal: 'unseen', hold: { compare: 'ratio', times: 2 } })])[0]).toBeNull();
  });
});

import { describe, expect, test } from 'vitest';
import type { Part, Sample } from '../../../src/core/gate/sample.ts';
import { ERROR_RATE } from '../../support/rollout-rig.ts';
import { endlessPlan, findingsOf, gateRun, lastOf, repeated } from './gate-run.ts';
import { sample } from './looks.ts';

const PLAN = endlessPlan({ checks: [ERROR_RATE] });
type Pod = readonly [x: number, n: number];
const GOOD: Pod = [1, 250];
const BAD: Pod = [125, 250];

function look(pods: readonly Pod[]): readonly Sample[] {
  const clusters = pods.map(([x, n], at): Part => ({ key: `pod-${at}`, n, x }));
  const total = (key: 'n' | 'x') => clusters.reduce((sum, part) => sum + part[key], 0);
  return [
    sample(ERROR_RATE.signal, 'canary', { kind: 'share', n: total('n'), x: total('x'), clusters }),
    sample(ERROR_RATE.signal, 'stable', { kind: 'share', n: 9_000, x: 36 }),
  ];
}
const seen = (pods: readonly Pod[], looks = 30) => gateRun(PLAN, repeated(look(pods), looks));
const outcomes = (pods: readonly Pod[], looks = 30) =>
  findingsOf(seen(pods, looks), ERROR_RATE.id).map(({ outcome }) => outcome);

describe('one bad pod', () => {
  test('of four, failing every second request, is named and blamed on nothing: no breach, never clear', () => {
    const found = findingsOf(seen([BAD, GOOD, GOOD, GOOD]), ERROR_RATE.id);
    expect(found.every(({ outcome }) => !outcome.startsWith('breach') && outcome !== 'clear')).toBe(true);
    expect(lastOf(found)).toMatchObject({ outcome: 'ambiguous', reason: 'one_cluster_explains' });
  });

  test('is not what two or three bad ones are: those breach', () => {
    expect(lastOf(outcomes([BAD, BAD, BAD, GOOD]))).toMatch(/^breach/);
    expect(lastOf(outcomes([BAD, BAD, GOOD, GOOD]))).toMatch(/^breach/);
  });

  test('explains nothing where the others are over the line by themselves', () => {
    expect(lastOf(outcomes([BAD, [12, 250], [12, 250], [12, 250]]))).toMatch(/^breach/);
  });

  test('of one is the canary: there is no other to speak for it', () => {
    expect(lastOf(outcomes([[500, 1_000]], 4))).toBe('breach_rollback');
  });

  test('of many that are all as bad is the canary too', () => {
    expect(lastOf(outcomes(repeated<Pod>([13, 250], 4), 10))).toBe('breach_rollback');
  });

  test('is named although the others stray over the line: two errors of two hundred are no evidence', () => {
    const quiet = look(repeated<Pod>([0, 10], 4));
    const calm = look([
      [30, 60],
      [0, 20],
      [0, 20],
      [0, 20],
    ]);
    const stray = look([
      [40, 80],
      [2, 25],
      [0, 25],
      [0, 25],
    ]);
    const found = lastOf(findingsOf(gateRun(PLAN, [quiet, stray, calm, calm]), ERROR_RATE.id));
    expect(found.harm.log).toBeGreaterThan(found.harm.holdThreshold);
    expect(found).toMatchObject({ outcome: 'ambiguous', reason: 'one_cluster_explains' });
  });

  test('that came late is named from what the trailing window shows', () => {
    const healthy = look([GOOD, GOOD, GOOD, GOOD]);
    const run = gateRun(PLAN, [...repeated(healthy, 200), ...repeated(look([BAD, GOOD, GOOD, GOOD]), 20)]);
    const found = findingsOf(run, ERROR_RATE.id);
    expect(found.every(({ outcome }) => !outcome.startsWith('breach'))).toBe(true);
    expect(lastOf(found).outcome).toBe('ambiguous');
  });
});

describe('pods that do not add up to the whole', () => {
  test('were not counted from the same events, and are no evidence', () => {
    const [canary, stable] = look([GOOD, GOOD, GOOD, GOOD]);
    if (canary?.stat?.kind !== 'share' || stable === undefined) throw new Error('no share');
    const torn = { ...canary, stat: { ...canary.stat, n: canary.stat.n + 1 } };
    const found = findingsOf(gateRun(PLAN, repeated([torn, stable], 6)), ERROR_RATE.id);
    expect(found.every(({ outcome, reason }) => outcome === 'no_data' && reason === 'unreadable')).toBe(true);
    expect(lastOf(found).blind?.why).toBe('inconsistent');
  });
});

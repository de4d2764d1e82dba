import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import type { Part, Sample } from '../../../src/core/gate/sample.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { SLOWEST } from './decision-series.ts';
import { endlessPlan, findingsOf, gateRun, lastOf, repeated } from './gate-run.ts';
import { sample, shares } from './looks.ts';

/**
 * The smallest cases that the properties of decisions met and that ended badly once.
 */
type Counted = readonly (readonly [key: string, n: number, x: number])[];

function arm(cohort: Sample['cohort'], told: 'segments' | 'clusters', seen: Counted): Sample {
  const parts = seen.map(([key, n, x]): Part => ({ key, n, x }));
  const total = (of: 'n' | 'x') => parts.reduce((sum, part) => sum + part[of], 0);
  return sample(ERROR_RATE.signal, cohort, { kind: 'share', n: total('n'), x: total('x'), [told]: parts });
}

describe('a canary wholly in a segment where stable has had nothing bad', () => {
  const look = (bad: number) => [
    arm('canary', 'segments', [['b', 100, bad]]),
    arm('stable', 'segments', [
      ['a', 900, 8],
      ['b', 900, 0],
    ]),
  ];
  const ratio = check({ signal: ERROR_RATE.signal, hold: { compare: 'ratio', times: 1.5 } });

  test.each([
    { title: 'in points', of: ERROR_RATE },
    { title: 'as a ratio', of: ratio },
  ])('leaves evidence that is a number, $title', ({ of }) => {
    const plan = endlessPlan({ checks: [of] });
    const { log } = lastOf(findingsOf(gateRun(plan, repeated(look(0), 2)), of.id)).harm;
    expect(Number.isFinite(log)).toBe(true);
  });

  test('can be stored: its decision has canonical text', () => {
    const { decisions } = gateRun(endlessPlan({ checks: [ERROR_RATE] }), repeated(look(0), 2));
    expect(() => canonicalJson(lastOf(decisions))).not.toThrow();
  });

  test('is rolled back when two thirds of it fail', () => {
    const plan = endlessPlan({ checks: [ERROR_RATE] });
    const run = gateRun(plan, [...repeated(look(0), 2), ...repeated(look(66), 10)]);
    expect(run.decisions.map(({ kind }) => kind)).toContain('rollback');
  });
});

describe('a canary whose one hot pod explains what is bad', () => {
  const quiet = [
    arm('canary', 'clusters', [
      ['a', 500, 1],
      ['b', 500, 1],
    ]),
    arm('stable', 'clusters', [['c', 9_000, 18]]),
  ];
  const hot = [
    arm('canary', 'clusters', [
      ['a', 500, 100],
      ['b', 500, 1],
    ]),
    ...quiet.slice(1),
  ];
  const lost = quiet.map((one) => ({
    ...one,
    stat: null,
    quality: { ...one.quality, unusable: 'unreachable' as const, detail: 'nobody answered' },
  }));

  test('is no data when it cannot be read', () => {
    const run = gateRun(endlessPlan({ checks: [ERROR_RATE] }), [...repeated(quiet, 3), hot, lost]);
    expect(lastOf(findingsOf(run, ERROR_RATE.id))).toMatchObject({
      outcome: 'no_data',
      reason: 'unreadable',
    });
  });

  test('holds once it could not be read for as long as a reading stays fresh', () => {
    const run = gateRun(endlessPlan({ checks: [ERROR_RATE] }), [
      ...repeated(quiet, 3),
      hot,
      ...repeated(lost, 5),
    ]);
    expect(lastOf(run.decisions)).toMatchObject({ kind: 'hold', reason: 'telemetry_blind' });
  });

  test('does not complete a rollout at 100 % while it cannot be read', () => {
    const few = (bad: number) => [
      arm('canary', 'clusters', [
        ['a', 50, bad],
        ['b', 50, 0],
      ]),
      arm('stable', 'clusters', [['c', 500, 1]]),
    ];
    const ladder = [10, 100].map((percent) => ({
      exposure: { kind: 'percent' as const, percent },
      holdMs: 4_000,
    }));
    const plan = planOf({ checks: [ERROR_RATE], ladder, allowWiden: true });
    const run = gateRun(plan, [...repeated(few(0), 9), few(10), ...repeated(lost, 4)]);
    expect(run.decisions.map(({ kind }) => kind)).not.toContain('complete');
  });
});

describe('a reply that says it is usable and counts nothing', () => {
  const healthy = shares(ERROR_RATE.signal, { canary: [2, 1_000], stable: [18, 9_000] });
  const empty = healthy.map((one) => ({ ...one, stat: null }));
  const plan = planOf({ checks: [ERROR_RATE] });

  test('never promotes', () => {
    const run = gateRun(plan, [...repeated(healthy, 9), empty]);
    expect(lastOf(run.decisions).kind).not.toBe('promote');
  });

  test('holds once that lasts as long as a reading stays fresh', () => {
    const run = gateRun(endlessPlan({ checks: [ERROR_RATE] }), [
      ...repeated(healthy, 9),
      ...repeated(empty, 5),
    ]);
    expect(lastOf(run.decisions)).toMatchObject({ kind: 'hold', reason: 'telemetry_blind' });
  });
});

describe('a histogram whose segments are no counts', () => {
  test('is no data, and what is remembered of it has canonical text', () => {
    const look = (slow: number) =>
      (['canary', 'stable'] as const).map((cohort) =>
        sample(SLOWEST.signal, cohort, {
          kind: 'histogram',
          bounds: [10, 20, 40, 80],
          counts: [0, 400, 90, 10, 0],
          segments: [{ key: 'a', counts: [0, 400, slow, 10, 0] }],
        }),
      );
    const run = gateRun(endlessPlan({ checks: [SLOWEST] }), [...repeated(look(90), 5), look(Number.NaN)]);
    expect(lastOf(findingsOf(run, SLOWEST.id)).outcome).toBe('no_data');
  });
});

import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { endlessPlan, findingsOf, gateRun, lastOf, repeated } from './gate-run.ts';
import { sample, shares } from './looks.ts';

const expected = (signal: string, more: Partial<Check> = {}): Check =>
  check({ signal, intent: 'expect_change', severity: 'advisory', ...more });
const bounds = Array.from({ length: 60 }, (_, edge) => 2 * 1.1 ** edge);
const spread = (n: number, middle: number) => ({
  kind: 'histogram' as const,
  bounds,
  counts: Array.from({ length: 61 }, (_, bucket) =>
    Math.round(n * Math.exp(-((bucket - middle) ** 2) / 20) * 0.126),
  ),
});

/** Every kind of signal, with a change for the better, none, and one for the worse, of a signal whose rise is bad. */
const KINDS: readonly {
  readonly kind: string;
  readonly of: (worse: Check['worse']) => Check;
  readonly look: (moved: 'fell' | 'stayed' | 'rose') => readonly Sample[];
}[] = [
  {
    kind: 'share',
    of: (worse) => expected('cache.error_rate', { worse }),
    look: (moved) => {
      const x = { fell: 20, stayed: 90, rose: 200 }[moved];
      return shares('cache.error_rate', { canary: [x, 1_000], stable: [810, 9_000] });
    },
  },
  {
    kind: 'count',
    of: (worse) => expected('retries', { worse, measure: { kind: 'count' } }),
    look: (moved) => {
      const x = { fell: 400, stayed: 1_200, rose: 3_000 }[moved];
      return [
        sample('retries', 'canary', { kind: 'count', n: 1_000, x }),
        sample('retries', 'stable', { kind: 'count', n: 9_000, x: 10_800 }),
      ];
    },
  },
  {
    kind: 'quantile',
    of: (worse) => expected('http.latency_p95', { worse }),
    look: (moved) => [
      sample('http.latency_p95', 'canary', spread(2_000, { fell: 18, stayed: 25, rose: 33 }[moved])),
      sample('http.latency_p95', 'stable', spread(18_000, 25)),
    ],
  },
  {
    kind: 'level',
    of: (worse) => expected('process.memory', { worse, measure: { kind: 'level' } }),
    look: (moved) => [
      sample('process.memory', 'canary', {
        kind: 'level',
        value: { fell: 80, stayed: 102, rose: 130 }[moved],
      }),
      sample('process.memory', 'stable', { kind: 'level', value: 100 }),
    ],
  },
];

describe.each(KINDS)('an expected change of a $kind', ({ of, look }) => {
  const reasonOf = (worse: Check['worse'], moved: 'fell' | 'stayed' | 'rose') => {
    const watched = of(worse);
    const run = gateRun(endlessPlan({ checks: [watched] }), repeated(look(moved), 8));
    return lastOf(findingsOf(run, watched.id)).reason;
  };

  test.each([
    { worse: 'increase', moved: 'fell', reason: 'expected_change_confirmed' },
    { worse: 'increase', moved: 'stayed', reason: 'expected_change_not_seen' },
    { worse: 'increase', moved: 'rose', reason: 'expected_change_opposite' },
    { worse: 'decrease', moved: 'rose', reason: 'expected_change_confirmed' },
    { worse: 'decrease', moved: 'stayed', reason: 'expected_change_not_seen' },
    { worse: 'decrease', moved: 'fell', reason: 'expected_change_opposite' },
  ] as const)('whose $worse is bad and that $moved: $reason', ({ worse, moved, reason }) => {
    expect(reasonOf(worse, moved)).toBe(reason);
  });

  test('neither helps nor hinders: a good release is promoted at the same look with it as without', () => {
    const good = shares(ERROR_RATE.signal, { canary: [2, 1_000], stable: [18, 9_000] });
    for (const moved of ['fell', 'stayed', 'rose'] as const) {
      const plan = planOf({ checks: [ERROR_RATE, of('increase')] });
      const { decisions } = gateRun(plan, repeated([...good, ...look(moved)], 12));
      const alone = gateRun(planOf(), repeated(good, 12)).decisions;
      expect(decisions.map(({ reason }) => reason)).toEqual(alone.map(({ reason }) => reason));
      expect(decisions.some(({ kind }) => kind === 'promote')).toBe(true);
    }
  });
});

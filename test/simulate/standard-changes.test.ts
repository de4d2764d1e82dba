import { describe, expect, test } from 'vitest';
import type { Check } from '../../src/core/plan/check.ts';
import { formatChange, readChange } from '../../src/simulate/effect-text.ts';
import { expectationOf, standardChanges } from '../../src/simulate/standard-changes.ts';
import { worldTraffic } from '../../src/simulate/traffic.ts';
import { type WorldFacts, worldOf } from '../../src/simulate/world-of-plan.ts';
import { check, ERROR_RATE, P95, planOf } from '../support/rollout-rig.ts';

const MINUTE = 60_000;
const FACTS: WorldFacts = { requestsPerMinute: 2_000, errorRate: 0.005, noise: 'usual' };

function plan(checks: readonly Check[]) {
  const ladder = [1, 5, 25, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 15 * MINUTE,
  }));
  return planOf({ ladder, checks, tickMs: 15_000 });
}

function standardOf(checks: readonly Check[]): readonly string[] {
  return standardChanges(plan(checks), FACTS).map(formatChange);
}

const HIT_RATIO = check({
  signal: 'cache.hit_ratio',
  worse: 'decrease',
  hold: { compare: 'difference', by: 0.05 },
});

describe('the standard effects come from the plan’s own lines', () => {
  test('a hold and a rollback line', () => {
    expect(standardOf([P95, ERROR_RATE])).toEqual([
      'none',
      'incident x6 at 20m for 8m',
      '+0.25 points',
      '+0.7 points',
      '+2 points',
      '+6 points',
      '+3 points from 38m',
      'dead at 8m',
    ]);
  });

  test.each<[string, Check, readonly string[]]>([
    [
      'a ratio of the stable rate',
      check({ signal: 'http.error_rate', rollback: { compare: 'ratio', times: 2 } }),
      ['+0.13 points', '+0.35 points', '+0.5 points', '+1.5 points', '+0.75 points from 38m'],
    ],
    ['a latency alone', P95, ['latency x1.22', 'latency x1.76', 'latency x3.38', 'latency x3.38 from 38m']],
    [
      'a share whose fall is bad',
      HIT_RATIO,
      [2.5, 7, 15]
        .map((by) => `-${by} points of cache.hit_ratio`)
        .concat('-15 points of cache.hit_ratio from 38m'),
    ],
    [
      'a level, which nothing moves by a known amount',
      check({ signal: 'queue.depth', measure: { kind: 'level' } }),
      [],
    ],
  ])('%s', (_, only, sized) => {
    expect(standardOf([only])).toEqual(['none', 'incident x6 at 20m for 8m', ...sized, 'dead at 8m']);
  });

  test('can all be written by a person, too', () => {
    for (const text of standardOf([ERROR_RATE, P95]))
      expect(readChange(text)).toMatchObject({ kind: 'read' });
  });
});

test.each([
  ['none', 'good'],
  ['incident x6', 'shared'],
  ['segment mix a 60%/50% x2, b 40%/50% x1', 'shared'],
  ['dead', 'blind'],
  ['telemetry timeout', 'blind'],
  ['+0.4 points', 'allowed'],
  ['-2 points', 'allowed'],
  ['+0.5 points', 'harm'],
  ['-1 points of cache.hit_ratio', 'harm'],
  ['latency x1.4', 'allowed'],
  ['latency x1.6', 'harm'],
  ['drift 0.1 points per minute', 'harm'],
])('%s should be met as %s', (text, expectation) => {
  const reading = readChange(text);
  if (reading.kind === 'unreadable') throw new Error(reading.why);
  expect(expectationOf(plan([ERROR_RATE, P95]), FACTS, reading.change)).toBe(expectation);
});

describe('a world for a plan', () => {
  test('has a signal of the right kind for every check, healthy by every fixed limit', () => {
    const checks = [
      ERROR_RATE,
      HIT_RATIO,
      check({ signal: 'http.latency_p95', hold: { compare: 'absolute', at: 120 } }),
      check({ signal: 'queue.depth', measure: { kind: 'level' }, hold: { compare: 'absolute', at: 40 } }),
      check({
        signal: 'dependency.call_rate',
        measure: { kind: 'count' },
        hold: { compare: 'ratio', times: 2 },
      }),
    ];
    const world = worldOf(plan(checks), { ...FACTS, noise: 'none' }, { kind: 'none' }, 1);
    expect(world.signals).toMatchObject({
      'http.error_rate': { kind: 'share', rate: 0.005 },
      'cache.hit_ratio': { kind: 'share', rate: 0.95 },
      'queue.depth': { kind: 'level', value: 20 },
      'dependency.call_rate': { kind: 'count' },
    });
    const samples = worldTraffic(world, 0).count({
      from: 0,
      to: 10 * MINUTE,
      percent: 10,
      signals: checks.map(({ signal }) => signal),
    });
    const stat = samples.find(({ signal }) => signal === 'http.latency_p95')?.stat;
    if (stat?.kind !== 'histogram') throw new Error('no histogram');
    const over = stat.bounds.findIndex((bound) => bound >= 120);
    const slow = stat.counts.slice(over + 1).reduce((sum, count) => sum + count, 0);
    const all = stat.counts.reduce((sum, count) => sum + count, 0);
    expect(slow / all).toBeLessThan(0.05);
  });

  test('has pods where one of them is to be bad, and segments where they are to differ', () => {
    const bad = worldOf(
      plan([ERROR_RATE]),
      FACTS,
      { kind: 'effect', effect: { kind: 'bad_pod', errorRate: 0.5 } },
      1,
    );
    expect(bad.pods.canary).toBeGreaterThan(1);
    const segments = [{ name: 'all', canaryShare: 1, stableShare: 1, times: 1 }];
    expect(worldOf(plan([ERROR_RATE]), FACTS, { kind: 'segments', segments }, 1).segments).toEqual(segments);
  });
});

import { describe, expect, test } from 'vitest';
import type { SignalKind } from '../../src/core/plan/signal-kinds.ts';
import type { Answer, Watched } from './answer.ts';
import { failedBars } from './bars.ts';
import { labelSchema } from './label.ts';
import type { LabelledCase } from './labelled-case.ts';
import { pairsOf } from './metamorphic.ts';
import { scoreOf } from './score.ts';
import { totalsOf } from './totals.ts';

const guardOf = (signalKind: SignalKind, over: Partial<Watched> = {}): Watched => ({
  signalKind,
  intent: 'guard',
  direction: 'increase',
  flags: [],
  why: 'said so',
  ...over,
});

const answerOf = (watched: readonly Watched[], over: Partial<Answer> = {}): Answer => ({
  watched,
  checks: watched.length,
  risk: 'medium',
  riskReasons: [],
  rollbackSafe: 'yes',
  ...over,
});

const caseOf = (label: Record<string, unknown> = {}, name = 'one'): LabelledCase => ({
  name,
  diff: '',
  label: labelSchema.parse({
    title: 'A change',
    class: 'cache',
    languages: ['go'],
    split: 'build',
    must: ['cache.hit_ratio', 'cache.error_rate'],
    nice: ['http.latency_p95'],
    should_not: ['payment.*'],
    risk: 'medium',
    ...label,
  }),
});
const EMPTY = { empty: true, must: [], nice: [], should_not: ['*'] };

describe('a case', () => {
  test('sorts what is watched into wanted, acceptable, stray and wrong, and names what is missed', () => {
    const answer = answerOf([
      guardOf('cache.hit_ratio'),
      guardOf('http.latency_p95'),
      guardOf('process.cpu'),
      guardOf('payment.failure_rate'),
    ]);
    expect(scoreOf(caseOf(), answer)).toMatchObject({
      hit: ['cache.hit_ratio'],
      missed: ['cache.error_rate'],
      nice: ['http.latency_p95'],
      stray: ['process.cpu'],
      wrong: ['payment.failure_rate'],
    });
  });

  test('holds labelled intents, directions and flags against the answer', () => {
    const labelled = caseOf({
      expected: [
        { kind: 'cache.hit_ratio', intent: 'expect_change', direction: 'decrease' },
        { kind: 'cache.error_rate', flags: ['shared_by_both_fleets', 'low_volume'] },
      ],
    });
    const answer = answerOf([
      guardOf('cache.hit_ratio', { flags: ['expected_to_move'] }),
      guardOf('cache.error_rate', { flags: ['low_volume'] }),
    ]);
    const score = scoreOf(labelled, answer);
    expect(score.expected).toBe(4);
    expect(score.unexpected).toEqual([
      'cache.hit_ratio direction decrease',
      'cache.error_rate shared_by_both_fleets',
    ]);
  });

  test('whose label has no rollback safety is not judged by it', () => {
    expect(scoreOf(caseOf(), answerOf([])).isRollbackRight).toBeNull();
    expect(scoreOf(caseOf({ rollbackSafe: 'no' }), answerOf([])).isRollbackRight).toBe(false);
  });
});

describe('totals', () => {
  const good = scoreOf(caseOf(), answerOf([guardOf('cache.hit_ratio'), guardOf('cache.error_rate')]));
  const half = scoreOf(caseOf(), answerOf([guardOf('cache.hit_ratio'), guardOf('payment.failure_rate')]));
  const noisy = scoreOf(caseOf(EMPTY), answerOf([guardOf('http.error_rate')]));

  test('are shares of all signals, not means of cases', () => {
    expect(totalsOf([good, half])).toMatchObject({ recall: 0.75, precision: 0.75, noise: 0.25 });
  });

  test('count anything on an empty case as noise', () => {
    expect(totalsOf([noisy])).toMatchObject({ empties: 1, emptiesClean: 0, noise: 1, recall: null });
  });

  test('take the median of checks over the cases that need some', () => {
    const quiet = scoreOf(caseOf(EMPTY), answerOf([]));
    expect(totalsOf([good, quiet, quiet])).toMatchObject({ medianChecks: 2, mostChecks: 2 });
  });

  test('fail just the bars they are below', () => {
    expect(failedBars(totalsOf([good]))).toEqual([]);
    expect(failedBars(totalsOf([good, half])).map(({ name }) => name)).toEqual(['recall', 'noise']);
    expect(failedBars(totalsOf([noisy])).map(({ name }) => name)).toEqual([
      'precision',
      'noise',
      'empty cases clean',
    ]);
    const calm = scoreOf(
      caseOf({ risk: 'high', must: [], nice: ['db.lock_wait'] }),
      answerOf([], { risk: 'low' }),
    );
    expect(failedBars(totalsOf([calm])).map(({ name }) => name)).toEqual(['risk within one level']);
  });
});

test('a variant of which other signals are watched among those that must be is a broken pair', () => {
  const base = caseOf({}, 'base');
  const variants = ['same', 'other'].map((name) => caseOf({ variantOf: 'base' }, name));
  const answers = new Map([
    ['base', answerOf([guardOf('cache.hit_ratio'), guardOf('http.error_rate')])],
    ['same', answerOf([guardOf('http.error_rate'), guardOf('cache.hit_ratio')])],
    ['other', answerOf([guardOf('http.error_rate')])],
  ]);
  expect(pairsOf(answers, [base, ...variants])).toMatchObject({ cases: 2, broken: ['other'] });
});

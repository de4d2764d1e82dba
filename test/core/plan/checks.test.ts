import { describe, expect, test } from 'vitest';
import type { InstructionRule } from '../../../src/core/plan/instruction.ts';
import { checksOfRules } from '../../../src/core/plan/rule-checks.ts';
import type { SignalShape } from '../../../src/core/plan/signal-kinds.ts';

type RuleWords = Partial<InstructionRule> & Pick<InstructionRule, 'metric' | 'value'>;

function rule(words: RuleWords): InstructionRule {
  return {
    compare: 'points',
    against: 'stable',
    direction: 'above',
    unit: words.compare ?? 'points',
    action: 'hold',
    notify: false,
    phrase: `the rule on ${words.metric}`,
    ...words,
  };
}

const P95 = { kind: 'quantile', p: 0.95 } as const;

describe('the two sentences of the product', () => {
  test('“hold at 0.5 points over stable, roll back at 2” is one critical check with both lines', () => {
    const { checks, questions } = checksOfRules(
      [
        rule({ metric: 'error_rate', value: 0.5 }),
        rule({ metric: 'error_rate', value: 2, action: 'rollback' }),
      ],
      null,
    );
    expect(questions).toEqual([]);
    expect(checks).toHaveLength(1);
    expect(checks[0]).toMatchObject({
      id: 'http.error_rate',
      signal: 'http.error_rate',
      measure: { kind: 'share' },
      worse: 'increase',
      hold: { compare: 'difference', by: 0.005 },
      rollback: { compare: 'difference', by: 0.02 },
      severity: 'critical',
      intent: 'guard',
    });
    expect(checks[0]?.provenance.map(({ source }) => source)).toEqual(['instruction', 'instruction']);
  });

  test('“within 10 % of stable, roll back when errors double” is a band both ways, and the doubling on the rise', () => {
    const within = { compare: 'percent', value: 10, direction: 'either', unit: 'percent' } as const;
    const { checks, questions } = checksOfRules(
      [
        rule({ metric: 'error_rate', ...within }),
        rule({ metric: 'latency_p95', ...within }),
        rule({ metric: 'error_rate', compare: 'times', value: 2, action: 'rollback', unit: 'times' }),
      ],
      null,
    );
    expect(questions).toEqual([]);
    expect(
      checks.map(({ id, measure, worse, hold, rollback }) => ({ id, measure, worse, hold, rollback })),
    ).toEqual([
      {
        id: 'http.error_rate',
        measure: { kind: 'share' },
        worse: 'increase',
        hold: { compare: 'band', times: 1.1, floor: 0.001 },
        rollback: { compare: 'ratio', times: 2 },
      },
      {
        id: 'http.error_rate/decrease',
        measure: { kind: 'share' },
        worse: 'decrease',
        hold: { compare: 'band', times: 0.9, floor: 0.001 },
        rollback: null,
      },
      {
        id: 'http.latency_p95',
        measure: P95,
        worse: 'increase',
        hold: { compare: 'band', times: 1.1, floor: 10 },
        rollback: null,
      },
      {
        id: 'http.latency_p95/decrease',
        measure: P95,
        worse: 'decrease',
        hold: { compare: 'band', times: 0.9, floor: 10 },
        rollback: null,
      },
    ]);
  });
});

describe('a rule', () => {
  test.each([
    {
      title: 'in ms over stable',
      words: { metric: 'latency_p95', value: 50, unit: 'ms' },
      line: { compare: 'difference', by: 50 },
    },
    {
      title: 'in s over stable',
      words: { metric: 'latency_p95', value: 1, unit: 's' },
      line: { compare: 'difference', by: 1_000 },
    },
    {
      title: 'over a fixed latency',
      words: { metric: 'latency_p95', compare: 'absolute', value: 300, unit: 'ms', against: 'fixed' },
      line: { compare: 'absolute', at: 300 },
    },
    {
      title: 'over a fixed share in percent',
      words: { metric: 'error_rate', compare: 'absolute', value: 5, unit: 'percent', against: 'fixed' },
      line: { compare: 'absolute', at: 0.05 },
    },
    {
      title: 'under a fixed share in percent',
      words: {
        metric: 'cache.hit_ratio',
        compare: 'absolute',
        value: 95,
        unit: 'percent',
        against: 'fixed',
        direction: 'below',
      },
      line: { compare: 'absolute', at: 0.95 },
    },
    {
      title: 'in times less',
      words: { metric: 'cache.hit_ratio', compare: 'times', value: 0.5, unit: 'times', direction: 'below' },
      line: { compare: 'ratio', times: 0.5 },
    },
  ] as const)('$title keeps its unit', ({ words, line }) => {
    expect(checksOfRules([rule(words)], null).checks[0]?.hold).toEqual(line);
  });

  test('each latency quantile is a check of its own on the one request histogram', () => {
    const rules = (['latency_p50', 'latency_p99', 'latency_p99.9'] as const).map((metric) =>
      rule({ metric, compare: 'percent', value: 20, unit: 'percent' }),
    );
    const { checks } = checksOfRules(rules, null);
    expect(checks.map(({ id, signal }) => [id, signal])).toEqual([
      ['http.latency_p50', 'http.latency_p95'],
      ['http.latency_p99', 'http.latency_p95'],
      ['http.latency_p99.9', 'http.latency_p95'],
    ]);
    expect(checks.map(({ measure }) => (measure.kind === 'quantile' ? measure.p : null))).toEqual([
      0.5, 0.99, 0.999,
    ]);
  });

  test('that only notifies informs, beside the one that holds', () => {
    const { checks } = checksOfRules(
      [
        rule({ metric: 'error_rate', value: 0.2, action: 'notify', notify: true }),
        rule({ metric: 'error_rate', value: 0.5 }),
      ],
      null,
    );
    expect(checks.map(({ id, severity }) => [id, severity])).toEqual([
      ['http.error_rate', 'advisory'],
      ['http.error_rate#2', 'critical'],
    ]);
  });

  test('with a fixed limit does not share a check with one against stable', () => {
    const { checks } = checksOfRules(
      [
        rule({ metric: 'error_rate', value: 0.5 }),
        rule({
          metric: 'error_rate',
          compare: 'absolute',
          value: 5,
          unit: 'percent',
          against: 'fixed',
          action: 'rollback',
        }),
      ],
      null,
    );
    expect(checks).toHaveLength(2);
  });

  test.each([
    {
      title: 'of a signal nobody measures',
      words: { metric: 'cache.hit_ratio', value: 5 },
      asks: 'no signal is configured',
    },
    {
      title: 'of a level against the previous stage',
      words: {
        metric: 'queue.depth',
        compare: 'percent',
        unit: 'percent',
        value: 10,
        against: 'previous_stage',
      },
      asks: 'the previous stage',
    },
    {
      title: 'against an A/B prediction that nobody configured',
      words: { metric: 'error_rate', value: 1, against: 'ab_prediction' },
      asks: 'prediction',
    },
    {
      title: 'in points of a latency',
      words: { metric: 'latency_p95', value: 5 },
      asks: 'is no line for p95 latency',
    },
    { title: 'of no size', words: { metric: 'error_rate', value: 0 }, asks: 'is no line for error rate' },
    {
      title: 'below a fixed latency',
      words: {
        metric: 'latency_p95',
        compare: 'absolute',
        value: 9,
        unit: 'ms',
        against: 'fixed',
        direction: 'below',
      },
      asks: 'is no line for p95 latency',
    },
    {
      title: 'above 150 percent of requests',
      words: { metric: 'error_rate', compare: 'absolute', value: 150, unit: 'percent', against: 'fixed' },
      asks: 'is no line for error rate',
    },
  ] as const)('$title becomes a question, never a check', ({ words, asks }) => {
    const measurable = new Map<string, SignalShape>([
      ['http.error_rate', 'share'],
      ['http.latency_p95', 'quantile'],
      ['queue.depth', 'level'],
    ]);
    const { checks, questions } = checksOfRules([rule(words)], measurable);
    expect(checks).toEqual([]);
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(asks);
    expect(questions[0]).toContain(`the rule on ${words.metric}`);
  });
});

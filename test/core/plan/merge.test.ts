import { describe, expect, test } from 'vitest';
import type { Line } from '../../../src/core/plan/check.ts';
import { makePlan, stricterLine } from '../../../src/core/plan/merge.ts';
import type { Proposal } from '../../../src/core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../../src/core/plan/signal-kinds.ts';
import { ERRORS, idsOf, PROPOSAL, planned, proposed, request, rule } from './plan-request.ts';

describe('stricter wins', () => {
  test.each([
    { said: 0.2, hold: 0.002, by: 'a stricter rule moves the guardrail nearer' },
    { said: 3, hold: 0.005, by: 'a looser rule leaves it where it is' },
  ])('$by', ({ said, hold }) => {
    const plan = planned({ reading: { rules: [rule({ value: said })] } });
    expect(idsOf(plan)).toEqual(['http.error_rate']);
    expect(plan.checks[0]).toMatchObject({
      hold: { by: hold },
      rollback: { by: 0.02 },
      severity: 'critical',
    });
    expect(plan.checks[0]?.provenance.map(({ source }) => source)).toEqual(['policy', 'instruction']);
  });

  test('what cannot be compared stands beside the guardrail', () => {
    const rules = [rule({ compare: 'percent', unit: 'percent', value: 10 })];
    expect(idsOf(planned({ reading: { rules } }))).toEqual(['http.error_rate', 'http.error_rate#2']);
  });

  test('a line the guardrail leaves to be derived is not written into it', () => {
    const guardrails = [{ ...ERRORS, rollback: null }];
    const plan = planned({ guardrails, reading: { rules: [rule({ value: 5, action: 'rollback' })] } });
    expect(plan.checks[0]).toMatchObject({ id: 'http.error_rate', rollback: null });
    expect(plan.checks[1]).toMatchObject({ id: 'http.error_rate#2', rollback: { by: 0.05 } });
  });

  test('a rule on a major guardrail makes it critical, and never less than it was', () => {
    const guardrails = [{ ...ERRORS, severity: 'major' as const }];
    expect(planned({ guardrails, reading: { rules: [rule({})] } }).checks[0]?.severity).toBe('critical');
  });

  test('a rule that only notifies leaves the guardrail alone', () => {
    const plan = planned({ reading: { rules: [rule({ value: 0.1, action: 'notify' })] } });
    expect(plan.checks.map(({ severity }) => severity)).toEqual(['critical', 'advisory']);
    expect(plan.checks[0]?.hold).toEqual(ERRORS.hold);
  });

  test('of two lines the one that is reached first, on both sides', () => {
    const at = (limit: number): Line => ({ compare: 'absolute', at: limit });
    const times = (factor: number): Line => ({ compare: 'ratio', times: factor });
    expect(stricterLine(at(200), at(300), 'increase')).toEqual(at(200));
    expect(stricterLine(at(0.9), at(0.95), 'decrease')).toEqual(at(0.95));
    expect(stricterLine(times(0.5), times(0.8), 'decrease')).toEqual(times(0.8));
    expect(stricterLine(null, times(2), 'increase')).toEqual(times(2));
  });
});

describe('proposals', () => {
  test('become major checks that may hold and never roll back, with where they come from (B7)', () => {
    const plan = planned({ proposals: [{ ...PROPOSAL, checks: [proposed('cache.error_rate')] }] });
    expect(plan.checks[1]).toMatchObject({
      id: 'rule:cache.error_rate',
      severity: 'major',
      rollback: null,
      hold: { compare: 'difference', by: 0.005 },
      provenance: [{ source: 'rule', from: 'r', evidence: ['a.ts:1'] }],
    });
  });

  const guards = (Object.keys(SIGNAL_KINDS) as SignalKind[]).filter((kind) => kind !== 'http.error_rate');

  test('that vote are eight at the most, and the rest is recorded (B6)', () => {
    const plan = planned({
      proposals: [{ ...PROPOSAL, checks: guards.slice(0, 11).map((kind) => proposed(kind)) }],
    });
    expect(plan.checks).toHaveLength(1 + 8);
    expect(plan.dropped.map(({ what }) => what)).toEqual(guards.slice(8, 11));
  });

  test('that watch both directions count twice against the eight', () => {
    const first = guards.slice(0, 7).map((kind) => proposed(kind));
    const both = proposed('dependency.call_rate', { direction: 'either' });
    const plan = planned({
      proposals: [{ ...PROPOSAL, checks: [...first, both, proposed('db.lock_wait')] }],
    });
    expect(plan.checks).toHaveLength(1 + 8);
    expect(idsOf(plan)).toContain('rule:db.lock_wait');
    expect(plan.dropped.map(({ what }) => what)).toEqual(['dependency.call_rate']);
  });

  test('of what a required check watches already are dropped, and that is recorded', () => {
    const plan = planned({ proposals: [{ ...PROPOSAL, checks: [proposed('http.error_rate')] }] });
    expect(idsOf(plan)).toEqual(['http.error_rate']);
    expect(plan.dropped).toEqual([{ what: 'http.error_rate', why: 'already watched by http.error_rate' }]);
  });

  test.each([
    {
      title: 'not observable',
      check: proposed('db.lock_wait', { intent: 'not_observable' }),
      why: 'the diff touches',
    },
    {
      title: 'shared by both fleets',
      check: proposed('db.lock_wait', { flags: ['shared_by_both_fleets'] }),
      why: 'both fleets',
    },
    {
      title: 'beyond the ladder',
      check: proposed('db.lock_wait', { flags: ['not_observable_in_ladder'] }),
      why: 'the diff',
    },
    { title: 'not configured', check: proposed('db.pool_saturation'), why: 'no signal is configured' },
  ])('that are $title are said to be unseen, not watched', ({ check, why }) => {
    const measurable = new Map([
      ['http.error_rate', 'share'],
      ['db.lock_wait', 'level'],
    ] as const);
    const plan = planned({ measurable, proposals: [{ ...PROPOSAL, checks: [check] }] });
    expect(plan.checks).toHaveLength(1);
    expect(plan.unobservable[0]?.why).toContain(why);
  });

  test('of a change that is meant inform, and watch the other direction', () => {
    const checks = [proposed('cache.hit_ratio', { intent: 'expect_change' })];
    expect(planned({ proposals: [{ ...PROPOSAL, checks }] }).checks[1]).toMatchObject({
      intent: 'expect_change',
      severity: 'advisory',
      worse: 'decrease',
      hold: null,
    });
  });

  test('of a meant change that say no direction are dropped, and that is recorded', () => {
    const checks = [proposed('cache.hit_ratio', { intent: 'expect_change', direction: 'either' })];
    expect(planned({ proposals: [{ ...PROPOSAL, checks }] }).dropped).toHaveLength(1);
  });

  test('raise the risk and never lower it, and only a unanimous yes makes a way back safe', () => {
    const risk = (...risks: readonly Proposal['risk'][]) =>
      planned({ proposals: risks.map((one) => ({ ...PROPOSAL, risk: one })) }).risk;
    expect([risk(), risk('low'), risk('low', 'high'), risk('high', 'low')]).toEqual([
      'medium',
      'low',
      'high',
      'high',
    ]);
    const safe = (...said: readonly Proposal['rollbackSafe'][]) =>
      planned({ proposals: said.map((one) => ({ ...PROPOSAL, rollbackSafe: one })) }).rollbackSafe;
    expect([safe('yes', 'yes'), safe('yes', 'unknown'), safe('yes', 'no'), safe()]).toEqual([
      'yes',
      'unknown',
      'no',
      'unknown',
    ]);
  });
});

describe('what a person must settle', () => {
  test.each([
    {
      title: 'a rung without a time',
      reading: { ladder: [{ exposure: '10%', hold: null }] },
      asks: '15m would be assumed',
    },
    {
      title: 'a rung that is none',
      reading: { ladder: [{ exposure: 'lots', hold: '1m' }] },
      asks: '"lots" is no exposure',
    },
    {
      title: 'a time window',
      reading: { windows: [{ allow: false, when: 'Friday', phrase: 'not on Fridays' }] },
      asks: 'not on Fridays',
    },
    { title: 'a start time', reading: { startAfter: 'tomorrow' }, asks: 'tomorrow' },
    {
      title: 'an approval before a ring',
      reading: { approvals: [{ before: 'audience:eu', phrase: 'ask before EU' }] },
      asks: 'ask before EU',
    },
    {
      title: 'a rule nothing can measure',
      reading: { rules: [rule({ metric: 'db.error_rate' })] },
      asks: 'db.error_rate',
    },
  ])('$title', ({ reading, asks }) => {
    const measurable = new Map([['http.error_rate', 'share']] as const);
    const { questions } = planned({ measurable, reading });
    expect(questions).toHaveLength(1);
    expect(questions[0]).toContain(asks);
  });

  test('a change that rolling back does not undo', () => {
    const { questions } = planned({ proposals: [{ ...PROPOSAL, rollbackSafe: 'no' }] });
    expect(questions[0]).toContain('does not undo');
  });

  test('what the instruction’s reader asked or could not read is carried on', () => {
    expect(planned({ reading: { questions: ['which?'], unread: ['words'] } })).toMatchObject({
      questions: ['which?'],
      unread: ['words'],
    });
  });
});

describe('approvals', () => {
  test('before a percentage are kept', () => {
    const plan = planned({ reading: { approvals: [{ before: '25%', phrase: 'ask before 25%' }] } });
    expect(plan).toMatchObject({ approvals: [{ beforePercent: 25 }], questions: [] });
  });

  test('before every stage are kept before each percentage', () => {
    const plan = planned({ reading: { approvals: [{ before: 'every stage', phrase: 'always ask' }] } });
    expect(plan.approvals.map(({ beforePercent }) => beforePercent)).toEqual([10, 25, 100]);
    expect(plan.questions).toEqual([]);
  });

  test('before every stage of a ladder with rings are kept where they can be, and the rest is asked', () => {
    const ladder = ['audience:internal', '25%'].map((exposure) => ({ exposure, hold: '1m' }));
    const plan = planned({
      reading: { ladder, approvals: [{ before: 'every stage', phrase: 'always ask' }] },
    });
    expect(plan.approvals.map(({ beforePercent }) => beforePercent)).toEqual([25]);
    expect(plan.questions[0]).toContain('always ask');
  });
});

describe('faults that no word can mend', () => {
  test.each([
    { title: 'no critical check', more: { guardrails: [] }, fault: 'no critical check' },
    {
      title: 'a guardrail nobody measures',
      more: { measurable: new Map() },
      fault: 'has no configured signal',
    },
    {
      title: 'a ladder that falls',
      more: { reading: { ladder: ['50%', '10%'].map((exposure) => ({ exposure, hold: '1m' })) } },
      fault: '10% does not rise above 50%',
    },
    {
      title: 'no stage at all',
      more: { reading: { ladder: [{ exposure: 'x', hold: '1m' }] } },
      fault: 'has no stage',
    },
    {
      title: 'an exposure the backend cannot express',
      more: { exposureKinds: ['percent'], reading: { ladder: [{ exposure: 'audience:eu', hold: '1m' }] } },
      fault: 'the exposure backend knows no audience',
    },
    {
      title: 'a fixed limit for a fall by a ratio',
      more: {
        guardrails: [
          ERRORS,
          {
            signal: 'cache.hit_ratio',
            measure: { kind: 'share' },
            worse: 'decrease',
            hold: { compare: 'band', times: 0.9, floor: 0.001 },
            rollback: { compare: 'absolute', at: 0.5 },
            severity: 'major',
          },
        ],
      },
      fault: 'cache.hit_ratio: a fall of this kind has no fixed limit',
    },
  ] as const)('$title', ({ more, fault }) => {
    expect(makePlan(request(more as Parameters<typeof request>[0])).faults.join()).toContain(fault);
  });

  test('a sound request has none', () => {
    expect(makePlan(request()).faults).toEqual([]);
  });
});

test('without words the risk gives the ladder', () => {
  const plan = planned({ instruction: null, proposals: [{ ...PROPOSAL, risk: 'high' }] });
  expect(plan.ladder.map(({ exposure }) => (exposure.kind === 'percent' ? exposure.percent : null))).toEqual([
    1, 5, 10, 25, 50, 100,
  ]);
});

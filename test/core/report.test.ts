import { describe, expect, test } from 'vitest';
import { reasonText } from '../../src/core/check-line.ts';
import { decide } from '../../src/core/gate/decide.ts';
import type { Decision, DecisionReason } from '../../src/core/gate/decision.ts';
import type { FindingReason } from '../../src/core/gate/finding.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { explain } from '../../src/core/report.ts';
import type { RolloutState } from '../../src/core/rollout/state.ts';
import { check, ERROR_RATE, planOf } from '../support/rollout-rig.ts';
import { gateOf, lookAt, NOW, running, type Situation } from './gate/looks.ts';

const ADVISORY = check({ signal: 'cache.hit_ratio', severity: 'advisory' });
const PLAN = planOf({ checks: [ERROR_RATE, ADVISORY] });

function decided(situation: Situation, overrides: Partial<RolloutState> = {}, plan: Plan = PLAN): Decision {
  const state = running(plan, overrides);
  const gate = gateOf(plan, { [ERROR_RATE.id]: situation });
  return decide(plan, { ...state, gate }, lookAt(plan, state), NOW).decision;
}

const by = { by: 'bob', reason: '' };
const asked = { at: NOW, reason: 'evidence_not_clear' } as const;
const usedUp = { stageSince: NOW - 60_000, extendedAt: NOW - 10_000, extensions: 4 };

describe('the headline says what happened, with the numbers of both sides', () => {
  test.each<{ title: string; decision: Decision; headline: string; urgency: string }>([
    {
      title: 'a rollback',
      decision: decided('breach_rollback'),
      headline:
        'checkout: rolled back from 10%: error rate 5 % against 0.2 % on stable (+4.8 points, line +2 points)',
      urgency: 'alert',
    },
    {
      title: 'a breach that holds',
      decision: decided('breach_hold'),
      headline:
        'checkout: holding at 10%: error rate 0.9 % against 0.2 % on stable (+0.7 points, line +0.5 points)',
      urgency: 'needs_person',
    },
    {
      title: 'a breach that lasts',
      decision: decided('breach_hold', usedUp),
      headline:
        'checkout: holding at 10%: error rate 0.9 % against 0.2 % on stable (+0.7 points, line +0.5 points)',
      urgency: 'needs_person',
    },
    {
      title: 'blindness',
      decision: decided('unreadable_for_long'),
      headline: 'checkout: holding at 10%: telemetry cannot be read (nobody answered)',
      urgency: 'needs_person',
    },
    {
      title: 'a silent canary',
      decision: decided('silent'),
      headline: 'checkout: holding at 10%: the canary reports no requests while stable goes on',
      urgency: 'needs_person',
    },
    {
      title: 'more time',
      decision: decided('over_unconfirmed'),
      headline: 'checkout: staying longer at 10%: error rate is over its line, unconfirmed',
      urgency: 'info',
    },
    {
      title: 'an ask',
      decision: decided('thin', usedUp),
      headline: 'checkout: asking at 10%: error rate has too little data (50 canary units)',
      urgency: 'needs_person',
    },
    {
      title: 'a promotion',
      decision: decided('clear'),
      headline: 'checkout: promoted from 10% to 25%: its check is clear',
      urgency: 'info',
    },
    {
      title: 'a person’s promotion',
      decision: decided('thin', { order: { verb: 'promote', ...by } }),
      headline: 'checkout: promoted from 10% to 25% by bob',
      urgency: 'info',
    },
    {
      title: 'a person’s rollback',
      decision: decided('clear', { order: { verb: 'rollback', ...by } }),
      headline: 'checkout: rolled back from 10% by bob',
      urgency: 'alert',
    },
    {
      title: 'a person’s hold',
      decision: decided('clear', { personHold: { ...by, until: null } }),
      headline: 'checkout: held at 10% by bob',
      urgency: 'info',
    },
    {
      title: 'an open question',
      decision: decided('clear', { asked }),
      headline: 'checkout: waiting at 10% for a person',
      urgency: 'needs_person',
    },
    {
      title: 'the end',
      decision: decided('clear', { stageIndex: 3 }),
      headline: 'checkout: complete at 100%',
      urgency: 'info',
    },
  ])('$title', ({ decision, headline, urgency }) => {
    expect(explain(PLAN, decision)).toMatchObject({ headline, urgency });
  });

  test('and those of the worse window, when the breach rests on the last minutes', () => {
    const decision = decided('breach_rollback');
    const [finding] = decision.findings;
    if (finding === undefined) throw new Error('no finding');
    const late = { ...finding, trailing: { canary: 0.09, baseline: 0.002 } };
    const { headline } = explain(PLAN, { ...decision, findings: [late] });
    expect(headline).toContain('error rate 9 % against 0.2 % on stable (+8.8 points');
  });
});

describe('what comes next', () => {
  test.each<{ title: string; decision: Decision; next: string }>([
    { title: 'after a rollback', decision: decided('breach_rollback'), next: 'Exposure goes to 0 now' },
    { title: 'while held by a breach', decision: decided('breach_hold'), next: 'harm still rolls it back' },
    {
      title: 'while held by a person',
      decision: decided('clear', { personHold: { ...by, until: null } }),
      next: 'until it is resumed',
    },
    {
      title: 'after an ask',
      decision: decided('ambiguous', usedUp),
      next: 'Without an answer it never promotes',
    },
    {
      title: 'in the extension',
      decision: decided('ambiguous'),
      next: 'watches for another 10s at the most',
    },
    { title: 'after a promotion', decision: decided('clear'), next: 'lasts at least 10s' },
    {
      title: 'before the minimum',
      decision: decided('clear', { stageSince: NOW }),
      next: 'every check is clear',
    },
    {
      title: 'in the last watch',
      decision: decided('clear', { stageIndex: 3, stageSince: NOW }),
      next: 'when this watch ends without a breach',
    },
  ])('is said $title', ({ decision, next }) => {
    expect(explain(PLAN, decision).next).toContain(next);
  });
});

describe('every reason', () => {
  const REASONS: readonly DecisionReason[] = [
    'breach_rollback',
    'person_rollback',
    'breach_hold',
    'telemetry_blind',
    'canary_silent',
    'exposure_unreadable',
    'person_hold',
    'breach_hold_persisted',
    'evidence_not_clear',
    'approval_required',
    'awaiting_person',
    'not_clear_yet',
    'small_next_step',
    'exposure_unconfirmed',
    'stage_minimum',
    'gathering',
    'watched_at_full',
    'all_clear',
    'person_promoted',
  ];

  test.each(REASONS)('%s has words of its own, without holes', (reason) => {
    const { headline } = explain(PLAN, { ...decided('clear'), reason });
    expect(headline).toMatch(/^checkout: \S.*\S$/);
    expect(headline).not.toMatch(/undefined|null|NaN|Infinity/);
  });

  test('a breach whose check has no numbers is told all the same', () => {
    const decision = { ...decided('breach_rollback'), findings: [] };
    expect(explain(PLAN, decision).headline).toContain('a check is over its line');
  });

  const FINDINGS: readonly FindingReason[] = [
    'within_lines',
    'over_line_confirmed',
    'over_line_unconfirmed',
    'not_enough_evidence',
    'resolution_limited',
    'thin',
    'unreadable',
    'stale',
    'canary_silent',
    'informs_only',
    'expected_change_confirmed',
    'expected_change_not_seen',
    'expected_change_opposite',
  ];

  test('of a finding has words of its own', () => {
    const [finding] = decided('ambiguous').findings;
    if (finding === undefined) throw new Error('no finding');
    const texts = FINDINGS.map((reason) => reasonText({ ...finding, reason }));
    expect(new Set(texts).size).toBe(FINDINGS.length);
    expect(texts.join()).not.toMatch(/undefined|null|NaN/);
  });

  test('evidence so far is told as a share of what is needed, never as all of it', () => {
    const [finding] = decided('ambiguous').findings;
    if (finding === undefined) throw new Error('no finding');
    const told = (log: number) =>
      reasonText({ ...finding, reason: 'not_enough_evidence', safety: { ...finding.safety, log } });
    expect(told(-5)).toContain('(0 % of what is needed');
    expect(told(finding.safety.threshold / 2)).toContain('(50 %');
    expect(told(finding.safety.threshold * 2)).toContain('(99 %');
  });
});

describe('a waived check', () => {
  const proposed = check({
    ...ERROR_RATE,
    id: 'rule:db.error_rate',
    signal: 'db.error_rate',
    severity: 'major',
    provenance: [{ source: 'rule', from: 'a rule', evidence: [] }],
  });
  const plan = planOf({ checks: [ERROR_RATE, proposed] });
  const waived = [{ checkId: proposed.id, by: 'bob', reason: 'a known\n\u001b[31mcold start ' }];
  const explained = (required: Situation, its: Situation, overrides: Partial<RolloutState> = {}) => {
    const state = running(plan, overrides);
    const gate = gateOf(plan, { [ERROR_RATE.id]: required, [proposed.id]: its });
    return explain(plan, decide(plan, { ...state, gate }, lookAt(plan, state), NOW).decision);
  };

  test('is named in every summary, by whom and why, on one line', () => {
    for (const required of ['clear', 'ambiguous', 'breach_hold', 'breach_rollback'] as const) {
      const found = explained(required, 'breach_hold', { waived });
      expect(found.headline).toMatch(/ \(rule:db\.error_rate waived by bob\)$/);
      expect(found.waived).toEqual([
        'rule:db.error_rate does not vote in this stage: waived by bob, because: a known [31mcold start',
      ]);
      expect(found.checks[1]?.note).toBe('is over its line, waived');
    }
    expect(explained('clear', 'clear').waived).toEqual([]);
  });

  test('is not counted among the clear ones, nor told as what stands in the way', () => {
    expect(explained('clear', 'breach_hold', { waived }).headline).toContain('its check is clear');
    const held = explained('breach_hold', 'breach_hold', { waived });
    expect(held.headline).toContain('holding at 10%: error rate 0.9 %');
    expect(held.summary?.what).not.toContain('db');
    const unclear = explained('over_unconfirmed', 'thin', { waived });
    expect(unclear.headline).not.toContain('too little data');
  });

  test('is what the options of a held rollout offer to waive, and a required one is not', () => {
    expect(explained('clear', 'breach_hold').summary?.options).toContain('waive rule:db.error_rate');
    expect(explained('breach_hold', 'clear').summary?.options).not.toContain('waive');
    expect(explained('breach_hold', 'breach_hold', { waived }).summary?.options).not.toContain('waive');
  });
});

describe('each check is a row', () => {
  test('with both values, the difference in the unit of its line, and its lines', () => {
    const [errors, hits] = explain(PLAN, decided('breach_hold')).checks;
    expect(errors).toEqual({
      checkId: 'http.error_rate',
      name: 'error rate',
      outcome: 'breach_hold',
      canary: '0.9 %',
      baseline: '0.2 %',
      difference: '+0.7 points',
      lines: 'hold +0.5 points, roll back +2 points',
      interval: '+0.26 points to +1.5 points (95 %)',
      samples: '9 of 1,000 against 18 of 9,000',
      evidence: expect.stringMatching(/^harm \d+ % of a hold, \d+ % of a rollback, safety 0 % of clear$/),
      expected: null,
      note: 'is over its line',
    });
    expect(hits).toMatchObject({ name: 'cache hit ratio', lines: 'informs', note: 'informs only' });
  });

  test('a relative line is told in percent', () => {
    const relative = { ...ERROR_RATE, hold: { compare: 'ratio' as const, times: 2 }, rollback: null };
    const plan = planOf({ checks: [relative] });
    expect(explain(plan, decided('breach_hold', {}, plan)).checks[0]).toMatchObject({
      difference: '+350 %',
      lines: 'hold ×2',
    });
  });

  test('without a reading has dashes, never a zero', () => {
    const decision = decided('clear');
    const [finding] = decision.findings;
    if (finding === undefined) throw new Error('no finding');
    const empty = { units: 0, events: 0, value: null };
    const bare = { ...decision, findings: [{ ...finding, canary: empty, baseline: empty }] };
    expect(explain(PLAN, bare).checks[0]).toMatchObject({ canary: '–', baseline: '–', difference: '–' });
  });
});

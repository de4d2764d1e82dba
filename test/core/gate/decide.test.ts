import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateOf, lookAt, NOW, running, type Situation } from './looks.ts';

const MAJOR = check({
  signal: 'cache.error_rate',
  severity: 'major',
  hold: { compare: 'difference', by: 0.005 },
  rollback: { compare: 'difference', by: 0.02 },
});
const ADVISORY = check({ ...MAJOR, id: 'advice', signal: 'db.error_rate', severity: 'advisory' });
const PROPOSED = check({
  ...MAJOR,
  id: 'rule:payment.failure_rate',
  signal: 'payment.failure_rate',
  provenance: [{ source: 'rule', from: 'payment', evidence: [] }],
});
const PLAN = planOf({ checks: [ERROR_RATE, MAJOR, ADVISORY, PROPOSED] });
const HELD_BACK = planOf({ checks: PLAN.checks, holdbackPercent: 5 });

const ORDER = { by: 'bob', reason: 'looks fine' };
const HOLD = { by: 'alice', reason: 'lunch', until: null };

/** Every state a running rollout can be in when a look is made. The rig's stages last 10 s, and so does an extension. */
const STATES = {
  early: running(PLAN, { stageSince: NOW - 9_999 }),
  minimum: running(PLAN, { stageSince: NOW - 10_000 }),
  extended: running(PLAN, { extendedAt: NOW - 5_000, extensions: 1 }),
  'used up': running(PLAN, { stageSince: NOW - 60_000, extendedAt: NOW - 10_000, extensions: 4 }),
  asked: running(PLAN, { asked: { at: NOW - 1_000, reason: 'evidence_not_clear' } }),
  'person hold': running(PLAN, { personHold: HOLD }),
  last: running(HELD_BACK, { stageIndex: 3 }),
  alone: running(PLAN, { stageIndex: 3 }),
} as const satisfies Readonly<Record<string, RolloutState>>;
type StateName = keyof typeof STATES;

function decided(plan: Plan, state: RolloutState, situations: Readonly<Record<string, Situation>> = {}) {
  const gate = gateOf(plan, situations);
  return decide(plan, { ...state, gate }, lookAt(plan, state), NOW).decision;
}

const E = ERROR_RATE.id;
const M = MAJOR.id;
const A = ADVISORY.id;
const P = PROPOSED.id;
const ROLLBACK = 'rollback breach_rollback';
const BREACH = 'hold breach_hold';
const PERSISTED = 'ask breach_hold_persisted';
const BLIND = 'hold telemetry_blind';
const SILENT = 'hold canary_silent';
const MINIMUM = 'wait stage_minimum';
const ALL_CLEAR = 'promote all_clear';
const EXTEND = 'extend not_clear_yet';
const GATHER = 'wait gathering';
const ASK = 'ask evidence_not_clear';
const WAITING = 'ask awaiting_person';
const HELD = 'hold person_hold';
const COMPLETE = 'complete watched_at_full';

const COLUMNS: readonly StateName[] = [
  'early',
  'minimum',
  'extended',
  'used up',
  'asked',
  'person hold',
  'last',
  'alone',
];
const everywhere = (verdict: string) => COLUMNS.map(() => verdict);
const breached = [BREACH, BREACH, BREACH, PERSISTED, BREACH, BREACH, BREACH, BREACH];
const unclear = [MINIMUM, EXTEND, GATHER, ASK, WAITING, HELD, EXTEND, EXTEND];
/** With nobody left to compare with, the watch ends without a breach; beside a holdback it takes evidence like any stage. */
const undecided = [...unclear.slice(0, 7), COMPLETE];
const clear = [MINIMUM, ALL_CLEAR, ALL_CLEAR, ALL_CLEAR, WAITING, HELD, COMPLETE, COMPLETE];

const TABLE: readonly {
  readonly row: string;
  readonly seen: Readonly<Record<string, Situation>>;
  readonly verdicts: readonly string[];
}[] = [
  { row: 'everything clear', seen: {}, verdicts: clear },
  {
    row: 'a critical check over its rollback line',
    seen: { [E]: 'breach_rollback' },
    verdicts: everywhere(ROLLBACK),
  },
  {
    row: 'a critical check over its rollback line and a major one over its hold line',
    seen: { [E]: 'breach_rollback', [M]: 'breach_hold' },
    verdicts: everywhere(ROLLBACK),
  },
  {
    row: 'a critical check over its rollback line and another blind',
    seen: { [E]: 'breach_rollback', [M]: 'unreadable_for_long' },
    verdicts: everywhere(ROLLBACK),
  },
  { row: 'a critical check over its hold line', seen: { [E]: 'breach_hold' }, verdicts: breached },
  {
    row: 'a critical check over its hold line and another blind',
    seen: { [E]: 'breach_hold', [M]: 'unreadable_for_long' },
    verdicts: breached,
  },
  { row: 'a major check over its hold line', seen: { [M]: 'breach_hold' }, verdicts: breached },
  { row: 'a major check over its rollback line', seen: { [M]: 'breach_rollback' }, verdicts: breached },
  { row: 'a proposed check over its hold line', seen: { [P]: 'breach_hold' }, verdicts: breached },
  { row: 'an advisory check over its rollback line', seen: { [A]: 'breach_rollback' }, verdicts: clear },
  { row: 'an advisory check blind', seen: { [A]: 'unreadable_for_long' }, verdicts: clear },
  { row: 'a critical check ambiguous', seen: { [E]: 'ambiguous' }, verdicts: undecided },
  { row: 'a critical check over, unconfirmed', seen: { [E]: 'over_unconfirmed' }, verdicts: undecided },
  { row: 'a major check ambiguous', seen: { [M]: 'ambiguous' }, verdicts: undecided },
  { row: 'a proposed check ambiguous', seen: { [P]: 'ambiguous' }, verdicts: undecided },
  { row: 'a critical check thin', seen: { [E]: 'thin' }, verdicts: unclear },
  { row: 'a major check thin', seen: { [M]: 'thin' }, verdicts: unclear },
  { row: 'a critical check unreadable just now', seen: { [E]: 'unreadable_just_now' }, verdicts: unclear },
  {
    row: 'a critical check unreadable for long',
    seen: { [E]: 'unreadable_for_long' },
    verdicts: everywhere(BLIND),
  },
  {
    row: 'a major check unreadable for long',
    seen: { [M]: 'unreadable_for_long' },
    verdicts: everywhere(BLIND),
  },
  { row: 'a critical check stale', seen: { [E]: 'stale' }, verdicts: everywhere(BLIND) },
  {
    row: 'a silent canary',
    seen: { [E]: 'silent' },
    verdicts: everywhere(SILENT),
  },
  { row: 'a proposed check unreadable for long', seen: { [P]: 'unreadable_for_long' }, verdicts: unclear },
];

describe('the combination table', () => {
  for (const { row, seen, verdicts } of TABLE) {
    test.each(COLUMNS.map((state, at) => ({ state, verdict: verdicts[at] })))(
      `${row}, $state: $verdict`,
      ({ state, verdict }) => {
        const plan = state === 'last' ? HELD_BACK : PLAN;
        const { kind, reason } = decided(plan, STATES[state], seen);
        expect(`${kind} ${reason}`).toBe(verdict);
      },
    );
  }

  test('a person’s rollback goes before everything, in every state', () => {
    for (const state of Object.values(STATES)) {
      for (const { seen } of TABLE) {
        const order = { verb: 'rollback' as const, ...ORDER };
        const decision = decided(PLAN, { ...state, order }, seen);
        expect(decision).toMatchObject({ kind: 'rollback', reason: 'person_rollback', by: 'bob' });
      }
    }
  });

  test('nothing that votes is nothing to promote on, even where the plan may widen', () => {
    const plan = planOf({ checks: [ADVISORY], allowWiden: true });
    expect(decided(plan, STATES.minimum).kind).toBe('extend');
    expect(decided(plan, STATES.last).kind).toBe('extend');
  });
});

describe('exposure', () => {
  const unconfirmed = running(PLAN, { stageSince: null });
  const gate = gateOf(PLAN, {});

  test('the stage clock starts when the backend is first seen to agree', () => {
    const look = lookAt(PLAN, unconfirmed);
    const seeing = (percent: number) => {
      const evidence = { ...look, actual: { percent, audiences: [] } };
      return decide(PLAN, { ...unconfirmed, gate }, evidence, NOW);
    };
    expect(seeing(5)).toMatchObject({ stageSince: null, decision: { reason: 'exposure_unconfirmed' } });
    expect(seeing(10)).toMatchObject({
      stageSince: NOW,
      decision: { reason: 'stage_minimum', until: NOW + 10_000 },
    });
  });

  test('a backend that cannot be read holds after two looks, and only then', () => {
    const evidence = { ...lookAt(PLAN, unconfirmed), actual: null };
    const entered = (ms: number) =>
      decide(PLAN, { ...unconfirmed, gate, enteredAt: NOW - ms }, evidence, NOW).decision;
    expect(entered(2_000)).toMatchObject({ kind: 'wait', reason: 'exposure_unconfirmed' });
    expect(entered(2_001)).toMatchObject({ kind: 'hold', reason: 'exposure_unreadable' });
  });
});

describe('a person’s promotion', () => {
  const order = { verb: 'promote' as const, ...ORDER };
  const ordered = (state: RolloutState, seen: Readonly<Record<string, Situation>> = {}, plan = PLAN) =>
    decided(plan, { ...state, order }, seen);

  test.each(['ambiguous', 'thin', 'over_unconfirmed', 'unreadable_just_now'] as const)(
    'stands over a check that is %s',
    (situation) => {
      const verdict = { kind: 'promote', reason: 'person_promoted', by: 'bob', refusedOrder: null };
      expect(ordered(STATES.minimum, { [E]: situation })).toMatchObject(verdict);
    },
  );

  test('answers an ask', () => {
    expect(ordered(STATES.asked, { [E]: 'ambiguous' })).toMatchObject({ kind: 'promote' });
  });

  test.each([
    {
      title: 'over a critical breach',
      state: STATES.minimum,
      seen: { [E]: 'breach_hold' },
      why: 'is critical',
    },
    { title: 'over a rollback', state: STATES.minimum, seen: { [E]: 'breach_rollback' }, why: 'is critical' },
    { title: 'over a held check', state: STATES.minimum, seen: { [P]: 'breach_hold' }, why: 'hold line' },
    { title: 'before the minimum', state: STATES.early, seen: {}, why: 'the stage minimum has 1s to run' },
    { title: 'from the last stage', state: STATES.alone, seen: {}, why: 'this is the last stage' },
    { title: 'over blindness', state: STATES.minimum, seen: { [E]: 'stale' }, why: 'telemetry_blind' },
    { title: 'while held', state: STATES['person hold'], seen: {}, why: 'held by a person: resume first' },
  ] as const)('$title is refused in so many words', ({ state, seen, why }) => {
    const decision = ordered(state, seen);
    expect(decision.kind).not.toBe('promote');
    expect(decision.refusedOrder).toContain(why);
  });

  test('before the backend confirmed the stage is refused', () => {
    const plan = planOf({ checks: PLAN.checks });
    const state = { ...running(plan, { stageSince: null, order }), gate: gateOf(plan, {}) };
    const evidence = { ...lookAt(plan, state), actual: { percent: 0, audiences: [] } };
    expect(decide(plan, state, evidence, NOW).decision.refusedOrder).toContain('has not confirmed');
  });

  test('that a hold stopped leaves the hold in the name of who holds', () => {
    expect(ordered(STATES['person hold'])).toMatchObject({ reason: 'person_hold', by: 'alice' });
  });
});

describe('a person’s hold', () => {
  test('with an end is over at that moment', () => {
    const until = (ms: number) =>
      decided(PLAN, running(PLAN, { personHold: { ...HOLD, until: NOW + ms } })).reason;
    expect(until(1)).toBe('person_hold');
    expect(until(0)).toBe('all_clear');
  });
});

describe('approval', () => {
  const plan = planOf({
    checks: PLAN.checks,
    approvals: [{ beforePercent: 25, phrase: 'ask me before 25%' }],
  });

  test('is asked for when all is clear, and not before', () => {
    expect(decided(plan, STATES.minimum)).toMatchObject({ kind: 'ask', reason: 'approval_required' });
    expect(decided(plan, STATES.minimum, { [E]: 'ambiguous' })).toMatchObject({ kind: 'extend' });
  });

  test('is given by promoting', () => {
    const order = { verb: 'promote' as const, ...ORDER };
    expect(decided(plan, { ...STATES.asked, order })).toMatchObject({ reason: 'person_promoted' });
  });

  test('is not stepped round by widening', () => {
    const widening = { ...plan, allowWiden: true };
    expect(decided(widening, STATES.minimum, { [E]: 'ambiguous' }).kind).toBe('extend');
  });
});

describe('widening', () => {
  const checks: readonly Check[] = [ERROR_RATE];
  const plan = planOf({ checks, allowWiden: true });
  const widened = (situation: Situation, state: RolloutState = STATES.minimum, over: Partial<Plan> = {}) =>
    decided({ ...plan, ...over }, state, { [E]: situation }).kind;

  test.each(['ambiguous', 'thin'] as const)('steps on from a check that is %s and under its line', (seen) => {
    expect(widened(seen)).toBe('widen');
  });

  test.each([
    'over_unconfirmed',
    'thin_over',
    'unreadable_just_now',
    'unreadable_for_long',
    'stale',
    'silent',
    'breach_hold',
    'breach_rollback',
  ] as const)('never steps on from a check that is %s', (seen) => {
    expect(widened(seen)).not.toBe('widen');
  });

  test('needs the plan’s leave', () => {
    expect(widened('ambiguous', STATES.minimum, { allowWiden: false })).toBe('extend');
  });

  test('goes to 25 % at the most', () => {
    expect(widened('ambiguous', running(plan, { stageIndex: 1 }))).toBe('extend');
  });

  test('comes instead of an extension or of asking a person, never while an extension runs', () => {
    expect(widened('ambiguous', STATES['used up'])).toBe('widen');
    expect(widened('ambiguous', STATES.extended)).toBe('wait');
  });

  test.each([
    { of: 'errors', worse: 'increase' as const, one: [1, 100] as const, many: [2, 100] as const },
    { of: 'misses', worse: 'decrease' as const, one: [99, 100] as const, many: [1, 100] as const },
  ])('forgives an estimate over the line for one bad event, counting $of', ({ worse, one, many }) => {
    const line = { compare: 'difference' as const, by: worse === 'increase' ? 0.005 : 0.001 };
    const share = check({ signal: 'cache.hit_ratio', worse, hold: line });
    const trial = planOf({ checks: [share], allowWiden: true });
    const kindOf = ([x, n]: readonly [number, number]) => {
      const gate = gateOf(trial, { [share.id]: 'over_unconfirmed' });
      const remembered = gate[share.id];
      if (remembered?.kind !== 'share') throw new Error('no share');
      const stable = { n: 9_000, x: worse === 'increase' ? 18 : 8_990 };
      const stage = { canary: { n, x }, stable };
      const state = { ...STATES.minimum, gate: { [share.id]: { ...remembered, stage, trailing: [] } } };
      return decide(trial, state, lookAt(trial, state), NOW).decision;
    };
    expect(kindOf(one).kind).toBe('widen');
    expect(kindOf(many).kind).toBe('extend');
  });
});

describe('the record', () => {
  test('names where the rollout is, where it goes next, and what the wait is for', () => {
    expect(decided(PLAN, STATES.early)).toMatchObject({
      at: NOW,
      exposure: '10%',
      nextExposure: '25%',
      until: NOW + 1,
      stageIndex: 0,
      stageEpoch: 1,
      by: null,
      refusedOrder: null,
    });
    expect(decided(PLAN, STATES.alone)).toMatchObject({ exposure: '100%', nextExposure: null });
  });

  test('carries one finding for each check, advisory ones too', () => {
    const ids = decided(PLAN, STATES.minimum).findings.map((finding) => finding.checkId);
    expect(ids).toEqual([E, M, A, P]);
  });
});

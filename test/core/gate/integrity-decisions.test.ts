import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import { NO_INTEGRITY, seedIntegrity } from '../../../src/core/gate/integrity.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateRun, repeated } from './gate-run.ts';
import { FAULTS } from './integrity-faults.ts';
import { gateOf, lookAt, NOW, running, type Situation, shares } from './looks.ts';

const PLAN = planOf();
const E = ERROR_RATE.id;
const OVERLAP = { rolloutId: 'rl_1', target: 'checkout' };

const KINDS = Object.keys(FAULTS);

function decided(kind: string, seen: Situation, over: Partial<RolloutState> = {}) {
  const fault = FAULTS[kind];
  if (fault === undefined) throw new RangeError(kind);
  const state = running(PLAN, { ...over, gate: gateOf(PLAN, { [E]: seen }), integrity: fault.integrity });
  const look = lookAt(PLAN, state);
  const evidence = fault.overlap === undefined ? look : { ...look, overlap: fault.overlap };
  return decide(PLAN, state, evidence, NOW).decision;
}

const PROMOTE = { verb: 'promote' as const, by: 'bob', reason: 'looks fine' };
const PERSON_HOLD = { by: 'alice', reason: 'lunch', until: null };

describe.each(KINDS)('%s', (kind) => {
  test('holds what is all clear, and says what is wrong', () => {
    const decision = decided(kind, 'clear');
    expect(decision).toMatchObject({ kind: 'hold', reason: kind });
    expect(decision.detail).toMatch(/\S/);
  });

  test('holds before the minimum, in an extension, and when a person was asked', () => {
    const since = { stageSince: NOW - 1_000 };
    const asked = { asked: { at: NOW - 1_000, reason: 'evidence_not_clear' as const } };
    for (const state of [since, { extensions: 1, extendedAt: NOW - 1_000 }, asked]) {
      expect(decided(kind, 'ambiguous', state)).toMatchObject({ kind: 'hold', reason: kind });
    }
  });

  test('stops no rollback, and hides no breach', () => {
    expect(decided(kind, 'breach_rollback')).toMatchObject({ kind: 'rollback', detail: null });
    expect(decided(kind, 'breach_hold')).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
    const order = { ...PROMOTE, verb: 'rollback' as const };
    expect(decided(kind, 'clear', { order }).kind).toBe('rollback');
  });

  test('does not hide that nothing can be read', () => {
    expect(decided(kind, 'unreadable_for_long')).toMatchObject({ kind: 'hold', reason: 'telemetry_blind' });
  });

  test('is said before a person’s own hold is', () => {
    expect(decided(kind, 'clear', { personHold: PERSON_HOLD }).reason).toBe(kind);
  });
});

describe('a person’s promotion', () => {
  test.each(['sample_ratio', 'shared_incident'] as const)(
    'stands over %s, of which they were told',
    (kind) => {
      const verdict = { kind: 'promote', reason: 'person_promoted', by: 'bob', detail: null };
      expect(decided(kind, 'clear', { order: PROMOTE })).toMatchObject(verdict);
      expect(decided(kind, 'ambiguous', { order: PROMOTE })).toMatchObject(verdict);
    },
  );

  test('over one still does not stand over a breach, before the minimum, or while held', () => {
    const over = (seen: Situation, state: Partial<RolloutState>) =>
      decided('sample_ratio', seen, { order: PROMOTE, ...state }).kind;
    expect(over('breach_hold', {})).toBe('hold');
    expect(over('clear', { stageSince: NOW - 1_000 })).toBe('hold');
    expect(over('clear', { personHold: PERSON_HOLD })).toBe('hold');
  });

  test.each(KINDS.filter((kind) => kind !== 'sample_ratio' && kind !== 'shared_incident'))(
    'does not stand over %s, and is refused in so many words',
    (kind) => {
      const decision = decided(kind, 'clear', { order: PROMOTE });
      expect(decision).toMatchObject({ kind: 'hold', reason: kind });
      expect(decision.refusedOrder).toBe(`the gate says ${kind}`);
    },
  );
});

describe('while a fault lasts', () => {
  const calm = shares(E, { canary: [2, 1_000], stable: [18, 9_000] });
  const incident = shares(E, { canary: [20, 1_000], stable: [180, 9_000] });
  const seeded = running(PLAN, {
    stageSince: NOW,
    enteredAt: NOW,
    watchedMs: 0,
    integrity: seedIntegrity(
      NO_INTEGRITY,
      PLAN.checks,
      shares(E, { canary: [0, 0], stable: [200, 100_000] }),
    ),
  });

  test('a shared incident’s time is no time of the stage’s, and it ends by itself', () => {
    const windows = [...repeated(calm, 4), ...repeated(incident, 30), ...repeated(calm, 12)];
    const { decisions, state } = gateRun(PLAN, windows, { from: seeded });
    const reasons = decisions.map(({ reason }) => reason);
    const looks = reasons.filter((reason) => reason === 'shared_incident').length;
    expect(looks).toBeGreaterThan(27);
    expect(reasons.every((reason) => !reason.startsWith('breach'))).toBe(true);
    // The minimum is ten looks: those of the incident come on top.
    expect(reasons.indexOf('all_clear')).toBe(9 + looks);
    expect(state.stageIndex).toBe(1);
  });

  test('an overlap ends when the other rollout does, and no promotion comes before', () => {
    const { decisions } = gateRun(PLAN, repeated(calm, 16), {
      from: seeded,
      overlap: (look) => (look < 14 ? OVERLAP : undefined),
    });
    expect(decisions.slice(0, 14).every(({ reason }) => reason === 'overlap')).toBe(true);
    expect(decisions[0]?.detail).toBe('rollout rl_1 on checkout began first and is still under way');
    expect(decisions[14]).toMatchObject({ kind: 'promote' });
  });
});

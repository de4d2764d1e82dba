import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import { stageWatches } from '../../../src/core/plan/stage-watches.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { endlessPlan, findingsOf, gateRun, lastOf, promoted, repeated } from './gate-run.ts';
import { gateOf, lookAt, NOW, running, type Situation, shares } from './looks.ts';

const [WATCH] = stageWatches([ERROR_RATE]);
if (WATCH === undefined) throw new Error('no watch');
const PLAN = endlessPlan({ checks: [ERROR_RATE, WATCH] });
type Arm = readonly [x: number, n: number];
const look = (canary: Arm, stable: Arm = [360, 90_000]) => shares(ERROR_RATE.signal, { canary, stable });

/** Thirty looks of a first stage and as many of a second; the findings of the second. */
function secondStage(first: ReturnType<typeof look>, second: ReturnType<typeof look>, id = WATCH?.id ?? '') {
  const plan = PLAN;
  const before = gateRun(plan, repeated(first, 30));
  return findingsOf(gateRun(plan, repeated(second, 30), { from: promoted(before) }), id);
}

describe('a watch on the previous stage', () => {
  test('says in the first stage that there is none, and asks nothing of it', () => {
    const plan = planOf({ checks: PLAN.checks });
    const { decisions } = gateRun(plan, repeated(look([40, 10_000]), 10));
    const found = decisions.at(-1)?.findings.find(({ checkId }) => checkId === WATCH.id);
    expect(found).toMatchObject({ outcome: 'ambiguous', reason: 'no_previous_stage', clearInMs: null });
    expect(decisions.at(-1)).toMatchObject({ kind: 'promote', reason: 'all_clear' });
  });

  test('holds a canary that got half again as bad with exposure, though it is within the user’s lines', () => {
    const found = secondStage(look([40, 10_000]), look([70, 10_000]));
    expect(lastOf(found)).toMatchObject({ outcome: 'breach_hold', reason: 'over_line_confirmed' });
    const users = secondStage(look([40, 10_000]), look([70, 10_000]), ERROR_RATE.id);
    expect(users.every(({ outcome }) => !outcome.startsWith('breach'))).toBe(true);
  });

  test('holds nothing against one that always was so', () => {
    const found = secondStage(look([70, 10_000]), look([70, 10_000]));
    expect(found.every(({ outcome }) => !outcome.startsWith('breach'))).toBe(true);
    // Its baseline is what it showed itself, at stable’s rate of now.
    expect(lastOf(found).baseline.value).toBeCloseTo(0.007, 4);
  });

  test('holds nothing against one that moved as stable did', () => {
    const found = secondStage(look([40, 10_000]), look([80, 10_000], [720, 90_000]));
    expect(found.every(({ outcome }) => !outcome.startsWith('breach'))).toBe(true);
  });

  test('cannot make a regression the new normal: stage one’s own is still over the user’s line', () => {
    const users = secondStage(look([100, 10_000]), look([100, 10_000]), ERROR_RATE.id);
    expect(lastOf(users).outcome).toBe('breach_hold');
  });
});

describe('whatever a watch found', () => {
  const plan = planOf({ checks: PLAN.checks });
  const decided = (seen: Situation) => {
    const gate = { ...gateOf(plan, { [WATCH.id]: seen }) };
    const remembered = gate[WATCH.id];
    if (remembered?.kind !== 'share') throw new Error('no share');
    const previous = { canary: { n: 1_000, x: 2 }, stable: { n: 9_000, x: 18 }, looks: 10 };
    gate[WATCH.id] = { ...remembered, previous };
    const state = running(plan, { stageIndex: 1, gate });
    return decide(plan, state, lookAt(plan, state), NOW).decision;
  };

  test.each([
    'clear',
    'ambiguous',
    'over_unconfirmed',
    'thin',
    'unreadable_for_long',
    'stale',
    'silent',
  ] as const)('its absence or doubt never blocks: %s', (seen) => {
    expect(decided(seen)).toMatchObject({ kind: 'promote', reason: 'all_clear' });
  });

  test('its breach holds, never more', () => {
    expect(decided('breach_hold')).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
    expect(decided('breach_rollback')).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
  });
});

describe('a guard against the previous stage', () => {
  const guard = check({
    ...ERROR_RATE,
    id: 'http.error_rate/previous_stage',
    against: { kind: 'previous_stage' },
    hold: { compare: 'ratio', times: 1.5 },
    rollback: { compare: 'ratio', times: 3 },
  });
  const plan = endlessPlan({ checks: [guard] });
  const first = (canary: Arm) => gateRun(plan, repeated(look(canary), 30));

  test('is held against stable itself in the first stage', () => {
    const good = lastOf(findingsOf(first([40, 10_000]), guard.id));
    expect(good).toMatchObject({ outcome: 'clear', baseline: { value: 0.004 } });
    expect(lastOf(findingsOf(first([80, 10_000]), guard.id)).outcome).toBe('breach_hold');
    expect(lastOf(findingsOf(first([200, 10_000]), guard.id)).outcome).toBe('breach_rollback');
  });

  test('is held against its own first stage in the second, and must show again that it is well', () => {
    const second = (canary: Arm) =>
      findingsOf(
        gateRun(plan, repeated(look(canary), 30), { from: promoted(first([40, 10_000])) }),
        guard.id,
      );
    expect(second([40, 10_000])[0]).toMatchObject({ outcome: 'no_data', reason: 'thin' });
    expect(lastOf(second([40, 10_000]))).toMatchObject({ outcome: 'clear' });
    expect(lastOf(second([80, 10_000]))).toMatchObject({ outcome: 'breach_hold' });
    expect(lastOf(second([240, 10_000]))).toMatchObject({ outcome: 'breach_rollback' });
  });
});

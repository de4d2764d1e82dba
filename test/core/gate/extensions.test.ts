import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import type { ShareState } from '../../../src/core/gate/share-state.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateRun } from './gate-run.ts';
import { gateOf, lookAt, NOW, running, type Situation, shares, TICK_MS } from './looks.ts';

const OTHER = check({ ...ERROR_RATE, id: 'other', signal: 'cache.error_rate' });
const PLAN = planOf({ checks: [ERROR_RATE, OTHER] });
const HOLD_MS = 10_000;

/** A stage at the end of its nth extension: the minimum and n more holds are over this very look. */
const extended = (extensions: number): RolloutState =>
  running(PLAN, {
    stageSince: NOW - HOLD_MS * (1 + extensions),
    extensions,
    ...(extensions === 0 ? {} : { extendedAt: NOW - HOLD_MS }),
  });

function decided(
  state: RolloutState,
  seen: Situation,
  change: (remembered: ShareState) => ShareState = (remembered) => remembered,
) {
  const gate = { ...gateOf(PLAN, { [ERROR_RATE.id]: seen }) };
  const remembered = gate[ERROR_RATE.id];
  if (remembered?.kind !== 'share') throw new Error('no share');
  gate[ERROR_RATE.id] = change(remembered);
  const { kind, reason, until } = decide(PLAN, { ...state, gate }, lookAt(PLAN, state), NOW).decision;
  return { verdict: `${kind} ${reason}`, untilMs: until === null ? null : until - NOW };
}

const FIRST = { verdict: 'extend not_clear_yet', untilMs: HOLD_MS };
const AGAIN = { verdict: 'extend nearly_clear', untilMs: HOLD_MS };
const ASK = { verdict: 'ask evidence_not_clear', untilMs: null };
/** So little traffic that another hold brings next to nothing. */
const trickle = (remembered: ShareState): ShareState => ({
  ...remembered,
  trailing: remembered.trailing.map((window) => ({ ...window, canary: { n: 1, x: 0 } })),
});
const suspected =
  (log: number) =>
  (remembered: ShareState): ShareState => ({
    ...remembered,
    harm: remembered.harm.map((process) => ({ ...process, peak: log })),
  });

describe('the first extension', () => {
  test.each(['ambiguous', 'over_unconfirmed', 'thin', 'unreadable_just_now'] as const)(
    'is given in any case: %s',
    (seen) => {
      expect(decided(extended(0), seen)).toEqual(FIRST);
    },
  );

  test('is given without promise too', () => {
    expect(decided(extended(0), 'ambiguous', trickle)).toEqual(FIRST);
    expect(decided(extended(0), 'ambiguous', suspected(2))).toEqual(FIRST);
  });

  test('lasts as long as the stage holds, and nothing is asked meanwhile', () => {
    const midway = running(PLAN, { stageSince: NOW - 15_000, extensions: 1, extendedAt: NOW - 5_000 });
    expect(decided(midway, 'ambiguous', trickle)).toEqual({ verdict: 'wait gathering', untilMs: 5_000 });
  });
});

describe('a later extension', () => {
  test.each([1, 2, 3])('is given while it is promising, after %i', (extensions) => {
    expect(decided(extended(extensions), 'ambiguous')).toEqual(AGAIN);
    expect(decided(extended(extensions), 'over_unconfirmed')).toEqual(AGAIN);
  });

  test('is not given a fifth time: a person is asked', () => {
    expect(decided(extended(4), 'ambiguous')).toEqual(ASK);
  });

  test('is not given where the next hold would not do', () => {
    expect(decided(extended(1), 'ambiguous', trickle)).toEqual(ASK);
  });

  test('is not given over half of the harm evidence that would hold', () => {
    // Two required checks: a hold needs ln(2 / 0.05) = 3.69 nats.
    expect(decided(extended(1), 'ambiguous', suspected(1.84))).toEqual(AGAIN);
    expect(decided(extended(1), 'ambiguous', suspected(1.85))).toEqual(ASK);
  });

  test.each(['thin', 'unreadable_just_now'] as const)('is not given without data: %s', (seen) => {
    expect(decided(extended(1), seen)).toEqual(ASK);
  });

  test('is not given for one check when another has no promise', () => {
    const gate = { ...gateOf(PLAN, { [ERROR_RATE.id]: 'ambiguous', [OTHER.id]: 'thin' }) };
    const state = { ...extended(1), gate };
    expect(decide(PLAN, state, lookAt(PLAN, state), NOW).decision.kind).toBe('ask');
  });

  test('is not needed once all is clear', () => {
    expect(decided(extended(3), 'clear').verdict).toBe('promote all_clear');
    expect(decided(extended(4), 'clear').verdict).toBe('promote all_clear');
  });
});

test('a stage that stays promising and never clears is extended four times, a hold each, then asks and stays asked', () => {
  const plan = planOf();
  const windows = Array.from({ length: 60 }, (_, look) =>
    shares(ERROR_RATE.signal, { canary: [look % 4 === 3 ? 0 : 1, 100], stable: [2, 900] }),
  );
  const { decisions, state } = gateRun(plan, windows);
  const extends_ = decisions.filter(({ kind }) => kind === 'extend');
  expect(extends_.map(({ at }) => (at - NOW) / TICK_MS)).toEqual([10, 20, 30, 40]);
  expect(decisions.find(({ kind }) => kind === 'ask')?.at).toBe(NOW + 50 * TICK_MS);
  expect(decisions.at(-1)).toMatchObject({ kind: 'ask', reason: 'awaiting_person' });
  expect(state.stageIndex).toBe(0);
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { stageWatches } from '../../../src/core/plan/stage-watches.ts';
import type { Command } from '../../../src/core/rollout/command.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { commandOutcome, step } from '../../../src/core/rollout/step.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateOf, lookAt, NOW, running, type Situation, sample, shares, TICK_MS } from '../gate/looks.ts';

const proposed = (signal: string) =>
  check({
    ...ERROR_RATE,
    id: `rule:${signal}`,
    signal,
    severity: 'major',
    provenance: [{ source: 'rule', from: 'a rule', evidence: [] }],
  });
const CACHE = proposed('cache.error_rate');
const DB = proposed('db.error_rate');
const GUARDRAIL = check({
  ...ERROR_RATE,
  id: 'payment.failure_rate',
  signal: 'payment.failure_rate',
  severity: 'major',
  provenance: [{ source: 'policy', from: 'payments', evidence: [] }],
});
const BY_POLICY = { ...proposed('queue.error_rate'), severity: 'critical' as const };
const PLAN = planOf({ checks: [ERROR_RATE, CACHE, DB] });
const WIDE = planOf({
  checks: [...PLAN.checks, GUARDRAIL, BY_POLICY, ...stageWatches([ERROR_RATE])],
});

const waive = (more: Partial<Command> = {}): Command => ({
  verb: 'waive',
  by: 'alice',
  reason: 'a known cold start',
  until: null,
  expectedEpoch: 1,
  check: CACHE.id,
  ...more,
});
const why = (command: Command, state: RolloutState = running(WIDE), plan: Plan = WIDE) => {
  const outcome = commandOutcome(plan, state, command, null);
  return outcome.kind === 'refused' ? outcome.why : null;
};
const standing = (
  situations: Readonly<Record<string, Situation>>,
  overrides: Partial<RolloutState> = {},
): RolloutState => ({ ...running(PLAN, overrides), gate: gateOf(PLAN, situations) });
const stepped = (state: RolloutState, commands: readonly Command[] = [], at = NOW) =>
  step(PLAN, state, {
    commands,
    evidence: lookAt(PLAN, state, [], at),
    quietMs: 3_000,
    supersededBy: null,
  }).state;
const USED_UP = { stageSince: NOW - 60_000, extendedAt: NOW - 10_000, extensions: 4 };

describe('a waiver is taken', () => {
  test('of a proposed check, for the stage it was shown for', () => {
    expect(why(waive())).toBeNull();
    expect(why(waive({ expectedEpoch: 2 }))).toContain('meant for stage entry 2');
    expect(why(waive({ expectedEpoch: null }))).not.toBeNull();
  });

  test.each(['rolling_back', 'rolled_back', 'completed'] as const)('never once it is %s', (phase) => {
    expect(why(waive(), running(WIDE, { phase }))).not.toBeNull();
  });

  test.each([
    { id: ERROR_RATE.id, because: 'is required by the instruction (a test)' },
    { id: GUARDRAIL.id, because: 'is required by the policy (payments)' },
    { id: BY_POLICY.id, because: 'is critical' },
    { id: `${ERROR_RATE.id}/previous_stage`, because: 'watches a required check' },
  ])('never of $id, and the answer says why and what to do instead', ({ id, because }) => {
    const answer = why(waive({ check: id }));
    expect(answer).toContain(`${id} ${because}`);
    expect(answer).toContain('roll back');
    expect(answer).toContain(`what may be waived: ${CACHE.id}, ${DB.id}`);
  });

  test('never of a check the plan has not: the answer lists what may be waived', () => {
    expect(why(waive({ check: 'cache' }))).toBe(
      `this plan has no check "cache"; what may be waived: ${CACHE.id}, ${DB.id}`,
    );
    const bare = planOf();
    expect(why(waive(), running(bare), bare)).toContain('none of its checks may be waived');
  });

  test.each(['', ' \n'])('never without a reason: %j', (reason) => {
    expect(why(waive({ reason }))).toContain('needs a reason');
  });

  test.each(['breach_hold', 'breach_rollback'] as const)(
    'never while a critical guardrail is over a line: %s',
    (situation) => {
      const state = stepped(standing({ [ERROR_RATE.id]: situation }));
      const held = { ...state, phase: 'running' as const };
      expect(why(waive({ expectedEpoch: held.stageEpoch }), held, PLAN)).toContain(
        `${ERROR_RATE.id} is critical and over its line`,
      );
    },
  );
});

describe('a waiver', () => {
  const held = stepped(standing({ [CACHE.id]: 'breach_hold' }));

  test('lets a rollout that the check held go on, and ends with the stage', () => {
    expect(held.last).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
    const next = stepped(held, [waive()], NOW + 1);
    expect(next).toMatchObject({
      stageIndex: 1,
      last: { kind: 'promote', waived: [{ checkId: CACHE.id, by: 'alice', reason: 'a known cold start' }] },
    });
    expect(next).not.toHaveProperty('waived');
  });

  test('of one check keeps what another holds', () => {
    const both = standing({ [CACHE.id]: 'breach_hold', [DB.id]: 'breach_hold' });
    const next = stepped(both, [waive()]);
    expect(next).toMatchObject({ stageIndex: 0, last: { reason: 'breach_hold' } });
    expect(stepped(next, [waive({ check: DB.id })], NOW + 1).stageIndex).toBe(1);
  });

  test('given twice keeps the last word', () => {
    const commands = [waive(), waive({ by: 'bob', reason: 'seen before' })];
    const next = stepped(standing({}, { stageSince: NOW }), commands);
    expect(next.waived).toEqual([{ checkId: CACHE.id, by: 'bob', reason: 'seen before' }]);
  });

  test('outlives a resume, which watches the same stage again', () => {
    const resume = waive({ verb: 'resume' });
    expect(stepped(held, [waive(), resume], NOW + 1).waived).toHaveLength(1);
  });

  test('changes nothing when it is refused', () => {
    const next = stepped(held, [waive({ check: ERROR_RATE.id })], NOW + 1);
    expect(next).not.toHaveProperty('waived');
    expect(next.last).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
  });

  test('answers a question that waived checks alone have kept open', () => {
    const asked = stepped(standing({ [CACHE.id]: 'breach_hold', [DB.id]: 'thin' }, USED_UP));
    expect(asked.asked).toEqual({
      at: NOW,
      reason: 'breach_hold_persisted',
      unclear: [CACHE.id, DB.id],
    });
    const half = stepped(asked, [waive()], NOW + 1);
    expect(half).toMatchObject({ stageIndex: 0, last: { kind: 'ask', reason: 'awaiting_person' } });
    expect(stepped(half, [waive({ check: DB.id })], NOW + 2).stageIndex).toBe(1);
  });

  test('leaves a question open that a required check has a part in, even once that one is clear', () => {
    const asked = stepped(standing({ [ERROR_RATE.id]: 'ambiguous', [CACHE.id]: 'breach_hold' }, USED_UP));
    const clear = { ...asked, gate: gateOf(PLAN, { [CACHE.id]: 'breach_hold' }) };
    expect(stepped(clear, [waive()], NOW + 1)).toMatchObject({
      stageIndex: 0,
      last: { kind: 'ask', reason: 'awaiting_person' },
    });
  });
});

const LOOKS = 40;
const arm = fc.constantFrom<readonly [number, number] | 'dark'>(
  [0, 300],
  [0, 300],
  [1, 300],
  [12, 300],
  [0, 12],
  'dark',
);
/** Stretches of the same, so that a check is blind, thin or bad for long enough to matter. */
const track = fc
  .array(fc.tuple(arm, fc.integer({ min: 1, max: 14 })), { minLength: 3, maxLength: 12 })
  .map((runs) => runs.flatMap(([seen, looks]) => Array.from({ length: looks }, () => seen)).slice(0, LOOKS));
const said = fc.array(
  fc.record({
    look: fc.nat(LOOKS),
    command: fc.constantFrom(waive(), waive({ check: DB.id }), waive({ verb: 'hold', until: NOW + 12_000 })),
  }),
  { maxLength: 5 },
);

/** The look at which a rollout leaves its first stage upwards; Infinity when it never does. */
function leftAt(
  plan: Plan,
  tracks: readonly (readonly (readonly [number, number] | 'dark')[])[],
  commandsAt: (look: number) => readonly Command[],
): number {
  let state = running(plan, { stageSince: NOW, enteredAt: NOW, watchedMs: 0 });
  for (let look = 0; look < Math.min(...tracks.map(({ length }) => length)); look++) {
    const at = NOW + look * TICK_MS;
    const samples = PLAN.checks.flatMap(({ signal }, of) => {
      const seen = tracks[of]?.[look] ?? 'dark';
      return seen === 'dark'
        ? (['canary', 'stable'] as const).map((side) =>
            sample(signal, side, null, { to: at, unusable: 'timeout' }),
          )
        : shares(signal, { canary: seen, stable: [5, 2_700] }, at);
    });
    const evidence = lookAt(plan, state, samples, at);
    const input = { commands: commandsAt(look), evidence, quietMs: 3_000, supersededBy: null };
    state = step(plan, state, input).state;
    if (state.stageIndex > 0) return look;
    if (state.phase !== 'running') return Infinity;
  }
  return Infinity;
}

test('B8: whatever is waived and whenever, no stage is left before the required checks alone would leave it', () => {
  const required = planOf({ checks: [ERROR_RATE] });
  let left = 0;
  let byWaiver = 0;
  fc.assert(
    fc.property(fc.tuple(track, track, track), said, (tracks, words) => {
      const commandsAt = (look: number, isTaken: (command: Command) => boolean) =>
        words.filter((word) => word.look === look && isTaken(word.command)).map(({ command }) => command);
      const holds = (look: number) => commandsAt(look, ({ verb }) => verb === 'hold');
      const at = leftAt(PLAN, tracks, (look) => commandsAt(look, () => true));
      if (at < Infinity) left++;
      if (at < leftAt(PLAN, tracks, holds)) byWaiver++;
      expect(leftAt(required, tracks, holds)).toBeLessThanOrEqual(at);
    }),
    { numRuns: 400 },
  );
  expect(left).toBeGreaterThan(30);
  expect(byWaiver).toBeGreaterThan(5);
});

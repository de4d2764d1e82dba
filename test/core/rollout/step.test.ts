import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { desiredAt, type Plan } from '../../../src/core/plan/plan.ts';
import type { Command } from '../../../src/core/rollout/command.ts';
import { DECIDER_VERSION, eventOf, eventPayload, type TimedEvent } from '../../../src/core/rollout/events.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import { type RolloutState, startState } from '../../../src/core/rollout/state.ts';
import { commandOutcome, type Step, step } from '../../../src/core/rollout/step.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateOf, NOW, running, type Situation, shares, TICK_MS } from '../gate/looks.ts';

const PLAN = planOf();
const QUIET_MS = 3_000;

function command(verb: Command['verb'], more: Partial<Command> = {}): Command {
  return { verb, by: 'alice', reason: '', until: null, expectedEpoch: 1, ...more };
}

function stepped(
  state: RolloutState,
  more: {
    readonly commands?: readonly Command[];
    readonly actual?: RolloutState['desired'] | null;
    readonly at?: number;
    readonly supersededBy?: string | null;
  } = {},
): Step {
  const actual = more.actual === undefined ? state.desired : more.actual;
  const evidence = { at: more.at ?? NOW, samples: [], actual };
  const { commands = [], supersededBy = null } = more;
  return step(PLAN, state, { commands, evidence, quietMs: QUIET_MS, supersededBy });
}

const standing = (situation: Situation = 'clear', overrides: Partial<RolloutState> = {}) => ({
  ...running(PLAN, overrides),
  gate: gateOf(PLAN, { [ERROR_RATE.id]: situation }),
});
const kinds = ({ events }: Step) => events.map(({ event }) => event.kind);

describe('commands', () => {
  test.each([
    { phase: 'running', verb: 'rollback', epoch: null, taken: true },
    { phase: 'running', verb: 'rollback', epoch: 7, taken: true },
    { phase: 'running', verb: 'hold', epoch: null, taken: true },
    { phase: 'running', verb: 'promote', epoch: 1, taken: true },
    { phase: 'running', verb: 'promote', epoch: 2, taken: false },
    { phase: 'running', verb: 'promote', epoch: null, taken: false },
    { phase: 'running', verb: 'resume', epoch: 1, taken: true },
    { phase: 'running', verb: 'resume', epoch: null, taken: false },
    { phase: 'rolling_back', verb: 'rollback', epoch: null, taken: true },
    { phase: 'rolling_back', verb: 'promote', epoch: 1, taken: false },
    { phase: 'rolling_back', verb: 'resume', epoch: 1, taken: false },
    { phase: 'rolled_back', verb: 'rollback', epoch: null, taken: true },
    { phase: 'rolled_back', verb: 'promote', epoch: 1, taken: false },
    { phase: 'completed', verb: 'rollback', epoch: null, taken: true },
    { phase: 'completed', verb: 'hold', epoch: null, taken: false },
    { phase: 'completed', verb: 'promote', epoch: 1, taken: false },
    { phase: 'completed', verb: 'resume', epoch: 1, taken: false },
  ] as const)('$verb for stage entry $epoch while $phase: taken $taken', ({ phase, verb, epoch, taken }) => {
    const outcome = commandOutcome(
      PLAN,
      standing('clear', { phase }),
      command(verb, { expectedEpoch: epoch }),
      null,
    );
    expect(outcome.kind).toBe(taken ? 'accepted' : 'refused');
  });

  test('a complete rollout cannot be taken back once another one drives its target', () => {
    const outcome = commandOutcome(
      PLAN,
      standing('clear', { phase: 'completed' }),
      command('rollback'),
      'rl_next',
    );
    expect(outcome).toMatchObject({ kind: 'refused', why: expect.stringContaining('rl_next') });
  });

  test('each is logged under the name of who gave it, and told of, before the decision it leads to', () => {
    const found = stepped(standing(), { commands: [command('hold'), command('rollback', { by: 'bob' })] });
    expect(kinds(found)).toEqual(['commanded', 'commanded', 'decided']);
    expect(found.events.map(({ actor }) => actor)).toEqual(['alice', 'bob', 'sluice']);
    expect(found.tellEvents).toEqual([0, 1, 2]);
  });

  test('a rollback in the same look as a promotion wins', () => {
    const found = stepped(standing(), { commands: [command('promote'), command('rollback')] });
    expect(found.state).toMatchObject({ phase: 'rolling_back', desired: { percent: 0 } });
  });

  test('an order is weighed once: a refused promotion does not come back later', () => {
    const found = stepped(standing('breach_hold'), { commands: [command('promote')] });
    expect(found.state).toMatchObject({
      order: null,
      last: { kind: 'hold', refusedOrder: expect.any(String) },
    });
    expect(found.tellEvents).toContain(1);
  });

  test('resume starts the stage over: minimum and extension are given anew', () => {
    const asked = standing('clear', {
      asked: { at: NOW, reason: 'evidence_not_clear' },
      extendedAt: NOW - 1,
      personHold: { by: 'alice', reason: '', until: null },
    });
    const found = stepped(asked, { commands: [command('resume')] });
    expect(found.state).toMatchObject({
      asked: null,
      extendedAt: null,
      personHold: null,
      stageSince: NOW,
      last: { reason: 'stage_minimum', until: NOW + 10_000 },
    });
  });

  test.each([
    { first: NOW + 9, second: NOW + 5, until: NOW + 9 },
    { first: NOW + 5, second: NOW + 9, until: NOW + 9 },
    { first: null, second: NOW + 9, until: null },
    { first: NOW + 9, second: null, until: null },
  ])('held twice ($first, $second) keeps the longer', ({ first, second, until }) => {
    const commands = [command('hold', { until: first }), command('hold', { until: second })];
    expect(stepped(standing(), { commands }).state.personHold).toMatchObject({ until });
  });

  test('a hold whose time has passed is forgotten', () => {
    const found = stepped(standing('clear', { personHold: { by: 'alice', reason: '', until: NOW } }));
    expect(found.state).toMatchObject({ personHold: null, stageIndex: 1 });
  });
});

describe('leaving a stage', () => {
  test('enters the next with a new epoch, no clock yet, and nothing seen of it', () => {
    const { state, events, exposureEvent } = stepped(standing());
    expect(state).toMatchObject({
      stageIndex: 1,
      stageEpoch: 2,
      stageSince: null,
      extendedAt: null,
      asked: null,
      desired: desiredAt(PLAN, 1),
      gate: { [ERROR_RATE.id]: { intervals: 0, trailing: [], stage: { canary: { n: 0, x: 0 } } } },
    });
    expect(exposureEvent).toBe(0);
    expect(events[0]?.gateEpoch).toBe(1);
  });

  test.each([
    { situation: 'clear', leaves: true },
    { situation: 'breach_rollback', leaves: true },
    { situation: 'ambiguous', leaves: false },
    { situation: 'breach_hold', leaves: false },
  ] as const)('uses the gate of its epoch only when it leaves: $situation', ({ situation, leaves }) => {
    const [decided] = stepped(standing(situation)).events;
    expect(decided?.gateEpoch).toBe(leaves ? 1 : null);
  });

  test('an ask is remembered with its first reason', () => {
    const first = stepped(
      standing('ambiguous', { stageSince: NOW - 60_000, extendedAt: NOW - 10_000, extensions: 4 }),
    ).state;
    const again = stepped(first, { at: NOW + 1 }).state;
    expect(again).toMatchObject({ asked: { at: NOW, reason: 'evidence_not_clear' } });
    expect(again.last?.reason).toBe('awaiting_person');
  });
});

describe('people are told', () => {
  test('of a decision once, not at every look', () => {
    const first = stepped(standing('breach_hold'));
    expect(first.tellEvents).toEqual([0]);
    expect(stepped(first.state, { at: NOW + 1 }).tellEvents).toEqual([]);
  });

  test('never of mere waiting', () => {
    expect(stepped(standing('clear', { stageSince: NOW })).tellEvents).toEqual([]);
  });
});

describe('rolling back', () => {
  const rolledBack = stepped(standing('breach_rollback')).state;
  const zero = { percent: 0, audiences: [] };

  test('takes everything to nothing, and opens a new epoch', () => {
    expect(rolledBack).toMatchObject({
      phase: 'rolling_back',
      stageEpoch: 2,
      desired: zero,
      stageSince: null,
    });
  });

  test('decides nothing any more, and waits until the backend is read back at nothing', () => {
    const waiting = stepped(rolledBack, { actual: { percent: 10, audiences: [] } });
    expect(waiting).toMatchObject({ events: [], exposureEvent: null });
    expect(kinds(stepped(rolledBack, { actual: null }))).toEqual([]);
    expect(kinds(stepped(rolledBack, { actual: zero }))).toEqual(['exposure_zero']);
  });

  test('is over once nothing has moved for the quiet time', () => {
    const seen = stepped(rolledBack, { actual: zero }).state;
    const eventsAfter = (ms: number) => kinds(stepped(seen, { actual: zero, at: NOW + ms }));
    expect(eventsAfter(QUIET_MS - 1)).toEqual([]);
    expect(eventsAfter(QUIET_MS)).toEqual(['settled']);
    const settled = stepped(seen, { actual: zero, at: NOW + QUIET_MS }).state;
    expect(settled).toMatchObject({
      phase: 'rolled_back',
      ended: 'breach_rollback',
      endedAt: NOW + QUIET_MS,
    });
  });

  test('stays possible after the end, by a person’s word alone', () => {
    const complete = standing('breach_rollback', { phase: 'completed', stageIndex: 3, stageEpoch: 5 });
    expect(stepped(complete).events).toEqual([]);
    const recalled = stepped(complete, { commands: [command('rollback')] });
    expect(recalled.state).toMatchObject({ phase: 'rolling_back', ended: 'person_rollback', desired: zero });
  });
});

const PROPOSED = check({
  ...ERROR_RATE,
  id: 'rule:http.error_rate',
  severity: 'major',
  provenance: [{ source: 'rule', from: 'calls', evidence: [] }],
});
const WAIVING = { check: PROPOSED.id, reason: 'known' };

/** What one look may bring: counts of either arm, an exposure that agrees, lags or cannot be read, and a person's word. */
const look = fc.record({
  x: fc.nat(30),
  n: fc.integer({ min: 0, max: 400 }),
  actual: fc.constantFrom('agrees', 'agrees', 'agrees', 'lags', 'unreadable'),
  verb: fc.option(fc.constantFrom('promote', 'hold', 'resume', 'waive', 'rollback'), { freq: 12 }),
  epoch: fc.integer({ min: 1, max: 4 }),
});

/** A whole rollout by `step`, and everything a log would keep of it. */
function rolledOut(plan: Plan, looks: readonly (typeof look extends fc.Arbitrary<infer T> ? T : never)[]) {
  const before = shares(ERROR_RATE.signal, { canary: [0, 0], stable: [4, 2_000] });
  const versions = { sluice: '0', decider: DECIDER_VERSION, bucketing: 'x' };
  const started = { kind: 'started', plan, planDigest: 'x', before, versions } as const;
  const log: (TimedEvent & { readonly evidence: Parameters<typeof fold>[3] })[] = [
    { at: NOW, actor: 'x', event: started, usesEvidence: false, gateEpoch: null, evidence: null },
  ];
  let state = fold(plan, startState(plan, NOW), { at: NOW, event: started }, null);
  for (const [at, seen] of looks.entries()) {
    const to = NOW + (at + 1) * TICK_MS;
    const arms = { canary: [Math.min(seen.x, seen.n), seen.n], stable: [18, 9_000] } as const;
    const lags = { percent: 0, audiences: [] };
    const actual = seen.actual === 'agrees' ? state.desired : seen.actual === 'lags' ? lags : null;
    const evidence = { at: to, samples: shares(ERROR_RATE.signal, arms, to), actual };
    const said = { expectedEpoch: seen.epoch, ...(seen.verb === 'waive' ? WAIVING : {}) };
    const commands = seen.verb === null ? [] : [command(seen.verb, said)];
    const next = step(plan, state, { commands, evidence, quietMs: QUIET_MS, supersededBy: null });
    log.push(...next.events.map((event) => ({ ...event, evidence: event.usesEvidence ? evidence : null })));
    state = next.state;
  }
  return { log, state };
}

describe('the state', () => {
  const plan = planOf({
    checks: [ERROR_RATE, PROPOSED],
    ladder: [{ exposure: { kind: 'percent', percent: 10 }, holdMs: 3_000 }, ...PLAN.ladder.slice(1)],
  });

  test('is the fold of the log: recomputing from the events gives what was kept look by look', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        const { log, state } = rolledOut(plan, looks);
        const refolded = log.reduce(
          (sum, { at, event, evidence }) => {
            const written = eventOf(event.kind, JSON.parse(JSON.stringify(eventPayload(event))));
            return fold(plan, sum, { at, event: written }, evidence);
          },
          startState(plan, NOW),
        );
        expect(refolded).toEqual(state);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 50 },
    );
  });

  test('leaves each stage entry through its gate at most once', () => {
    fc.assert(
      fc.property(fc.array(look, { maxLength: 60 }), (looks) => {
        const epochs = rolledOut(plan, looks).log.flatMap(({ gateEpoch }) =>
          gateEpoch === null ? [] : [gateEpoch],
        );
        expect(new Set(epochs).size).toBe(epochs.length);
      }),
      { numRuns: 30 },
    );
  });
});

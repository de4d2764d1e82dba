import { decide, type Judgement } from '../gate/decide.ts';
import type { Decision, Waiver } from '../gate/decision.ts';
import type { Evidence } from '../gate/evidence.ts';
import { enterStage, type GateState } from '../gate/gate-state.ts';
import { seedIntegrity } from '../gate/integrity.ts';
import type { Sample } from '../gate/sample.ts';
import { countsIn } from '../gate/share-counts.ts';
import { desiredAt, type Plan } from '../plan/plan.ts';
import type { Command } from './command.ts';
import type { RolloutEvent } from './events.ts';
import { type Asked, NOTHING_EXPOSED, type RolloutState, startState, watchedAt } from './state.ts';

/**
 * The state after an event. `evidence` is what the event names by digest: needed by `decided`, whose look the gate
 * remembers. Folding a whole log gives the state that was kept beside it. `judged` is what `decide` has just made of the same
 * arguments, for whoever has it already.
 */
export function fold(
  plan: Plan,
  state: RolloutState,
  happened: { readonly at: number; readonly event: RolloutEvent },
  evidence: Evidence | null,
  judged: Judgement | null = null,
): RolloutState {
  const { event, at } = happened;
  switch (event.kind) {
    case 'started':
      return seeded(plan, startState(plan, at), event.before);
    case 'commanded':
      return event.outcome.kind === 'accepted' ? afterCommand(state, event.command, at) : state;
    case 'decided':
      return evidence === null
        ? state
        : afterDecision(plan, state, event.decision, judged ?? decide(plan, state, evidence, at), at);
    case 'summarised':
      return state;
    case 'exposure_zero':
      return { ...state, stageSince: at };
    case 'settled':
      return { ...state, phase: 'rolled_back', endedAt: at };
  }
}

/** The pre-rollout reading tells the gate what rates to expect; it is no evidence about the change. */
function seeded(plan: Plan, state: RolloutState, before: readonly Sample[]): RolloutState {
  const gate: GateState = Object.fromEntries(
    plan.checks.map((check) => {
      const remembered = state.gate[check.id];
      const stable = before.find((s) => s.signal === check.signal && s.cohort === 'stable')?.stat;
      if (remembered?.kind === 'moments' && stable?.kind === 'moments') {
        const { kind: _, ...sums } = stable;
        return [check.id, { ...remembered, before: sums }];
      }
      const counts = countsIn(check, stable ?? null);
      if (remembered?.kind !== 'share' || counts === null) return [check.id, remembered];
      return [check.id, { ...remembered, predicted: { canary: counts, stable: counts } }];
    }),
  ) as GateState;
  return { ...state, gate, integrity: seedIntegrity(state.integrity, plan.checks, before) };
}

function afterCommand(state: RolloutState, command: Command, at: number): RolloutState {
  const { by, reason } = command;
  switch (command.verb) {
    case 'rollback':
      return { ...state, order: { verb: 'rollback', by, reason } };
    case 'promote':
      return { ...state, order: { verb: 'promote', by, reason } };
    case 'hold':
      return { ...state, personHold: longerHold(state.personHold, { by, reason, until: command.until }) };
    case 'resume':
      // The stage starts over: its minimum and its extension are given anew.
      return {
        ...state,
        personHold: null,
        asked: null,
        extendedAt: null,
        extensions: 0,
        stageSince: null,
        watchedMs: 0,
        enteredAt: at,
      };
    case 'waive':
      return waived(state, { checkId: command.check ?? '', by, reason });
  }
}

/** Waived twice keeps the last word. An ask that only waived checks have kept open is answered by it. */
function waived(state: RolloutState, waiver: Waiver): RolloutState {
  const others = (state.waived ?? []).filter(({ checkId }) => checkId !== waiver.checkId);
  const all = [...others, waiver];
  const unclear = state.asked?.unclear ?? [];
  const isAnswer = unclear.length > 0 && unclear.every((id) => all.some(({ checkId }) => checkId === id));
  return { ...state, waived: all, asked: isAnswer ? null : state.asked };
}

type PersonHold = NonNullable<RolloutState['personHold']>;

/** Held twice keeps the longer. */
function longerHold(old: PersonHold | null, fresh: PersonHold): PersonHold {
  if (old === null || fresh.until === null) return fresh;
  return old.until === null || old.until > fresh.until ? old : fresh;
}

function afterDecision(
  plan: Plan,
  before: RolloutState,
  decision: Decision,
  { gate, integrity, stageSince }: Omit<Judgement, 'decision'>,
  at: number,
): RolloutState {
  const isHoldOver = before.personHold?.until !== null && (before.personHold?.until ?? at) <= at;
  const state: RolloutState = {
    ...before,
    gate,
    integrity,
    stageSince,
    lookedAt: at,
    // An incident on both sides says nothing about the change: its time does not count towards the stage's.
    watchedMs: decision.reason === 'shared_incident' ? before.watchedMs : watchedAt(plan, before, at),
    last: decision,
    order: null,
    personHold: isHoldOver ? null : before.personHold,
    told: toldAfter(before.told, decision),
  };
  switch (decision.kind) {
    case 'promote':
    case 'widen':
      return entered(plan, state, before.stageIndex + 1, at);
    case 'rollback':
      return {
        ...state,
        phase: 'rolling_back',
        stageEpoch: state.stageEpoch + 1,
        desired: NOTHING_EXPOSED,
        stageSince: null,
        enteredAt: at,
        endedAt: null,
        ended: decision.reason,
      };
    case 'complete':
      // The stage's gate has been used: a rollback that a person orders later leaves through a new one.
      return {
        ...state,
        phase: 'completed',
        stageEpoch: state.stageEpoch + 1,
        endedAt: at,
        ended: decision.reason,
      };
    case 'extend':
      return { ...state, extendedAt: at, extensions: state.extensions + 1 };
    case 'ask':
      return { ...state, asked: askedAgain(state.asked, decision, at) };
    case 'hold':
    case 'wait':
      return state;
  }
}

/** The first question stands; checks that turn out unclear while it is open belong to it. */
function askedAgain(before: Asked | null, decision: Decision, at: number): Asked {
  const unclear = decision.findings.flatMap(({ checkId, intent, severity, outcome }) => {
    const isOpen = intent === 'guard' ? outcome !== 'clear' : outcome === 'breach_hold';
    return isOpen && severity !== 'advisory' ? [checkId] : [];
  });
  const all = [...new Set([...(before?.unclear ?? []), ...unclear])];
  const { reason } = before ?? decision;
  return { at: before?.at ?? at, reason, ...(all.length === 0 ? {} : { unclear: all }) };
}

/** What was waived in the stage before votes again. */
function entered(
  plan: Plan,
  { waived: _, ...state }: RolloutState,
  stageIndex: number,
  at: number,
): RolloutState {
  return {
    ...state,
    stageIndex,
    stageEpoch: state.stageEpoch + 1,
    stageSince: null,
    watchedMs: 0,
    enteredAt: at,
    desired: desiredAt(plan, stageIndex),
    extendedAt: null,
    extensions: 0,
    asked: null,
    gate: enterStage(state.gate),
  };
}

/** People are told of a decision once per stage and reason, never of waiting, and not again that they were asked. */
export function toldAfter(told: string, decision: Decision): string {
  if (decision.kind === 'wait' || decision.reason === 'awaiting_person') return told;
  return `${decision.stageEpoch}/${decision.kind}/${decision.reason}`;
}

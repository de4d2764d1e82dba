import { decide, type Judgement } from '../gate/decide.ts';
import type { DecisionReason } from '../gate/decision.ts';
import type { Evidence } from '../gate/evidence.ts';
import type { Plan } from '../plan/plan.ts';
import { type Command, type CommandOutcome, isRisky } from './command.ts';
import type { RolloutEvent, SummaryNote, TimedEvent } from './events.ts';
import { fold } from './fold.ts';
import { isSameExposure, type RolloutState } from './state.ts';
import { waiverRefusal } from './waiver.ts';

/** What one look makes of a rollout: events for the log, the state after them, and what must become true outside. */
export interface Step {
  readonly events: readonly TimedEvent[];
  readonly state: RolloutState;
  /** Index of the event that changed the desired exposure, if one did. */
  readonly exposureEvent: number | null;
  /** Indexes of events people should hear of. */
  readonly tellEvents: readonly number[];
}

export interface StepInput {
  readonly commands: readonly Command[];
  /** Words that came in about a decision in force. */
  readonly summaries?: readonly SummaryNote[];
  readonly evidence: Evidence;
  readonly quietMs: number;
  /** A newer rollout that drives the same target by now. */
  readonly supersededBy: string | null;
}

/**
 * One look, pure: the commands that came in, then the decision the evidence calls for. After a rollback nothing is decided
 * any more; the exposure is watched until it has stayed at nothing for `quietMs`.
 */
export function step(plan: Plan, before: RolloutState, input: StepInput): Step {
  const { at } = input.evidence;
  let state = before;
  const events: TimedEvent[] = [];
  const tellEvents: number[] = [];
  const happens = (event: RolloutEvent, more: Partial<TimedEvent> = {}, judged: Judgement | null = null) => {
    events.push({ at, actor: 'sluice', event, usesEvidence: false, gateEpoch: null, ...more });
    state = fold(plan, state, { at, event }, input.evidence, judged);
  };

  for (const command of input.commands) {
    const outcome = commandOutcome(plan, state, command, input.supersededBy);
    happens({ kind: 'commanded', command, outcome }, { actor: command.by });
    tellEvents.push(events.length - 1);
  }
  for (const note of input.summaries ?? []) {
    happens({ kind: 'summarised', ...note });
    // Words about a decision that is not in force any more would mislead; they are kept and not told.
    if (isAbout(note, before.last)) tellEvents.push(events.length - 1);
  }
  if (state.phase === 'running' || isRecalled(state)) {
    const judged = decide(plan, state, input.evidence, at);
    const { decision } = judged;
    const leavesStage = ['promote', 'widen', 'rollback', 'complete'].includes(decision.kind);
    const told = state.told;
    happens(
      { kind: 'decided', decision },
      { usesEvidence: true, gateEpoch: leavesStage ? decision.stageEpoch : null },
      judged,
    );
    if (state.told !== told || decision.refusedOrder !== null) tellEvents.push(events.length - 1);
  } else if (state.phase === 'rolling_back') {
    const isZero = input.evidence.actual !== null && isSameExposure(input.evidence.actual, state.desired);
    if (isZero && state.stageSince === null) {
      happens({ kind: 'exposure_zero' });
      tellEvents.push(events.length - 1);
    }
    if (isZero && state.stageSince !== null && at - state.stageSince >= input.quietMs)
      happens({ kind: 'settled' });
  }
  const exposureEvent = isSameExposure(before.desired, state.desired) ? null : events.length - 1;
  return { events, state, exposureEvent, tellEvents };
}

/**
 * Whether a command is taken. Verbs that lower risk nearly always are; `promote`, `resume` and `waive` only while the rollout
 * runs and for the stage the person saw.
 */
export function commandOutcome(
  plan: Plan,
  state: RolloutState,
  command: Command,
  supersededBy: string | null,
): CommandOutcome {
  const refused = (why: string): CommandOutcome => ({ kind: 'refused', why });
  if (state.phase === 'rolled_back' && command.verb === 'rollback' && supersededBy !== null) {
    return refused(`rollout ${supersededBy} drives this target now; roll that one back`);
  }
  if (state.phase === 'rolled_back' || state.phase === 'rolling_back') {
    return command.verb === 'rollback' ? { kind: 'accepted' } : refused('this rollout was rolled back');
  }
  if (state.phase === 'completed' && supersededBy !== null) {
    return refused(`rollout ${supersededBy} drives this target now; roll that one back`);
  }
  if (state.phase === 'completed' && command.verb !== 'rollback') {
    return refused('this rollout is complete; only a rollback can still move it');
  }
  if (isRisky(command.verb) && command.expectedEpoch !== state.stageEpoch) {
    return refused(
      `it was meant for stage entry ${command.expectedEpoch}, and the rollout has moved on to ${state.stageEpoch}`,
    );
  }
  const unwaivable = command.verb === 'waive' ? waiverRefusal(plan, state, command) : null;
  return unwaivable === null ? { kind: 'accepted' } : refused(unwaivable);
}

const QUESTIONS: ReadonlySet<string> = new Set<DecisionReason>([
  'approval_required',
  'breach_hold_persisted',
  'evidence_not_clear',
]);

/**
 * Whether a paragraph is about this decision: made at the same entry to the stage, for the same reason. While the answer to a
 * question is waited for, it is the same question.
 */
export function isAbout(note: SummaryNote, decision: RolloutState['last']): boolean {
  if (decision === null || note.stageEpoch !== decision.stageEpoch) return false;
  const isStillOpen = decision.reason === 'awaiting_person' && QUESTIONS.has(note.reason);
  return isStillOpen || note.reason === decision.reason;
}

/** Complete, and a person wants it back all the same: a way down stays open after the end. */
function isRecalled(state: RolloutState): boolean {
  return state.phase === 'completed' && state.order?.verb === 'rollback';
}

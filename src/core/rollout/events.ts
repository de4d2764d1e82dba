import type { Json } from '../canonical-json.ts';
import type { Decision, DecisionReason } from '../gate/decision.ts';
import type { Sample } from '../gate/sample.ts';
import type { Plan } from '../plan/plan.ts';
import type { Command, CommandOutcome } from './command.ts';

/** What can happen to a rollout. Its state is the fold of these. */
export type RolloutEvent =
  /** The plan in full, and what stable showed before anything was exposed. */
  | {
      readonly kind: 'started';
      readonly plan: Plan;
      readonly planDigest: string;
      readonly before: readonly Sample[];
      readonly versions: Versions;
    }
  | { readonly kind: 'commanded'; readonly command: Command; readonly outcome: CommandOutcome }
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** A model's words about the decision of this stage entry and reason, for people. They move nothing, and `decide` never sees them. */
  | ({ readonly kind: 'summarised' } & SummaryNote)
  /** After a rollback: the backend was read back at nothing exposed. */
  | { readonly kind: 'exposure_zero' }
  /** Nothing moved for long enough after the end: the rollout is over. */
  | { readonly kind: 'settled' };

/** A paragraph and the decision it is about. */
export interface SummaryNote {
  /** When the decision was made. */
  readonly at: number;
  readonly stageEpoch: number;
  readonly reason: DecisionReason;
  readonly text: string;
  /** Prompt, model and answer. */
  readonly writtenBy: string;
}

/** What made the decisions, so that a replay knows whether it may expect the same bytes. */
export interface Versions {
  readonly sluice: string;
  /** Raised whenever the same evidence could give another decision. */
  readonly decider: number;
  /** How units are assigned to buckets. A rollout never goes on under another one. */
  readonly bucketing: string;
}

export const DECIDER_VERSION = 2;

/** An event with its place in time. `gateEpoch` is set on the one event that leaves a stage. */
export interface TimedEvent {
  readonly at: number;
  readonly actor: string;
  readonly event: RolloutEvent;
  readonly usesEvidence: boolean;
  readonly gateEpoch: number | null;
}

/** The event as the log keeps it. */
export function eventPayload(event: RolloutEvent): Json {
  const { kind: _, ...rest } = event;
  return rest as unknown as Json;
}

/** The event a log entry holds; entries are written by this program and verified by their chain before they are read. */
export function eventOf(kind: string, payload: Json): RolloutEvent {
  return { kind, ...(payload as object) } as RolloutEvent;
}

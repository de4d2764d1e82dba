import type { Finding } from './finding.ts';

/** From strictest to most permissive. The order is total and holds in every state. */
export const DECISIONS = [
  'rollback',
  'hold',
  'ask',
  'extend',
  'widen',
  'wait',
  'complete',
  'promote',
] as const;
export type DecisionKind = (typeof DECISIONS)[number];

export type DecisionReason =
  | 'breach_rollback'
  | 'person_rollback'
  | 'breach_hold'
  | 'telemetry_blind'
  | 'canary_silent'
  | 'exposure_unreadable'
  | 'overlap'
  | 'sample_ratio'
  | 'canary_restarting'
  | 'shared_incident'
  | 'person_hold'
  | 'breach_hold_persisted'
  | 'evidence_not_clear'
  | 'approval_required'
  | 'awaiting_person'
  | 'not_clear_yet'
  | 'nearly_clear'
  | 'small_next_step'
  | 'exposure_unconfirmed'
  | 'stage_minimum'
  | 'gathering'
  | 'watched_at_full'
  | 'all_clear'
  | 'person_promoted';

/** A proposed check that an approver has set aside for this stage, and why. */
export interface Waiver {
  readonly checkId: string;
  readonly by: string;
  readonly reason: string;
}

/** The record every surface renders. Made only in `decide.ts`. */
export interface Decision {
  readonly kind: DecisionKind;
  readonly reason: DecisionReason;
  readonly at: number;
  readonly stageIndex: number;
  readonly stageEpoch: number;
  /** "25%": where the rollout is, and where it goes next (null when nowhere). */
  readonly exposure: string;
  readonly nextExposure: string | null;
  /** When the current wait ends at the earliest (stage minimum or extension), ms since the epoch; null when open. */
  readonly until: number | null;
  readonly findings: readonly Finding[];
  /** What is wrong with the comparison itself, in words, when that is the reason. */
  readonly detail: string | null;
  /** Who ordered it, when a person did. */
  readonly by: string | null;
  /** Why a person's order was not followed. */
  readonly refusedOrder: string | null;
  /** Checks whose findings are here and did not vote; left out where there is none. */
  readonly waived?: readonly Waiver[];
}

/** Whether a check had no vote in this decision. */
export function isWaived({ waived = [] }: Pick<Decision, 'waived'>, checkId: string): boolean {
  return waived.some((waiver) => waiver.checkId === checkId);
}

import { type Check, isRequired } from '../plan/check.ts';
import type { CheckIntent } from '../plan/proposal.ts';
import type { Interval } from './interval.ts';
import type { Unusable } from './sample.ts';
import type { GateSettings } from './settings.ts';

/** One check's outcome, with the numbers it rests on. Ordered: later is worse. */
export const OUTCOMES = ['clear', 'ambiguous', 'no_data', 'breach_hold', 'breach_rollback'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export type FindingReason =
  | 'within_lines'
  | 'over_line_confirmed'
  | 'over_line_unconfirmed'
  | 'not_enough_evidence'
  | 'resolution_limited'
  | 'one_cluster_explains'
  | 'no_previous_stage'
  | 'thin'
  | 'unreadable'
  | 'stale'
  | 'canary_silent'
  | 'informs_only'
  | 'expected_change_confirmed'
  | 'expected_change_not_seen'
  | 'expected_change_opposite';

/** One side of a finding. `value` is a share as a fraction, a quantile in ms, or a level; null when there is none. */
export interface Arm {
  readonly units: number;
  readonly events: number | null;
  readonly value: number | null;
}

export interface Finding {
  readonly checkId: string;
  readonly severity: Check['severity'];
  readonly intent: CheckIntent;
  readonly outcome: Outcome;
  readonly reason: FindingReason;
  /** This stage so far. */
  readonly canary: Arm;
  readonly baseline: Arm;
  /** The trailing window's values, canary and baseline; null where there is none. */
  readonly trailing: { readonly canary: number | null; readonly baseline: number | null };
  /** ln of harm evidence (its highest so far) and the thresholds it must reach. */
  readonly harm: HarmEvidence;
  /** ln of safety evidence for the margin in force, and the threshold. */
  readonly safety: { readonly log: number; readonly threshold: number; readonly margin: 'wide' | 'tight' };
  /** Plausible range of canary minus baseline over this stage; null where there is none to give. */
  readonly interval: Interval | null;
  /** Until it is clear if the canary is as good as the baseline from now on, at this traffic; 0 when clear, null when unknown or never. */
  readonly clearInMs: number | null;
  /** Why a reading could not be used, since when. */
  readonly blind: {
    readonly since: number;
    readonly why: Unusable | 'stale';
    readonly detail: string;
  } | null;
}

/** The required critical check that is over a line, if one is: no word that raises risk is followed meanwhile. */
export function breachedCritical(checks: readonly Check[], findings: readonly Finding[]): Check | undefined {
  return checks.find((check) => {
    const outcome = findings.find(({ checkId }) => checkId === check.id)?.outcome;
    const isBreach = outcome === 'breach_hold' || outcome === 'breach_rollback';
    return isBreach && isRequired(check) && check.severity === 'critical';
  });
}

interface HarmEvidence {
  readonly log: number;
  readonly holdThreshold: number;
  readonly rollbackThreshold: number;
}

/** What a check is judged under at this look. */
export interface JudgeContext {
  readonly now: number;
  readonly settings: GateSettings;
  readonly margin: 'wide' | 'tight';
  /** Nobody is left on the old side. */
  readonly alone: boolean;
  readonly thresholds: { readonly hold: number; readonly rollback: number; readonly safe: number };
  /** Share of units exposed by design at this stage, or null for an audience. */
  readonly exposedShare: number | null;
  readonly stages: number;
}

import type { Risk } from './ladder.ts';
import type { SignalKind } from './signal-kinds.ts';

/**
 * What an agent (rules or a model) returns after reading a change. Never a Decision: it has no field that could carry one,
 * no threshold and no exposure. `merge` turns it into checks that can only make a plan stricter.
 */
export interface Proposal {
  readonly source: 'rule' | 'model';
  readonly risk: Risk;
  /** One sentence each, most important first. */
  readonly riskReasons: readonly string[];
  /** `no` when putting the old code back does not undo the change: migrations, message shapes. */
  readonly rollbackSafe: 'yes' | 'no' | 'unknown';
  /** Product areas the changed files belong to, as named in the operator's policy or derived from paths. */
  readonly surfaces: readonly string[];
  /** Most important first; `merge` caps them and records what it drops. */
  readonly checks: readonly ProposedCheck[];
  /** What a check above cannot show of its signal within the ladder; a signal that shows nothing at all is a check of that intent. */
  readonly unobservable: readonly Unobservable[];
  readonly size: { readonly files: number; readonly added: number; readonly removed: number };
}

export interface ProposedCheck {
  readonly signalKind: SignalKind;
  readonly intent: CheckIntent;
  /** Direction to watch; for `expect_change`, the direction the change is meant to move the signal. */
  readonly direction: 'increase' | 'decrease' | 'either';
  readonly flags: readonly CheckFlag[];
  /** One sentence naming what in the change makes this signal matter. */
  readonly why: string;
  /** "path:line" of the new file (or of the old one where lines were only removed), most telling first. */
  readonly evidence: readonly string[];
  /** The rule, or the prompt version, that proposed it. */
  readonly proposedBy: string;
}

/**
 * `guard` watches for harm and must be clear to promote; `watch` holds when it is confirmed over its line and is never needed
 * for promoting; `expect_change` was meant to move; `not_observable` cannot be seen within the ladder.
 */
export type CheckIntent = 'guard' | 'watch' | 'expect_change' | 'not_observable';

/** What a reader must know before trusting a check. */
export type CheckFlag =
  | 'shared_by_both_fleets'
  | 'not_observable_in_ladder'
  | 'low_volume'
  | 'expected_to_move'
  | 'new_series'
  /** The histogram is too coarse for the quantile's line; the share over a bucket edge is watched instead. */
  | 'coarse_buckets'
  | 'unsafe_to_roll_back';

export interface Unobservable {
  readonly what: string;
  readonly why: string;
  /** The proposed check that cannot do its work here, where that is how it is known. */
  readonly proposed?: ProposedCheck & { readonly source: Proposal['source'] };
}

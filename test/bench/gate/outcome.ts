import type { Run } from '../../../src/simulate/rollout.ts';

/** What came of one rollout, of whichever method: small enough to send between threads by the thousand. */
export interface Outcome {
  readonly end: Run['end'];
  readonly endedMs: number;
  /** When it first alarmed, asked or rolled back, ms after the start; null for never. */
  readonly firstActionMs: number | null;
  /** A breach was claimed: rolled back, or held or asked over a line. */
  readonly isBreachClaimed: boolean;
  /** Failed requests the change caused until it was resolved; a promoted change counts until the horizon. */
  readonly badRequests: number;
  /** Promotions (widening apart) of which a voting check was not clear. Known of Sluice alone. */
  readonly blindPromotions: number;
  readonly widened: number;
}

/** Many outcomes of one cell and method. Shares are counts over `rollouts`. */
export interface Summary {
  readonly rollouts: number;
  readonly rolledBack: number;
  readonly person: number;
  readonly complete: number;
  readonly unfinished: number;
  readonly breachClaimed: number;
  readonly acted: number;
  readonly firstActionMs: { readonly median: number; readonly p90: number } | null;
  /** The median over all rollouts, one that never acted counting as later than any; null when most never acted. */
  readonly actionMedianOfAllMs: number | null;
  readonly endedMedianMs: number;
  readonly meanBadRequests: number;
  readonly blindPromotions: number;
  readonly widened: number;
}

export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const ends = (end: Outcome['end']) => outcomes.filter((outcome) => outcome.end === end).length;
  const total = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0);
  const firsts = outcomes.flatMap(({ firstActionMs }) => (firstActionMs === null ? [] : [firstActionMs]));
  return {
    rollouts: outcomes.length,
    rolledBack: ends('rolled_back'),
    person: ends('person'),
    complete: ends('complete'),
    unfinished: ends('unfinished'),
    breachClaimed: outcomes.filter((outcome) => outcome.isBreachClaimed).length,
    acted: firsts.length,
    firstActionMs: firsts.length === 0 ? null : { median: quantile(firsts, 0.5), p90: quantile(firsts, 0.9) },
    actionMedianOfAllMs:
      firsts.length * 2 < outcomes.length || firsts.length === 0
        ? null
        : quantile(firsts, (0.5 * outcomes.length) / firsts.length),
    endedMedianMs: quantile(
      outcomes.map(({ endedMs }) => endedMs),
      0.5,
    ),
    meanBadRequests: total(({ badRequests }) => badRequests) / Math.max(outcomes.length, 1),
    blindPromotions: total(({ blindPromotions }) => blindPromotions),
    widened: total(({ widened }) => widened),
  };
}

/** The smallest value that at least a share `p` of the values do not exceed; 0 of nothing. */
function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

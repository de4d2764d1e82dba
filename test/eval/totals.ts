import type { CaseScore } from './score.ts';

/** Sums over many cases; shares are null where nothing was asked or said. */
export interface Totals {
  readonly cases: number;
  /** Labelled must-watch signals that were watched. */
  readonly recall: number | null;
  /** Watched signals that are labelled must or nice. */
  readonly precision: number | null;
  /** Watched signals that are plainly wrong; whatever is watched on an empty case is. */
  readonly noise: number | null;
  readonly empties: number;
  readonly emptiesClean: number;
  /** Over the cases that need checks. */
  readonly medianChecks: number;
  readonly mostChecks: number;
  readonly riskWithinOne: number | null;
  readonly riskExact: number | null;
  readonly expectedRight: number | null;
  readonly rollbackRight: number | null;
}

export function totalsOf(scores: readonly CaseScore[]): Totals {
  const sum = (count: (score: CaseScore) => number) =>
    scores.reduce((total, score) => total + count(score), 0);
  const hit = sum((score) => score.hit.length);
  const good = hit + sum((score) => score.nice.length);
  const wrong = sum((score) => score.wrong.length);
  const said = good + wrong + sum((score) => score.stray.length);
  const empties = scores.filter((score) => score.label.empty);
  const checks = scores.filter((score) => !score.label.empty).map((score) => score.checks);
  const rollbacks = scores.filter((score) => score.isRollbackRight !== null);
  const expected = sum((score) => score.expected);
  return {
    cases: scores.length,
    recall: shareOf(hit, hit + sum((score) => score.missed.length)),
    precision: shareOf(good, said),
    noise: shareOf(wrong, said),
    empties: empties.length,
    emptiesClean: empties.filter((score) => score.wrong.length === 0).length,
    medianChecks: medianOf(checks),
    mostChecks: Math.max(0, ...scores.map((score) => score.checks)),
    riskWithinOne: shareOf(scores.filter((score) => score.riskOff <= 1).length, scores.length),
    riskExact: shareOf(scores.filter((score) => score.riskOff === 0).length, scores.length),
    expectedRight: shareOf(expected - sum((score) => score.unexpected.length), expected),
    rollbackRight: shareOf(rollbacks.filter((score) => score.isRollbackRight).length, rollbacks.length),
  };
}

/** By class or language; a case of two languages counts in both. Sorted by name. */
export function totalsBy(
  scores: readonly CaseScore[],
  keysOf: (score: CaseScore) => readonly string[],
): readonly (readonly [string, Totals])[] {
  const keys = [...new Set(scores.flatMap(keysOf))].sort();
  return keys.map((key) => [key, totalsOf(scores.filter((score) => keysOf(score).includes(key)))]);
}

function shareOf(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function medianOf(numbers: readonly number[]): number {
  const ordered = numbers.toSorted((a, b) => a - b);
  const [low, high] = [ordered[Math.ceil(ordered.length / 2) - 1], ordered[Math.floor(ordered.length / 2)]];
  return low === undefined || high === undefined ? 0 : (low + high) / 2;
}

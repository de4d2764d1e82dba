import { type Counts, countsOf, type Interval, NO_COUNTS, plusCounts } from './judge.ts';

export interface Pair {
  readonly canary: Counts;
  readonly stable: Counts;
}

/** What a stage has counted, and what its last five intervals have. */
export interface StageCounts {
  readonly stage: Pair;
  readonly recent: readonly Pair[];
  readonly intervals: number;
}

export const NO_STAGE: StageCounts = {
  stage: { canary: NO_COUNTS, stable: NO_COUNTS },
  recent: [],
  intervals: 0,
};

const RECENT = 5;

export function withInterval({ stage, recent, intervals }: StageCounts, interval: Interval): StageCounts {
  const now = { canary: countsOf(interval.canary), stable: countsOf(interval.stable) };
  return {
    stage: sum(stage, now),
    recent: [...recent.slice(1 - RECENT), now],
    intervals: intervals + 1,
  };
}

function sum(a: Pair, b: Pair): Pair {
  return { canary: plusCounts(a.canary, b.canary), stable: plusCounts(a.stable, b.stable) };
}

/** Difference of the two rates; null while a side has shown nothing. */
export function differenceOf({ canary, stable }: Pair): number | null {
  return canary.n > 0 && stable.n > 0 ? canary.x / canary.n - stable.x / stable.n : null;
}

/** The larger of the stage's and the last five intervals' difference, as Sluice takes it. */
export function worstDifference({ stage, recent }: StageCounts): number | null {
  const trailing = recent.reduce(sum, NO_STAGE.stage);
  const differences = [differenceOf(stage), differenceOf(trailing)].flatMap((d) => (d === null ? [] : [d]));
  return differences.length === 0 ? null : Math.max(...differences);
}

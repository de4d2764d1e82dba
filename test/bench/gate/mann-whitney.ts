import { normalQuantile } from '../../../src/core/gate/distributions.ts';
import { type Brief, type Judge, shownValue } from './judge.ts';

/** Kayenta's tolerance: the interval's near end must exceed this share of the estimated shift. */
const TOLERANCE = 0.25;
/** Two-sided confidence of the benchmark's row; Kayenta's own code says 0.98. */
const CONFIDENCE = 0.95;

/**
 * Kayenta's judge (`NetflixACAJudge-v1.0`, MannWhitneyClassifier) on one point a minute, once per stage: the canary is High,
 * which fails the analysis and rolls back, when the lower end of the shift's confidence interval is above 0.25 times the
 * Hodges-Lehmann estimate. Direction "increase", no effect-size limits, as by default. Missing points are removed
 * (nanStrategy remove); a side without a single point is NODATA, and a run of nothing but NODATA goes to a person.
 */
export function mannWhitney({ check }: Brief, confidence = CONFIDENCE): Judge {
  let canaryPoints: number[] = [];
  let stablePoints: number[] = [];
  return {
    look: ({ canary, stable }) => {
      const [a, b] = [shownValue(canary, check), shownValue(stable, check)];
      if (Number.isFinite(a)) canaryPoints.push(a);
      if (Number.isFinite(b)) stablePoints.push(b);
      return 'go_on';
    },
    stageEnd: () => {
      if (canaryPoints.length === 0 || stablePoints.length === 0) return 'ask';
      return isHigh(shiftOf(canaryPoints, stablePoints, confidence)) ? 'rollback' : 'promote';
    },
    enterStage: () => {
      canaryPoints = [];
      stablePoints = [];
    },
  };
}

function isHigh({ low, estimate }: Shift): boolean {
  return low > TOLERANCE * Math.abs(estimate);
}

export interface Shift {
  /** Hodges-Lehmann: the median of all differences between a point of the one side and a point of the other. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The shift of `x` against `y` with its interval by inverting the Mann-Whitney test: normal approximation, tie correction and
 * half a point of continuity, as R's wilcox.test (exact = FALSE) and Kayenta's port of it. Where those search for the root of a
 * step function with a tolerance, the step itself is returned. Both sides need a point.
 */
export function shiftOf(x: readonly number[], y: readonly number[], confidence: number): Shift {
  const differences = x.flatMap((a) => y.map((b) => a - b)).sort((a, b) => a - b);
  const pairs = differences.length;
  const at = (index: number) => differences[Math.min(Math.max(index, 0), pairs - 1)] ?? Number.NaN;
  const reach = normalQuantile((1 + confidence) / 2) * standardErrorOf(x, y) + 0.5;
  // With k differences below the shift, pairs / 2 - k is how far the statistic is from its mean.
  const below = Math.ceil(pairs / 2 - reach);
  return {
    estimate: (at(Math.floor((pairs - 1) / 2)) + at(Math.ceil((pairs - 1) / 2))) / 2,
    low: at(below - 1),
    high: at(pairs - below),
  };
}

/** Standard error of the Mann-Whitney statistic under no difference, ties within either side corrected for. */
export function standardErrorOf(x: readonly number[], y: readonly number[]): number {
  const total = x.length + y.length;
  const ties = tieTerm(x) + tieTerm(y);
  const spread = total + 1 - ties / (total * (total - 1));
  return Math.sqrt(Math.max(0, (x.length * y.length * spread) / 12));
}

function tieTerm(values: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, size) => sum + size ** 3 - size, 0);
}

import type { Measure } from '../plan/check.ts';
import type { Moments } from './sample.ts';
import type { Sides } from './share-counts.ts';

export const NO_MOMENTS: Moments = { n: 0, y: 0, yy: 0, z: 0, zz: 0, yz: 0 };

/** The same units with every value `times` as large; companions stay as they were. */
export function timesMoments(a: Moments, times: number): Moments {
  return { ...a, y: a.y * times, yy: a.yy * times ** 2, yz: a.yz * times };
}

export function plusMoments(a: Moments, b: Moments): Moments {
  return {
    n: a.n + b.n,
    y: a.y + b.y,
    yy: a.yy + b.yy,
    z: a.z + b.z,
    zz: a.zz + b.zz,
    yz: a.yz + b.yz,
  };
}

export function plusSides(a: Sides<Moments>, b: Sides<Moments>): Sides<Moments> {
  return { canary: plusMoments(a.canary, b.canary), stable: plusMoments(a.stable, b.stable) };
}

/** Values of as many units, and how far from zero one of them may lie. */
export interface Capped {
  readonly values: readonly number[];
  readonly cap: number;
}

/**
 * Sums over units with each value drawn in to [-cap, cap] first (winsorised), so that no one unit decides. The cap is stable's
 * 99.9th percentile from before the rollout, fixed for both sides. `companions` holds the same units' denominators, or what they
 * did before the rollout. A value that is no number makes its sums non-finite, which the gate refuses.
 *
 * @throws RangeError when a cap is not above zero, or the companions are of other units.
 */
export function winsorisedMoments(
  values: readonly number[],
  { cap, companions }: { readonly cap: number; readonly companions?: Capped },
): Moments {
  if (!(cap > 0) || (companions !== undefined && !(companions.cap > 0))) {
    throw new RangeError('a cap lies above zero');
  }
  if (companions !== undefined && companions.values.length !== values.length) {
    throw new RangeError(`${values.length} values with ${companions.values.length} companions`);
  }
  let [y, yy, z, zz, yz] = [0, 0, 0, 0, 0];
  for (const [at, raw] of values.entries()) {
    const value = drawnIn(raw, cap);
    const companion = companions === undefined ? 0 : drawnIn(companions.values[at] ?? 0, companions.cap);
    y += value;
    yy += value * value;
    z += companion;
    zz += companion * companion;
    yz += value * companion;
  }
  return { n: values.length, y, yy, z, zz, yz };
}

function drawnIn(value: number, cap: number): number {
  if (!Number.isFinite(value)) return Number.NaN;
  return Math.max(-cap, Math.min(cap, value));
}

/** What floating sums of squares may be off by, relative to their size. */
const ROUNDING = 1e-9;
/** Sums beyond this could overflow when two are multiplied. */
const LARGEST_SUM = 1e140;

/** Whether any units at all could have given these sums: whole units, finite sums, and Cauchy-Schwarz (y² <= n·yy) up to rounding. */
export function arePossible({ n, y, yy, z, zz, yz }: Moments): boolean {
  const isWhole = Number.isSafeInteger(n) && n >= 0;
  const isBounded = [y, yy, z, zz, yz].every((sum) => Math.abs(sum) <= LARGEST_SUM);
  if (!isWhole || !isBounded || yy < 0 || zz < 0) return false;
  if (n === 0) return [y, yy, z, zz, yz].every((sum) => sum === 0);
  const room = 1 + ROUNDING;
  // By roots: the square of a very small value is rounded to nothing, and its product with a large one is not.
  const isWithin = (sum: number, a: number, b: number) =>
    Math.abs(sum) <= Math.sqrt(a) * Math.sqrt(b) * room + UNDERFLOW;
  return isWithin(y, n, yy) && isWithin(z, n, zz) && isWithin(yz, yy, zz);
}

/** Sums whose squares are too small for a number: nothing anybody measures. */
const UNDERFLOW = 1e-140;

/** A value of one side and the variance of that value (its squared standard error). */
export interface Estimate {
  readonly value: number;
  readonly variance: number;
}

/**
 * Both sides' values under a measure; null for a side without units, or a ratio whose denominators do not add up to more than
 * nothing. Mean: y/n. Ratio: y/z with the delta-method variance (v_y - 2 R c + R² v_z) / (n mean(z)²). With `beta` the mean is
 * CUPED-adjusted, y - beta (z - z of both sides), variance (v_y - 2 beta c + beta² v_z) / n (Deng et al. 2013).
 */
export function estimatesOf(sides: Sides<Moments>, measure: Measure, beta: number): Sides<Estimate | null> {
  const both = plusMoments(sides.canary, sides.stable);
  const around = both.n > 0 ? both.z / both.n : 0;
  const estimate = (moments: Moments) =>
    measure.kind === 'ratio' ? ratioEstimate(moments) : meanEstimate(moments, beta, around);
  return { canary: estimate(sides.canary), stable: estimate(sides.stable) };
}

function meanEstimate(moments: Moments, beta: number, around: number): Estimate | null {
  const { n, y, z } = moments;
  if (n === 0) return null;
  return { value: y / n - beta * (z / n - around), variance: spreadOf(moments, beta) / n };
}

function ratioEstimate(moments: Moments): Estimate | null {
  const { n, y, z } = moments;
  if (n === 0 || z <= 0) return null;
  const value = y / z;
  return { value, variance: (spreadOf(moments, value) * n) / (z * z) };
}

/** Variance of y - slope·z over the units; what is below the sums' own rounding counts as none. */
function spreadOf({ n, y, yy, z, zz, yz }: Moments, slope: number): number {
  const squares = yy - 2 * slope * yz + slope * slope * zz;
  const mean = (y - slope * z) / n;
  const spread = squares / n - mean * mean;
  const size = (yy + slope * slope * zz) / n;
  return spread > size * ROUNDING ? spread : 0;
}

/**
 * CUPED's slope, cov(y, z) / var(z) within each side of each of these stages, pooled. It is taken from stages already closed, so
 * that it is a constant by the time the stage it is used in begins: for any constant the adjusted difference is unbiased and its
 * variance is the one stated, so a poor slope costs power, never validity. 0 (no adjustment) while there are none.
 */
export function slopeOf(closed: readonly Sides<Moments>[]): number {
  let [cov, spread] = [0, 0];
  for (const { n, y, z, zz, yz } of closed.flatMap(({ canary, stable }) => [canary, stable])) {
    if (n === 0) continue;
    cov += yz - (y * z) / n;
    const within = zz - (z * z) / n;
    spread += within > zz * ROUNDING ? within : 0;
  }
  return spread > 0 ? cov / spread : 0;
}

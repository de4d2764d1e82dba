import type { Check, Line, Measure } from '../plan/check.ts';
import { ONE_SIDED_Z } from './baseline.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { estimatesOf, plusMoments } from './moments.ts';
import type { Moments } from './sample.ts';
import type { Sides } from './share-counts.ts';

/** Units (of both sides, were they equally large) at which a sequence is narrowest; a fixed guess, GrowthBook's default. */
export const EXPECTED_UNITS = 5000;

/** Below these a mean is not normal enough for an asymptotic sequence, and there is no evidence either way. */
export const LEAST_UNITS = 200;
const LEAST_CARRIERS = 30;

/** What both sides summed to while the exposure stood still, and the CUPED slope in force then (0 for none). */
export interface Stratum extends Sides<Moments> {
  readonly beta: number;
}

/** "Worse than the line" as a number: worse · (canary - times · stable - plus), above zero beyond the line. */
export interface Contrast {
  readonly worse: 1 | -1;
  readonly times: number;
  readonly plus: number;
}

/**
 * A line as contrasts. A ratio is kept linear (canary - times·stable) instead of a lift with its delta-method variance: exact
 * however small stable's value is. A band is beyond its line only when both contrasts are; a floor of nothing adds none.
 */
export function contrastsOf(
  line: Line,
  { worse, against }: Pick<Check, 'worse' | 'against'>,
  side: 'harm' | 'safe',
): readonly Contrast[] {
  const contrasts = contrastsToStable(line, worse);
  if (against?.kind !== 'ab_prediction') return contrasts;
  // The stable side was scaled to the prediction; how well that is known moves the line away from harm and from safety.
  const sign = (side === 'harm') === (worse === 'increase') ? 1 : -1;
  const widened = Math.exp(sign * ONE_SIDED_Z * against.se);
  return contrasts.map((contrast) => ({ ...contrast, times: contrast.times * widened }));
}

function contrastsToStable(line: Line, worse: Check['worse']): readonly Contrast[] {
  const sign = worse === 'increase' ? 1 : -1;
  switch (line.compare) {
    case 'difference':
      return [{ worse: sign, times: 1, plus: sign * line.by }];
    case 'absolute':
      return [{ worse: sign, times: 0, plus: line.at }];
    case 'ratio':
      return [{ worse: sign, times: line.times, plus: 0 }];
    case 'band': {
      const ratio: Contrast = { worse: sign, times: line.times, plus: 0 };
      return line.floor > 0 ? [ratio, { worse: sign, times: 1, plus: sign * line.floor }] : [ratio];
    }
  }
}

interface EvidenceSettings {
  readonly measure: Measure;
  /** The alpha this side is tested at (of holding for harm, of clearing for safety): with `expectedUnits` it fixes r2. */
  readonly alpha: number;
  readonly expectedUnits: number;
}

/**
 * ln E that the truth lies beyond (`harm`) or within (`safe`) the line, from strata that are thick enough (see `isThick`). The
 * union and the intersection of a band's two nulls give the least and the mean of its e-values, as for shares. LOG_FLOOR, no
 * evidence, without strata, where nothing varies, or for a ratio to a stable value that is not above zero.
 */
export function logMomentsEvidence(
  side: 'harm' | 'safe',
  strata: readonly Stratum[],
  contrasts: readonly Contrast[],
  settings: EvidenceSettings,
): number {
  const rho2 = mixingOf(settings.alpha, settings.expectedUnits);
  const logs = contrasts.map((contrast) => {
    const seen = combined(strata, contrast, settings.measure);
    if (seen === null) return LOG_FLOOR;
    return logSequenceEvidence({ ...seen, excess: side === 'harm' ? seen.excess : -seen.excess }, rho2);
  });
  if (logs.length === 0) return LOG_FLOOR;
  return side === 'harm' ? Math.min(...logs) : logs.reduce(logAdd) - Math.log(logs.length);
}

/** r2 = (-2 ln a + ln(1 - 2 ln a)) / N*, a = 2 alpha: one constant a check and side, whatever threshold is compared later. */
export function mixingOf(alpha: number, expectedUnits: number): number {
  const log = Math.log(2 * alpha);
  return (-2 * log + Math.log(1 - 2 * log)) / expectedUnits;
}

/** An estimate's distance beyond the line on the side that is tested, its variance, and the units behind it. */
export interface Excess {
  readonly excess: number;
  readonly variance: number;
  readonly units: number;
}

/**
 * The one-sided asymptotic confidence sequence (Waudby-Smith et al., arXiv 2103.06476) turned round: the alpha at which its bound
 * just touches the line is 1/E, with T = excess² n r2 / (2 SE² (n r2 + 1)) and E = 2 (e^T - 1) / sqrt(n r2 + 1). That lies below
 * the half-normal mixture martingale, whose expectation on the null is 1 in the limit, so E may be mixed, averaged and compared
 * at any time. On the wrong side of the line there is no evidence.
 */
export function logSequenceEvidence({ excess, variance, units }: Excess, rho2: number): number {
  if (!(excess > 0 && variance > 0 && units > 0 && rho2 > 0)) return LOG_FLOOR;
  const time = units * rho2;
  const t = (excess * excess * time) / (2 * variance * (time + 1));
  const log = Math.LN2 + t + Math.log(-Math.expm1(-t)) - Math.log(time + 1) / 2;
  return Math.max(LOG_FLOOR, Math.min(-LOG_FLOOR, log));
}

/**
 * The contrast over all strata, each weighed by n_c n_s / (n_c + n_s). Sides are compared within a stratum only: pooled over
 * stages the canary would stand for the late ones and stable for the early ones, and a busy evening would look like a lift. The
 * weights are counts alone, since weighing by variance favours strata that happened to miss their large values.
 *
 * `units` are those of two equal sides that would know as much, four times the summed weights. At one fixed split this is all
 * units up to a constant that r2 absorbs; when the split changes along the ladder it still grows in step with what is known.
 */
function combined(strata: readonly Stratum[], contrast: Contrast, measure: Measure): Excess | null {
  const { worse, times, plus } = contrast;
  let [weights, sum, squares] = [0, 0, 0];
  for (const stratum of strata) {
    const { canary, stable } = estimatesOf(stratum, measure, stratum.beta);
    const other = times === 0 ? { value: 0, variance: 0 } : stable;
    if (canary === null || other === null) return null;
    // A multiple of nothing, or of a loss, has no better side.
    if (times !== 0 && times !== 1 && other.value <= 0) return null;
    const [n, m] = [stratum.canary.n, stratum.stable.n];
    const weight = times === 0 ? n : (n * m) / (n + m);
    weights += weight;
    sum += weight * worse * (canary.value - times * other.value - plus);
    squares += weight ** 2 * (canary.variance + times ** 2 * other.variance);
  }
  if (weights === 0) return null;
  return {
    excess: sum / weights,
    variance: squares / weights ** 2,
    units: times === 0 ? weights : 4 * weights,
  };
}

/**
 * Whether a stratum's means may be taken for normal: 200 units a side, and enough of them to carry the sum. The sums do not say
 * how many values were not zero; Kish's effective number (Σy)²/Σy² is at most that, and falls to 1 when one unit is all of it.
 * It is taken of both sides together and scaled to each side's units: what a side would have without an effect. A canary that
 * sells nothing is harm to be found and not a sample too thin, and one enormous order in either side is thin in both.
 */
export function isThick(sides: Sides<Moments>, measure: Measure, needsStable: boolean): boolean {
  const used = needsStable ? [sides.canary, sides.stable] : [sides.canary];
  const both = used.reduce(plusMoments);
  const sums =
    measure.kind === 'ratio'
      ? [[both.y, both.yy] as const, [both.z, both.zz] as const]
      : [[both.y, both.yy] as const];
  return used.every(
    ({ n }) =>
      n >= LEAST_UNITS &&
      sums.every(([sum, square]) => square > 0 && ((sum * sum) / square) * (n / both.n) >= LEAST_CARRIERS),
  );
}

import type { Against } from '../plan/check.ts';
import { chiSquareTail } from './distributions.ts';
import { type Counts, type NullLine, RATE_FLOOR } from './evidence-process.ts';
import type { Oriented } from './orientation.ts';
import type { Part } from './sample.ts';
import { failures, NONE, type Parts, type Sides } from './share-counts.ts';

/**
 * What the baseline's rate is multiplied by before the canary is held against it, and how well that is known (standard error
 * of its logarithm). The concurrent stable side is 1 exactly. Every other baseline is this factor on top of it, so that what
 * moves both sides at once still cancels.
 */
export interface Factor {
  readonly times: number;
  readonly se: number;
}

export const CONCURRENT: Factor = { times: 1, se: 0 };

export function product(a: Factor, b: Factor): Factor {
  return { times: a.times * b.times, se: Math.hypot(a.se, b.se) };
}

/** One-sided 99 %: harm is measured from the far end of what the factor may be, safety from the near end. */
export const ONE_SIDED_Z = 2.3263478740408408;

/** The null line against a baseline that is `factor` times the reference arm. An absolute line knows no baseline. */
export function lineAgainst(
  line: NullLine,
  factor: Factor,
  side: 'harm' | 'safe',
  oriented: Oriented,
): NullLine {
  if (line.times === 0 || (factor.times === 1 && factor.se === 0)) return line;
  const sign = (side === 'harm') === (oriented !== 'swapped') ? 1 : -1;
  const times = factor.times * Math.exp(sign * ONE_SIDED_Z * factor.se);
  return oriented === 'swapped'
    ? { times: line.times / times, plus: line.plus / times }
    : { times: line.times * times, plus: line.plus };
}

/** What one stage showed, against the stable side of its own time, and over how many looks. */
export interface StageTotals extends Sides<Counts> {
  readonly looks: number;
}

/**
 * The factor of a check's own comparison. Previous stage: difference-in-differences on the log scale, (canary then / stable
 * then), with half an event added to each cell; `tau` is the noise of a side from look to look, averaged over that stage. Before
 * there is a previous stage, and for the first one, nobody was exposed: the baseline is stable itself.
 */
export function factorAgainst(
  against: Against | undefined,
  previous: StageTotals | null,
  oriented: Oriented,
  tau: number,
): Factor {
  if (against === undefined) return CONCURRENT;
  if (against.kind === 'ab_prediction') return { times: against.times, se: against.se };
  if (previous === null) return CONCURRENT;
  const canary = badOf(previous.canary, oriented);
  const stable = badOf(previous.stable, oriented);
  if (canary.n <= 0 || stable.n <= 0) return CONCURRENT;
  const [xc, xs] = [canary.x + 0.5, stable.x + 0.5];
  return {
    times: (xc / canary.n) * (stable.n / xs),
    se: Math.sqrt(1 / xc + 1 / xs + (2 * tau ** 2) / Math.max(previous.looks, 1)),
  };
}

function badOf(counts: Counts, oriented: Oriented): Counts {
  return oriented === 'failures' ? failures(counts) : counts;
}

/** The mixes differ when shares are apart by this much in total variation, and not by chance. */
const MIX_DISTANCE = 0.05;
const MIX_P = 0.001;
/** A mix of which stable has hardly seen a part is known to a factor of ten at best: it is for a person. */
const GUESS_SE = 1;
/** Worse known than this is not known at all. */
const MOST_SE = 3;
/** Segments with fewer stable units than this are pooled. */
export const LEAST_SEGMENT = 20;

/**
 * Segment standardisation: how stable's rate would differ if it had the canary's mix of segments, sum w_g p_g / sum v_g p_g, with w
 * and v the two mixes of this window and p_g stable's own rates over the rollout. 1 where the mixes do not differ. Its error is what
 * the variance sum w_g^2 p_g / n_g has beyond that of stable's plain rate, which the process counts by itself: a segment that
 * stable hardly has is hardly known.
 */
export function mixFactor(window: Sides<readonly Part[]>, totals: Sides<Parts>, oriented: Oriented): Factor {
  if (window.canary.length === 0 || !isMixDifferent(totals)) return CONCURRENT;
  const rates = segmentRates(totals.stable, oriented);
  const canary = meanRate(window.canary, rates);
  const stable = meanRate(window.stable, rates);
  if (canary === null || stable === null || stable === 0) return CONCURRENT;
  const variance = relativeVariance(window.canary, canary, rates) - 1 / Math.max(rates.all.x, 0.5);
  const guessed = sum(window.canary.map((part) => (rates.bySegment.has(part.key) ? 0 : part.n)));
  const isGuess = guessed > MIX_DISTANCE * sum(window.canary.map((part) => part.n));
  const se = Math.hypot(Math.sqrt(Math.max(0, variance)), isGuess ? GUESS_SE : 0);
  return { times: canary / stable, se: Math.min(se, MOST_SE) };
}

/** Chi-square of a two-row table over segments, and the distance of its rows. */
export function isMixDifferent(totals: Sides<Parts>): boolean {
  const keys = [...new Set([...Object.keys(totals.canary), ...Object.keys(totals.stable)])];
  const sizes = (parts: Parts) => keys.map((key) => (Object.hasOwn(parts, key) ? (parts[key]?.n ?? 0) : 0));
  const [canary, stable] = [sizes(totals.canary), sizes(totals.stable)];
  const [nc, ns] = [sum(canary), sum(stable)];
  if (keys.length < 2 || nc === 0 || ns === 0) return false;
  let [distance, chi] = [0, 0];
  for (const [at, c] of canary.entries()) {
    const s = stable[at] ?? 0;
    distance += Math.abs(c / nc - s / ns) / 2;
    const [ec, es] = [((c + s) * nc) / (nc + ns), ((c + s) * ns) / (nc + ns)];
    if (c + s > 0) chi += (c - ec) ** 2 / ec + (s - es) ** 2 / es;
  }
  return distance > MIX_DISTANCE && chiSquareTail(chi, keys.length - 1) < MIX_P;
}

interface Rates {
  readonly bySegment: ReadonlyMap<string, Counts>;
  readonly pooled: Counts;
  readonly all: Counts;
}

function segmentRates(stable: Parts, oriented: Oriented): Rates {
  const bySegment = new Map<string, Counts>();
  let [thin, all] = [NONE, NONE];
  for (const [key, counts] of Object.entries(stable)) {
    const bad = badOf(counts, oriented);
    all = { n: all.n + bad.n, x: all.x + bad.x };
    if (bad.n >= LEAST_SEGMENT) bySegment.set(key, bad);
    else thin = { n: thin.n + bad.n, x: thin.x + bad.x };
  }
  return { bySegment, pooled: thin.n >= LEAST_SEGMENT ? thin : all, all };
}

function meanRate(parts: readonly Part[], rates: Rates): number | null {
  const n = sum(parts.map((part) => part.n));
  if (n === 0) return null;
  return sum(parts.map((part) => part.n * rateOf(countsOf(part, rates)))) / n;
}

/** Of the standardised rate, as a share of its square. Half an event keeps one that showed none from being known exactly. */
function relativeVariance(parts: readonly Part[], mean: number, rates: Rates): number {
  const n = sum(parts.map((part) => part.n));
  const variances = parts.map((part) => {
    const known = countsOf(part, rates);
    return known.n === 0 ? 0 : ((part.n / n) ** 2 * (known.x + 0.5)) / known.n ** 2;
  });
  return sum(variances) / Math.max(mean, RATE_FLOOR) ** 2;
}

function countsOf(part: Part, rates: Rates): Counts {
  return rates.bySegment.get(part.key) ?? rates.pooled;
}

/** Half an event keeps a segment that showed none from turning the canary's whole mix into a rate of nothing. */
function rateOf({ n, x }: Counts): number {
  return n === 0 ? 0 : Math.max(x, 0.5) / n;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

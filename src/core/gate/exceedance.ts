import type { NullLine } from './evidence-process.ts';

/**
 * Latency quantiles by exceedance: "q_treated(p) <= line(q_reference(p))" is tested without estimating a density. For the
 * unknown q_reference = x, the share of the treated arm above line(x) is a Bernoulli question, and so is "the share of the
 * reference above x is 1 - p"; the least product over all x is an e-value, because at the true x both factors are.
 * Method: Howard & Ramdas, "Sequential estimation of quantiles" (Bernoulli 2022); bucket rounding and mixtures in
 * `docs/decisions/0001-evidence.md`.
 */
export interface Histogram {
  /** Ascending upper edges, ms. */
  readonly bounds: readonly number[];
  /** Non-cumulative; one more than `bounds`. */
  readonly counts: readonly number[];
}

/** Alternatives for the treated share above the line: worse (harm) by these factors, or better (safety) by their inverses. */
const TREATED_FACTORS = [1, 1.1, 1.25, 1.5, 2, 3, 5, 10] as const;
/** Alternatives for the reference share: two-sided and including no difference, else every safety test fails. */
const REFERENCE_FACTORS = [1 / 3, 1 / 2, 1 / 1.5, 1 / 1.25, 1 / 1.1, 1, 1.1, 1.25, 1.5, 2, 3] as const;

/** A band is over only beyond all its lines, so its image of x is the farthest. */
function image(lines: readonly NullLine[], x: number): number {
  return Math.max(...lines.map((line) => line.times * x + line.plus));
}

/**
 * ln of the e-value against "the treated quantile is within the lines" (`harm`) or "it is at or beyond them" (`safe`).
 *
 * Counts are whole-process totals: the factors depend on nothing else, so folding and recomputing agree. Rounding is
 * conservative: for harm the treated edge moves up, for safety down; the reference uses whichever edge of the bucket keeps its
 * factor valid. `phi` is the design effect all logs are divided by. Cost: one pass over the buckets, and the two mixtures of
 * those few buckets that could hold the least.
 */
export function logExceedance(
  side: 'harm' | 'safe',
  pair: { readonly treated: Histogram; readonly reference: Histogram },
  lines: readonly NullLine[],
  settings: { readonly p: number; readonly phi: number },
): number {
  const tail = 1 - settings.p;
  const { phi } = settings;
  const { bounds } = pair.treated;
  const treatedAbove = countsAbove(pair.treated.counts);
  const total = treatedAbove[0] ?? 0;
  const treatedMixture = mixtureOver(
    TREATED_FACTORS.map((factor) => (side === 'harm' ? tail * factor : tail / factor)),
    tail,
  );
  const treatedLog = (edge: number) => {
    const k = above(treatedAbove, edge);
    return logMixture(treatedMixture, { n: total, kAboveLow: k, kAboveHigh: k }, phi);
  };
  if (lines.every((line) => line.times === 0)) {
    return treatedLog(edgeFor(side, bounds, image(lines, 0)));
  }
  const referenceAbove = countsAbove(pair.reference.counts);
  const referenceN = referenceAbove[0] ?? 0;
  const referenceMixture = mixtureOver(
    REFERENCE_FACTORS.map((factor) => tail * factor),
    tail,
  );
  let least = Number.POSITIVE_INFINITY;
  const weigh = (bucket: number) => {
    const seen = {
      n: referenceN,
      kAboveLow: above(referenceAbove, bucket),
      kAboveHigh: above(referenceAbove, bucket + 1),
    };
    // Either mixture stakes on "no difference", so the treated factor is worth at least its stake: most buckets end here.
    if (reaches(referenceMixture, seen, phi, { least, other: -treatedMixture.logSize })) return;
    const low = bucket === 0 ? 0 : (bounds[bucket - 1] ?? 0);
    const high = bounds[bucket] ?? Number.POSITIVE_INFINITY;
    const edge = edgeFor(side, bounds, image(lines, side === 'harm' ? high : low));
    least = Math.min(least, treatedLog(edge) + logMixture(referenceMixture, seen, phi));
  };
  // The least lies near the reference's own quantile: begun there, the pass over the others has little left to weigh.
  const likely = referenceAbove.findIndex((k) => k <= tail * referenceN) - 1;
  weigh(Math.min(Math.max(likely, 0), bounds.length));
  for (let bucket = 0; bucket <= bounds.length; bucket++) weigh(bucket);
  return least;
}

/**
 * Index i such that `countsAbove[i]` counts what lies above the edge: for harm the first bound >= value, for safety the last
 * bound <= value. 0 counts everything, bounds.length + 1 nothing.
 */
function edgeFor(side: 'harm' | 'safe', bounds: readonly number[], value: number): number {
  if (side === 'harm') {
    const first = bounds.findIndex((bound) => bound >= value);
    return first === -1 ? bounds.length + 1 : first + 1;
  }
  return bounds.findLastIndex((bound) => bound <= value) + 1;
}

/** Entry i is how many lie above bounds[i-1]; entry 0 is all, and one entry past the overflow is 0. */
function countsAbove(counts: readonly number[]): readonly number[] {
  const sums = Array.from(counts);
  for (let at = sums.length - 2; at >= 0; at--) sums[at] = (sums[at] ?? 0) + (sums[at + 1] ?? 0);
  return [...sums, 0];
}

function above(sums: readonly number[], at: number): number {
  return sums[at] ?? 0;
}

/** A mixture over alternative shares, as what one unit above and one below the edge adds to each one's log. */
interface Mixture {
  readonly ups: readonly number[];
  readonly downs: readonly number[];
  /** Shares below the tail are judged on what lies above the bucket's lower edge, shares over it on the upper edge. */
  readonly belowTail: readonly boolean[];
  /** ln of how many share the stake equally. */
  readonly logSize: number;
}

/** ln likelihood ratio of k of n is k ln(q / p0) + (n - k) ln((1 - q) / (1 - p0)), for every share q below 1. */
function mixtureOver(shares: readonly number[], tail: number): Mixture {
  const ups: number[] = [];
  const downs: number[] = [];
  const belowTail: boolean[] = [];
  for (const share of shares) {
    if (!(share < 1)) continue;
    ups.push(Math.log(share / tail));
    downs.push(Math.log((1 - share) / (1 - tail)));
    belowTail.push(share < tail);
  }
  return { ups, downs, belowTail, logSize: Math.log(ups.length) };
}

interface AboveEdges {
  readonly n: number;
  readonly kAboveLow: number;
  readonly kAboveHigh: number;
}

function termOf(mixture: Mixture, at: number, seen: AboveEdges, phi: number): number {
  const k = mixture.belowTail[at] === true ? seen.kAboveLow : seen.kAboveHigh;
  return (k * (mixture.ups[at] ?? 0) + (seen.n - k) * (mixture.downs[at] ?? 0)) / phi;
}

/** ln of the mixture's e-value. */
function logMixture(mixture: Mixture, seen: AboveEdges, phi: number): number {
  const size = mixture.ups.length;
  let high = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < size; at++) high = Math.max(high, termOf(mixture, at, seen, phi));
  let sum = 0;
  for (let at = 0; at < size; at++) sum += Math.exp(termOf(mixture, at, seen, phi) - high);
  return high + Math.log(sum) - mixture.logSize;
}

/**
 * Whether one alternative alone already takes the product to `least`, the other factor being worth at least `other`: a mixture
 * is never less than one of its parts, so the sum need not be worked out to know that it is not the least.
 */
function reaches(
  mixture: Mixture,
  seen: AboveEdges,
  phi: number,
  { least, other }: { readonly least: number; readonly other: number },
): boolean {
  // From either end inwards: far from the quantile the farthest alternatives say so first.
  for (let low = 0, high = mixture.ups.length - 1; low <= high; low++, high--) {
    if (other + (termOf(mixture, low, seen, phi) - mixture.logSize) >= least) return true;
    if (other + (termOf(mixture, high, seen, phi) - mixture.logSize) >= least) return true;
  }
  return false;
}

/** The quantile by linear interpolation within its bucket, ms; the last bound when it lies beyond. Null when empty. */
export function quantileOf(histogram: Histogram, p: number): number | null {
  const total = sizeOf(histogram);
  if (total === 0) return null;
  let below = 0;
  for (let bucket = 0; bucket < histogram.bounds.length; bucket++) {
    const count = histogram.counts[bucket] ?? 0;
    if (count > 0 && below + count >= p * total) {
      const low = bucket === 0 ? 0 : (histogram.bounds[bucket - 1] ?? 0);
      const high = histogram.bounds[bucket] ?? low;
      return low + ((high - low) * (p * total - below)) / count;
    }
    below += count;
  }
  return histogram.bounds.at(-1) ?? null;
}

/** Ratio of the edges of the bucket that holds the quantile: how finely the histogram can tell. Infinite at its ends. */
export function resolutionAt(histogram: Histogram, p: number): number {
  const value = quantileOf(histogram, p);
  const overflow = histogram.counts[histogram.bounds.length] ?? 0;
  if (value === null || sizeOf(histogram) - overflow < p * sizeOf(histogram)) return Number.POSITIVE_INFINITY;
  const at = histogram.bounds.findIndex((bound) => bound >= value);
  const low = histogram.bounds[at - 1];
  const high = histogram.bounds[at];
  return low === undefined || high === undefined ? Number.POSITIVE_INFINITY : high / low;
}

export function sizeOf(histogram: Histogram): number {
  let size = 0;
  for (const count of histogram.counts) size += count;
  return size;
}

/** The sum of two histograms with the same bounds; an empty one (no counts) adds nothing. */
export function added(a: Histogram, b: Histogram): Histogram {
  if (a.counts.length === 0) return b;
  if (b.counts.length === 0) return a;
  return { bounds: a.bounds, counts: a.counts.map((count, at) => count + (b.counts[at] ?? 0)) };
}

/** The sum of many, in their order. All have the same bounds or no counts. */
export function sumOf(histograms: readonly Histogram[]): Histogram {
  const [first, ...others] = histograms.filter(({ counts }) => counts.length > 0);
  if (first === undefined || others.length === 0) return first ?? EMPTY_HISTOGRAM;
  const counts = Array.from(first.counts);
  for (const other of others) {
    for (let at = 0; at < counts.length; at++) counts[at] = (counts[at] ?? 0) + (other.counts[at] ?? 0);
  }
  return { bounds: first.bounds, counts };
}

export const EMPTY_HISTOGRAM: Histogram = { bounds: [], counts: [] };

export function sameBounds(a: Histogram, b: Histogram): boolean {
  return a.bounds.length === b.bounds.length && a.bounds.every((bound, at) => bound === b.bounds[at]);
}

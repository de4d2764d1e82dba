import { LEAST_SEGMENT } from './baseline.ts';
import { type Histogram, sizeOf } from './exceedance.ts';
import type { Part, Stat } from './sample.ts';

type HistogramStat = Extract<Stat, { kind: 'histogram' }>;

/** How many requests each segment of a histogram has, as parts without events. */
export function segmentSizes(stat: Stat | null): readonly Part[] {
  if (stat?.kind !== 'histogram') return [];
  return (stat.segments ?? []).map(({ key, counts }) => ({
    key,
    n: sizeOf({ bounds: stat.bounds, counts }),
    x: 0,
  }));
}

/**
 * Stable's histogram as it would be with the canary's mix of segments: sum w_g h_g / n_g over segments g, with w the canary's
 * shares, worth n* = 1 / sum (w_g^2 / n_g) requests, which is what the reweighting leaves of them.
 */
export function inMixOf(canary: HistogramStat, stable: HistogramStat): Histogram {
  const wanted = new Map(segmentSizes(canary).map(({ key, n }) => [key, n]));
  const total = [...wanted.values()].reduce((sum, n) => sum + n, 0);
  const strata = pooled(stable);
  if (total === 0 || strata.length === 0) return stable;
  const weights = strata.map(
    ({ keys }) => keys.reduce((sum, key) => sum + (wanted.get(key) ?? 0), 0) / total,
  );
  const covered = weights.reduce((sum, weight) => sum + weight, 0);
  if (covered <= 0) return stable;
  const worth = 1 / strata.reduce((sum, { n }, at) => sum + ((weights[at] ?? 0) / covered) ** 2 / n, 0);
  const counts = stable.counts.map((_, bucket) =>
    strata.reduce(
      (sum, { n, counts: own }, at) =>
        sum + (worth * (weights[at] ?? 0) * (own[bucket] ?? 0)) / (covered * n),
      0,
    ),
  );
  return { bounds: stable.bounds, counts };
}

interface Stratum {
  readonly keys: readonly string[];
  readonly n: number;
  readonly counts: readonly number[];
}

/** Stable's segments, the thin ones taken together. */
function pooled(stable: HistogramStat): readonly Stratum[] {
  const strata: Stratum[] = [];
  let thin: Stratum = { keys: [], n: 0, counts: stable.counts.map(() => 0) };
  for (const { key, counts } of stable.segments ?? []) {
    const n = sizeOf({ bounds: stable.bounds, counts });
    if (n >= LEAST_SEGMENT) strata.push({ keys: [key], n, counts });
    else {
      const sums = thin.counts.map((count, at) => count + (counts[at] ?? 0));
      thin = { keys: [...thin.keys, key], n: thin.n + n, counts: sums };
    }
  }
  return thin.n > 0 ? [...strata, thin] : strata;
}

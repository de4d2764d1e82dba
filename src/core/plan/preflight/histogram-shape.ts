import { type Histogram, sizeOf } from '../../gate/exceedance.ts';

/**
 * The share of durations longer than `ms`, log-linear inside a bucket (linear inside the lowest, which reaches down to zero).
 * What the overflow holds is taken to lie beyond any limit.
 */
export function shareOver(histogram: Histogram, ms: number): number {
  const { bounds, counts } = histogram;
  const total = sizeOf(histogram);
  const at = bounds.findIndex((bound) => bound > ms);
  if (total === 0) return 0;
  if (at === -1) return (counts[bounds.length] ?? 0) / total;
  const above = counts.slice(at + 1).reduce((sum, count) => sum + count, 0);
  const high = bounds[at] ?? 0;
  const low = bounds[at - 1] ?? 0;
  const part = low > 0 ? Math.log(high / ms) / Math.log(high / low) : (high - Math.max(ms, 0)) / high;
  return (above + Math.min(part, 1) * (counts[at] ?? 0)) / total;
}

/** The same durations, each `times` as long, as `units` of them fall into the same buckets. */
export function stretched(histogram: Histogram, times: number, units: number): Histogram {
  const edges = [0, ...histogram.bounds];
  const over = [...edges.map((edge) => (edge === 0 ? 1 : shareOver(histogram, edge / times))), 0];
  return {
    bounds: histogram.bounds,
    counts: edges.map((_, at) => units * Math.max(0, (over[at] ?? 0) - (over[at + 1] ?? 0))),
  };
}

/** The histogram as `units` of it would look. */
export function scaledTo(histogram: Histogram, units: number): Histogram {
  const scale = units / Math.max(sizeOf(histogram), 1);
  return { bounds: histogram.bounds, counts: histogram.counts.map((count) => count * scale) };
}

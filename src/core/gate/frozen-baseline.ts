import type { Counts } from './evidence-process.ts';
import type { Histogram } from './exceedance.ts';
import { sizeOf } from './exceedance.ts';

/** Day-to-day coefficient of variation assumed of a stable fleet that no longer runs beside the canary. */
export const DRIFT = 0.3;

/**
 * The pseudo-arm for one look when nobody runs beside the canary (100 %, blue/green): what stable showed earlier in this
 * rollout, worth only as many units as its drift allows, n* = p / (p / n + p^2 DRIFT^2), spread evenly over `looks` so that
 * the same past is not counted anew at each look. Wider by construction: it mostly finds large breaks.
 */
export function frozenCounts(past: Counts, looks: number): Counts {
  const worth = effectiveUnits(past.n, past.n === 0 ? 0 : past.x / past.n) / looks;
  return past.n === 0 ? { n: 0, x: 0 } : { n: worth, x: (worth * past.x) / past.n };
}

/** The same for a histogram: every bucket scaled to what the tail above quantile `p` is worth. */
export function frozenHistogram(past: Histogram, p: number, looks: number): Histogram {
  const size = sizeOf(past);
  if (size === 0) return past;
  const scale = effectiveUnits(size, 1 - p) / looks / size;
  return { bounds: past.bounds, counts: past.counts.map((count) => count * scale) };
}

function effectiveUnits(n: number, rate: number): number {
  if (n === 0) return 0;
  // A past without a single event still knows that the rate is below about one in n.
  const p = rate > 0 ? rate : 0.5 / n;
  return p / (p / n + p * p * DRIFT * DRIFT);
}

import type { Check } from '../plan/check.ts';
import type { Counts } from './evidence-process.ts';
import type { Histogram } from './exceedance.ts';
import type { Oriented } from './orientation.ts';
import type { Part, Stat } from './sample.ts';

/** Both sides of one window. */
export interface Sides<T> {
  readonly canary: T;
  readonly stable: T;
}

export const NONE: Counts = { n: 0, x: 0 };
export const NO_COUNTS: Sides<Counts> = { canary: NONE, stable: NONE };

export function plusCounts(a: Counts, b: Counts): Counts {
  return { n: a.n + b.n, x: a.x + b.x };
}

export function plusBoth(a: Sides<Counts>, b: Sides<Counts>): Sides<Counts> {
  return { canary: plusCounts(a.canary, b.canary), stable: plusCounts(a.stable, b.stable) };
}

/** The sum of many windows, oldest first. */
export function sumOfSides(windows: readonly Sides<Counts>[]): Sides<Counts> {
  let [canaryN, canaryX, stableN, stableX] = [0, 0, 0, 0];
  for (const { canary, stable } of windows) {
    canaryN += canary.n;
    canaryX += canary.x;
    stableN += stable.n;
    stableX += stable.x;
  }
  return { canary: { n: canaryN, x: canaryX }, stable: { n: stableN, x: stableX } };
}

export function decayed(past: Counts, now: Counts, keep: number): Counts {
  return { n: past.n * keep + now.n, x: past.x * keep + now.x };
}

/** Counts as the process reads them: bad events, and the arm that must not exceed the line first. */
export function orientedCounts(
  counts: Sides<Counts>,
  oriented: Oriented,
): { readonly treated: Counts; readonly reference: Counts } {
  switch (oriented) {
    case 'asIs':
      return { treated: counts.canary, reference: counts.stable };
    case 'failures':
      return { treated: failures(counts.canary), reference: failures(counts.stable) };
    case 'swapped':
      return { treated: counts.stable, reference: counts.canary };
  }
}

export function failures(counts: Counts): Counts {
  return { n: counts.n, x: counts.n - counts.x };
}

/** The same units with their rate multiplied; turned into failures where the check counts those. */
export function withRateTimes(counts: Counts, times: number, oriented: Oriented): Counts {
  if (times === 1) return counts;
  const x = oriented === 'failures' ? counts.n - (counts.n - counts.x) * times : counts.x * times;
  return { n: counts.n, x };
}

/** What a share check counts in one sample: the statistic's own events, or what lies over its edge. Null for another kind. */
export function countsIn(check: Check, stat: Stat | null): Counts | null {
  if (stat === null) return null;
  if (check.measure.kind === 'share_over') {
    return stat.kind === 'histogram' ? countsOver(stat, check.measure.edgeMs) : null;
  }
  return stat.kind === check.measure.kind && (stat.kind === 'share' || stat.kind === 'count')
    ? { n: stat.n, x: stat.x }
    : null;
}

/** Segments of one sample, in the same terms; empty where the source tells none apart. */
export function segmentsIn(check: Check, stat: Stat | null): readonly Part[] {
  if (stat === null || stat.kind === 'level' || stat.kind === 'moments') return [];
  if (stat.kind !== 'histogram') return stat.segments ?? [];
  const { measure } = check;
  if (measure.kind !== 'share_over') return [];
  return (stat.segments ?? []).map(({ key, counts }) => ({
    key,
    ...countsOver({ bounds: stat.bounds, counts }, measure.edgeMs),
  }));
}

export function clustersIn(stat: Stat | null): readonly Part[] {
  return stat?.kind === 'share' || stat?.kind === 'count' ? (stat.clusters ?? []) : [];
}

/** Units slower than an edge that is one of the bounds; the first bound at or above it otherwise. */
export function countsOver({ bounds, counts }: Histogram, edgeMs: number): Counts {
  const at = bounds.findIndex((bound) => bound >= edgeMs);
  const n = counts.reduce((sum, count) => sum + count, 0);
  const x = at === -1 ? 0 : counts.slice(at + 1).reduce((sum, count) => sum + count, 0);
  return { n, x };
}

/** Counts by part; more keys than this share one entry, so that a label that runs away cannot fill the memory. */
export type Parts = Readonly<Record<string, Counts>>;
const MOST_PARTS = 64;
const OTHER = 'other';

export function plusParts(parts: Parts, seen: readonly Part[]): Parts {
  if (seen.length === 0) return parts;
  const sums: Record<string, Counts> = { ...parts };
  for (const { key, n, x } of seen) {
    const name = Object.hasOwn(sums, key) || Object.keys(sums).length < MOST_PARTS ? key : OTHER;
    sums[name] = plusCounts(Object.hasOwn(sums, name) ? (sums[name] ?? NONE) : NONE, { n, x });
  }
  return sums;
}

import { isSameBounds, type SeriesCounts } from './series-counts.ts';

/** Raw values of one signal in one cohort at one endpoint, as last read. */
export interface Mark {
  /** When, in ms since the epoch. With `values` null: since when the endpoint has been asked in vain. */
  readonly at: number;
  /** Start of the process that was read, in ms since the epoch; null when it does not say. */
  readonly startedAt: number | null;
  readonly bounds: readonly number[];
  /** Counts by series key; null when nothing was ever read. */
  readonly values: Readonly<Record<string, readonly number[]>> | null;
}

/** The same values, read now. */
export interface Seen {
  readonly at: number;
  readonly startedAt: number | null;
  readonly bounds: readonly number[];
  readonly series: readonly SeriesCounts[];
}

/** What happened at one endpoint since the mark. */
export interface Tally {
  /** The mark's time: everything counted happened after it. */
  readonly from: number;
  readonly bounds: readonly number[];
  /** By how much each series grew, per bucket (one for a counter). None is negative. */
  readonly increases: readonly SeriesCounts[];
  /** 1 when the process behind the endpoint had restarted: one restart resets all its counters. */
  readonly resets: number;
  readonly born: number;
}

export type Counting =
  | { readonly kind: 'counted'; readonly tally: Tally; readonly next: Mark }
  /** First values of a process that was running before anyone asked: a starting point, not a count. */
  | { readonly kind: 'starts'; readonly next: Mark }
  | { readonly kind: 'inconsistent'; readonly why: string; readonly next: Mark };

/** Some clients derive the start from the clock each time they are asked, and are off by up to this. */
const START_JITTER_MS = 1_000;

/** How far an endpoint's clock may be from ours before a restart is no longer recognised as one. */
const MAX_CLOCK_SKEW_MS = 60_000;

/** Vanished series remembered per signal, cohort and endpoint; the longest gone are forgotten first. */
const MAX_VANISHED = 1_000;

/**
 * Counts what happened since `mark`, exactly and without extrapolation.
 *
 * - A series with a former value counts the difference; if any of its buckets fell it was reset, and counts whole.
 * - A process that restarted since counts whole, even where its counters have already outgrown the former ones.
 * - A series born since counts whole: the endpoint was read before it existed. This is the rule that sees the first
 *   errors of a fresh canary, which `increase()` does not.
 * - Nothing read before: a process that started after the first attempt counts whole, an older one only starts.
 * - A vanished series contributes nothing, and is remembered, so that one that was only hidden is not counted twice.
 * - Changed bounds cannot be subtracted; a different process that was already running when the mark was taken (two
 *   behind one address) has no former values. Both are inconsistent once, and the count starts over.
 *
 * Source: reference/telemetry.md §2.1.
 */
export function countSince(mark: Mark, seen: Seen): Counting {
  if (mark.values === null) {
    const isBornSince = seen.startedAt !== null && seen.startedAt > mark.at;
    return isBornSince ? tally({ ...mark, values: {} }, seen, false) : { kind: 'starts', next: markOf(seen) };
  }
  const change = processChange(mark, seen);
  if (change === 'other') {
    const why = 'another process answers, and it was running before the last read';
    return { kind: 'inconsistent', why, next: markOf(seen) };
  }
  const hasValues = Object.keys(mark.values).length > 0;
  if (hasValues && seen.series.length > 0 && !isSameBounds(mark.bounds, seen.bounds)) {
    return { kind: 'inconsistent', why: 'the bucket bounds changed since the last read', next: markOf(seen) };
  }
  return tally({ ...mark, values: mark.values }, seen, change === 'restarted');
}

/** The starting point that a reading leaves behind. */
function markOf(seen: Seen): Mark {
  const values = Object.fromEntries(seen.series.map(({ key, counts }) => [key, counts]));
  return { at: seen.at, startedAt: seen.startedAt, bounds: seen.bounds, values };
}

type ReadMark = Mark & { readonly values: NonNullable<Mark['values']> };

function tally(mark: ReadMark, seen: Seen, isRestarted: boolean): Counting {
  let born = 0;
  let isReset = isRestarted && Object.keys(mark.values).length > 0;
  const increases = seen.series.map((series): SeriesCounts => {
    const { key, counts } = series;
    const former = mark.values[key];
    if (former === undefined) born += 1;
    const hasFallen = former?.some((count, at) => count > (counts[at] ?? 0)) ?? false;
    if (hasFallen) isReset = true;
    const base = isRestarted || hasFallen ? undefined : former;
    return { ...series, counts: counts.map((count, at) => count - (base?.[at] ?? 0)) };
  });
  const next = isRestarted ? markOf(seen) : withVanished(markOf(seen), mark);
  const resets = isReset ? 1 : 0;
  return { kind: 'counted', tally: { from: mark.at, bounds: seen.bounds, increases, resets, born }, next };
}

function withVanished(next: Mark, former: ReadMark): Mark {
  const present = next.values ?? {};
  const vanished = Object.entries(former.values).filter(([key]) => present[key] === undefined);
  if (vanished.length === 0) return next;
  const bounds = Object.keys(present).length === 0 ? former.bounds : next.bounds;
  return { ...next, bounds, values: { ...present, ...Object.fromEntries(vanished.slice(0, MAX_VANISHED)) } };
}

/**
 * A restart moves the start past the last read, give or take the clocks. A start that differs but lies well before it
 * belongs to another process: counting that one whole would book its past into this window.
 */
function processChange(mark: Mark, seen: Seen): 'same' | 'restarted' | 'other' {
  if (mark.startedAt === null || seen.startedAt === null) return 'same';
  if (Math.abs(seen.startedAt - mark.startedAt) <= START_JITTER_MS) return 'same';
  return seen.startedAt < mark.at - MAX_CLOCK_SKEW_MS ? 'other' : 'restarted';
}

/** What was counted under one key: [n, x] of events, or one number per bucket of a histogram. */
export interface Keyed {
  readonly key: string;
  readonly counts: readonly number[];
}

/** Parts told apart in one sample, the pooled one included. */
export const MAX_SEGMENTS = 32;
export const MAX_CLUSTERS = 64;

/** The key of those pooled, and of a part that happens to be called so. */
const POOLED = 'other';

/** Label values come from outside and are stored with every sample. Values that agree this far are one part. */
const MAX_KEY = 80;

/** The key of a part, from the value of a label. */
export function partKey(value: string): string {
  return value.slice(0, MAX_KEY);
}

/**
 * Which keys stay themselves where there are more than `most`: the `most - 1` largest, the first in order among equals.
 * `items` are those of both cohorts, so that a part stands on both sides or is pooled on both.
 */
export function keptKeys(
  items: readonly { readonly key: string; readonly size: number }[],
  most: number,
): ReadonlySet<string> {
  const sizes = new Map<string, number>();
  for (const { key, size } of items) sizes.set(key, (sizes.get(key) ?? 0) + size);
  if (sizes.size <= most) return new Set(sizes.keys());
  const ranked = [...sizes].sort(([a, sizeA], [b, sizeB]) => sizeB - sizeA || order(a, b));
  return new Set(ranked.slice(0, most - 1).map(([key]) => key));
}

/**
 * Adds up what was counted by key, in the order of the keys; those not `kept` together as "other".
 *
 * Null where nothing is told apart: fewer than two parts, or parts that do not add up to `total` to the last bit, which
 * only fractional counts and sums beyond 2^53 can bring about.
 */
export function partition(
  items: readonly Keyed[],
  kept: ReadonlySet<string>,
  total: readonly number[],
): readonly Keyed[] | null {
  const sums = new Map<string, number[]>();
  for (const { key, counts } of items) {
    const name = kept.has(key) ? key : POOLED;
    const sum = sums.get(name);
    if (sum === undefined) sums.set(name, [...counts]);
    else for (const [at, count] of counts.entries()) sum[at] = (sum[at] ?? 0) + count;
  }
  if (sums.size < 2) return null;
  const parts = [...sums].sort(([a], [b]) => order(a, b)).map(([key, counts]) => ({ key, counts }));
  const isWhole = total.every(
    (count, at) => parts.reduce((sum, part) => sum + (part.counts[at] ?? 0), 0) === count,
  );
  return isWhole ? parts : null;
}

/** By code unit, so that the order is the same on every machine. */
function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

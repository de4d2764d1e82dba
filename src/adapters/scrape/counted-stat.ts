import type { Moments, Part, Stat, Unusable } from '../../core/gate/sample.ts';
import type { HistogramBinding, SumBinding } from '../../core/plan/signal-binding.ts';
import type { Tally } from './counting.ts';
import { type Keyed, keptKeys, MAX_CLUSTERS, partition, partKey } from './partition.ts';
import { isSameBounds, type Role, type SeriesCounts } from './series-counts.ts';

/** What one endpoint counted. */
export interface EndpointTally {
  /** The endpoint's host and port. */
  readonly host: string;
  readonly tally: Tally;
}

export interface StatOf {
  readonly binding: SumBinding | HistogramBinding;
  /** Time of this read, ms since the epoch. */
  readonly now: number;
  /** Segments that are not pooled, of both cohorts. */
  readonly segments: ReadonlySet<string>;
}

type Counted =
  | { readonly kind: 'stat'; readonly stat: Stat }
  | { readonly kind: 'unusable'; readonly unusable: Unusable; readonly why: string };

const PER_MS = { second: 1_000, minute: 60_000 };

/**
 * Sums of squares may lack this share of what the sums demand: one small unit after a million large ones is the difference
 * of two doubles near 6e13, which are 0.008 apart. A torn read or a wrong counter misses by far more.
 */
const MOMENTS_TOLERANCE = 0.01;

/**
 * What the endpoints of one cohort counted together.
 *
 * Endpoints whose buckets differ, and sums that no values have, are `inconsistent`; a rate over no time is `clock_skew`.
 * Segments and clusters each add up to the whole exactly or are left out, as they are where there is only one, or where
 * one has events and no exposure (x > 0 with n = 0): then the label or the endpoint does not tell both apart.
 */
export function countedStat(of: StatOf, tallies: readonly EndpointTally[]): Counted {
  const { binding } = of;
  switch (binding.kind) {
    case 'counter':
      return { kind: 'stat', stat: { kind: 'share', ...eventsOf(of, tallies) } };
    case 'count':
      return { kind: 'stat', stat: { kind: 'count', ...eventsOf(of, tallies) } };
    case 'histogram':
      return histogramOf(of, tallies);
    case 'moments':
      return momentsOf(tallies);
    case 'rate':
      return rateOf(tallies, of.now, PER_MS[binding.per]);
  }
}

/** How many of this series' events are n: what a segment's size is measured by. */
export function exposureOf({ role, counts }: SeriesCounts): number {
  return isOf(role, 'n') ? sum(counts) : 0;
}

function isOf(role: Role, side: 'n' | 'x'): boolean {
  return role === side || role === 'nx';
}

function eventsOf({ segments }: StatOf, tallies: readonly EndpointTally[]) {
  const items = tallies.flatMap(({ host, tally }) =>
    tally.increases.map(({ role, counts, segment, cluster }) => {
      const [count = 0] = counts;
      const events = [isOf(role, 'n') ? count : 0, isOf(role, 'x') ? count : 0];
      return { segment, cluster: partKey(cluster ?? host), counts: events };
    }),
  );
  const [n = 0, x = 0] = items.reduce<readonly number[]>((all, { counts }) => added(all, counts), [0, 0]);
  const byCluster = items.map(({ cluster, counts }) => ({ key: cluster, counts }));
  const sizes = byCluster.map(({ key, counts }) => ({ key, size: counts[0] ?? 0 }));
  const parts = {
    segments: partsOf(partition(segmented(items), segments, [n, x])),
    clusters: partsOf(partition(byCluster, keptKeys(sizes, MAX_CLUSTERS), [n, x])),
  };
  return {
    n,
    x,
    ...(parts.segments === null ? {} : { segments: parts.segments }),
    ...(parts.clusters === null ? {} : { clusters: parts.clusters }),
  };
}

function partsOf(keyed: readonly Keyed[] | null): readonly Part[] | null {
  const parts = keyed?.map(({ key, counts: [n = 0, x = 0] }) => ({ key, n, x })) ?? null;
  return parts?.some(({ n, x }) => n === 0 && x > 0) === true ? null : parts;
}

function segmented<T extends Omit<Keyed, 'key'> & { readonly segment: string | null }>(
  items: readonly T[],
): readonly Keyed[] {
  return items.flatMap(({ segment, counts }) =>
    segment === null ? [] : [{ key: partKey(segment), counts }],
  );
}

/** An endpoint that has no series here has no say in the bounds. */
function histogramOf({ segments }: StatOf, tallies: readonly EndpointTally[]): Counted {
  const counting = tallies.filter(({ tally }) => tally.increases.length > 0);
  const [first, ...rest] = counting.length > 0 ? counting : tallies.slice(0, 1);
  const bounds = first?.tally.bounds ?? [];
  if (!rest.every(({ tally }) => isSameBounds(bounds, tally.bounds))) {
    return inconsistent('the endpoints count in different buckets');
  }
  const items = counting.flatMap(({ tally }) => tally.increases);
  const none: readonly number[] = new Array<number>(bounds.length + 1).fill(0);
  const counts = items.reduce((all, item) => added(all, item.counts), none);
  const parts = partition(segmented(items), segments, counts);
  return {
    kind: 'stat',
    stat: { kind: 'histogram', bounds, counts, ...(parts === null ? {} : { segments: parts }) },
  };
}

function momentsOf(tallies: readonly EndpointTally[]): Counted {
  const items = tallies.flatMap(({ tally }) => tally.increases);
  const of = (role: Role) => sum(items.flatMap((item) => (item.role === role ? [item.counts[0] ?? 0] : [])));
  const moments = { n: of('n'), y: of('y'), yy: of('yy'), z: of('z'), zz: of('zz'), yz: of('yz') };
  return isPossible(moments)
    ? { kind: 'stat', stat: { kind: 'moments', ...moments } }
    : inconsistent('no values have these sums, sums of squares and products');
}

/** Cauchy and Schwarz: whatever the values, no square of a sum exceeds n sums of squares. */
function isPossible({ n, y, yy, z, zz, yz }: Moments): boolean {
  const isWithin = (squared: number, most: number) => squared <= most * (1 + MOMENTS_TOLERANCE);
  return isWithin(y ** 2, n * yy) && isWithin(z ** 2, n * zz) && isWithin(yz ** 2, yy * zz);
}

/** Each endpoint over its own time: one that was silent counts its whole gap when it is back. */
function rateOf(tallies: readonly EndpointTally[], now: number, perMs: number): Counted {
  if (tallies.some(({ tally }) => tally.from >= now)) {
    return { kind: 'unusable', unusable: 'clock_skew', why: 'no time has passed since the last read' };
  }
  const rates = tallies.map(
    ({ tally }) => (sum(tally.increases.map(exposureOf)) / (now - tally.from)) * perMs,
  );
  return { kind: 'stat', stat: { kind: 'level', value: sum(rates) } };
}

function inconsistent(why: string): Counted {
  return { kind: 'unusable', unusable: 'inconsistent', why };
}

function added(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, at) => value + (b[at] ?? 0));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

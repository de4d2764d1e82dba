import type { Cohort, Unusable } from '../../core/gate/sample.ts';
import type { Cohorts, SignalBinding } from '../../core/plan/signal-binding.ts';
import { type Column, columnsOf } from './columns.ts';
import { type Exposition, quoted, readNumber, type Series } from './exposition-parser.ts';
import { compileMatchers } from './label-pattern.ts';
import { isSameBounds, type SeriesCounts } from './series-counts.ts';

/** What one endpoint's body says about one signal in one cohort. */
type Selection =
  /**
   * `bounds` is empty for a counter. With no series in the cohort, `bounds` are those of the metric's other series.
   * `missing` names those of several metrics that are not there.
   */
  | {
      readonly kind: 'counts';
      readonly bounds: readonly number[];
      readonly series: readonly SeriesCounts[];
      readonly missing: readonly string[];
    }
  | { readonly kind: 'level'; readonly values: readonly number[] }
  /** The metric, or for a gauge the cohort's series, is not there. */
  | { readonly kind: 'absent'; readonly what: string }
  | { readonly kind: 'unusable'; readonly unusable: Unusable; readonly why: string };

/** Reads one signal in one cohort. */
export type Select = (exposition: Exposition, cohort: Cohort) => Selection;

/** More label sets than this in one cohort are refused: the cursor that carries them is stored at every tick. */
const MAX_LABEL_SETS = 5_000;

/** Longest part of a label set that is quoted to people. */
const MAX_KEY_SHOWN = 120;

/** Significant digits kept when seconds become ms, so that 0.07 s is 70 ms and not 70.00000000000001. */
const BOUND_DIGITS = 12;

type InCohort = (series: readonly Series[], cohort: Cohort) => readonly Series[];

/** The parts a series belongs to, by its labels. */
type PartsOf = (labels: ReadonlyMap<string, string>) => Pick<SeriesCounts, 'segment' | 'cluster'>;

/**
 * Compiles how a place measures a signal into the function that picks its series from an exposition.
 *
 * A NaN, infinite or negative value among the picked series makes the cohort `non_finite`; a label set exposed twice,
 * buckets that are not cumulative or that differ between label sets make it `inconsistent`. Nothing is coerced, and a
 * fraction of an event is taken as it is: counters are floats, and some count in weights.
 */
export function compileBinding(binding: SignalBinding, cohorts: Cohorts): Select {
  const values = { canary: new Set(cohorts.canary), stable: new Set(cohorts.stable) };
  const inCohort: InCohort = (series, cohort) =>
    series.filter(({ labels }) => values[cohort].has(labels.get(cohorts.label) ?? ''));
  const { segment, cluster } = cohorts;
  const partsOf: PartsOf = (labels) => ({
    segment: segment === undefined ? null : (labels.get(segment) ?? ''),
    cluster: cluster === undefined ? null : (labels.get(cluster) ?? ''),
  });
  const isMatch = compileMatchers(binding.match);
  switch (binding.kind) {
    case 'histogram': {
      const scale = binding.histogram.endsWith('_seconds') ? 1_000 : 1;
      return (exposition, cohort) => {
        // Declared but without one bucket is as good as missing: there are no bounds to count zero events between.
        const all = exposition.series.get(`${binding.histogram}_bucket`);
        if (all === undefined) return absent(`${binding.histogram}_bucket`);
        const mine = inCohort(all, cohort).filter(({ labels }) => isMatch(labels));
        return selectHistogram({ mine, all, scale, partsOf });
      };
    }
    case 'gauge':
      return (exposition, cohort) => {
        const all = findSeries(exposition, binding.gauge, 'gauge');
        if (all === null) return absent(binding.gauge);
        const what = `${binding.gauge} with ${cohorts.label}="${cohorts[cohort].join('|')}"`;
        return selectLevel(
          inCohort(all, cohort).filter(({ labels }) => isMatch(labels)),
          what,
        );
      };
    default: {
      const columns = columnsOf(binding);
      return (exposition, cohort) => {
        const found = columns.map((column) => ({
          column,
          series: findSeries(exposition, column.metric, 'counter'),
        }));
        const missing = found.flatMap(({ column, series }) => (series === null ? [column.metric] : []));
        if (missing.length === columns.length) return absent([...new Set(missing)].join(', '));
        const picked = found.map(({ column, series }) => ({
          column,
          series: inCohort(series ?? [], cohort).filter(({ labels }) => column.isMatch(labels)),
        }));
        return selectCounters(picked, partsOf, missing);
      };
    }
  }
}

/** Null when the metric is neither exposed nor declared: a client may declare a metric long before its first event. */
function findSeries(from: Exposition, name: string, type: 'counter' | 'gauge'): readonly Series[] | null {
  const isDeclared = [type, 'unknown', 'untyped'].includes(from.types.get(name) ?? '');
  return from.series.get(name) ?? (isDeclared ? [] : null);
}

interface PickedColumn {
  readonly column: Column;
  readonly series: readonly Series[];
}

function selectCounters(
  columns: readonly PickedColumn[],
  partsOf: PartsOf,
  missing: readonly string[],
): Selection {
  const picked = new Map<string, SeriesCounts>();
  for (const [at, { column, series }] of columns.entries()) {
    for (const { labels, value } of series) {
      const name = columns.length === 1 ? keyOf(labels) : `${column.metric}${keyOf(labels)}`;
      // Two columns may be the same counter, matched otherwise.
      const key = columns.length === 1 ? name : `${at} ${name}`;
      if (!isCount(value)) return nonFinite(name, value);
      if (picked.has(key)) return inconsistent(name, 'is exposed twice');
      picked.set(key, { key, role: column.roleOf(labels), counts: [value], ...partsOf(labels) });
      if (picked.size > MAX_LABEL_SETS) return tooMany();
    }
  }
  return { kind: 'counts', bounds: [], series: [...picked.values()], missing };
}

function selectLevel(series: readonly Series[], what: string): Selection {
  const values = series.map(({ value }) => value);
  const wrong = values.find((value) => !isCount(value));
  if (wrong !== undefined) return nonFinite(what, wrong);
  return values.length === 0 ? absent(what) : { kind: 'level', values };
}

interface Bucket {
  readonly bound: number;
  readonly cumulative: number;
}

interface HistogramSeries {
  readonly mine: readonly Series[];
  /** Those of every cohort: their bounds say what an empty cohort's would be. */
  readonly all: readonly Series[];
  /** Multiplies each bound: 1000 turns seconds into ms. */
  readonly scale: number;
  readonly partsOf: PartsOf;
}

function selectHistogram({ mine, all, scale, partsOf }: HistogramSeries): Selection {
  const groups = groupBuckets(mine, scale);
  if (groups.size > MAX_LABEL_SETS) return tooMany();
  if (groups.size === 0) return emptyHistogram(all, scale);
  const picked: SeriesCounts[] = [];
  let bounds: readonly number[] | null = null;
  for (const [key, { labels, buckets }] of groups) {
    const wrong = buckets.find(({ cumulative }) => !isCount(cumulative));
    if (wrong !== undefined) return nonFinite(key, wrong.cumulative);
    const why = whyInconsistent(buckets);
    if (why !== null) return inconsistent(key, why);
    const own = finiteBounds(buckets);
    if (bounds !== null && !isSameBounds(bounds, own)) return inconsistent(key, 'has bounds of its own');
    bounds = own;
    const counts = buckets.map(({ cumulative }, at) => cumulative - (buckets[at - 1]?.cumulative ?? 0));
    picked.push({ key, role: 'n', counts, ...partsOf(labels) });
  }
  return { kind: 'counts', bounds: bounds ?? [], series: picked, missing: [] };
}

/** No events, between the bounds that the metric's first series has. */
function emptyHistogram(all: readonly Series[], scale: number): Selection {
  const [first] = groupBuckets(all, scale);
  if (first === undefined) return { kind: 'counts', bounds: [], series: [], missing: [] };
  const [key, { buckets }] = first;
  const why = whyInconsistent(buckets);
  return why === null
    ? { kind: 'counts', bounds: finiteBounds(buckets), series: [], missing: [] }
    : inconsistent(key, why);
}

interface BucketGroup {
  /** Those of one of its buckets: all agree but in `le`. */
  readonly labels: ReadonlyMap<string, string>;
  readonly buckets: Bucket[];
}

/** Buckets by label set, ascending by bound. */
function groupBuckets(series: readonly Series[], scale: number): ReadonlyMap<string, BucketGroup> {
  const groups = new Map<string, BucketGroup>();
  for (const { labels, value } of series) {
    const key = keyOf(labels, 'le');
    const seconds = readNumber(labels.get('le') ?? '') ?? Number.NaN;
    const bound = Number.isFinite(seconds) ? Number((seconds * scale).toPrecision(BOUND_DIGITS)) : seconds;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { labels, buckets: [{ bound, cumulative: value }] });
    else group.buckets.push({ bound, cumulative: value });
  }
  for (const { buckets } of groups.values()) buckets.sort((a, b) => a.bound - b.bound);
  return groups;
}

function whyInconsistent(buckets: readonly Bucket[]): string | null {
  if (buckets.some(({ bound }) => Number.isNaN(bound) || bound === Number.NEGATIVE_INFINITY)) {
    return 'has a bucket whose le is no bound';
  }
  if (buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) return 'has no +Inf bucket';
  for (const [at, bucket] of buckets.entries()) {
    const below = buckets[at - 1];
    if (below === undefined) continue;
    if (below.bound === bucket.bound) return `exposes the bucket ${bucket.bound} twice`;
    const [lower, upper] = [below, bucket].map(({ bound }) => bound);
    if (below.cumulative > bucket.cumulative) return `counts less up to ${upper} than up to ${lower}`;
  }
  return null;
}

function finiteBounds(buckets: readonly Bucket[]): readonly number[] {
  return buckets.slice(0, -1).map(({ bound }) => bound);
}

function keyOf(labels: ReadonlyMap<string, string>, except?: string): string {
  const pairs = [...labels].filter(([name]) => name !== except);
  return JSON.stringify(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}

function absent(what: string): Selection {
  return { kind: 'absent', what };
}

function inconsistent(key: string, why: string): Selection {
  return { kind: 'unusable', unusable: 'inconsistent', why: `is inconsistent: ${named(key)} ${why}` };
}

function nonFinite(key: string, value: number): Selection {
  return { kind: 'unusable', unusable: 'non_finite', why: `gives ${value} for ${named(key)}` };
}

function tooMany(): Selection {
  const why = `exposes more than ${MAX_LABEL_SETS} label sets for one signal and cohort`;
  return { kind: 'unusable', unusable: 'too_large', why };
}

/** A key is made of label values from outside. */
function named(key: string): string {
  return quoted(key.replaceAll('"', ''), MAX_KEY_SHOWN);
}

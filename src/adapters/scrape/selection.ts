import type { Cohort, Unusable } from '../../core/gate/sample.ts';
import type { Cohorts, CounterBinding, Matchers, SignalBinding } from '../../core/plan/signal-binding.ts';
import { type Exposition, quoted, readNumber, type Series } from './exposition-parser.ts';
import { compileMatchers, type LabelTest } from './label-pattern.ts';

/** One label set of a counter (a single count) or of a histogram (one count per bucket, the overflow last). */
export interface SeriesCounts {
  /** The labels as JSON text, sorted: equal for equal label sets, in whatever order they are exposed. */
  readonly key: string;
  readonly counts: readonly number[];
  /** Whether its events are the x of n as well. */
  readonly isInX: boolean;
}

/** What one endpoint's body says about one signal in one cohort. */
type Selection =
  /** `bounds` is empty for a counter. With no series in the cohort, `bounds` are those of the metric's other series. */
  | { readonly kind: 'counts'; readonly bounds: readonly number[]; readonly series: readonly SeriesCounts[] }
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

/**
 * Compiles how a place measures a signal into the function that picks its series from an exposition.
 *
 * A NaN, infinite or negative value among the picked series makes the cohort `non_finite`; a label set exposed twice,
 * buckets that are not cumulative or that differ between label sets make it `inconsistent`. Nothing is coerced.
 */
export function compileBinding(binding: SignalBinding, cohorts: Cohorts): Select {
  const isMatch = compileMatchers(binding.match);
  const values = { canary: new Set(cohorts.canary), stable: new Set(cohorts.stable) };
  const inCohort = (series: readonly Series[], cohort: Cohort): readonly Series[] =>
    series.filter(({ labels }) => values[cohort].has(labels.get(cohorts.label) ?? '') && isMatch(labels));
  switch (binding.kind) {
    case 'counter': {
      const isInX = compileMatchers(subsetOf(binding));
      return (exposition, cohort) => {
        const all = findSeries(exposition, binding.counter, 'counter');
        return all === null ? absent(binding.counter) : selectCounter(inCohort(all, cohort), isInX);
      };
    }
    case 'histogram': {
      const scale = binding.histogram.endsWith('_seconds') ? 1_000 : 1;
      return (exposition, cohort) => {
        // Declared but without one bucket is as good as missing: there are no bounds to count zero events between.
        const all = exposition.series.get(`${binding.histogram}_bucket`);
        if (all === undefined) return absent(`${binding.histogram}_bucket`);
        return selectHistogram({ mine: inCohort(all, cohort), all, scale });
      };
    }
    case 'gauge':
      return (exposition, cohort) => {
        const all = findSeries(exposition, binding.gauge, 'gauge');
        if (all === null) return absent(binding.gauge);
        const what = `${binding.gauge} with ${cohorts.label}="${cohorts[cohort].join('|')}"`;
        return selectLevel(inCohort(all, cohort), what);
      };
  }
}

function subsetOf(binding: CounterBinding): Matchers {
  return binding.bad ?? binding.good;
}

/** Null when the metric is neither exposed nor declared: a client may declare a metric long before its first event. */
function findSeries(from: Exposition, name: string, type: 'counter' | 'gauge'): readonly Series[] | null {
  const isDeclared = [type, 'unknown', 'untyped'].includes(from.types.get(name) ?? '');
  return from.series.get(name) ?? (isDeclared ? [] : null);
}

function selectCounter(series: readonly Series[], isInX: LabelTest): Selection {
  const picked = new Map<string, SeriesCounts>();
  for (const { labels, value } of series) {
    const key = keyOf(labels);
    if (!isCount(value)) return nonFinite(key, value);
    if (picked.has(key)) return inconsistent(key, 'is exposed twice');
    picked.set(key, { key, counts: [value], isInX: isInX(labels) });
    if (picked.size > MAX_LABEL_SETS) return tooMany();
  }
  return { kind: 'counts', bounds: [], series: [...picked.values()] };
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
}

function selectHistogram({ mine, all, scale }: HistogramSeries): Selection {
  const groups = groupBuckets(mine, scale);
  if (groups.size > MAX_LABEL_SETS) return tooMany();
  if (groups.size === 0) return emptyHistogram(all, scale);
  const picked: SeriesCounts[] = [];
  let bounds: readonly number[] | null = null;
  for (const [key, buckets] of groups) {
    const wrong = buckets.find(({ cumulative }) => !isCount(cumulative));
    if (wrong !== undefined) return nonFinite(key, wrong.cumulative);
    const why = whyInconsistent(buckets);
    if (why !== null) return inconsistent(key, why);
    const own = finiteBounds(buckets);
    if (bounds !== null && !isSameBounds(bounds, own)) return inconsistent(key, 'has bounds of its own');
    bounds = own;
    const counts = buckets.map(({ cumulative }, at) => cumulative - (buckets[at - 1]?.cumulative ?? 0));
    picked.push({ key, counts, isInX: false });
  }
  return { kind: 'counts', bounds: bounds ?? [], series: picked };
}

/** No events, between the bounds that the metric's first series has. */
function emptyHistogram(all: readonly Series[], scale: number): Selection {
  const [first] = groupBuckets(all, scale);
  if (first === undefined) return { kind: 'counts', bounds: [], series: [] };
  const [key, buckets] = first;
  const why = whyInconsistent(buckets);
  return why === null
    ? { kind: 'counts', bounds: finiteBounds(buckets), series: [] }
    : inconsistent(key, why);
}

/** Buckets by label set, ascending by bound. */
function groupBuckets(series: readonly Series[], scale: number): ReadonlyMap<string, readonly Bucket[]> {
  const groups = new Map<string, Bucket[]>();
  for (const { labels, value } of series) {
    const key = keyOf(labels, 'le');
    const seconds = readNumber(labels.get('le') ?? '') ?? Number.NaN;
    const bound = Number.isFinite(seconds) ? Number((seconds * scale).toPrecision(BOUND_DIGITS)) : seconds;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [{ bound, cumulative: value }]);
    else group.push({ bound, cumulative: value });
  }
  for (const group of groups.values()) group.sort((a, b) => a.bound - b.bound);
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

/** Whether counts over these bounds may be added or subtracted bucket by bucket. */
export function isSameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, at) => bound === b[at]);
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

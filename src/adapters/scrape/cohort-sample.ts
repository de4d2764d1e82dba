import type { Cohort, Sample, Stat, Unusable } from '../../core/gate/sample.ts';
import type { SignalBinding } from '../../core/plan/signal-binding.ts';
import { isSignalKind, SIGNAL_KINDS, type SignalKindFacts } from '../../core/plan/signal-kinds.ts';
import type { Tally } from './counting.ts';
import { isSameBounds } from './selection.ts';

/** What one endpoint contributes to one sample. `endpoint` is its name for people. */
export type Part = { readonly endpoint: string } & (
  | { readonly kind: 'counted'; readonly tally: Tally }
  | { readonly kind: 'level'; readonly values: readonly number[] }
  | { readonly kind: 'absent'; readonly what: string }
  | { readonly kind: 'unusable'; readonly unusable: Unusable; readonly why: string }
);

export interface SampleOf {
  readonly signal: string;
  readonly cohort: Cohort;
  /** Time of the previous read, null when this is the first; and of this one. ms since the epoch. */
  readonly previous: number | null;
  readonly now: number;
  readonly kind: SignalBinding['kind'];
}

type Unusables = Extract<Part, { kind: 'unusable' }>;

/** Endpoints named in one detail; the rest are counted. */
const MAX_NAMED = 3;

/**
 * Adds up what every endpoint contributes to one cohort's sample.
 *
 * In order: the first read has no stat; one bad value makes the whole `non_finite`; nothing counted is the failure that
 * kept it from being counted, or `metric_missing` when every endpoint answered; something counted beside something
 * failed is `partial`, with what was counted; endpoints whose buckets differ cannot be added and are `inconsistent`.
 * `from` reaches back to the oldest mark counted from, which is the previous read unless an endpoint had been silent.
 */
export function sampleOf(of: SampleOf, parts: readonly Part[]): Sample {
  const failing = parts.filter((part) => part.kind === 'unusable');
  if (of.previous === null) {
    const beside = parts.filter((part) => part.kind !== 'unusable' || part.unusable !== 'first_read');
    return unusable(of, 'first_read', ['counting starts with this read', ...lines(beside)]);
  }
  const isSpoilt = failing.some((part) => part.unusable === 'non_finite');
  if (isSpoilt) return unusable(of, 'non_finite', lines(failing));
  const tallies = parts.flatMap((part) => (part.kind === 'counted' ? [part.tally] : []));
  const levels = parts.flatMap((part) => (part.kind === 'level' ? part.values : []));
  if (tallies.length + levels.length === 0) return unusable(of, whyNothing(failing), lines(parts));
  const stat = statOf(of, tallies, levels);
  if (stat === null) return unusable(of, 'inconsistent', ['the endpoints count in different buckets']);
  return {
    signal: of.signal,
    cohort: of.cohort,
    from: tallies.reduce((least, { from }) => Math.min(least, from), Math.min(of.previous, of.now)),
    to: of.now,
    stat,
    quality: {
      unusable: failing.length === 0 ? null : 'partial',
      detail: failing.length === 0 ? null : joined(lines(failing)),
      resets: sum(tallies.map(({ resets }) => resets)),
      born: sum(tallies.map(({ born }) => born)),
    },
  };
}

function unusable(of: SampleOf, why: Unusable, details: readonly string[]): Sample {
  const from = Math.min(of.previous ?? of.now, of.now);
  const quality = { unusable: why, detail: joined(details), resets: 0, born: 0 };
  return { signal: of.signal, cohort: of.cohort, from, to: of.now, stat: null, quality };
}

/** A failure says more than a beginning, and either says more than absence: what is missing may be where it failed. */
function whyNothing(failing: readonly Unusables[]): Unusable {
  const failure = failing.find((part) => part.unusable !== 'first_read') ?? failing[0];
  return failure?.unusable ?? 'metric_missing';
}

function statOf(of: SampleOf, tallies: readonly Tally[], levels: readonly number[]): Stat | null {
  switch (of.kind) {
    case 'counter':
      return {
        kind: 'share',
        n: sum(tallies.map(({ all }) => all[0] ?? 0)),
        x: sum(tallies.map(({ inX }) => inX[0] ?? 0)),
      };
    case 'histogram':
      return histogramOf(tallies);
    case 'gauge':
      return { kind: 'level', value: worstLevel(of.signal, levels) };
  }
}

/** Null when the bounds differ. An endpoint that has no series here has no say in the bounds. */
function histogramOf(tallies: readonly Tally[]): Stat | null {
  const counting = tallies.filter(({ seriesN }) => seriesN > 0);
  const [first, ...rest] = counting.length > 0 ? counting : tallies.slice(0, 1);
  if (first === undefined || !rest.every(({ bounds }) => isSameBounds(first.bounds, bounds))) return null;
  const counts = first.all.map((count, at) => count + sum(rest.map(({ all }) => all[at] ?? 0)));
  return { kind: 'histogram', bounds: first.bounds, counts };
}

/** The worst of the levels by the kind's bad direction; their mean where either way is bad, which has no worst. */
function worstLevel(signal: string, levels: readonly number[]): number {
  const worse: SignalKindFacts['worse'] = isSignalKind(signal) ? SIGNAL_KINDS[signal].worse : 'increase';
  switch (worse) {
    case 'increase':
      return levels.reduce((a, b) => Math.max(a, b));
    case 'decrease':
      return levels.reduce((a, b) => Math.min(a, b));
    case 'either':
      return sum(levels) / levels.length;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What each endpoint had instead of counts, in one sentence part each. */
function lines(parts: readonly Part[]): readonly string[] {
  return parts.flatMap((part) => {
    if (part.kind === 'absent') return [`${part.endpoint} has no ${part.what}`];
    return part.kind === 'unusable' ? [`${part.endpoint} ${part.why}`] : [];
  });
}

function joined(details: readonly string[]): string {
  const more = details.length - MAX_NAMED;
  return [...details.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

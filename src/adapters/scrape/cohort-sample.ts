import type { Cohort, Sample, Unusable } from '../../core/gate/sample.ts';
import type { SignalBinding } from '../../core/plan/signal-binding.ts';
import { isSignalKind, SIGNAL_KINDS, type SignalKindFacts } from '../../core/plan/signal-kinds.ts';
import { countedStat } from './counted-stat.ts';
import type { Tally } from './counting.ts';

/** What one endpoint contributes to one sample. `endpoint` is its name for people, `host` its host and port. */
export type Portion = { readonly endpoint: string; readonly host: string } & (
  | { readonly kind: 'counted'; readonly tally: Tally; readonly missing: readonly string[] }
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
  readonly binding: SignalBinding;
  /** Segments that are not pooled, of both cohorts. */
  readonly segments: ReadonlySet<string>;
}

type OfKind<K extends Portion['kind']> = Extract<Portion, { readonly kind: K }>;

/** Endpoints named in one detail; the rest are counted. */
const MAX_NAMED = 3;

/**
 * Adds up what every endpoint contributes to one cohort's sample.
 *
 * In order: the first read has no stat; one bad value makes the whole `non_finite`; nothing counted is the failure that
 * kept it from being counted, or `metric_missing` when every endpoint answered, and so is a metric of several that no
 * endpoint has; something counted beside something failed is `partial`, with what was counted. What cannot be added up
 * has the reason of `countedStat`. `from` reaches back to the oldest mark counted from, which is the previous read
 * unless an endpoint had been silent.
 */
export function sampleOf(of: SampleOf, portions: readonly Portion[]): Sample {
  const failing = ofKind(portions, 'unusable');
  if (of.previous === null) {
    const beside = portions.filter(
      (portion) => portion.kind !== 'unusable' || portion.unusable !== 'first_read',
    );
    return unusable(of, 'first_read', ['counting starts with this read', ...lines(beside)]);
  }
  const isSpoilt = failing.some((portion) => portion.unusable === 'non_finite');
  if (isSpoilt) return unusable(of, 'non_finite', lines(failing));
  const made = statOf(of, portions);
  if (made.kind === 'nothing') return unusable(of, whyNothing(failing), lines(portions, made.missing));
  if (made.kind === 'unusable') return unusable(of, made.unusable, [made.why]);
  const tallies = ofKind(portions, 'counted').map(({ tally }) => tally);
  return {
    signal: of.signal,
    cohort: of.cohort,
    from: tallies.reduce((least, { from }) => Math.min(least, from), Math.min(of.previous, of.now)),
    to: of.now,
    stat: made.stat,
    quality: {
      unusable: failing.length === 0 ? null : 'partial',
      detail: failing.length === 0 ? null : joined(lines(failing)),
      resets: sum(tallies.map(({ resets }) => resets)),
      born: sum(tallies.map(({ born }) => born)),
    },
  };
}

function ofKind<K extends Portion['kind']>(portions: readonly Portion[], kind: K): readonly OfKind<K>[] {
  return portions.filter((portion): portion is OfKind<K> => portion.kind === kind);
}

function unusable(of: SampleOf, why: Unusable, details: readonly string[]): Sample {
  const from = Math.min(of.previous ?? of.now, of.now);
  const quality = { unusable: why, detail: joined(details), resets: 0, born: 0 };
  return { signal: of.signal, cohort: of.cohort, from, to: of.now, stat: null, quality };
}

/** A failure says more than a beginning, and either says more than absence: what is missing may be where it failed. */
function whyNothing(failing: readonly OfKind<'unusable'>[]): Unusable {
  const failure = failing.find((portion) => portion.unusable !== 'first_read') ?? failing[0];
  return failure?.unusable ?? 'metric_missing';
}

type Nothing = { readonly kind: 'nothing'; readonly missing: readonly string[] };

function statOf(of: SampleOf, portions: readonly Portion[]): ReturnType<typeof countedStat> | Nothing {
  const { binding } = of;
  if (binding.kind === 'gauge') {
    const levels = ofKind(portions, 'level').flatMap(({ values }) => values);
    if (levels.length === 0) return { kind: 'nothing', missing: [] };
    return { kind: 'stat', stat: { kind: 'level', value: worstLevel(of.signal, levels) } };
  }
  const counted = ofKind(portions, 'counted');
  const [first, ...rest] = counted;
  if (first === undefined) return { kind: 'nothing', missing: [] };
  const missing = first.missing.filter((name) => rest.every((other) => other.missing.includes(name)));
  return missing.length > 0 ? { kind: 'nothing', missing } : countedStat({ ...of, binding }, counted);
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

/** What each endpoint had instead of counts, in one sentence part each; `missing` is what no endpoint has. */
function lines(portions: readonly Portion[], missing: readonly string[] = []): readonly string[] {
  return portions.flatMap((portion) => {
    const says = lineOf(portion, missing);
    return says === null ? [] : [`${portion.endpoint} ${says}`];
  });
}

function lineOf(portion: Portion, missing: readonly string[]): string | null {
  switch (portion.kind) {
    case 'absent':
      return `has no ${portion.what}`;
    case 'unusable':
      return portion.why;
    case 'counted':
      return missing.length > 0 ? `has no ${missing.join(', ')}` : null;
    case 'level':
      return null;
  }
}

function joined(details: readonly string[]): string {
  const more = details.length - MAX_NAMED;
  return [...details.slice(0, MAX_NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

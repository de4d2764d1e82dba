import type { SignalShape } from './signal-kinds.ts';

/**
 * Label name → pattern its whole value must match. A pattern is one or more literals separated by `|`, in which `.`
 * stands for exactly one character: `5..`, `GET|HEAD`. Nothing else is special, so a pattern can never run away.
 * A label that a series does not carry has the value "". Every label named must match; `{}` matches every series.
 */
export type Matchers = Readonly<Record<string, string>>;

interface CounterFacts {
  readonly kind: 'counter';
  /** Key of the place's `telemetry` section. */
  readonly source: string;
  /** Name of the counter as exposed, `_total` included. */
  readonly counter: string;
  /** Which of its series are events of this signal: n. */
  readonly match: Matchers;
}

/** A share: events counted by one metric, x being a subset of n, so that x ≤ n holds by construction. */
export type CounterBinding =
  | (CounterFacts & { readonly bad: Matchers; readonly good?: never })
  | (CounterFacts & { readonly good: Matchers; readonly bad?: never });

/** A quantile: a classic histogram, named without `_bucket`. A name ending in `_seconds` is read as seconds and kept in ms. */
export interface HistogramBinding {
  readonly kind: 'histogram';
  readonly source: string;
  readonly histogram: string;
  readonly match: Matchers;
}

/** A level: a value with no sampling model, so a literal rule may be held against it and nothing more. */
interface GaugeBinding {
  readonly kind: 'gauge';
  readonly source: string;
  readonly gauge: string;
  readonly match: Matchers;
}

/** A counter, and which of its series are meant. */
export interface CounterSelection {
  readonly counter: string;
  readonly match: Matchers;
}

/** Events per unit of exposure (retries per request): x is the increase of `counter`, n that of `per`; x may exceed n. */
interface CountBinding extends CounterSelection {
  readonly kind: 'count';
  readonly source: string;
  readonly per: CounterSelection;
}

/** A level: how much a counter grew in a second or a minute, all its series together. */
interface RateBinding extends CounterSelection {
  readonly kind: 'rate';
  readonly source: string;
  readonly per: 'second' | 'minute';
}

/** Counters that sum a second value of the same units, its square, and its product with the first value. */
export interface SecondSums {
  readonly sum: string;
  readonly sumOfSquares: string;
  readonly product: string;
}

/**
 * A mean per unit, or with a `denominator` a ratio of two sums over units, from counters that an application keeps per
 * cohort: how many units, the sum of their values, the sum of the squares. Each unit is added once, when its value is
 * final, and is winsorised there: what was summed cannot be capped any more. A `companion` is what the same unit did
 * before the rollout (CUPED).
 */
export type MomentsBinding = {
  readonly kind: 'moments';
  readonly source: string;
  readonly units: string;
  readonly sum: string;
  readonly sumOfSquares: string;
  readonly match: Matchers;
} & (
  | { readonly denominator?: never; readonly companion?: never }
  | { readonly denominator: SecondSums; readonly companion?: never }
  | { readonly companion: SecondSums; readonly denominator?: never }
);

/** Made of counters alone. */
export type SumBinding = CounterBinding | CountBinding | MomentsBinding | RateBinding;

/** How a place measures one signal: written by its operator in `sluice.yaml`, never by the model. */
export type SignalBinding = SumBinding | HistogramBinding | GaugeBinding;

/** Which label tells exposed from unexposed, and the exact values (not patterns) on either side. */
export interface Cohorts {
  readonly label: string;
  readonly canary: readonly string[];
  /** Everyone unexposed: the off values and the control arm. */
  readonly stable: readonly string[];
  /** Counts are also kept per value of this label (region, tier, route). A series without it has the value "". */
  readonly segment?: string;
  /** And per value of this one (pod, host). Without it, each endpoint of a source that has several is a cluster. */
  readonly cluster?: string;
}

/** What a binding yields: counters make shares or counts, histograms quantiles, sums means or ratios, the rest levels. */
export function shapeOf(binding: SignalBinding): SignalShape {
  switch (binding.kind) {
    case 'counter':
      return 'share';
    case 'count':
      return 'count';
    case 'histogram':
      return 'quantile';
    case 'moments':
      if (binding.denominator !== undefined) return 'ratio';
      return binding.companion === undefined ? 'mean' : 'cuped';
    case 'rate':
    case 'gauge':
      return 'level';
  }
}

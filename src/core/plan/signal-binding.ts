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
interface HistogramBinding {
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

/** How a place measures one signal: written by its operator in `sluice.yaml`, never by the model. */
export type SignalBinding = CounterBinding | HistogramBinding | GaugeBinding;

/** Which label tells exposed from unexposed, and the exact values (not patterns) on either side. */
export interface Cohorts {
  readonly label: string;
  readonly canary: readonly string[];
  /** Everyone unexposed: the off values and the control arm. */
  readonly stable: readonly string[];
}

/** What a binding yields: counters make shares, histograms quantiles, gauges levels. */
export function shapeOf(binding: SignalBinding): SignalShape {
  switch (binding.kind) {
    case 'counter':
      return 'share';
    case 'histogram':
      return 'quantile';
    case 'gauge':
      return 'level';
  }
}

/**
 * A target that does not exist, described in plain data: its traffic, what its signals look like when all is well, and what
 * the change does to them. The same world and seed give the same counts on every machine.
 */
export interface World {
  readonly seed: number;
  readonly traffic: Traffic;
  readonly noise: WorldNoise;
  /** By signal name. A signal the world does not name is a share at `errorRate`. */
  readonly signals: Readonly<Record<string, SignalWorld>>;
  readonly errorRate: number;
  /** Pods on the canary side and on the stable side; 0 when counts are not told apart by pod. */
  readonly pods: { readonly canary: number; readonly stable: number };
  /** Parts of the traffic with a mix and an error rate of their own; empty for none. */
  readonly segments: readonly SegmentWorld[];
  readonly effects: readonly Effect[];
}

export interface Traffic {
  readonly requestsPerMinute: number;
  /** Half the distance between the quietest and the busiest hour, as a share of the mean: 0.3 is ±30 %. */
  readonly dailySwing: number;
}

/** Chance beyond counting: what moves both sides together, and what moves one side alone, each drawn anew every minute. */
export interface WorldNoise {
  /** Standard deviation of the log rate that both sides share, and how much of it the next minute keeps (AR(1)). */
  readonly sharedSd: number;
  readonly sharedCarry: number;
  /** Coefficient of variation of each side's own rate from minute to minute. */
  readonly canaryCv: number;
  readonly stableCv: number;
  /** Spread of each side's own latency from minute to minute, on the log scale. */
  readonly latencySd: number;
}

export type SignalWorld =
  /** Bad (or good) events among requests. */
  | { readonly kind: 'share'; readonly rate: number }
  /** Events per request; may exceed one. */
  | { readonly kind: 'count'; readonly rate: number }
  /** Lognormal durations in buckets whose edges grow by `bucketRatio`. */
  | {
      readonly kind: 'latency';
      readonly medianMs: number;
      readonly spread: number;
      readonly bucketRatio: number;
    }
  /** A value per unit (an order, a session): lognormal with this mean and coefficient of variation, zero for the others. */
  | {
      readonly kind: 'value';
      readonly mean: number;
      readonly cv: number;
      readonly nonZeroShare: number;
    }
  | { readonly kind: 'level'; readonly value: number; readonly sd: number };

export interface SegmentWorld {
  readonly name: string;
  /** Shares of the canary's and of stable's traffic; each side's add up to 1. */
  readonly canaryShare: number;
  readonly stableShare: number;
  /** The segment's rate as a multiple of the signal's. */
  readonly times: number;
}

interface Timed {
  /** When it begins, ms since the world began; 0 when left out. */
  readonly fromMs?: number;
  /** How long it lasts; for ever when left out. */
  readonly forMs?: number;
}

/** What the change, or bad luck, does. `signal` defaults to `http.error_rate`; sizes of shares are fractions. */
export type Effect =
  /** The canary's rate is higher by `by`, from an exposure of `fromPercent` up. */
  | ({
      readonly kind: 'step';
      readonly by: number;
      readonly signal?: string;
      readonly fromPercent?: number;
    } & Timed)
  /** It grows by `perMinute` each minute. */
  | ({ readonly kind: 'drift'; readonly perMinute: number; readonly signal?: string } & Timed)
  /** It grows with exposure: nothing at 0 %, `atFull` at 100 %. */
  | ({ readonly kind: 'load'; readonly atFull: number; readonly signal?: string } & Timed)
  /** Canary durations, values or levels above their own quantile `above` are this many times as large. */
  | ({
      readonly kind: 'stretch';
      readonly signal: string;
      readonly times: number;
      readonly above?: number;
      readonly fromPercent?: number;
    } & Timed)
  /** Both sides fail more: nobody's change is to blame. */
  | ({ readonly kind: 'incident'; readonly times: number } & Timed)
  /** The canary has its exposure and emits nothing. */
  | ({ readonly kind: 'dead'; readonly fromPercent?: number } & Timed)
  /** Canary processes restart at every look. */
  | ({ readonly kind: 'crash_loop' } & Timed)
  /** One canary pod fails at this rate. */
  | ({ readonly kind: 'bad_pod'; readonly errorRate: number } & Timed)
  /** Every `everyMs` the canary's rate is higher by `by` for `lastMs`. */
  | ({
      readonly kind: 'bursts';
      readonly by: number;
      readonly everyMs: number;
      readonly lastMs: number;
    } & Timed)
  /** Units reach the canary this many times as often as the exposure says. */
  | ({ readonly kind: 'misassigned'; readonly times: number } & Timed)
  /** The telemetry cannot be read, for this reason. */
  | ({
      readonly kind: 'telemetry_fault';
      readonly why: 'unreachable' | 'timeout' | 'not_metrics' | 'metric_missing' | 'non_finite' | 'partial';
    } & Timed);

/** No noise beyond counting, plenty of traffic, nothing wrong. */
export const CALM: World = {
  seed: 1,
  traffic: { requestsPerMinute: 60_000, dailySwing: 0 },
  noise: { sharedSd: 0, sharedCarry: 0, canaryCv: 0, stableCv: 0, latencySd: 0 },
  signals: {},
  errorRate: 0.002,
  pods: { canary: 0, stable: 0 },
  segments: [],
  effects: [],
};

/** What the effects make of one moment on the canary side. */
export interface Moment {
  readonly elapsedMs: number;
  readonly percent: number;
}

export function isActive(effect: Timed & { readonly fromPercent?: number }, moment: Moment): boolean {
  const since = moment.elapsedMs - (effect.fromMs ?? 0);
  return since >= 0 && since < (effect.forMs ?? Infinity) && moment.percent >= (effect.fromPercent ?? 0);
}

/** How much higher the canary's rate of this signal is, in the signal's own unit (fractions for shares). */
export function addedRate(effects: readonly Effect[], signal: string, moment: Moment): number {
  let added = 0;
  for (const effect of effects) {
    if (!isActive(effect, moment)) continue;
    if (effect.kind === 'step' && (effect.signal ?? ERROR_RATE) === signal) added += effect.by;
    if (effect.kind === 'drift' && (effect.signal ?? ERROR_RATE) === signal) {
      added += (effect.perMinute * (moment.elapsedMs - (effect.fromMs ?? 0))) / 60_000;
    }
    if (effect.kind === 'load' && (effect.signal ?? ERROR_RATE) === signal) {
      added += (effect.atFull * moment.percent) / 100;
    }
    if (effect.kind === 'bursts' && signal === ERROR_RATE) {
      const into = (moment.elapsedMs - (effect.fromMs ?? 0)) % effect.everyMs;
      if (into < effect.lastMs) added += effect.by;
    }
  }
  return added;
}

export const ERROR_RATE = 'http.error_rate';

/** By how much both sides' rates are multiplied now. */
export function incidentTimes(effects: readonly Effect[], moment: Moment): number {
  return effects.reduce(
    (times, effect) =>
      effect.kind === 'incident' && isActive(effect, moment) ? times * effect.times : times,
    1,
  );
}

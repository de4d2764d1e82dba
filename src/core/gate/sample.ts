/** The two sides of a comparison: exposed units, and everyone unexposed (control arm included). */
export type Cohort = 'canary' | 'stable';

/** What one part of a cohort counted: a segment (region, tier, route) or a cluster (pod, host). */
export interface Part {
  readonly key: string;
  readonly n: number;
  readonly x: number;
}

/** Raw statistics of one cohort in one window; never a bare ratio, never a percentile. */
export type Stat =
  /**
   * `x` of `n` events were counted: bad ones for a rate, good ones for a signal named by its good side (hit ratio).
   * `segments` and `clusters`, where the source tells them apart, each add up to `n` and `x`.
   */
  | {
      readonly kind: 'share';
      readonly n: number;
      readonly x: number;
      readonly segments?: readonly Part[];
      readonly clusters?: readonly Part[];
    }
  /** `x` events over `n` units of exposure (retries per request): x may exceed n. */
  | {
      readonly kind: 'count';
      readonly n: number;
      readonly x: number;
      readonly segments?: readonly Part[];
      readonly clusters?: readonly Part[];
    }
  /** Non-cumulative counts between ascending upper `bounds`; `counts` has one more entry than `bounds`, the overflow. */
  | {
      readonly kind: 'histogram';
      readonly bounds: readonly number[];
      readonly counts: readonly number[];
      readonly segments?: readonly { readonly key: string; readonly counts: readonly number[] }[];
    }
  /** Sums over units (users, sessions): see `Moments`. */
  | ({ readonly kind: 'moments' } & Moments)
  | { readonly kind: 'level'; readonly value: number };

/**
 * Sums over `n` units of a value `y` and, where there is one, of a companion `z`: the denominator of a ratio metric, or what
 * the same unit did before the rollout (CUPED). Values are capped where they are recorded (winsorised), before they are summed.
 */
export interface Moments {
  readonly n: number;
  readonly y: number;
  readonly yy: number;
  readonly z: number;
  readonly zz: number;
  readonly yz: number;
}

/** Why a sample may not be used as evidence of health. */
export type Unusable =
  | 'first_read'
  | 'unreachable'
  | 'timeout'
  | 'not_metrics'
  | 'metric_missing'
  | 'non_finite'
  | 'inconsistent'
  | 'clock_skew'
  | 'partial'
  | 'too_large';

/** How far a sample can be trusted, recorded beside it. */
export interface Quality {
  /** Null when usable. An unusable sample can hold a rollout, never promote it. */
  readonly unusable: Unusable | null;
  /** What was seen, for people: "http://127.0.0.1:9464/metrics answered 503". Null when usable. */
  readonly detail: string | null;
  /** Counter resets (process restarts) and series born inside the window that the counting absorbed. */
  readonly resets: number;
  readonly born: number;
}

/** Counts of one signal in one cohort over [from, to), both in ms since the epoch. */
export interface Sample {
  readonly signal: string;
  readonly cohort: Cohort;
  readonly from: number;
  readonly to: number;
  /** Null when nothing could be counted. A `partial` sample carries what the answering targets counted. */
  readonly stat: Stat | null;
  readonly quality: Quality;
}

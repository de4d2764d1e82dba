/** Which sums of a sample a series belongs to. `nx` is both n and x; `y` to `yz` are those of `Moments`. */
export type Role = 'n' | 'x' | 'nx' | 'y' | 'yy' | 'z' | 'zz' | 'yz';

/** One label set of a counter (a single count) or of a histogram (one count per bucket, the overflow last). */
export interface SeriesCounts {
  /** The labels as JSON text, sorted: equal for equal label sets, in whatever order they are exposed. */
  readonly key: string;
  readonly role: Role;
  readonly counts: readonly number[];
  /** Value of the target's segment label; null when it has none. */
  readonly segment: string | null;
  /** Value of the target's cluster label; null when it has none, and the endpoint is the cluster. */
  readonly cluster: string | null;
}

/** Whether counts over these bounds may be added or subtracted bucket by bucket. */
export function isSameBounds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((bound, at) => bound === b[at]);
}

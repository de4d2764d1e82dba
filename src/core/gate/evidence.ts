import type { Sample } from './sample.ts';

/** Everything one look saw. Immutable, stored, named by its digest; a decision rests on nothing else. */
export interface Evidence {
  /** When the look happened, ms since the epoch. */
  readonly at: number;
  readonly samples: readonly Sample[];
  /** An earlier rollout under way on the same target or surface; left out when there is none. */
  readonly overlap?: { readonly rolloutId: string; readonly target: string };
  /** What the exposure backend says is in force; null when it could not be read. */
  readonly actual: { readonly percent: number; readonly audiences: readonly string[] } | null;
}

import type { Sample } from './sample.ts';

/** Everything one look saw. Immutable, stored, named by its digest; a decision rests on nothing else. */
export interface Evidence {
  /** When the look happened, ms since the epoch. */
  readonly at: number;
  readonly samples: readonly Sample[];
  /** What the exposure backend says is in force; null when it could not be read. */
  readonly actual: { readonly percent: number; readonly audiences: readonly string[] } | null;
}

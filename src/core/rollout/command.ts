/** What a person tells a rollout to do, from whichever surface. The model never makes one. */
export interface Command {
  readonly verb: 'promote' | 'hold' | 'resume' | 'rollback';
  readonly by: string;
  readonly reason: string;
  /** For `hold`: when it ends, ms since the epoch; null holds until resumed. */
  readonly until: number | null;
  /** The stage epoch the person saw. Risk verbs shown for another one are refused; null for verbs that lower risk. */
  readonly expectedEpoch: number | null;
}

export type CommandOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly why: string };

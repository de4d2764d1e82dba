/** What a person tells a rollout to do, from whichever surface. The model never makes one. */
export interface Command {
  readonly verb: 'promote' | 'hold' | 'resume' | 'rollback' | 'waive';
  readonly by: string;
  readonly reason: string;
  /** For `hold`: when it ends, ms since the epoch; null holds until resumed. */
  readonly until: number | null;
  /** The stage epoch the person saw. Risk verbs shown for another one are refused; null for verbs that lower risk. */
  readonly expectedEpoch: number | null;
  /** For `waive`: the id of the check. */
  readonly check?: string;
}

/** The verb and what it is about: "waive rule:cache.hit_ratio". */
export function wordsOf({ verb, check }: Pick<Command, 'verb' | 'check'>): string {
  return check === undefined ? verb : `${verb} ${check}`;
}

/** Verbs that raise risk: taken only for the stage they were shown for. */
export function isRisky(verb: Command['verb']): boolean {
  return verb === 'promote' || verb === 'resume' || verb === 'waive';
}

export type CommandOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly why: string };

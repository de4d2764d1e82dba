import type { Proposal } from '../core/plan/proposal.ts';

/** A change as it came from outside: all of it untrusted text. */
export interface Change {
  /** A unified diff, as `git diff` prints it. */
  readonly diff: string;
  readonly title: string;
}

/** Reads a change and proposes checks. Holds no write function and returns no Decision. */
export interface Planner {
  propose(change: Change): Promise<Proposal>;
}

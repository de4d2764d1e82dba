import type { Exposure } from '../ladder.ts';
import type { Clause } from './clause.ts';
import type { Metric, Token } from './token.ts';

/** One thing an instruction asks of the gate. `points` is a difference in the metric's own unit: points, or ms for a latency. */
export interface InstructionRule {
  readonly metric: Metric;
  readonly compare: 'points' | 'percent' | 'times' | 'absolute';
  readonly value: number;
  readonly against: 'stable' | 'previous_stage' | 'fixed' | 'ab_prediction';
  readonly direction: 'above' | 'below' | 'either';
  readonly unit: string;
  readonly action: 'hold' | 'rollback' | 'notify';
  readonly notify: boolean;
  /** The words it came from, as they were written. */
  readonly phrase: string;
  /** The prompt, model and answer that read the phrase, where the grammar did not; a person is asked about it before a start. */
  readonly readBy?: string;
}

/** What a reader makes of a clause. Lines are in the order of the text; later ones may lean on earlier ones. */
export type Line =
  | { readonly kind: 'rung'; readonly exposure: Exposure; readonly holdMs: number | null }
  /** Sets the hold of the rung before it. */
  | { readonly kind: 'hold-last'; readonly ms: number; readonly isTrailing: boolean; readonly phrase: string }
  | { readonly kind: 'hold-each'; readonly ms: number; readonly phrase: string }
  | { readonly kind: 'grow'; readonly factor: number; readonly phrase: string }
  | { readonly kind: 'add'; readonly points: number; readonly isSure: boolean; readonly phrase: string }
  | { readonly kind: 'until'; readonly percent: number }
  | { readonly kind: 'count'; readonly stages: number; readonly isEqual: boolean; readonly phrase: string }
  /** The time of the whole ladder. */
  | { readonly kind: 'spread'; readonly ms: number; readonly isLonger: boolean; readonly phrase: string }
  /** The words promise stages on the way. */
  | { readonly kind: 'gradual'; readonly phrase: string }
  | { readonly kind: 'rule'; readonly rule: InstructionRule }
  /** The last measured thing, for "it" and "either metric". `isPlain` is a level such as "is above 2%". */
  | {
      readonly kind: 'topic';
      readonly metrics: readonly Metric[];
      readonly isPlain: boolean;
      readonly isBand: boolean;
    }
  /** Sets what happens when the earlier band is left. */
  | {
      readonly kind: 'retune';
      readonly metrics: readonly Metric[];
      readonly action: InstructionRule['action'];
      readonly notify: boolean;
    }
  | { readonly kind: 'holdback'; readonly exposure: string; readonly phrase: string }
  | { readonly kind: 'start-after'; readonly when: string; readonly phrase: string }
  | { readonly kind: 'window'; readonly allow: boolean; readonly when: string; readonly phrase: string }
  | { readonly kind: 'approval'; readonly before: string; readonly phrase: string }
  | { readonly kind: 'question'; readonly text: string };

/** What a reader read and the tokens it answers for. A token that bears anything and that nobody claims undoes the reading. */
export interface Reading {
  readonly lines: readonly Line[];
  readonly claims: ReadonlySet<Token>;
}

/** Reads what it knows of a clause; null when there is nothing of its kind, or nothing it is sure of. */
export type Reader = (clause: Clause, before: readonly Line[]) => Reading | null;

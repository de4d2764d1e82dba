import { SIGNAL_KINDS, type SignalKind } from '../../core/plan/signal-kinds.ts';
import learned from './weights.json' with { type: 'json' };

/** A sum of weights and where it starts from, as logistic regression has them. */
export interface WeightedSum {
  readonly start: number;
  readonly weights: Readonly<Record<string, number>>;
}

/**
 * What the labelled changes of fixtures/eval taught: `npm run learn` writes it, and nobody else does.
 *
 * Of a signal kind no trait weighs less than nothing, so that nothing added to a change makes a signal less likely; of a change that
 * says nothing new no newness weighs more than nothing.
 */
export interface Weights {
  /** Digest of the traits and labels that it was learned from. */
  readonly learnedFrom: string;
  readonly kinds: { readonly [Kind in SignalKind]?: WeightedSum };
  readonly nothingNew: WeightedSum;
}

export const WEIGHTS: Weights = learned;

/** Every trait that some kind is known by. */
export const KNOWN_TRAITS: ReadonlySet<string> = new Set(
  Object.values(WEIGHTS.kinds).flatMap(({ weights }) => Object.keys(weights)),
);

export const KINDS = Object.keys(SIGNAL_KINDS) as readonly SignalKind[];

/** The chance that a sum of weights stands for. */
export function chanceOf(sum: number): number {
  return 1 / (1 + Math.exp(-sum));
}

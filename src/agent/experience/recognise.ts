import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import { byCodeUnit } from '../by-code-unit.ts';
import type { Traits } from './traits.ts';
import { chanceOf, KINDS, WEIGHTS } from './weights.ts';

/** How likely a signal kind would be watched by those who labelled the changes this one is like, and by what it is recognised. */
export interface Recognised {
  readonly kind: SignalKind;
  /** From 0 to 1: 1 stands for a signal without which the plan would be a mistake. */
  readonly chance: number;
  /** Names of traits, those that weigh most first. */
  readonly traits: readonly string[];
}

/** Every kind, the likeliest first; of two as likely the one whose name comes first. */
export function recognise(traits: Traits): readonly Recognised[] {
  const recognised = KINDS.map((kind): Recognised => {
    const { start, weights } = WEIGHTS.kinds[kind] ?? { start: Number.NEGATIVE_INFINITY, weights: {} };
    const parts: { name: string; part: number }[] = [];
    for (const [name, { amount }] of traits) {
      const weight = weights[name];
      if (weight !== undefined) parts.push({ name, part: amount * weight });
    }
    // Added in one order, so that the order of files never moves the last digit.
    parts.sort((a, b) => b.part - a.part || byCodeUnit(a.name, b.name));
    const sum = parts.reduce((total, { part }) => total + part, start);
    return { kind, chance: chanceOf(sum), traits: parts.map(({ name }) => name) };
  });
  return recognised.sort((a, b) => b.chance - a.chance || byCodeUnit(a.kind, b.kind));
}

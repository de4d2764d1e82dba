import type { Clause } from './clause.ts';
import { isMark, isMeasure, type Role, roleOf, type Token } from './token.ts';

/** A stretch between two separators: "25% for an hour", "fifteen minutes per stage". */
export type Segment = readonly Token[];

export const SEPARATORS: ReadonlySet<Role> = new Set(['and', 'then']);

export interface Around {
  readonly percents: ReadonlyMap<Token, number>;
  readonly clause: Clause;
  readonly claims: Set<Token>;
  readonly head: readonly Token[];
}

export function segmentsOf(head: readonly Token[]): readonly Segment[] {
  const segments: Token[][] = [[]];
  head.forEach((token, at) => {
    const isRate = isMark(token, 'slash') && roleOf(head[at + 1]) === 'stage';
    const cuts =
      isOnward(head, at) ||
      isMark(token, 'arrow', 'greater', 'comma', 'slash', 'dash') ||
      SEPARATORS.has(roleOf(token) ?? 'plain');
    if (cuts && !isRate) segments.push([]);
    else segments.at(-1)?.push(token);
  });
  return segments.filter((segment) => segment.length > 0);
}

/** "5% for an hour before moving to 25%": what comes next is the next stage. */
export function isOnward(head: readonly Token[], at: number): boolean {
  const isBetween = roleOf(head[at]) === 'before' && roleOf(head[at + 1]) === 'go';
  return isBetween && head.slice(0, at).some(isMeasure);
}

import type { Clause } from './clause.ts';
import type { Line } from './line.ts';
import type { Around, Segment } from './segment.ts';
import { isWord, roleOf, type Token } from './token.ts';

/** "double", "add 10%", "in steps of 25%", "increase by 10 percent": how the next stage follows from the last. */
export function readGrowth(segment: Segment, { claims, clause, head }: Around): readonly Line[] | null {
  const factor = segment.find((token) => roleOf(token) === 'factor');
  const phrase = clause.phrase;
  if (factor?.kind === 'word' && factor.sense.role === 'factor') {
    if (!(factor.sense.value > 1)) return null;
    claims.add(factor);
    const bounds = growthBounds(segment, claims);
    const line: Line = { kind: 'grow', factor: factor.sense.value, phrase };
    return [...bounds.from, line, ...bounds.until, ...onceOrAgain(factor.word, head, clause)];
  }
  const isListed = head.filter((token) => token.kind === 'percent').length > 1 && !head.some(isBound);
  if (isListed && segment.some((token) => isWord(token, 'stages of', 'steps of', 'increments of', 'step of')))
    return null;
  const step = segment.find(
    (token, at) => (token.kind === 'percent' || token.kind === 'points') && isStep(segment, at),
  );
  if (step?.kind !== 'percent' && step?.kind !== 'points') return null;
  if (isMore(segment) && !isRepeated('', head, clause)) return null;
  for (const token of segment) {
    const role = roleOf(token);
    if (role === 'change' || role === 'by' || role === 'in' || role === 'equal') claims.add(token);
  }
  claims.add(step);
  const bounds = growthBounds(segment, claims);
  const isSure = step.kind === 'points' || !head.some((token) => roleOf(token) === 'by');
  return [...bounds.from, { kind: 'add', points: step.value, isSure, phrase }, ...bounds.until];
}

/** "20% more": without a word that repeats it, it happens once, and that is no growth. */
function isMore(segment: Segment): boolean {
  return segment.some((token) => isWord(token, 'more'));
}

/** "double after an hour" may happen once or again and again. */
function onceOrAgain(word: string, head: readonly Token[], clause: Clause): readonly Line[] {
  if (isRepeated(word, head, clause)) return [];
  return [
    {
      kind: 'question',
      text: `“${clause.phrase}”: does “${word}” happen once, or at every stage until the end?`,
    },
  ];
}

function isRepeated(word: string, head: readonly Token[], { source }: Clause): boolean {
  return (
    word.endsWith('ing') ||
    word === 'doubles again' ||
    head.some(
      (token) =>
        ['each', 'until'].includes(roleOf(token) ?? '') ||
        (token.kind === 'duration' && source.slice(token.from, token.to).toLowerCase().endsWith('ly')),
    )
  );
}

/** A word that sets the start or the end of a growth, so that a second percentage is no list. */
function isBound(token: Token): boolean {
  return roleOf(token) === 'until' || roleOf(token) === 'begin' || isWord(token, 'from', 'to');
}

function isStep(segment: Segment, at: number): boolean {
  const before = segment[at - 1];
  const after = segment[at + 1];
  const isGoing = segment
    .slice(0, at)
    .some((token) => roleOf(token) === 'change' || roleOf(token) === 'go' || roleOf(token) === 'step');
  if (roleOf(before) === 'step') return true;
  if (roleOf(before) === 'by') return isGoing;
  return roleOf(after) === 'step';
}

/** The start and the end of a growth: "from 2%", "until 50%". */
function growthBounds(
  segment: Segment,
  claims: Set<Token>,
): { readonly from: readonly Line[]; readonly until: readonly Line[] } {
  const from: Line[] = [];
  const until: Line[] = [];
  segment.forEach((token, at) => {
    if (token.kind !== 'percent' || isStep(segment, at)) return;
    const before = segment[at - 1];
    const isStart = isWord(before, 'from', 'at', 'with') || roleOf(before) === 'begin';
    if (token.value > 100) return;
    if (roleOf(before) === 'until' || isWord(before, 'to')) {
      claims.add(token);
      if (before !== undefined) claims.add(before);
      until.push({ kind: 'until', percent: token.value });
    } else if (isStart && token.value > 0 && token.value <= 100) {
      claims.add(token);
      from.push({ kind: 'rung', exposure: { kind: 'percent', percent: token.value }, holdMs: null });
    }
  });
  return { from, until };
}

/** "in 4 stages", "four equal steps of 25%": a count that the rungs must come to. */
export function countOf(segment: Segment, { claims, clause }: Around): Line | null {
  const at = segment.findIndex((token) => token.kind === 'number');
  const count = segment[at];
  const rest = segment.slice(at + 1, at + 3);
  const named = rest.some(
    (token) =>
      roleOf(token) === 'stage' ||
      isWord(
        token,
        'steps',
        'step',
        'steps of',
        'stages of',
        'increments',
        'increments of',
        'chunks of',
        'jumps of',
      ),
  );
  if (count?.kind !== 'number' || !named || !Number.isInteger(count.value)) return null;
  claims.add(count);
  for (const token of segment) if (roleOf(token) === 'equal' || roleOf(token) === 'in') claims.add(token);
  return {
    kind: 'count',
    stages: count.value,
    isEqual: segment.some((token) => roleOf(token) === 'equal'),
    phrase: clause.phrase,
  };
}

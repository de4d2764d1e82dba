import type { Exposure } from '../ladder.ts';
import type { Line } from './line.ts';
import { type Around, SEPARATORS, type Segment, segmentsOf } from './segment.ts';
import { isMark, isWord, roleOf, type Token } from './token.ts';

export function rungsOf(segment: Segment, { percents, claims }: Around): readonly Line[] {
  const rungs: Line[] = [];
  segment.forEach((token, at) => {
    const exposure = exposureAt(segment, at, percents);
    // "10% of everyone"
    if (token.kind === 'percent' && token.isEveryone && isWord(segment[at - 1], 'of') && rungs.length > 0) {
      claims.add(token);
      return;
    }
    // "20% more" and "another 20%" are added to what was there.
    if (token.kind === 'percent' && isAdded(segment, at)) return;
    // "Give 5% to beta and 10% to everyone": a share goes to somebody, and no second stage is meant.
    if (isGivenTo(segment, at)) return;
    // "5% of beta users" is not two stages: a second exposure has to be reached by "to".
    if (exposure === null || (rungs.length > 0 && !isWord(segment[at - 1], 'to', 'up to'))) return;
    claims.add(token);
    if (exposure.kind === 'switch') claimName(segment, at, claims);
    const isUntil = roleOf(segment[at - 1]) === 'until';
    if (isUntil && segment[at - 1] !== undefined) claims.add(segment[at - 1] as Token);
    rungs.push({ kind: 'rung', exposure, holdMs: null });
  });
  return rungs;
}

function exposureAt(segment: Segment, at: number, percents: ReadonlyMap<Token, number>): Exposure | null {
  const token = segment[at];
  if (token === undefined) return null;
  const percent = token.kind === 'percent' ? token.value : percents.get(token);
  if (percent !== undefined) return percent > 0 && percent <= 100 ? { kind: 'percent', percent } : null;
  if (token.kind === 'audience') return { kind: 'audience', name: token.name };
  if (roleOf(token) !== 'switch') return null;
  const name = switchName(segment, at);
  return name === null ? null : { kind: 'switch', to: name.kind === 'word' ? name.word : '' };
}

function switchName(segment: Segment, at: number): Token | null {
  const name = segment.slice(at + 1).find((token) => roleOf(token) !== 'the');
  return name !== undefined && ['color', 'strange'].includes(roleOf(name) ?? '') ? name : null;
}

function claimName(segment: Segment, at: number, claims: Set<Token>): void {
  const name = switchName(segment, at);
  if (name !== null) claims.add(name);
}

/** "1 → 5 → 25 → 100%" and "1, 5 and 100 percent": bare numbers take the percent sign of the list they stand in. */
export function withImpliedPercents(head: readonly Token[]): ReadonlyMap<Token, number> {
  const items = segmentsOf(head).map((segment) =>
    segment.filter(
      (token) =>
        token.kind === 'percent' || (token.kind === 'number' && !isCounter(head, head.indexOf(token))),
    ),
  );
  const values = items.flat();
  const numbers = values.filter((token) => token.kind === 'number');
  const isList = items.every((item) => item.length <= 1) && values.length > 1;
  const last = values.at(-1);
  const isSure =
    last?.kind === 'percent' ||
    (last?.kind === 'number' && last.value === 100 && head.some((token) => isMark(token, 'arrow', 'slash')));
  const isBareList = numbers.every((token) => {
    const next = head[head.indexOf(token) + 1];
    return (
      next === undefined ||
      next.kind === 'mark' ||
      SEPARATORS.has(roleOf(next) ?? 'plain') ||
      next.kind === 'duration' ||
      roleOf(next) === 'for'
    );
  });
  if (!isList || !isSure || !isBareList) return new Map();
  return new Map(numbers.map((token) => [token, token.value]));
}

export function isCounter(head: readonly Token[], at: number): boolean {
  return (
    ['stage', 'step'].includes(roleOf(head[at - 1]) ?? '') && isMark(head[at + 1], 'colon', 'other', 'dash')
  );
}

function isAdded(segment: Segment, at: number): boolean {
  const before = segment[at - 1];
  return (
    isWord(segment[at + 1], 'more') || isWord(before, 'another', 'further', 'additional', 'extra', 'more')
  );
}

/** "give 10% to everyone", "5% to beta": what "to" leads to here is a receiver and not the next stage. */
function isGivenTo(segment: Segment, at: number): boolean {
  const token = segment[at];
  const isReceiver = token?.kind === 'audience' || (token?.kind === 'percent' && token.isEveryone);
  if (!isReceiver || !isWord(segment[at - 1], 'to') || segment[at - 2]?.kind !== 'percent') return false;
  const isGiving = segment.some((other) =>
    isWord(other, 'give', 'gives', 'send', 'sends', 'serve', 'serves', 'expose'),
  );
  return token.kind === 'audience' || isGiving;
}

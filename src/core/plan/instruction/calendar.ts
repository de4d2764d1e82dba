import type { Clause } from './clause.ts';
import type { Line, Reading } from './line.ts';
import { isMark, isWord, type Role, roleOf, type Token } from './token.ts';

/** What names a time beside a clock, a day or a date. */
const PLACED: ReadonlySet<Role> = new Set(['calendar']);

/** Words that tie a window to its time; they are kept in `when` where they say something ("outside peak hours"). */
const TYING: ReadonlySet<Role> = new Set([
  'on',
  'in',
  'for',
  'after',
  'before',
  'region',
  'each',
  'until',
  'only',
  'not',
  'avoid',
  'do',
  'and',
  'or',
  'later',
  'total',
]);

/** Roles that make a sentence about time too much for a window to say. */
const TOO_MUCH: ReadonlySet<Role> = new Set([
  'if',
  'unless',
  'provided',
  'turn',
  'ask',
  'factor',
  'against',
  'strange',
  'delegate',
  'inject',
  'holdback',
]);

/** "Not on Fridays", "only during business hours 9-17 UTC", "freeze from 20 December to 2 January". `when` keeps the words. */
export function readWindow(clause: Clause): Reading | null {
  const { tokens } = clause;
  const placed = tokens.flatMap((token, at) => (isPlaced(token) ? [at] : []));
  const [first] = placed;
  const last = placed.at(-1);
  if (first === undefined || last === undefined || tokens.some(isTooMuch)) return null;
  const allow = polarityOf(tokens);
  if (allow === null) return null;
  const start = startOf(tokens, first);
  const from = tokens[start]?.from ?? 0;
  const when = written(clause.source, from, tokens[last]?.to ?? from);
  const claims = new Set(
    tokens.filter(
      (token, at) =>
        (at >= start && at <= last) || TYING.has(roleOf(token) ?? 'plain') || roleOf(token) === 'act',
    ),
  );
  const lines: Line[] = [
    { kind: 'window', allow, when, phrase: clause.phrase },
    ...zoneQuestion(tokens, clause),
  ];
  return { lines, claims };
}

/** "Start after 14:00 UTC", "don't begin before Monday": a moment, and never a percentage. */
export function readStart(clause: Clause): Reading | null {
  const { tokens } = clause;
  const verb = tokens.findIndex((token) => roleOf(token) === 'begin');
  const at = tokens.findIndex((token) => isPlaced(token));
  const last = tokens.findLastIndex((token) => isPlaced(token));
  const moment = tokens[at];
  if (verb === -1 || moment === undefined || at < verb) return null;
  const tie = tokens.slice(verb + 1, at);
  const isNegated =
    tokens.some((token) => roleOf(token) === 'not') || tie.some((token) => isWord(token, 'no'));
  const isBefore = tie.some((token) => roleOf(token) === 'before');
  const isAfter =
    (tie.length === 0 && moment.kind === 'time') ||
    tie.some((token) => ['after', 'on'].includes(roleOf(token) ?? '') || isWord(token, 'at', 'from'));
  if (
    tokens.filter((token) => roleOf(token) === 'not').length > 1 ||
    isNegated !== isBefore ||
    (!isBefore && !isAfter) ||
    tokens.some((token) => isTooMuch(token) || roleOf(token) === 'only')
  )
    return null;
  const claims = new Set(
    tokens.filter(
      (token, index) =>
        (index >= at && index <= last) ||
        ['after', 'before', 'not', 'on', 'do'].includes(roleOf(token) ?? ''),
    ),
  );
  const when = written(clause.source, moment.from, tokens[last]?.to ?? moment.to);
  return {
    lines: [{ kind: 'start-after', when, phrase: clause.phrase }, ...zoneQuestion(tokens, clause)],
    claims,
  };
}

function isPlaced(token: Token): boolean {
  return token.kind === 'time' || PLACED.has(roleOf(token) ?? 'plain');
}

function isTooMuch(token: Token): boolean {
  if (token.kind === 'word') {
    if (token.sense.role === 'act') return token.sense.act !== 'hold';
    return TOO_MUCH.has(token.sense.role);
  }
  return [
    'percent',
    'points',
    'times',
    'metric',
    'quantile',
    'duration',
    'measure',
    'unclear',
    'audience',
  ].includes(token.kind);
}

/** True for "only during", false for "not on" and "freeze over", null where the words say neither. */
function polarityOf(tokens: readonly Token[]): boolean | null {
  const nots = tokens.filter((token) => ['not', 'avoid', 'act'].includes(roleOf(token) ?? '')).length;
  const onlys = tokens.filter((token) => roleOf(token) === 'only').length;
  if (nots > 1 || (nots === 1 && onlys > 0)) return null;
  if (nots === 1) return false;
  const begins = tokens.some((token) => roleOf(token) === 'begin');
  const goes = tokens.some((token) => roleOf(token) === 'go');
  const within = tokens.some(
    (token) => roleOf(token) === 'in' || isWord(token, 'within', 'between', 'outside'),
  );
  return !begins && (onlys > 0 || (goes && within)) ? true : null;
}

/** "outside peak hours", "after 16:00" and "between 9 and 17" keep the word that turns them. */
function startOf(tokens: readonly Token[], first: number): number {
  let start = first;
  while (isMark(tokens[start - 1], 'other') || roleOf(tokens[start - 1]) === 'the') start -= 1;
  const before = tokens[start - 1];
  const turns =
    ['after', 'before', 'until'].includes(roleOf(before) ?? '') ||
    isWord(before, 'outside', 'between', 'from', 'past', 'out of');
  if (isWord(before, 'of') && isWord(tokens[start - 2], 'outside')) return start - 2;
  return turns ? start - 1 : first;
}

/** The words between two places, with the bracket that closes them. */
function written(source: string, from: number, to: number): string {
  const words = source.slice(from, to);
  return words.includes('(') && !words.includes(')') && source[to] === ')' ? `${words})` : words;
}

function zoneQuestion(tokens: readonly Token[], clause: Clause): readonly Line[] {
  const isBare = tokens.some((token) => token.kind === 'time' && token.form === 'clock' && !token.hasZone);
  const zoned = tokens.some((token) => token.kind === 'time' && token.hasZone);
  return isBare && !zoned
    ? [{ kind: 'question', text: `“${clause.phrase}” names no time zone. Is UTC meant?` }]
    : [];
}

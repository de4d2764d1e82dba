import { type Clause, MAX_CLAUSE_TOKENS } from './clause.ts';
import { isElsewhere } from './foreign.ts';
import type { Line, Reader } from './line.ts';
import { revokes } from './revoking.ts';
import { isWord, type Role, roleOf, type Token, weightOf } from './token.ts';
import { questionAbout } from './wording.ts';

/** What all clauses came to: the lines that were read, and the words that were not. */
export interface Ledger {
  readonly lines: readonly Line[];
  readonly unread: readonly string[];
  /** What to ask about some of what was not read. */
  readonly questions: readonly string[];
  /** The words each line came from. */
  readonly phrases: ReadonlyMap<Line, string>;
}

/** Readers that have a clause to themselves, tried in order, and those that may share one ("double … if …"). */
export interface Readers {
  readonly alone: readonly Reader[];
  readonly together: readonly Reader[];
}

/**
 * Keeps account of every clause: readers claim the tokens they answer for, and a clause is read whole or not at all.
 *
 * A clause that bears anything (a number, a metric, an order) is read only when every one of its tokens that bears or turns
 * meaning is claimed. Otherwise whatever its readers made of it is dropped and its words are listed as unread. So a word
 * nobody knows can cost a reading, and can never bend one.
 */
export function keepLedger(clauses: readonly Clause[], readers: Readers): Ledger {
  const lines: Line[] = [];
  const unread: string[] = [];
  const phrases = new Map<Line, string>();
  const questions = new Set<string>();
  const leave = (clause: Clause) => {
    unread.push(clause.words);
    const question = questionAbout(clause);
    if (question !== null) questions.add(question);
  };
  let isTainted = false;
  for (const clause of clauses) {
    isTainted ||= clause.tokens.some(
      (token) => roleOf(token) === 'inject' || isSpeaker(token, clause.source),
    );
    if (isTainted) {
      leave(clause);
      continue;
    }
    const read = readWhole(clause, lines, readers);
    if (read === null) leave(clause);
    else {
      lines.push(...read);
      for (const line of read) phrases.set(line, clause.words);
    }
  }
  return {
    lines,
    unread: [...new Set(unread)].filter((phrase) => phrase !== ''),
    questions: [...questions],
    phrases,
  };
}

/** The lines of a clause; empty for prose that bears nothing; null when it has to be reported. */
function readWhole(clause: Clause, before: readonly Line[], readers: Readers): readonly Line[] | null {
  if (!clause.tokens.some((token) => bears(token, clause.tokens))) return isProse(clause) ? [] : null;
  if (clause.tokens.length > MAX_CLAUSE_TOKENS || clause.isAsked) return null;
  const claims = new Set<Token>();
  const lines: Line[] = [];
  for (const [at, read] of [...readers.alone, ...readers.together].entries()) {
    const reading = read(clause, lines.length === 0 ? before : [...before, ...lines]);
    if (reading === null) continue;
    lines.push(...reading.lines);
    for (const token of reading.claims) claims.add(token);
    if (at < readers.alone.length) break;
  }
  const isWhole =
    lines.length > 0 && clause.tokens.every((token) => weightOf(token) === 'free' || claims.has(token));
  return isWhole ? lines : null;
}

/** "system: …" and its like put words into another mouth. */
function isSpeaker(token: Token, source: string): boolean {
  return (
    isWord(token, 'system', 'assistant', 'user', 'admin', 'human', 'developer') && source[token.to] === ':'
  );
}

function bears(token: Token, clause: readonly Token[]): boolean {
  if (weightOf(token) === 'bears') return true;
  const role = roleOf(token);
  if (token.kind === 'audience') return clause.some((other) => roleOf(other) === 'go');
  if (role === 'strange') return token.kind === 'word' && /\p{N}/u.test(token.word) && !isVersion(token.word);
  if (role === 'calendar')
    return clause.some((other) => ['not', 'only', 'avoid', 'begin'].includes(roleOf(other) ?? ''));
  const isOrderTurned = role === 'not' || role === 'only' || role === 'unless';
  return isOrderTurned && clause.some((other) => ['go', 'begin'].includes(roleOf(other) ?? ''));
}

/** "v2" and "checkout-v2" are names, not numbers. */
function isVersion(word: string): boolean {
  return /^(?:[a-z-]{1,40}-)?v\d{1,6}$/.test(word);
}

const EXCEPTING: ReadonlySet<Role> = new Set([
  'turn',
  'not',
  'only',
  'unless',
  'until',
  'before',
  'avoid',
  'if',
  'provided',
]);

/** Harmless prose is prose somebody here can read: English, or a heading's few words. */
function isProse({ tokens, isHeading }: Clause): boolean {
  // "Except in Germany." turns the sentence before it, and that one is already read.
  const first = tokens.find(
    (token) => token.kind === 'word' && !['and', 'or', 'then', 'plain', 'the'].includes(roleOf(token) ?? ''),
  );
  if (first !== undefined && EXCEPTING.has(roleOf(first) ?? 'plain')) return false;
  if (revokes(tokens)) return false;
  const words = tokens.filter((token) => token.kind === 'word');
  const strange = words.filter((token) => roleOf(token) === 'strange');
  if (strange.some((token) => token.kind === 'word' && /[^\x20-\x7e]/.test(token.word))) return false;
  const foreign = strange.filter((token) => token.kind === 'word' && isElsewhere(token.word)).length;
  if (foreign > 0 && strange.length > 1) return false;
  const isShortHeading = isHeading && words.length <= 6;
  return isShortHeading || words.length === 0 || (words.length - strange.length) * 4 >= words.length;
}

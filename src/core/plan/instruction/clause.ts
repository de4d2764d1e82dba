import { isMark, isMeasure, isWord, type Role, roleOf, type Span, type Token } from './token.ts';
import type { Sentence } from './words.ts';

/**
 * The unit of reading: it is read whole, or not at all and reported.
 *
 * `lead` holds words borrowed from a heading line ("Hold if:") that its list items share.
 */
export interface Clause {
  readonly tokens: readonly Token[];
  readonly lead: readonly Token[];
  readonly phrase: string;
  /** The phrase with the lead in front of it, for whoever has to report the clause. */
  readonly words: string;
  readonly isHeading: boolean;
  /** Its sentence ends in a question mark, so it orders nothing. */
  readonly isAsked: boolean;
  readonly source: string;
}

/** Longer ones are not written by people, and reading time grows with the square. */
export const MAX_CLAUSE_TOKENS = 300;

const HEADS: ReadonlySet<Role> = new Set([
  'act',
  'go',
  'begin',
  'ask',
  'not',
  'only',
  'keep',
  'holdback',
  'avoid',
  'require',
]);

const JOINTS: ReadonlySet<Role> = new Set(['and', 'or', 'then']);

const CONNECTIVES: ReadonlySet<Role> = new Set(['if', 'unless', 'provided']);

/** Cuts sentences into clauses, and hands the words before a colon to the list items below it. */
export function toClauses(sentences: readonly Sentence[], source: string): readonly Clause[] {
  const clauses: Clause[] = [];
  let lead: readonly Token[] = [];
  sentences.forEach((sentence, at) => {
    if (!sentence.isItem) lead = [];
    const isLead =
      isMark(sentence.tokens.at(-1), 'colon') && sentences[at + 1]?.isItem === true && !sentence.isItem;
    if (isLead && sentence.tokens.some((token) => roleOf(token) === 'act')) {
      lead = sentence.tokens;
      return;
    }
    for (const tokens of split(withoutHealth(sentence.tokens))) {
      const phrase = phraseOf(tokens, source);
      const words = lead.length === 0 ? phrase : `${phraseOf(lead, source)}: ${phrase}`;
      clauses.push({
        tokens: [...lead, ...tokens],
        lead,
        phrase,
        words,
        isHeading: sentence.isHeading,
        isAsked: source[sentence.tokens.at(-1)?.from ?? 0] === '?',
        source,
      });
    }
  });
  return clauses.filter((clause) => clause.tokens.some((token) => token.kind !== 'mark'));
}

/** The words from the first token to the last as they were written, without the joints and marks at either end. */
export function phraseOf(tokens: readonly Token[], source: string): string {
  const isEdge = (token: Token) =>
    (token.kind === 'mark' && token.mark !== 'plus') ||
    JOINTS.has(roleOf(token) ?? 'plain') ||
    isWord(token, 'so');
  const first = tokens.findIndex((token) => !isEdge(token));
  const last = tokens.findLastIndex((token) => token.kind !== 'mark');
  return first === -1 ? '' : sliceOf({ from: tokens[first]?.from ?? 0, to: tokens[last]?.to ?? 0 }, source);
}

function sliceOf(span: Span, source: string): string {
  return source.slice(span.from, span.to).trim();
}

/** "if all checks pass" asks for no more than every gate does, so it is left out. */
function withoutHealth(tokens: readonly Token[]): readonly Token[] {
  const isHealth = (token: Token | undefined, next: Token | undefined) =>
    CONNECTIVES.has(roleOf(token) ?? 'plain') && roleOf(token) !== 'unless' && roleOf(next) === 'healthy';
  return tokens.filter((token, at) => !isHealth(token, tokens[at + 1]) && !isHealth(tokens[at - 1], token));
}

/** What has been seen of the clause that is open while a sentence is cut. */
interface Seen {
  hasOrder: boolean;
  hasCondition: boolean;
  hasMeasure: boolean;
  hasMetric: boolean;
  /** A measure came after the connective, so the condition could be complete. */
  isTested: boolean;
}

function split(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const clauses: Token[][] = [];
  let open: Token[] = [];
  let seen: Seen = {
    hasOrder: false,
    hasCondition: false,
    hasMeasure: false,
    hasMetric: false,
    isTested: false,
  };
  tokens.forEach((token, at) => {
    if (open.length > 0 && startsClause(tokens, at, seen)) {
      const joints = trailingJoints(open);
      clauses.push(open.slice(0, open.length - joints));
      open = open.slice(open.length - joints);
      seen = { hasOrder: false, hasCondition: false, hasMeasure: false, hasMetric: false, isTested: false };
    }
    open.push(token);
    const role = roleOf(token);
    if (role === 'act') seen.hasOrder = true;
    if (role === 'go' && seen.hasCondition) seen.hasOrder = true;
    if (role !== null && CONNECTIVES.has(role)) seen.hasCondition = true;
    if (token.kind === 'metric') seen.hasMetric = true;
    if (isMeasure(token) || role === 'factor' || role === 'band') {
      seen.hasMeasure = true;
      if (seen.hasCondition) seen.isTested = true;
    }
  });
  clauses.push(open);
  return clauses;
}

/**
 * A new order starts a clause once the open one is complete: a ladder that has its rungs, or a condition that has both its
 * measure and its order. "Halt and alert me" is one clause, "hold if A; roll back if B" are two.
 */
function startsClause(tokens: readonly Token[], at: number, seen: Seen): boolean {
  const token = tokens[at];
  if (token === undefined || !seen.hasMeasure) return false;
  const isJoined = isJoint(tokens[at - 1]) || (isJoint(tokens[at - 2]) && isFiller(tokens[at - 1]));
  // "1% → 100%, 15 minutes each, error rate must stay below 1%"
  if (token.kind === 'metric') return isJoined && !seen.hasCondition && !seen.hasOrder && !seen.hasMetric;
  if (isJoined && opensAside(tokens, at)) return true;
  const role = roleOf(token);
  if (role === null) return false;
  const isComplete = seen.isTested && seen.hasOrder;
  if (CONNECTIVES.has(role)) return isJoined && isComplete && !isDangling(tokens, at);
  if (!HEADS.has(role)) return false;
  // "hold if A or not B" goes on with its condition.
  if (role === 'not' && roleOf(tokens[at - 1]) === 'or') return false;
  if (role === 'act') {
    if (sharesOrder(tokens, at)) return false;
    return seen.hasCondition ? isComplete : isJoined && !isTrailingOrder(tokens, at);
  }
  // "Pause at 50% and wait for my approval" is one order.
  if (role === 'ask' && seen.hasOrder && !seen.hasCondition) return false;
  if (role === 'require')
    return isJoined && isComplete && isWord(token, 'keep', 'ensure', 'make sure', 'limit', 'cap');
  if (seen.hasCondition) return isJoined && seen.isTested && (seen.hasOrder || role !== 'go');
  return isJoined;
}

/** The longest line that may hang on a ladder, in tokens. */
const MAX_ASIDE = 12;

/** "…, with a 5% holdback", "…, weekdays only": a line of its own behind a ladder. */
function opensAside(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  const near = tokens.slice(at, at + MAX_ASIDE);
  const end = near.findIndex(isJoint);
  const rest = end === -1 ? near : near.slice(0, end);
  if (isWord(token, 'with')) return rest.some((other) => roleOf(other) === 'holdback');
  const isPlace = token?.kind === 'time' || roleOf(token) === 'calendar';
  return isPlace && roleOf(rest.findLast((other) => other.kind !== 'mark')) === 'only';
}

/** "hold and ping me": nothing is measured between the two orders. */
function sharesOrder(tokens: readonly Token[], at: number): boolean {
  for (let index = at - 1; index >= 0; index -= 1) {
    const token = tokens[index];
    if (token === undefined || isMeasure(token) || CONNECTIVES.has(roleOf(token) ?? 'plain')) return false;
    if (roleOf(token) === 'act') return true;
  }
  return false;
}

/** True after "A hold if x, and if y …": the connective only goes on with a condition when no order follows it. */
function isDangling(tokens: readonly Token[], at: number): boolean {
  return !tokens.slice(at).some((token) => ['act', 'go', 'begin'].includes(roleOf(token) ?? ''));
}

/** "error rate > 2 points → rollback": an order after an arrow or a colon belongs to what stands before it. */
function isTrailingOrder(tokens: readonly Token[], at: number): boolean {
  return (
    isMark(tokens[at - 1], 'arrow', 'colon') && tokens.slice(0, at).some((token) => token.kind === 'metric')
  );
}

function isJoint(token: Token | undefined): boolean {
  return isMark(token, 'comma', 'colon', 'dash', 'stop', 'arrow') || JOINTS.has(roleOf(token) ?? 'plain');
}

function isFiller(token: Token | undefined): boolean {
  return roleOf(token) === 'plain' || roleOf(token) === 'the' || isJoint(token);
}

function trailingJoints(open: readonly Token[]): number {
  const last = open.findLastIndex((token) => !isFiller(token));
  return open.length - 1 - last;
}

/** A clause's condition and the rest of it. Both keep the order of the text. */
export interface Parts {
  readonly connective: Token | null;
  readonly head: readonly Token[];
  readonly condition: readonly Token[];
}

/**
 * Parts a clause at its first connective. A condition in front ("If A, hold") ends where its order begins; one behind
 * ("hold if A") runs to the end of the clause.
 */
export function partsOf(clause: Clause): Parts {
  const { tokens } = clause;
  const at = tokens.findIndex((token) => CONNECTIVES.has(roleOf(token) ?? 'plain'));
  const connective = tokens[at];
  if (connective === undefined) return { connective: null, head: tokens, condition: [] };
  const before = tokens.slice(0, at);
  const isTrailing = before.some((token) => token.kind !== 'mark' && !isFiller(token));
  if (isTrailing) return { connective, head: before, condition: tokens.slice(at + 1) };
  const order = tokens.findIndex((token, index) => index > at && isOrder(token, tokens[index - 1]));
  let end = order === -1 ? tokens.length : order;
  while (
    end > at + 1 &&
    (isFiller(tokens[end - 1]) || ['not', 'only', 'do'].includes(roleOf(tokens[end - 1]) ?? ''))
  )
    end -= 1;
  return { connective, head: [...before, ...tokens.slice(end)], condition: tokens.slice(at + 1, end) };
}

/** A verb that orders, and not the noun or the third person: "the release", "goes". */
function isOrder(token: Token, previous: Token | undefined): boolean {
  const role = roleOf(token) ?? 'plain';
  if (['act', 'begin', 'ask', 'dwell', 'switch'].includes(role)) return true;
  return role === 'go' && token.kind === 'word' && !token.word.endsWith('s') && roleOf(previous) !== 'the';
}

/** Unknown words inside a noun phrase that an article opens: "hold the ranking release". They name the target. */
export function objectWords(tokens: readonly Token[]): readonly Token[] {
  const found: Token[] = [];
  tokens.forEach((token, at) => {
    const previous = tokens[at - 1];
    const opens = roleOf(previous) === 'the' || (previous !== undefined && found.includes(previous));
    const after = tokens.slice(at).find((next) => roleOf(next) !== 'strange');
    if (roleOf(token) === 'strange' && opens && after?.kind !== 'metric') found.push(token);
  });
  return found;
}

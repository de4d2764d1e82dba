import { isElsewhere } from './foreign.ts';
import { afterArticles, isValue, type Sides, sidesOf, type Value } from './sides.ts';
import {
  type Against,
  hasRole,
  isMark,
  isWord,
  type Metric,
  type Role,
  roleOf,
  type Token,
} from './token.ts';

/** "error rate exceeds stable by more than 0.5 points", taken apart. Nothing here says yet what happens when it is so. */
export interface Comparison extends Sides {
  readonly metrics: readonly Metric[];
  /** A latency was named without a percentile. */
  readonly isAssumed: boolean;
  /** Two metrics joined by "and": all of them at once, in a condition that trips. */
  readonly isJoined: boolean;
  readonly isPronoun: boolean;
  /** Null for "breaches that band", and for words like "doubles" that carry `times`. */
  readonly value: Value | null;
  readonly times: number | null;
  readonly isBand: boolean;
  readonly against: Against | null;
  readonly isRelative: boolean;
  readonly isOutright: boolean;
  /** "for 5 minutes": what the contract of a rule has no place for. */
  readonly sustained: Token | null;
}

/** What an earlier clause was about. */
export interface Topic {
  readonly metrics: readonly Metric[];
}

const COMPARING: ReadonlySet<Role> = new Set(['region', 'change', 'factor', 'by', 'breach', 'no-worse']);

const CLAIMED: ReadonlySet<Role> = new Set([
  ...COMPARING,
  'against',
  'it',
  'either',
  'both',
  'band',
  'relative',
  'outright',
  'not',
  'do',
]);

/**
 * Takes a condition apart into comparisons, cut at "and", "or" and commas so that each has one value.
 * Null when a part has no metric, two values, or words that pull two ways. `claims` collects the tokens it answers for.
 */
export function readCondition(
  tokens: readonly Token[],
  topic: Topic | null,
  source: string,
  claims: Set<Token>,
): { readonly comparisons: readonly Comparison[]; readonly isConjunction: boolean } | null {
  const pieces = piecesOf(tokens);
  const comparisons: Comparison[] = [];
  let isConjunction = false;
  let known = topic;
  for (const piece of pieces) {
    const comparison = readPiece(piece.tokens, known, source, claims);
    if (comparison === null) return null;
    if (piece.joint !== null) claims.add(piece.joint);
    if (comparisons.length > 0 && roleOf(piece.joint ?? undefined) !== 'or') isConjunction = true;
    comparisons.push(comparison);
    known = { metrics: comparison.metrics };
  }
  return comparisons.length === 0
    ? null
    : { comparisons, isConjunction: isConjunction && !listEndsInOr(pieces) };
}

interface Piece {
  readonly joint: Token | null;
  readonly tokens: Token[];
}

/** "A, B or C" is joined by "or" throughout. */
function listEndsInOr(pieces: readonly Piece[]): boolean {
  const joints = pieces.slice(1).map((piece) => piece.joint);
  return (
    roleOf(joints.at(-1) ?? undefined) === 'or' &&
    joints.slice(0, -1).every((joint) => isMark(joint ?? undefined, 'comma'))
  );
}

function piecesOf(tokens: readonly Token[]): readonly Piece[] {
  const pieces: Piece[] = [{ joint: null, tokens: [] }];
  tokens.forEach((token, at) => {
    const last = pieces.at(-1);
    if (last === undefined) return;
    const isJoint = isMark(token, 'comma') || ['and', 'or', 'if'].includes(roleOf(token) ?? '');
    const isComplete = last.tokens.some(isValued);
    if (isJoint && isComplete && tokens.slice(at + 1).some(isValued))
      pieces.push({ joint: token, tokens: [] });
    else if (isJoint && last.tokens.length === 0 && last.joint !== null) {
      const tokens = roleOf(token) === 'if' ? [token] : [];
      pieces[pieces.length - 1] = { joint: isMark(last.joint, 'comma') ? token : last.joint, tokens };
    } else last.tokens.push(token);
  });
  return pieces.filter((piece) => piece.tokens.some((token) => token.kind !== 'mark'));
}

function isValued(token: Token): boolean {
  return isValue(token) || roleOf(token) === 'factor' || roleOf(token) === 'band';
}

function readPiece(
  tokens: readonly Token[],
  topic: Topic | null,
  source: string,
  claims: Set<Token>,
): Comparison | null {
  const subject = subjectOf(tokens, topic, source, claims);
  if (subject === null) return null;
  const sustained = sustainedOf(tokens);
  const body = tokens.filter((token) => sustained === null || !sustained.includes(token));
  const values = body.filter(isValue);
  const factors = body.filter((token) => roleOf(token) === 'factor');
  const isBand =
    values.length === 0 && factors.length === 0 && body.some((token) => roleOf(token) === 'band');
  if (values.length + factors.length !== (isBand ? 0 : 1)) return null;
  const [value] = values;
  if (value?.kind === 'percent' && value.isEveryone) return null;
  const againsts = new Set(
    body.flatMap((token) =>
      token.kind === 'word' && token.sense.role === 'against' ? [token.sense.against] : [],
    ),
  );
  if (againsts.size > 1) return null;
  if (isAboutStable(body)) return null;
  const [against] = againsts;
  const factor =
    factors[0]?.kind === 'word' && factors[0].sense.role === 'factor' ? factors[0].sense.value : null;
  const sides = sidesOf(body, { value: value ?? null, factor, hasAgainst: against !== undefined });
  if (sides === null) return null;
  for (const token of tokens) if (isClaimed(token, tokens)) claims.add(token);
  for (const token of sustained ?? []) claims.add(token);
  return {
    ...subject,
    ...sides,
    value: value ?? null,
    times: factor,
    isBand,
    against: against ?? null,
    isRelative: hasRole(body, 'relative'),
    isOutright: hasRole(body, 'outright'),
    sustained: sustained?.find((token) => token.kind === 'duration') ?? null,
  };
}

/** "stable has 2 points more errors than the canary": the other fleet is what is watched, and no rule watches it. */
function isAboutStable(body: readonly Token[]): boolean {
  const at = body.findIndex((token) => roleOf(token) === 'against');
  const compared = body.findIndex(
    (token) => COMPARING.has(roleOf(token) ?? 'plain') || isMark(token, 'greater') || isWord(token, 'more'),
  );
  const before = body.slice(0, Math.max(0, at));
  const named = before.findLast((token) => roleOf(token) !== 'the');
  const isCompared = isWord(
    named,
    ...[
      'to',
      'with',
      'than',
      'versus',
      'vs',
      'against',
      'against the',
      'compared to',
      'compared with',
      'relative to',
      'in comparison with',
    ],
    ...['in comparison to', 'as compared to', 'as compared with', 'as'],
  );
  const hasCanary = before.some((token) => isWord(token, ...CANARY));
  return at !== -1 && at < compared && !isCompared && !hasCanary;
}

const CANARY = [
  'canary',
  'canaries',
  "canary's",
  'candidate',
  'new version',
  'new code',
  'new release',
  'new one',
  'new build',
];

/** The metrics a piece speaks of: named ones, "it", or those of the clause before. */
function subjectOf(tokens: readonly Token[], topic: Topic | null, source: string, claims: Set<Token>) {
  const customs = customRuns(tokens);
  const inRun = new Set(customs.flat());
  const named = tokens.flatMap((token): { metric: Metric; isAssumed: boolean }[] => {
    const run = customs.find((candidate) => candidate[0] === token);
    if (run !== undefined) {
      const written = source.slice(token.from, run.at(-1)?.to).trim();
      return [{ metric: `custom:${written}`, isAssumed: false }];
    }
    return token.kind === 'metric' && !inRun.has(token) ? [token] : [];
  });
  const isPronoun = ['it', 'either', 'both'].some((role) => hasRole(tokens, role as Role));
  const metrics = [...new Set(named.length > 0 ? named.map(({ metric }) => metric) : (topic?.metrics ?? []))];
  const isOne = hasRole(tokens, 'it') || !isPronoun;
  if (metrics.length === 0 || (named.length === 0 && isOne && metrics.length > 1)) return null;
  // "error rate on mobile": a known metric and unknown words with nothing between to join them.
  const isList = tokens.some(
    (token) => isMark(token, 'comma') || ['or', 'and'].includes(roleOf(token) ?? ''),
  );
  if (customs.length > 0 && named.length > customs.length && !isList) return null;
  for (const token of inRun) claims.add(token);
  const isOr = hasRole(tokens, 'either') || tokens.some((token) => roleOf(token) === 'or');
  return {
    metrics,
    isAssumed: named.some(({ isAssumed }) => isAssumed),
    isJoined: (metrics.length > 1 && !isOr) || hasRole(tokens, 'both'),
    isPronoun: named.length === 0,
  };
}

/**
 * Runs of unknown words that stand where a metric stands: before "exceeds", or after "increase in". They become
 * `custom:` as written, so that "checkout error rate" is never taken for the target's own.
 */
function customRuns(tokens: readonly Token[]): readonly (readonly Token[])[] {
  const runs: Token[][] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const previous = tokens[at - 1];
    if (!isRunWord(tokens[at]) || isRunWord(previous) || isWord(previous, 'of')) continue;
    let end = at;
    while (isRunWord(tokens[end]) || (isWord(tokens[end], 'of', 'per') && isRunWord(tokens[end + 1])))
      end += 1;
    const run = tokens.slice(at, end);
    const start = run.findIndex((token) => roleOf(token) !== 'noun');
    const name = run.slice(Math.max(0, start));
    const isSubject =
      at === 0 ||
      ['the', 'if', 'or', 'and', 'either', 'on'].includes(roleOf(previous) ?? '') ||
      isMark(previous, 'comma', 'colon', 'other') ||
      roleOf(previous) === 'in';
    if (
      name.some((token) => roleOf(token) === 'strange') &&
      !name.some((token) => isForeign(token) || isWord(token, ...VERBS)) &&
      isUnbroken(name) &&
      name.length <= 6 &&
      isSubject &&
      isCompared(tokens, end)
    )
      runs.push(name);
  }
  return runs;
}

/** "checkout takes", "pods restart": a subject and its verb name no metric. */
const VERBS = [
  ...[
    'take',
    'takes',
    'taking',
    'restart',
    'fail',
    'fails',
    'failing',
    'crash',
    'complain',
    'complains',
    'fire',
    'fires',
  ],
  ...['respond', 'responds', 'cost', 'costs', 'lose', 'loses', 'happen', 'happens', 'occur', 'occurs'],
];

/** "se error rate supera il" is no name. */
function isForeign(token: Token): boolean {
  return token.kind === 'word' && token.sense.role === 'strange' && isElsewhere(token.word);
}

/** No word of an order was taken out from between these. */
function isUnbroken(run: readonly Token[]): boolean {
  return run.every((token, at) => at === 0 || token.from - (run[at - 1]?.to ?? 0) <= 2);
}

function isCompared(tokens: readonly Token[], end: number): boolean {
  const rest = tokens
    .slice(end)
    .find(
      (token) =>
        !['plain', 'the', 'require', 'not', 'or', 'and'].includes(roleOf(token) ?? '') &&
        !isMark(token, 'comma', 'other', 'greater', 'plus'),
    );
  if (isMark(tokens[end], 'greater')) return true;
  if (rest === undefined) return tokens.some((token) => COMPARING.has(roleOf(token) ?? 'plain'));
  return (
    COMPARING.has(roleOf(rest) ?? 'plain') ||
    rest.kind === 'metric' ||
    (roleOf(rest) === 'strange' && tokens.some((token) => COMPARING.has(roleOf(token) ?? 'plain'))) ||
    isValue(rest)
  );
}

function isRunWord(token: Token | undefined): boolean {
  return (
    token?.kind === 'metric' ||
    ['strange', 'noun', 'color'].includes(roleOf(token) ?? '') ||
    token?.kind === 'audience'
  );
}

/** "for 5 minutes" beside another value, with the word in front of it. */
function sustainedOf(tokens: readonly Token[]): readonly Token[] | null {
  const at = tokens.findIndex((token) => token.kind === 'duration');
  const before = tokens[at - 1];
  const others = tokens.filter(
    (token, index) =>
      index !== at && (isValue(token) || roleOf(token) === 'factor' || roleOf(token) === 'band'),
  );
  const duration = tokens[at];
  if (duration === undefined || before === undefined || others.length !== 1) return null;
  return ['for', 'in'].includes(roleOf(before) ?? '') || isWord(before, 'over', 'within', 'more than')
    ? [before, duration]
    : null;
}

function isClaimed(token: Token, piece: readonly Token[]): boolean {
  if (isValue(token) || token.kind === 'metric' || isMark(token, 'greater', 'plus', 'slash')) return true;
  const role = roleOf(token);
  if (role === null) return false;
  if (CLAIMED.has(role) || role === 'or' || role === 'if' || isWord(token, 'more')) return true;
  if (role === 'in' || role === 'on' || role === 'for') {
    const next = afterArticles(piece, piece.indexOf(token));
    return (
      next?.kind === 'metric' ||
      roleOf(next) === 'against' ||
      roleOf(next) === 'strange' ||
      roleOf(next) === 'either' ||
      (role === 'on' && (next === undefined || isValue(next) || roleOf(next) === 'change'))
    );
  }
  return false;
}

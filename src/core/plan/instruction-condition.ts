import {
  type Against,
  type Amount,
  isMark,
  isWord,
  type Metric,
  type Role,
  roleOf,
  type Side,
  type Span,
  type Token,
} from './instruction-token.ts';

export type Value = Span & Amount;

/** "error rate exceeds stable by more than 0.5 points", taken apart. Nothing here says yet what happens when it is so. */
export interface Comparison {
  readonly metrics: readonly Metric[];
  /** A latency was named without a percentile. */
  readonly isAssumed: boolean;
  /** Two metrics joined by "and": all of them at once, in a condition that trips. */
  readonly isJoined: boolean;
  readonly isPronoun: boolean;
  /** Null for "breaches that band", and for words like "doubles" that carry `times`. */
  readonly value: Value | null;
  readonly times: number | null;
  readonly side: Side | null;
  /** "does not", "less than": the comparison holds when the side is not reached. */
  readonly isNegated: boolean;
  readonly isNoWorse: boolean;
  /** Against another fleet or stage, and not against a fixed line. */
  readonly isDifference: boolean;
  /** "110% of stable": the percentage is a ratio. */
  readonly isRatio: boolean;
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
      pieces[pieces.length - 1] = { joint: isMark(last.joint, 'comma') ? token : last.joint, tokens: [] };
      if (roleOf(token) === 'if') last.tokens.push(token);
    } else last.tokens.push(token);
  });
  return pieces.filter((piece) => piece.tokens.some((token) => token.kind !== 'mark'));
}

function isValued(token: Token): boolean {
  return isValue(token) || roleOf(token) === 'factor' || roleOf(token) === 'band';
}

function isValue(token: Token): token is Value {
  return ['percent', 'points', 'times', 'duration', 'measure', 'number'].includes(token.kind);
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
  const metrics = named.length > 0 ? named.map(({ metric }) => metric) : (topic?.metrics ?? []);
  const isOne = hasRole(tokens, 'it') || !isPronoun;
  if (metrics.length === 0 || (named.length === 0 && isOne && metrics.length > 1)) return null;
  for (const token of inRun) claims.add(token);
  const isOr = hasRole(tokens, 'either') || tokens.some((token) => roleOf(token) === 'or');
  return {
    metrics: [...new Set(metrics)],
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
      name.length <= 6 &&
      isSubject &&
      isCompared(tokens, end)
    )
      runs.push(name);
  }
  return runs;
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

interface Stated {
  readonly value: Value | null;
  readonly factor: number | null;
  readonly hasAgainst: boolean;
}

type Sides = Pick<Comparison, 'side' | 'isNegated' | 'isNoWorse' | 'isDifference' | 'isRatio'>;

/**
 * Which way the words point. Verbs of change ("rises", "worse") and places ("above") give the direction; "more than" and
 * "less than" beside them only say on which side of the amount. Null where two words pull apart.
 */
function sidesOf(tokens: readonly Token[], { value, factor, hasAgainst }: Stated): Sides | null {
  const places = tokens.flatMap((token, at) =>
    token.kind === 'word' && token.sense.role === 'region' ? [{ ...token.sense, at }] : [],
  );
  const isGreater = tokens.some((token) => isMark(token, 'greater'));
  const changes = tokens.flatMap((token, at) =>
    token.kind === 'word' && token.sense.role === 'change' ? [{ side: token.sense.side, at }] : [],
  );
  const bys = tokens.flatMap((token) =>
    token.kind === 'word' && token.sense.role === 'by' ? [token.sense] : [],
  );
  const nearStable = places.find(({ at }) => roleOf(afterArticles(tokens, at)) === 'against');
  const isFirm = places.some((place) => !place.isMagnitude) || isGreater || changes.length > 0;
  const steering =
    changes.length > 0 && !places.some(({ isMagnitude, side }) => !isMagnitude && side === changes[0]?.side);
  const isLoose = (place: (typeof places)[number]) =>
    (isFirm && place.isMagnitude) ||
    (steering && place.side !== 'inside') ||
    (nearStable !== undefined && place !== nearStable && place.side !== nearStable.side);
  const firm: readonly (Side | null)[] = [
    ...places.filter((place) => !isLoose(place)).map(({ side }) => side),
    ...changes.map(({ side }) => side),
    ...(isGreater ? (['above'] as const) : []),
  ];
  const directions = new Set<Side | null>(firm);
  const hasPlus = tokens.some((token) => isMark(token, 'plus'));
  if (directions.size === 0 && hasPlus) directions.add('above');
  if (directions.size === 0 && factor !== null) directions.add(factor > 1 ? 'above' : 'below');
  if (directions.size === 0 && value?.kind === 'times' && hasAgainst) directions.add('above');
  if (directions.size > 1) return null;
  const [side] = directions;
  const isLess =
    bys.some((by) => by.isLess) ||
    places.some((place) => isLoose(place) && place.side === 'below' && side !== undefined);
  const nots = tokens.filter((token) => roleOf(token) === 'not').length;
  const isLevelChange = changes.some(
    ({ at }) =>
      isWord(tokens[at + 1], 'than', 'to') && isValue(afterArticles(tokens, at + 1) ?? (tokens[at] as Token)),
  );
  const isLevel = isLevelChange || (changes.length === 0 && !hasPlus) || (changes.length > 0 && !steering);
  const isRatio =
    value !== null &&
    isWord(tokens[tokens.indexOf(value) + 1], 'of') &&
    hasAgainst &&
    changes.length === 0 &&
    side !== 'inside';
  const isCeiling =
    value?.kind === 'points' && side === 'below' && changes.length + bys.length === 0 && !hasAgainst;
  return {
    side: isCeiling ? 'above' : (side ?? null),
    isNegated: (nots + (isLess || isCeiling ? 1 : 0)) % 2 === 1,
    isNoWorse: hasRole(tokens, 'no-worse'),
    isDifference:
      !isRatio && (hasAgainst || bys.length > 0 || !isLevel || side === 'inside' || side === 'outside'),
    isRatio,
  };
}

function afterArticles(tokens: readonly Token[], at: number): Token | undefined {
  let next = at + 1;
  while (['the', 'plain', 'noun'].includes(roleOf(tokens[next]) ?? '')) next += 1;
  return tokens[next];
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

function hasRole(tokens: readonly Token[], role: Role): boolean {
  return tokens.some((token) => roleOf(token) === role);
}

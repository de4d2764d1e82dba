import { type Amount, hasRole, isMark, isWord, roleOf, type Side, type Span, type Token } from './token.ts';

export type Value = Span & Amount;

export interface Stated {
  readonly value: Value | null;
  readonly factor: number | null;
  readonly hasAgainst: boolean;
}

/** Which way a comparison points, and what it is held against. */
export interface Sides {
  readonly side: Side | null;
  /** "does not", "less than": the comparison holds when the side is not reached. */
  readonly isNegated: boolean;
  readonly isNoWorse: boolean;
  /** Against another fleet or stage, and not against a fixed line. */
  readonly isDifference: boolean;
  /** "110% of stable": the percentage is a ratio. */
  readonly isRatio: boolean;
  /** "worse", "slower", "degrades": which way that is depends on the metric. `better` is "faster". */
  readonly quality: 'worse' | 'better' | null;
}

/**
 * Which way the words point. Verbs of change ("rises", "worse") and places ("above") give the direction; "more than" and
 * "less than" beside them only say on which side of the amount. Null where two words pull apart.
 */
export function sidesOf(tokens: readonly Token[], { value, factor, hasAgainst }: Stated): Sides | null {
  const places = tokens.flatMap((token, at) =>
    token.kind === 'word' && token.sense.role === 'region' ? [{ ...token.sense, at }] : [],
  );
  const isGreater = tokens.some((token) => isMark(token, 'greater'));
  const changes = changesOf(tokens);
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
    quality: qualityOf(tokens, places.length > 0),
    side: isCeiling ? 'above' : (side ?? null),
    isNegated: (nots + (isLess || isCeiling ? 1 : 0)) % 2 === 1,
    isNoWorse: hasRole(tokens, 'no-worse'),
    isDifference:
      !isRatio && (hasAgainst || bys.length > 0 || !isLevel || side === 'inside' || side === 'outside'),
    isRatio,
  };
}

export function isValue(token: Token): token is Value {
  return ['percent', 'points', 'times', 'duration', 'measure', 'number'].includes(token.kind);
}

export function afterArticles(tokens: readonly Token[], at: number): Token | undefined {
  let next = at + 1;
  while (['the', 'plain', 'noun'].includes(roleOf(tokens[next]) ?? '')) next += 1;
  return tokens[next];
}

/** Verbs of change and their places: "rises", "lower", and the "more" of "2% more errors". */
function changesOf(
  tokens: readonly Token[],
): readonly { readonly side: 'above' | 'below' | 'outside'; readonly at: number }[] {
  return tokens.flatMap((token, at) =>
    token.kind === 'word' && token.sense.role === 'change'
      ? [{ side: token.sense.side, at }]
      : isWord(token, 'more') && isDifferent(tokens[at - 1])
        ? [{ side: 'above' as const, at }]
        : [],
  );
}

/** "2% more errors" is a difference; "more than 2%" is none. */
function isDifferent(token: Token | undefined): boolean {
  return token !== undefined && (token.kind === 'percent' || token.kind === 'points');
}

const WORSE =
  /^(?:worse|or worse|gets worse|worsens?|worsening|degrad(?:e|es|ed|ation)|regress(?:es|ion)?|slower|slow(?:s)? down|slowdown)$/;

/** Words that judge and do not point. Beside a place ("worse than 3 points below") the place points. */
function qualityOf(tokens: readonly Token[], isPlaced: boolean): Sides['quality'] {
  const words = tokens.flatMap((token) =>
    token.kind === 'word' && ['change', 'region'].includes(token.sense.role) ? [token.word] : [],
  );
  const judging = words.filter((word) => WORSE.test(word) || word === 'faster');
  const isPointed = isPlaced && words.some((word) => /^(?:above|over|below|under)$/.test(word));
  if (judging.length === 0 || isPointed) return null;
  return judging.includes('faster') ? 'better' : 'worse';
}

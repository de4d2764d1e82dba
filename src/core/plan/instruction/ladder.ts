import { type Clause, objectWords, partsOf } from './clause.ts';
import { countOf, readGrowth } from './growth.ts';
import type { Line, Reading } from './line.ts';
import { isCounter, rungsOf, withImpliedPercents } from './rungs.ts';
import { type Around, isOnward, type Segment, segmentsOf } from './segment.ts';
import { isMark, isWord, type Role, roleOf, type Token } from './token.ts';

/** Roles a ladder clause never has: their clause is about something else. */
const FOREIGN: ReadonlySet<Role> = new Set([
  'not',
  'ask',
  'keep',
  'holdback',
  'calendar',
  'avoid',
  'against',
  'breach',
  'no-worse',
  'delegate',
  'inject',
]);

/**
 * Reads stages: "1% → 5% → 100%, 15 minutes per stage", "5% for 10 minutes, then everyone", "double every 20 minutes",
 * "internal users, then beta", "switch to green". Lines are ladder steps; `assembleLadder` adds them up.
 * A percentage counts as a stage only where something says so: a verb of the ladder, an arrow, a list, or a hold beside it.
 */
export function readLadder(clause: Clause, before: readonly Line[]): Reading | null {
  const parts = partsOf(clause);
  const head = parts.head.filter((token) => !clause.lead.includes(token));
  if (head.some((token) => FOREIGN.has(roleOf(token) ?? 'plain') || token.kind === 'metric')) return null;
  // "5% plus beta" is one stage of two audiences, which no ladder has.
  if (head.some((token) => isWord(token, 'plus'))) return null;
  const isDwellOrder = parts.connective === null;
  if (head.some((token) => roleOf(token) === 'act') && !(isDwellOrder && isDwell(head))) return null;
  const claims = new Set<Token>();
  const lines: Line[] = [];
  const percents = withImpliedPercents(head);
  for (const segment of segmentsOf(head))
    lines.push(...readSegment(segment, { percents, clause, claims, head }));
  if (lines.length === 0 || !isLadder(head, lines, before) || isPace(head, lines)) return null;
  head.forEach((token, at) => {
    if (isTie(head, at, claims) || isOrdinal(head, at, before)) claims.add(token);
  });
  for (const token of leadingObject(head)) claims.add(token);
  if (head.some((token) => token.kind === 'word' && GRADUAL.test(token.word)))
    lines.push({ kind: 'gradual', phrase: clause.phrase });
  return { lines, claims };
}

/** "Hold 15 minutes", "pause for an hour at 25%": an order to wait, and not one to stop. */
function isDwell(head: readonly Token[]): boolean {
  const acts = head.filter((token) => roleOf(token) === 'act');
  return (
    head.some((token) => token.kind === 'duration') &&
    acts.every(
      (token) =>
        token.kind === 'word' &&
        token.sense.role === 'act' &&
        token.sense.act === 'hold' &&
        !/^(stop|freeze|block|halt)/.test(token.word),
    )
  );
}

function isLadder(head: readonly Token[], lines: readonly Line[], before: readonly Line[]): boolean {
  const rungs = lines.filter((line) => line.kind === 'rung').length;
  const follows = before.some((line) => ['rung', 'grow', 'add', 'count'].includes(line.kind));
  const hasVerb = head.some((token) =>
    ['go', 'begin', 'dwell', 'stage', 'step', 'factor', 'switch', 'act'].includes(roleOf(token) ?? ''),
  );
  const isList =
    head.some((token) => isMark(token, 'arrow', 'greater') || roleOf(token) === 'then') && rungs > 0;
  const hasHold = lines.some(
    (line) =>
      line.kind === 'hold-last' ||
      line.kind === 'hold-each' ||
      (line.kind === 'rung' && line.holdMs !== null),
  );
  const isAtOnce =
    rungs === 1 &&
    head.some((token) => isWord(token, 'at once', 'all at once', 'straight away', 'right away'));
  return (
    isAtOnce || hasVerb || isList || rungs > 1 || (rungs > 0 && (hasHold || follows)) || (follows && hasHold)
  );
}

/** Small words that belong to a ladder once its stages are read: "it", "for everyone", "in stages of", "1/10/100". */
function isTie(head: readonly Token[], at: number, claims: ReadonlySet<Token>): boolean {
  const token = head[at];
  if (isMark(token, 'greater', 'slash') || isOnward(head, at)) return true;
  const next = head.slice(at + 1).find((other) => !['the', 'plain', 'noun'].includes(roleOf(other) ?? ''));
  const role = roleOf(token);
  if (role === 'in') return roleOf(next) === 'step' || next?.kind === 'audience';
  if (role === 'on') return next?.kind === 'percent';
  if (role === 'for') return next !== undefined && claims.has(next);
  return role === 'it' || role === 'later';
}

/** "Stage 2: 25%": a number that only counts the stages, as long as it counts them right. */
function isOrdinal(head: readonly Token[], at: number, before: readonly Line[]): boolean {
  const token = head[at];
  if (token?.kind !== 'number' || !isCounter(head, at)) return false;
  const earlier = head
    .slice(0, at)
    .filter((other) => other.kind === 'percent' || other.kind === 'audience').length;
  return token.value === before.filter((line) => line.kind === 'rung').length + earlier + 1;
}

/** "Ramp 10% every hour" names a pace, and perhaps a step, but no stage that could be told from it. */
function isPace(head: readonly Token[], lines: readonly Line[]): boolean {
  const rungs = lines.filter((line) => line.kind === 'rung');
  const isEvery =
    head.some((token) => isWord(token, 'every', 'per')) && lines.some((line) => line.kind === 'hold-each');
  const at = head.findIndex((token) => token.kind === 'percent');
  const isPlaced =
    isWord(head[at - 1], 'to', 'at', 'from', 'with') || head.some((token) => roleOf(token) === 'stage');
  return isEvery && rungs.length === 1 && lines.length === 2 && !isPlaced;
}

function readSegment(segment: Segment, around: Around): readonly Line[] {
  const { claims } = around;
  const growth = readGrowth(segment, around);
  const rungs = growth === null ? rungsOf(segment, around) : [];
  const durations = segment.filter((token) => token.kind === 'duration');
  const [duration] = durations;
  const lines: Line[] = growth === null ? [] : [...growth];
  const counted = countOf(segment, around);
  if (counted !== null) lines.push(counted);
  if (duration === undefined || durations.length > 1) return [...lines, ...rungs];
  const at = segment.indexOf(duration);
  const phrase = around.clause.phrase;
  const spread = spreadAt(segment, at, around);
  if (spread !== null) return [...lines, ...rungs, spread];
  for (const token of holdWords(segment, at)) claims.add(token);
  claims.add(duration);
  if (isEach(segment, at) || growth !== null) {
    for (const token of segment) if (roleOf(token) === 'each' || isWord(token, 'them')) claims.add(token);
    return [...lines, ...rungs, { kind: 'hold-each', ms: duration.ms, phrase }];
  }
  const isAfter =
    roleOf(segment[at - 1]) === 'after' ||
    roleOf(segment[at + 1]) === 'later' ||
    isWord(segment[at - 1], 'in');
  const hold: Line = { kind: 'hold-last', ms: duration.ms, isTrailing: rungs.length > 0 && !isAfter, phrase };
  const last = rungs.at(-1);
  if (last === undefined) return [...lines, hold];
  // "from 10% to 50% after an hour": the hour is spent before the last one.
  return isAfter ? [...lines, ...rungs.slice(0, -1), hold, last] : [...lines, ...rungs, hold];
}

/** "every", "per stage", "each", "15-minute stages": the hold is every stage's. */
function isEach(segment: Segment, at: number): boolean {
  const next = segment.slice(at + 1, at + 3);
  return (
    segment.some((token) => roleOf(token) === 'each' || isMark(token, 'slash')) ||
    next.some((token) =>
      isWord(
        token,
        'stages',
        'steps',
        'intervals',
        'increments',
        'phases',
        'rungs',
        'waves',
        'interval',
        'bake time',
        'soak time',
        'batches',
      ),
    )
  );
}

/** "over three days", "over two weeks with longer holds": the time of the whole ladder. */
function spreadAt(segment: Segment, at: number, { claims, head, clause }: Around): Line | null {
  const duration = segment[at];
  const before = segment[at - 1];
  const after = segment[at + 1];
  const isSpread = roleOf(before) === 'total' || isWord(before, 'over');
  if (duration?.kind !== 'duration' || (!isSpread && roleOf(after) !== 'total')) return null;
  const longer = head.filter((token) => roleOf(token) === 'lengthen');
  for (const token of [duration, isSpread ? before : after, ...longer])
    if (token !== undefined) claims.add(token);
  return { kind: 'spread', ms: duration.ms, isLonger: longer.length > 0, phrase: clause.phrase };
}

/** Words that promise stages on the way. */
const GRADUAL =
  /^(?:gradual|gradually|slowly|progressively|ramp|ramps|ramping|ramp up|ramp it up|bit by bit|step by step|stage by stage)$/;

/** The prepositions that tie a duration to its stage. */
function holdWords(segment: Segment, at: number): readonly Token[] {
  const tied: Token[] = [];
  for (let index = at - 1; index >= 0; index -= 1) {
    const token = segment[index];
    if (
      token === undefined ||
      !['for', 'after', 'in', 'the', 'plain', 'stage', 'each'].includes(roleOf(token) ?? '')
    )
      break;
    tied.push(token);
  }
  for (const token of segment) {
    if (token.kind === 'word' && token.sense.role === 'act' && token.sense.act === 'hold') tied.push(token);
    if (roleOf(token) === 'later') tied.push(token);
    if (isWord(token, 'minimum')) tied.push(token);
  }
  return tied;
}

/** Verbs that take no object, so that "go backwards to 5%" has no name in it. */
const OBJECTLESS = [
  'go',
  'goes',
  'going',
  'proceed',
  'proceeds',
  'proceeding',
  'continue',
  'continues',
  'progress',
];

/** What is rolled out: the words between the verb and the first measure, and noun phrases with an article. */
function leadingObject(head: readonly Token[]): readonly Token[] {
  const verb = head.findIndex((token) => ['go', 'begin', 'factor'].includes(roleOf(token) ?? ''));
  const first = head.findIndex(
    (token) => !['word', 'mark'].includes(token.kind) || roleOf(token) === 'switch',
  );
  const named = head.slice(0, Math.max(0, first));
  const takesObject = verb !== -1 && !isWord(head[verb], ...OBJECTLESS);
  const tail = named.slice(verb + 1);
  const end = tail.findIndex((token) => isWord(token, 'at', 'with', 'to', 'from', 'by', 'of'));
  const object = takesObject ? tail.slice(0, end === -1 ? tail.length : end) : [];
  const between = object.filter((token) => roleOf(token) === 'strange');
  return [...between, ...objectWords(named)];
}

import { type Clause, partsOf } from './instruction-clause.ts';
import type { Line, Reading } from './instruction-line.ts';
import { objectWords } from './instruction-rules.ts';
import { isMark, isWord, type Role, roleOf, type Token } from './instruction-token.ts';
import type { Exposure } from './ladder.ts';

/** A stretch between two separators: "25% for an hour", "fifteen minutes per stage". */
type Segment = readonly Token[];

const SEPARATORS: ReadonlySet<Role> = new Set(['and', 'then']);

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
  return hasVerb || isList || rungs > 1 || (rungs > 0 && (hasHold || follows)) || (follows && hasHold);
}

/** Small words that belong to a ladder once its stages are read: "it", "for everyone", "in stages of", "1/10/100". */
function isTie(head: readonly Token[], at: number, claims: ReadonlySet<Token>): boolean {
  const token = head[at];
  if (isMark(token, 'greater', 'slash') || isOnward(head, at)) return true;
  const next = head.slice(at + 1).find((other) => !['the', 'plain', 'noun'].includes(roleOf(other) ?? ''));
  const role = roleOf(token);
  if (role === 'in') return roleOf(next) === 'step';
  if (role === 'for') return next !== undefined && claims.has(next);
  return role === 'it' || role === 'later';
}

/** "Stage 2: 25%": a number that only counts the stages, as long as it counts them right. */
function isOrdinal(head: readonly Token[], at: number, before: readonly Line[]): boolean {
  const token = head[at];
  if (token?.kind !== 'number' || !isCounter(head, at)) return false;
  const earlier = head.slice(0, at).filter((other) => other.kind === 'percent' || other.kind === 'audience').length;
  return token.value === before.filter((line) => line.kind === 'rung').length + earlier + 1;
}

function isCounter(head: readonly Token[], at: number): boolean {
  return ['stage', 'step'].includes(roleOf(head[at - 1]) ?? '') && isMark(head[at + 1], 'colon', 'other', 'dash');
}

/** "5% for an hour before moving to 25%": what comes next is the next stage. */
function isOnward(head: readonly Token[], at: number): boolean {
  return roleOf(head[at]) === 'before' && roleOf(head[at + 1]) === 'go';
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

function segmentsOf(head: readonly Token[]): readonly Segment[] {
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

interface Around {
  readonly percents: ReadonlyMap<Token, number>;
  readonly clause: Clause;
  readonly claims: Set<Token>;
  readonly head: readonly Token[];
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

/** The prepositions that tie a duration to its stage. */
function holdWords(segment: Segment, at: number): readonly Token[] {
  const tied: Token[] = [];
  for (let index = at - 1; index >= 0; index -= 1) {
    const token = segment[index];
    if (
      token === undefined ||
      !['for', 'after', 'the', 'plain', 'stage', 'each'].includes(roleOf(token) ?? '')
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

function rungsOf(segment: Segment, { percents, claims }: Around): readonly Line[] {
  const rungs: Line[] = [];
  segment.forEach((token, at) => {
    const exposure = exposureAt(segment, at, percents);
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
function withImpliedPercents(head: readonly Token[]): ReadonlyMap<Token, number> {
  const items = segmentsOf(head).map((segment) =>
    segment.filter(
      (token) => token.kind === 'percent' || (token.kind === 'number' && !isCounter(head, head.indexOf(token))),
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

/** "double", "add 10%", "in steps of 25%", "increase by 10 percent": how the next stage follows from the last. */
function readGrowth(segment: Segment, { claims, clause, head }: Around): readonly Line[] | null {
  const factor = segment.find((token) => roleOf(token) === 'factor');
  const phrase = clause.phrase;
  const bounds = growthBounds(segment, claims);
  if (factor?.kind === 'word' && factor.sense.role === 'factor') {
    if (!(factor.sense.value > 1)) return null;
    claims.add(factor);
    return [...bounds.from, { kind: 'grow', factor: factor.sense.value, phrase }, ...bounds.until];
  }
  const isListed = head.filter((token) => token.kind === 'percent').length > 1 && !head.some(isBound);
  if (isListed && segment.some((token) => isWord(token, 'stages of', 'steps of', 'increments of', 'step of')))
    return null;
  const step = segment.find(
    (token, at) => (token.kind === 'percent' || token.kind === 'points') && isStep(segment, at),
  );
  if (step?.kind !== 'percent' && step?.kind !== 'points') return null;
  for (const token of segment) {
    const role = roleOf(token);
    if (role === 'change' || role === 'by' || role === 'in' || role === 'equal') claims.add(token);
  }
  claims.add(step);
  const isSure = step.kind === 'points' || !head.some((token) => roleOf(token) === 'by');
  return [...bounds.from, { kind: 'add', points: step.value, isSure, phrase }, ...bounds.until];
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
function countOf(segment: Segment, { claims, clause }: Around): Line | null {
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

/** Verbs that take no object, so that "go backwards to 5%" has no name in it. */
const OBJECTLESS = ['go', 'goes', 'going', 'proceed', 'proceeds', 'proceeding', 'continue', 'continues', 'progress'];

/** What is rolled out: the words between the verb and the first measure, and noun phrases with an article. */
function leadingObject(head: readonly Token[]): readonly Token[] {
  const verb = head.findIndex((token) => ['go', 'begin', 'factor'].includes(roleOf(token) ?? ''));
  const first = head.findIndex(
    (token) => !['word', 'mark'].includes(token.kind) || roleOf(token) === 'switch',
  );
  const named = head.slice(0, Math.max(0, first));
  const takesObject = verb !== -1 && !isWord(head[verb], ...OBJECTLESS);
  const between = takesObject ? named.slice(verb + 1).filter((token) => roleOf(token) === 'strange') : [];
  return [...between, ...objectWords(named)];
}

import type { Atom } from './instruction-atoms.ts';
import type { DurationUnit, Token } from './instruction-token.ts';

/** What some atoms, read together, amount to; `next` is the first atom after them. */
export interface Quantity {
  readonly token: Token;
  readonly next: number;
}

const UNIT_MS: Readonly<Record<DurationUnit, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const DURATION_UNITS: ReadonlyMap<string, DurationUnit> = byWord({
  ms: 'ms msec msecs millisecond milliseconds millis millisec',
  s: 's sec secs second seconds',
  m: 'm min mins minute minutes minuts minuites mintues mintes',
  h: 'h hr hrs hour hours huors',
  d: 'd day days',
  w: 'w wk wks week weeks',
});

const SMALL: ReadonlyMap<string, number> = new Map(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen ' +
    'eighteen nineteen twenty'
  )
    .split(' ')
    .map((word, value) => [word, value] as const),
);

const TENS: ReadonlyMap<string, number> = new Map(
  'twenty thirty forty fifty sixty seventy eighty ninety'
    .split(' ')
    .map((word, at) => [word, 20 + 10 * at] as const),
);

/** Shares people say without a percent sign. A third has no short decimal, so nobody's ladder gets one by guess. */
const SHARES: ReadonlyMap<string, number> = new Map(
  Object.entries({
    half: 50,
    'one half': 50,
    'a half': 50,
    quarter: 25,
    'a quarter': 25,
    'one quarter': 25,
    'three quarters': 75,
    threequarters: 75,
    'a tenth': 10,
    'one tenth': 10,
    'a fifth': 20,
    'one fifth': 20,
    'a twentieth': 5,
    'a hundredth': 1,
  }),
);

const EVERYONE: ReadonlySet<string> = new Set(
  (
    'everyone|everybody|all users|all traffic|all customers|all requests|all the users|all the traffic|all of the traffic|all of them users|all our users|all of our users|' +
    'the whole fleet|whole fleet|the entire fleet|entire fleet|full traffic|full rollout|general availability|ga|the rest|the remainder|' +
    'the world|all of production|full exposure|the whole user base|all our customers|all the rest|the full fleet|full fleet|the entire user base'
  ).split('|'),
);

/** Amounts nobody can put a number on. */
const VAGUE: ReadonlySet<string> = new Set(
  (
    'a few|a couple|several|some time|a while|a bit|a handful|a third|two thirds|one third|a little|a lot|a long time|a short time|' +
    'a small percentage|a small share|a small number|a tiny percentage|a small fraction|a fraction|a small group|a small subset|a subset'
  ).split('|'),
);

const MEASURE_UNITS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    mb: 'MB',
    gb: 'GB',
    kb: 'KB',
    mib: 'MiB',
    gib: 'GiB',
    tb: 'TB',
    rps: 'rps',
    qps: 'qps',
    rpm: 'rpm',
    megabytes: 'MB',
    gigabytes: 'GB',
  }),
);

/** The longest phrase in the tables above, in atoms. */
const MAX_PHRASE = 5;

/**
 * The quantity that starts at an atom: a number with its unit, a number word, a share ("half of users"), a duration
 * ("an hour and a half", "1h30m"), or `unclear` for a range and for amounts nobody can put a number on.
 */
export function quantityAt(atoms: readonly Atom[], at: number): Quantity | null {
  return composite(atoms, at) ?? named(atoms, at) ?? plainNumber(atoms, at);
}

function composite(atoms: readonly Atom[], at: number): Quantity | null {
  const first = amountWithUnit(atoms, at);
  if (first === null || first.token.kind !== 'duration') return first;
  let { token, next } = first;
  for (let parts = 1; parts < 4 && token.kind === 'duration'; parts += 1) {
    const joined = wordAt(atoms, next) === 'and' ? next + 1 : next;
    if (joined > next && wordAt(atoms, joined) === 'a' && wordAt(atoms, joined + 1) === 'half') {
      token = {
        ...token,
        ms: token.ms + UNIT_MS[token.unit] / 2,
        value: token.value + 0.5,
        to: toOf(atoms, joined + 1),
      };
      next = joined + 2;
      continue;
    }
    const more = amountWithUnit(atoms, joined);
    if (more === null || more.token.kind !== 'duration' || UNIT_MS[more.token.unit] >= UNIT_MS[token.unit])
      break;
    const ms = token.ms + more.token.ms;
    token = {
      kind: 'duration',
      ms,
      value: ms / UNIT_MS[more.token.unit],
      unit: more.token.unit,
      from: token.from,
      to: more.token.to,
    };
    next = more.next;
  }
  return { token, next };
}

function amountWithUnit(atoms: readonly Atom[], at: number): Quantity | null {
  const amount = amountAt(atoms, at);
  if (amount === null) return null;
  const after = isTightDash(atoms, amount.next) ? amount.next + 1 : amount.next;
  const from = atoms[at]?.from ?? 0;
  const range = rangeAfter(atoms, amount.next);
  if (range !== null) return { token: { kind: 'unclear', from, to: toOf(atoms, range - 1) }, next: range };
  const unit = unitAt(atoms, after, amount.isArticle);
  if (unit === null) return null;
  const span = { from, to: toOf(atoms, unit.next - 1) };
  if (amount.value === null) return { token: { kind: 'unclear', ...span }, next: unit.next };
  return { token: { ...measured(amount.value, unit), ...span }, next: unit.next };
}

type Unit =
  | { readonly kind: 'duration'; readonly unit: DurationUnit; readonly next: number }
  | { readonly kind: 'measure'; readonly unit: string; readonly next: number }
  | { readonly kind: 'percent' | 'points' | 'bps' | 'times' | 'unclear'; readonly next: number };

/** A token without its place. The distribution keeps each kind with its own fields. */
type Placeless<T> = T extends unknown ? Omit<T, 'from' | 'to'> : never;

function measured(value: number, unit: Unit): Placeless<Token> {
  switch (unit.kind) {
    case 'duration':
      return { kind: 'duration', ms: round(value * UNIT_MS[unit.unit]), value, unit: unit.unit };
    case 'measure':
      return { kind: 'measure', value, unit: unit.unit };
    case 'percent':
      return { kind: 'percent', value, isEveryone: false };
    case 'points':
      return { kind: 'points', value };
    case 'bps':
      return { kind: 'points', value: round(value / 100) };
    case 'times':
      return { kind: 'times', value };
    case 'unclear':
      return { kind: 'unclear' };
  }
}

function unitAt(atoms: readonly Atom[], at: number, isArticle: boolean): Unit | null {
  const atom = atoms[at];
  if (atom?.kind !== 'word') return null;
  const { word } = atom;
  const pair = `${word} ${wordAt(atoms, at + 1) ?? ''}`;
  if (pair === 'basis points' || pair === 'basis point') return { kind: 'bps', next: at + 2 };
  if (pair === 'percentage points' || pair === 'percentage point') return { kind: 'points', next: at + 2 };
  if (pair === 'per cent') return percentUnit(atoms, at + 2);
  if (['%', 'percent', 'pct', 'percents', 'precent', 'percnt', 'perc', 'pc'].includes(word))
    return percentUnit(atoms, at + 1);
  if (['points', 'point', 'pp', 'pps', 'ppt', 'ppts', 'pts', 'pt', 'ponits', 'poitns'].includes(word))
    return { kind: 'points', next: at + 1 };
  if (['bps', 'bp', 'bips'].includes(word)) return { kind: 'bps', next: at + 1 };
  if (['x', 'times', 'fold'].includes(word) && !isArticle) return { kind: 'times', next: at + 1 };
  const duration = DURATION_UNITS.get(word);
  if (atom.text === 'M' || word === 'month' || word === 'months' || word === 'year' || word === 'years')
    return { kind: 'unclear', next: at + 1 };
  if (duration !== undefined && !(isArticle && word.length === 1))
    return { kind: 'duration', unit: duration, next: at + 1 };
  const measure = MEASURE_UNITS.get(word);
  if (measure !== undefined) return { kind: 'measure', unit: measure, next: at + 1 };
  return pair === 'requests per' && wordAt(atoms, at + 2) === 'second'
    ? { kind: 'measure', unit: 'rps', next: at + 3 }
    : null;
}

/** "%-points", "% points" and "percent points" are points. */
function percentUnit(atoms: readonly Atom[], at: number): Unit {
  const after = isTightDash(atoms, at) ? at + 1 : at;
  const word = wordAt(atoms, after);
  return word === 'points' || word === 'point' || word === 'pts'
    ? { kind: 'points', next: after + 1 }
    : { kind: 'percent', next: at };
}

interface Amount {
  /** Null for digits that have no one reading. */
  readonly value: number | null;
  /** The amount is only "a", "an" or "the first": it needs a unit to count as one. */
  readonly isArticle: boolean;
  readonly next: number;
}

function amountAt(atoms: readonly Atom[], at: number): Amount | null {
  const atom = atoms[at];
  if (atom?.kind === 'digits') return digitsAmount(atoms, at, atom.value);
  if (atom?.kind !== 'word') return null;
  const { word } = atom;
  const second = wordAt(atoms, at + 1);
  if (word === 'half')
    return { value: 0.5, isArticle: true, next: second === 'a' || second === 'an' ? at + 2 : at + 1 };
  if (word === 'a' && second === 'half') return { value: 0.5, isArticle: true, next: at + 2 };
  if (word === 'quarter') return { value: 0.25, isArticle: true, next: skipOfA(atoms, at + 1) };
  if (word === 'a' && second === 'quarter')
    return { value: 0.25, isArticle: true, next: skipOfA(atoms, at + 2) };
  if (word === 'three' && (second === 'quarters' || second === 'quarter')) {
    return { value: 0.75, isArticle: true, next: skipOfA(atoms, at + 2) };
  }
  if (word === 'a' && second === 'couple')
    return { value: 2, isArticle: true, next: wordAt(atoms, at + 2) === 'of' ? at + 3 : at + 2 };
  if (word === 'couple') return { value: 2, isArticle: true, next: second === 'of' ? at + 2 : at + 1 };
  const spoken = numberWords(atoms, at);
  if (spoken !== null) return { ...spoken, isArticle: false };
  if (word === 'a' || word === 'an' || word === 'another')
    return { value: 1, isArticle: true, next: second === 'full' || second === 'further' ? at + 2 : at + 1 };
  if (word === 'first') return { value: 1, isArticle: true, next: at + 1 };
  // "every hour": the unit itself counts as one.
  const before = wordAt(atoms, at - 1);
  if ((before === 'every' || before === 'each') && DURATION_UNITS.has(word))
    return { value: 1, isArticle: true, next: at };
  return null;
}

function digitsAmount(atoms: readonly Atom[], at: number, value: number | null): Amount {
  const next = atoms[at + 1];
  const isTight = next?.kind === 'word' && next.from === atoms[at]?.to;
  if (isTight && next.word === 'k' && value !== null)
    return { value: value * 1_000, isArticle: false, next: at + 2 };
  if (next?.kind === 'word' && next.word === 'half' && isTight && value !== null) {
    return { value: value + 0.5, isArticle: false, next: at + 2 };
  }
  if (
    wordAt(atoms, at + 1) === 'and' &&
    wordAt(atoms, at + 2) === 'a' &&
    wordAt(atoms, at + 3) === 'half' &&
    value !== null
  ) {
    return { value: value + 0.5, isArticle: false, next: at + 4 };
  }
  return { value, isArticle: false, next: at + 1 };
}

/** "twenty-five", "one hundred and twenty", "a hundred", "zero point five", "one and a half". */
function numberWords(
  atoms: readonly Atom[],
  at: number,
): { readonly value: number; readonly next: number } | null {
  let next = at;
  let total = 0;
  let seen = false;
  if ((wordAt(atoms, at) === 'a' || wordAt(atoms, at) === 'an') && isScale(wordAt(atoms, at + 1))) {
    total = 1;
    next = at + 1;
  }
  for (let words = 0; words < 8; words += 1) {
    const joined = isTightDash(atoms, next) || (seen && wordAt(atoms, next) === 'and') ? next + 1 : next;
    const word = wordAt(atoms, joined) ?? '';
    const unit = TENS.get(word) ?? SMALL.get(word);
    if (isScale(word)) total = Math.max(1, total) * (word === 'hundred' ? 100 : 1_000);
    else if (
      unit !== undefined &&
      (!seen || (total % 100 === 0 && total > 0) || (total % 10 === 0 && total % 100 >= 20 && unit < 10))
    ) {
      if (joined > next && wordAt(atoms, next) === 'and' && total < 100) break;
      total += unit;
    } else break;
    seen = true;
    next = joined + 1;
  }
  if (!seen) return null;
  if (wordAt(atoms, next) === 'point' && SMALL.get(wordAt(atoms, next + 1) ?? '') !== undefined) {
    let text = `${total}.`;
    next += 1;
    for (; text.length < 12 && (SMALL.get(wordAt(atoms, next) ?? '') ?? 10) < 10; next += 1)
      text += SMALL.get(wordAt(atoms, next) ?? '');
    return { value: Number(text), next };
  }
  if (
    wordAt(atoms, next) === 'and' &&
    wordAt(atoms, next + 1) === 'a' &&
    wordAt(atoms, next + 2) === 'half'
  ) {
    return { value: total + 0.5, next: next + 3 };
  }
  return { value: total, next };
}

function isScale(word: string | null): boolean {
  return word === 'hundred' || word === 'thousand';
}

/** A range "5-10%" or "10 to 15 minutes" is two numbers where one is needed; the index after it, or null. */
function rangeAfter(atoms: readonly Atom[], at: number): number | null {
  if (!isTightDash(atoms, at) || atoms[at + 1]?.kind !== 'digits') return null;
  if (isTightDash(atoms, at + 2) && atoms[at + 3]?.kind === 'digits') return null;
  if (atoms[at - 2]?.kind === 'mark' && isTightDash(atoms, at - 2)) return null;
  const zone = unitAt(atoms, at + 2, false);
  return zone === null ? null : zone.next;
}

function named(atoms: readonly Atom[], at: number): Quantity | null {
  let phrase = '';
  let best: Quantity | null = null;
  for (let length = 1; length <= MAX_PHRASE; length += 1) {
    const word = wordAt(atoms, at + length - 1);
    if (word === null) break;
    phrase = phrase === '' ? word : `${phrase} ${word}`;
    const span = { from: atoms[at]?.from ?? 0, to: toOf(atoms, at + length - 1) };
    const share = SHARES.get(phrase);
    const next = at + length;
    if (VAGUE.has(phrase)) best = { token: { kind: 'unclear', ...span }, next };
    else if (EVERYONE.has(phrase))
      best = { token: { kind: 'percent', value: 100, isEveryone: true, ...span }, next };
    else if (share !== undefined)
      best = { token: { kind: 'percent', value: share, isEveryone: false, ...span }, next };
    else if (phrase === 'twice' || phrase === 'thrice') {
      best = { token: { kind: 'times', value: phrase === 'twice' ? 2 : 3, ...span }, next };
    } else if (PERIODIC.has(phrase)) {
      const unit = PERIODIC.get(phrase) ?? 'd';
      best = { token: { kind: 'duration', ms: UNIT_MS[unit], value: 1, unit, ...span }, next };
    }
  }
  return best;
}

const PERIODIC: ReadonlyMap<string, DurationUnit> = new Map([
  ['hourly', 'h'],
  ['daily', 'd'],
  ['weekly', 'w'],
]);

function plainNumber(atoms: readonly Atom[], at: number): Quantity | null {
  const amount = amountAt(atoms, at);
  if (amount === null || amount.isArticle) return null;
  const span = { from: atoms[at]?.from ?? 0, to: toOf(atoms, amount.next - 1) };
  const token: Token =
    amount.value === null ? { kind: 'unclear', ...span } : { kind: 'number', value: amount.value, ...span };
  return { token, next: amount.next };
}

function skipOfA(atoms: readonly Atom[], at: number): number {
  if (wordAt(atoms, at) !== 'of') return at;
  return wordAt(atoms, at + 1) === 'a' || wordAt(atoms, at + 1) === 'an' ? at + 2 : at;
}

function isTightDash(atoms: readonly Atom[], at: number): boolean {
  const atom = atoms[at];
  return (
    atom?.kind === 'mark' &&
    atom.mark === 'dash' &&
    atoms[at - 1]?.to === atom.from &&
    atoms[at + 1]?.from === atom.to
  );
}

function wordAt(atoms: readonly Atom[], at: number): string | null {
  const atom = atoms[at];
  return atom?.kind === 'word' ? atom.word : null;
}

function toOf(atoms: readonly Atom[], at: number): number {
  return atoms[at]?.to ?? 0;
}

/** Takes the binary noise off a product of decimals. */
function round(value: number): number {
  return Number(value.toPrecision(12));
}

function byWord(listed: Readonly<Record<DurationUnit, string>>): ReadonlyMap<string, DurationUnit> {
  const units = ['ms', 's', 'm', 'h', 'd', 'w'] as const;
  return new Map(units.flatMap((unit) => listed[unit].split(' ').map((word) => [word, unit] as const)));
}

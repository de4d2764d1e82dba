import { type Atom, isTightDash, toOf, wordAt } from './atoms.ts';
import { numberWords } from './number-words.ts';
import type { DurationUnit, Token } from './token.ts';
import { DURATION_UNITS, measured, UNIT_MS, unitAt } from './units.ts';

/** What some atoms, read together, amount to; `next` is the first atom after them. */
export interface Quantity {
  readonly token: Token;
  readonly next: number;
}

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
    'the world|everywhere|the lot|the whole lot|all in|all of production|full exposure|the whole user base|all our customers|all the rest|the full fleet|full fleet|the entire user base'
  ).split('|'),
);

/** Amounts nobody can put a number on. */
const VAGUE: ReadonlySet<string> = new Set(
  (
    'a few|a couple|several|some time|a while|a bit|a handful|a third|two thirds|one third|a little|a lot|a long time|a short time|' +
    'a small percentage|a small share|a small number|a tiny percentage|a small fraction|a fraction|a small group|a small subset|a subset'
  ).split('|'),
);

/** The longest phrase in the tables above, in atoms. */
const MAX_PHRASE = 5;

/**
 * The quantity that starts at an atom: a number with its unit, a number word, a share ("half of users"), a duration
 * ("an hour and a half", "1h30m"), or `unclear` for a range and for amounts nobody can put a number on.
 */
export function quantityAt(atoms: readonly Atom[], at: number): Quantity | null {
  return factorOf(atoms, at) ?? composite(atoms, at) ?? named(atoms, at) ?? plainNumber(atoms, at);
}

/** "a factor of 2" */
function factorOf(atoms: readonly Atom[], at: number): Quantity | null {
  const isFactor = ['a', 'factor', 'of'].every((word, index) => wordAt(atoms, at + index) === word);
  const amount = isFactor ? amountAt(atoms, at + 3) : null;
  if (amount === null || amount.value === null || amount.isArticle) return null;
  const span = { from: atoms[at]?.from ?? 0, to: toOf(atoms, amount.next - 1) };
  return { token: { kind: 'times', value: amount.value, ...span }, next: amount.next };
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

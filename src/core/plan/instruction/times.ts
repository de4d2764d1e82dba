import { type Atom, wordAt } from './atoms.ts';
import type { Token } from './token.ts';

const DAYS: ReadonlySet<string> = wordSet(
  'monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays ' +
    'mon tue tues wed thu thur thurs fri sat sun weekend weekends weekday weekdays workday workdays',
);

const MONTHS: ReadonlySet<string> = wordSet(
  'january february march april may june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec',
);

const ZONES: ReadonlySet<string> = wordSet('utc gmt z cet cest bst est edt cst cdt mst mdt pst pdt jst aest');

/** Words between the two ends of a span of hours. */
const SPANS: ReadonlySet<string> = wordSet('to and until till');

/**
 * A place in the calendar that starts at an atom: "14:00 UTC", "9am-5pm", "9-17 UTC", "2026-01-05", "Dec 20", "Fridays".
 * Bare numbers are hours only where a time zone says so.
 */
export function timeAt(
  atoms: readonly Atom[],
  at: number,
): { readonly token: Token; readonly next: number } | null {
  return clockAt(atoms, at) ?? hoursAt(atoms, at) ?? dateAt(atoms, at) ?? dayAt(atoms, at);
}

function clockAt(atoms: readonly Atom[], at: number) {
  const atom = atoms[at];
  const isNamed = atom?.kind === 'word' && (atom.word === 'noon' || atom.word === 'midnight');
  if (atom?.kind !== 'clock' && !isNamed) return null;
  const joint = spanJoint(atoms, at + 1);
  const end = atoms[joint];
  const last = joint > at + 1 && (end?.kind === 'clock' || end?.kind === 'digits') ? joint + 1 : at + 1;
  const zoned = zoneEnd(atoms, last);
  const isDate = atom?.kind === 'clock' && /^\d{4}-/.test(atom.text);
  return timeToken(atoms, at, zoned ?? last, isDate ? 'date' : 'clock', zoned !== null);
}

function hoursAt(atoms: readonly Atom[], at: number) {
  if (atoms[at]?.kind !== 'digits') return null;
  const joint = spanJoint(atoms, at + 1);
  const hasEnd = joint > at + 1 && (atoms[joint]?.kind === 'digits' || atoms[joint]?.kind === 'clock');
  const last = hasEnd ? joint + 1 : at + 1;
  const zoned = zoneEnd(atoms, last);
  if (zoned === null)
    return hasEnd && atoms[joint]?.kind === 'clock' ? timeToken(atoms, at, last, 'clock', false) : null;
  return timeToken(atoms, at, zoned, 'clock', true);
}

/** "Dec 20", "20 December", "20th of December", and the year after any of them. */
function dateAt(atoms: readonly Atom[], at: number) {
  const first = atoms[at];
  if (first?.kind === 'digits') {
    let next = at + 1;
    if (['st', 'nd', 'rd', 'th'].includes(wordAt(atoms, next) ?? '')) next += 1;
    if (wordAt(atoms, next) === 'of') next += 1;
    return MONTHS.has(wordAt(atoms, next) ?? '')
      ? timeToken(atoms, at, yearEnd(atoms, next + 1), 'date', false)
      : null;
  }
  if (first?.kind !== 'word' || !MONTHS.has(first.word)) return null;
  if (atoms[at + 1]?.kind !== 'digits')
    return first.word === 'may' || first.word === 'march'
      ? null
      : timeToken(atoms, at, at + 1, 'date', false);
  const suffixed = ['st', 'nd', 'rd', 'th'].includes(wordAt(atoms, at + 2) ?? '') ? at + 3 : at + 2;
  return timeToken(atoms, at, yearEnd(atoms, suffixed), 'date', false);
}

function dayAt(atoms: readonly Atom[], at: number) {
  return DAYS.has(wordAt(atoms, at) ?? '') ? timeToken(atoms, at, at + 1, 'day', false) : null;
}

function yearEnd(atoms: readonly Atom[], at: number): number {
  const atom = atoms[at];
  return atom?.kind === 'digits' && /^20\d\d$/.test(atom.text) ? at + 1 : at;
}

function spanJoint(atoms: readonly Atom[], at: number): number {
  const atom = atoms[at];
  const isJoint = (atom?.kind === 'mark' && atom.mark === 'dash') || SPANS.has(wordAt(atoms, at) ?? '');
  return isJoint ? at + 1 : at;
}

/** The index after a time zone, or null where none is named. */
function zoneEnd(atoms: readonly Atom[], at: number): number | null {
  if (!ZONES.has(wordAt(atoms, at) ?? '')) return null;
  const sign = atoms[at + 1];
  const isOffset =
    sign?.kind === 'mark' && (sign.mark === 'plus' || sign.mark === 'dash') && sign.from === atoms[at]?.to;
  const offset = atoms[at + 2];
  return isOffset && (offset?.kind === 'digits' || offset?.kind === 'clock') ? at + 3 : at + 1;
}

function timeToken(
  atoms: readonly Atom[],
  at: number,
  next: number,
  form: 'clock' | 'day' | 'date',
  hasZone: boolean,
): { readonly token: Token; readonly next: number } {
  const token: Token = {
    kind: 'time',
    form,
    hasZone,
    from: atoms[at]?.from ?? 0,
    to: atoms[next - 1]?.to ?? 0,
  };
  return { token, next };
}

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}

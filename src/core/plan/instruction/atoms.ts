import { namedMetric } from './metrics.ts';
import type { Mark, Span } from './token.ts';

/** The smallest pieces of an instruction, before any of them means anything. */
export type Atom = Span &
  (
    | { readonly kind: 'digits'; readonly text: string; readonly value: number | null }
    | { readonly kind: 'word'; readonly text: string; readonly word: string }
    | { readonly kind: 'clock'; readonly text: string }
    | { readonly kind: 'mark'; readonly mark: Mark; readonly text: string }
    | {
        readonly kind: 'line';
        readonly isBlank: boolean;
        readonly isItem: boolean;
        readonly isHeading: boolean;
      }
  );

/**
 * What the scanner tries at each place, in order. Each is anchored and linear; repeats of parts are bounded, because what
 * is cut off again is scanned again.
 */
const PATTERNS = {
  line: /[^\S\n]*\n\s*/y,
  space: /[^\S\n]+/y,
  clock:
    /(?:\d{4}-\d{2}-\d{2}(?:[Tt ]\d{2}:\d{2}(?::\d{2})?)?|\d{1,2}[:.]?\d{0,2} ?(?:[ap]m|[ap]\.m\.)(?![a-z])|\d{1,2}:\d{2}(?::\d{2})?)/iy,
  status: /(?:[1-5]xxs?|(?:4\d\d|5\d\d)s)(?![a-z0-9])/iy,
  digits: /(?:\d+(?:,\d+){0,6}(?:\.\d+)?|\.\d+)/y,
  word: /[\p{L}_][\p{L}\p{M}\p{N}_]*(?:['’][\p{L}]+|[./:-][\p{L}\p{N}_]+){0,6}/uy,
  odd: /\p{N}+/uy,
} as const;

/** "eu-west-1", "us-central1", "europe-west4": places of the large clouds. */
export const CLOUD_REGION =
  /^(?:af|ap|asia|australia|ca|cn|eu|europe|il|me|mx|northamerica|sa|southamerica|us)(?:-gov)?-(?:north|south|east|west|central|northeast|northwest|southeast|southwest)-?\d{1,2}[a-z]?$/;

const ITEM = /(?:[-*+•–]\s+|(\d{1,2})[.)]\s+)/y;
const HEADING = /#{1,6}\s+/y;

const MARKS: readonly (readonly [string, Mark])[] = [
  ...(['-->', '->', '=>', '=>', '>>', '→', '➜', '➔', '⇒', '⟶', '➡', '»'] as const).map(
    (text) => [text, 'arrow'] as const,
  ),
  ...(['>', '≥'] as const).map((text) => [text, 'greater'] as const),
  [',', 'comma'],
  ['，', 'comma'],
  ...(['.', '!', '?', ';', '…', '。'] as const).map((text) => [text, 'stop'] as const),
  [':', 'colon'],
  ...(['---', '--', '-', '–', '—', '‑'] as const).map((text) => [text, 'dash'] as const),
  ['/', 'slash'],
  ['|', 'comma'],
  ['+', 'plus'],
];

/** Signs that are words in disguise. */
const SIGNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    '%': '%',
    '％': '%',
    '×': 'x',
    '<': 'under',
    '≤': 'max',
    '±': '±',
    '~': 'about',
    '≈': 'about',
    '&': 'and',
    '½': 'half',
    '¼': 'quarter',
    '¾': 'threequarters',
    $: 'dollars',
    '€': 'euros',
    '£': 'pounds',
    '‰': 'permille',
  }),
);

/**
 * Cuts a text into atoms. Every code unit but white space and list markers lands in exactly one.
 * A number at the head of a line is a list marker only where it counts on from the marker before it.
 */
export function scanAtoms(text: string): readonly Atom[] {
  const atoms: Atom[] = [];
  let at = 0;
  let itemsSeen = 0;
  const opening = lineAt(text, 0, 0, itemsSeen, true);
  atoms.push(opening.atom);
  at = opening.to;
  itemsSeen = opening.itemsSeen;
  while (at < text.length) {
    const space = matchAt(PATTERNS.space, text, at);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const line = matchAt(PATTERNS.line, text, at);
    if (line !== null) {
      const read = lineAt(text, at, at + line.length, itemsSeen, line.split('\n').length > 2);
      atoms.push(read.atom);
      at = read.to;
      itemsSeen = read.itemsSeen;
      continue;
    }
    const atom = atomAt(text, at);
    atoms.push(atom);
    at = atom.to;
  }
  return atoms;
}

function lineAt(text: string, from: number, start: number, itemsSeen: number, isBlank: boolean) {
  let to = start;
  const quote = matchAt(/(?:>\s+)+/y, text, to);
  if (quote !== null) to += quote.length;
  ITEM.lastIndex = to;
  const item = ITEM.exec(text);
  const number = item?.[1];
  const isItem = item !== null && (number === undefined || Number(number) === itemsSeen + 1);
  if (isItem) to += item[0].length;
  const box = isItem ? matchAt(/\[[ xX]\]\s+/y, text, to) : null;
  if (box !== null) to += box.length;
  const heading = isItem ? null : matchAt(HEADING, text, to);
  if (heading !== null) to += heading.length;
  const atom: Atom = { kind: 'line', isBlank, isItem, isHeading: heading !== null, from, to };
  return { atom, to, itemsSeen: isItem && number !== undefined ? itemsSeen + 1 : isItem ? itemsSeen : 0 };
}

function atomAt(text: string, from: number): Atom {
  const clock = matchAt(PATTERNS.clock, text, from);
  if (clock !== null) return { kind: 'clock', text: clock, from, to: from + clock.length };
  const status = matchAt(PATTERNS.status, text, from);
  if (status !== null) return wordAtom(status, from);
  const digits = matchAt(PATTERNS.digits, text, from);
  if (digits !== null) return digitsAtom(digits, from);
  const word = matchAt(PATTERNS.word, text, from);
  if (word !== null) return wordAtom(firstPart(word), from);
  const odd = matchAt(PATTERNS.odd, text, from);
  if (odd !== null && !SIGNS.has(odd))
    return { kind: 'digits', text: odd, value: null, from, to: from + odd.length };
  return signAtom(text, from);
}

/**
 * "1,000" is a thousand and "0,5" is nobody's guess to make. A longer list such as "1,5,25,100" is cut after its first
 * number, so that its commas become marks.
 */
function digitsAtom(digits: string, from: number): Atom {
  const groups = digits.split(',');
  const isThousands = /^\d{1,3}(?:,\d{3})+(?:\.\d+)?$/.test(digits);
  const isPair = groups.length === 2 && !isThousands;
  if (groups.length > 2 && !isThousands) return digitsAtom(groups[0] ?? digits, from);
  const isOdd = isPair || /^0\d/.test(digits) || digits.length > 15;
  return {
    kind: 'digits',
    text: digits,
    value: isOdd ? null : Number(digits.replaceAll(',', '')),
    from,
    to: from + digits.length,
  };
}

function wordAtom(text: string, from: number): Atom {
  const word = text.toLowerCase().replaceAll('’', "'");
  return { kind: 'word', text, word, from, to: from + text.length };
}

/**
 * A compound stays whole when it is a name ("cache.hit_ratio", "us-east-1", "checkout-v2"); otherwise it is cut after its
 * first part, so that "two-hour" and "roll-back" are two words each.
 */
function firstPart(word: string): string {
  const name = word.toLowerCase();
  if (name.includes('_') || namedMetric(name) !== null || ['and/or', 'a/b', 'blue/green'].includes(name))
    return word;
  if (/^p\d{2}\.\d{1,2}$/.test(name)) return word;
  if (CLOUD_REGION.test(name)) return word;
  const joined = /^[^./:]+/.exec(word)?.[0] ?? word;
  if (/-v?\d+$/i.test(joined)) return joined;
  return /^[^-]+/.exec(joined)?.[0] ?? joined;
}

function signAtom(text: string, from: number): Atom {
  // A sign in front of a number is part of it, and no instruction has a negative one.
  if (/^[-−–]\d/.test(text.slice(from, from + 2)) && !/[\p{L}\p{N}%)]/u.test(text[from - 1] ?? '')) {
    return { kind: 'mark', mark: 'minus', text: '-', from, to: from + 1 };
  }
  for (const [sign, mark] of MARKS) {
    if (text.startsWith(sign, from)) {
      if ((sign === '>' || sign === '<') && text[from + 1] === '=') break;
      return { kind: 'mark', mark, text: sign, from, to: from + sign.length };
    }
  }
  const pair = text.slice(from, from + 2);
  if (pair === '>=') return { kind: 'mark', mark: 'greater', text: pair, from, to: from + 2 };
  if (pair === '<=') return { kind: 'word', text: pair, word: 'max', from, to: from + 2 };
  const code = text.codePointAt(from) ?? 0;
  const sign = String.fromCodePoint(code);
  const word = SIGNS.get(sign);
  const span = { from, to: from + sign.length };
  return word === undefined
    ? { kind: 'mark', mark: 'other', text: sign, ...span }
    : { kind: 'word', text: sign, word, ...span };
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

export function isTightDash(atoms: readonly Atom[], at: number): boolean {
  const atom = atoms[at];
  return (
    atom?.kind === 'mark' &&
    atom.mark === 'dash' &&
    atoms[at - 1]?.to === atom.from &&
    atoms[at + 1]?.from === atom.to
  );
}

export function wordAt(atoms: readonly Atom[], at: number): string | null {
  const atom = atoms[at];
  return atom?.kind === 'word' ? atom.word : null;
}

export function toOf(atoms: readonly Atom[], at: number): number {
  return atoms[at]?.to ?? 0;
}

import type { CodeLine } from './changed-code.ts';
import type { Language } from './language.ts';

/** What a value is compared or worked out with: another sign is another result. A sign of a pointer or a type has space on one side. */
const SIGN = /(?:^|\s)([<>]=?|[*/%+-])(?=\s|$)|(?<=[\w)])([*/%+])(?=[\w(])/g;
/** Signs that idioms bring and take: of a loop's counter, of a step of one, of texts put together, of a unit of time. */
const IDLE =
  /(?<=\bfor\b[^;]{0,80};)[^;]{0,120}(?=;)|[+-]\s?1\b(?![.\w])|''\s?\+|\+\s?''|\*\s?time\.(?=[A-Z])/g;
const ASSIGNED = /\s([*/%+-])=\s/g;
const JOINED = /''\s?\+|\+\s?''/;
/** Quotient and remainder by one call. */
const DIVIDED = /\b(?:divmod|floorDiv|floorMod|div_euclid|rem_euclid|DivRem)\b/;
/** How far a loop counts: `for (let i = 0; i < n;`. */
const BOUND = /\bfor\b[^;]{0,80}=\s?(\w+)\s?;\s?\w+\s?([<>]=?)/g;
/** `order.total >= limit`: the last names of both sides. */
const COMPARED = /(?<![\w$@])([\w$@]+)(?:\(\))?[)\]]?\s([<>]=?)\s(?:[\w$@]+(?:\.|->|::))*([\w$@]+)/g;
/** Where a block is left before its end. */
const EXIT = /\b(?:return|throw|raise|continue|next|break)\b/;
const ELSE = /\b(?:else|elif|elsif)\b/;
/** Multiplies, divides: no idiom does without it. */
const WORKS_OUT = /[*/%]/;
/** What holds where the other does not. */
const OPPOSITE: Readonly<Record<string, string>> = { '<': '>=', '>': '<=', '<=': '>', '>=': '<' };

/** With what one side of a change compares, and with what it works out. */
export interface Signs {
  readonly all: Set<string>;
  /** Signs of assignments and of texts put together, as in `total += fee`: known, and not missed where they go. */
  readonly assigned: Set<string>;
  /** Up to which bound loops count. */
  readonly bounds: Set<string>;
  /** What is compared with what, the smaller first ("limit <= total"), the sign as written, and whether the block is left for it. */
  readonly compared: Map<string, { readonly sign: string; readonly isGuard: boolean }>;
  /** How often it leaves early (returns, throws, goes on to the next), and how often it has another branch. */
  exits: number;
  elses: number;
}

export function noSigns(): Signs {
  return {
    all: new Set(),
    assigned: new Set(),
    bounds: new Set(),
    compared: new Map(),
    exits: 0,
    elses: 0,
  };
}

/** Adds a line's; `code` has its products worked out, `next` is the line after it. */
export function readSigns(
  signs: Signs,
  { line, next, code, language }: SignedLine & { readonly language: Language },
): void {
  if (EXIT.test(line.code)) signs.exits += 1;
  if (ELSE.test(line.code)) signs.elses += 1;
  if (language === 'settings') return;
  for (const [, sign = ''] of code.matchAll(ASSIGNED)) signs.assigned.add(sign);
  if (JOINED.test(code)) signs.assigned.add('+');
  if (DIVIDED.test(code)) for (const sign of '/%') signs.assigned.add(sign);
  for (const [, start = '', sign = ''] of code.matchAll(BOUND)) signs.bounds.add(boundOf(start, sign));
  const telling = code.replaceAll(IDLE, ' ');
  for (const [, left = '', sign = '', right = ''] of telling.matchAll(COMPARED)) {
    const [smaller, larger] = sign.startsWith('<') ? [left, right] : [right, left];
    const isGuard = EXIT.test(line.code) || EXIT.test(next?.code ?? '');
    signs.compared.set(`${smaller} ${sign.replace('>', '<')} ${larger}`, { sign, isGuard });
  }
  for (const [, spaced, tight] of telling.matchAll(SIGN)) {
    const sign = spaced ?? tight ?? '';
    // Python's older way to put a value into a text.
    if (sign !== '%' || language !== 'python' || line.strings.length === 0) signs.all.add(sign);
  }
}

interface SignedLine {
  readonly line: CodeLine;
  readonly next: CodeLine | undefined;
  readonly code: string;
}

/** From one up to and with the last is as often as from nothing up to the last. */
function boundOf(start: string, sign: string): string {
  if (start === '1' && sign.endsWith('=')) return sign.slice(0, 1);
  return start === '0' ? sign : `${start}${sign}`;
}

/** How many signs, comparisons of the same two things and bounds of loops are others than before; of sums, also those that are gone. */
export function countNewSigns(after: Signs, before: Signs): number {
  return (
    signsOnlyIn(after, before).length +
    signsOnlyIn(before, after).filter((sign) => WORKS_OUT.test(sign)).length +
    comparedOtherwise(after, before) +
    boundsApart(after, before)
  );
}

/**
 * The signs of one side that are not on the other, but for a condition turned into its opposite where what it guarded is now left
 * early (or no longer is), and a comparison whose two sides changed places.
 */
export function signsOnlyIn(side: Signs, other: Signs): readonly string[] {
  const isOpposite = (sign: string): boolean =>
    isTurned(side, other) && other.all.has(OPPOSITE[sign] ?? '') && !side.all.has(OPPOSITE[sign] ?? '');
  const isGuarded = (compared: string): boolean => {
    const opposite = other.compared.get(oppositeOf(compared));
    return opposite !== undefined && opposite.isGuard !== side.compared.get(compared)?.isGuard;
  };
  const isMirrored = (sign: string): boolean => {
    const own = [...side.compared].filter(([, written]) => written.sign === sign);
    return own.length > 0 && own.every(([compared]) => other.compared.has(compared) || isGuarded(compared));
  };
  const isKnown = (sign: string): boolean => other.all.has(sign) || other.assigned.has(sign);
  return [...side.all].filter((sign) => !isKnown(sign) && !isOpposite(sign) && !isMirrored(sign));
}

/** Another bound, the two turned about, or the opposite where nothing is left early. */
function comparedOtherwise(side: Signs, other: Signs): number {
  return [...side.compared].filter(([compared, { isGuard }]) => {
    const [smaller = '', sign = '', larger = ''] = compared.split(' ');
    const opposite = other.compared.get(oppositeOf(compared));
    if (other.compared.has(compared) || smaller === larger) return false;
    return (
      other.compared.has(`${smaller} ${sign === '<' ? '<=' : '<'} ${larger}`) ||
      other.compared.has(`${larger} ${sign} ${smaller}`) ||
      (opposite !== undefined && opposite.isGuard === isGuard && !isTurned(side, other))
    );
  }).length;
}

/** "a < b" does not hold where "b <= a" does. */
function oppositeOf(compared: string): string {
  const [smaller = '', sign = '', larger = ''] = compared.split(' ');
  return `${larger} ${sign === '<' ? '<=' : '<'} ${smaller}`;
}

/** Where both count in loops: how many bounds only one of them has. */
function boundsApart(side: Signs, other: Signs): number {
  return other.bounds.size === 0 ? 0 : [...side.bounds].filter((bound) => !other.bounds.has(bound)).length;
}

/** Whether a side has a branch less or leaves early more often, so that what was asked may be asked the other way about. */
function isTurned(side: Signs, other: Signs): boolean {
  return side.exits !== other.exits || side.elses !== other.elses;
}

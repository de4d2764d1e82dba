import { type Atom, isTightDash, wordAt } from './atoms.ts';

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

/** "twenty-five", "one hundred and twenty", "a hundred", "zero point five", "one and a half". */
export function numberWords(
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

import { isElsewhere } from './foreign.ts';
import { metricPhrases } from './metrics.ts';
import { phrases } from './vocabulary.ts';

/** Shorter words have too many neighbours for one slip to be told from another word. */
const MIN_LENGTH = 5;
const MAX_LENGTH = 20;

/** Number and unit words that the tables of phrases do not hold. */
const MEASURES =
  'percent percentage percentages point points minute minutes second seconds hour hours week weeks month months twice times ' +
  'eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy ' +
  'eighty ninety hundred thousand three seven eight quarter quarters couple basis milliseconds millisecond median percentile ' +
  'monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays ' +
  'january february march april june july august september october november december weekend weekends weekday weekdays ' +
  'everyone everybody hourly daily weekly internal employees staff enterprise users customers region cluster market country ' +
  'judgement judgment instructions previous ignore developer system prompt';

/** Ordinals and fractions stand one slip from a number that is not theirs: "fifth" is no "fifty". */
const ORDINALS =
  'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth fifths sixths sevenths eighths ninths tenths twentieth hundredth';

/** A slip between two of these changes an amount, so it is mended only where no other word is as near. */
const NUMBERS: ReadonlySet<string> = new Set(
  (
    'three seven eight eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty thirty forty fifty ' +
    'sixty seventy eighty ninety hundred thousand quarter half twice double triple'
  ).split(' '),
);

const KNOWN: ReadonlySet<string> = new Set(
  [...phrases(), ...metricPhrases(), MEASURES, ORDINALS].flatMap((phrase) => phrase.split(' ')),
);

/** Long known words by first letter and length: a slip of the finger seldom hits the first letter. */
const NEAR: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  [...KNOWN].filter((word) => word.length >= MIN_LENGTH && /^[a-z]+$/.test(word)),
  (word) => `${word[0]}${word.length}`,
);

/**
 * A word with one slip mended: one letter wrong, missing, doubled, or two swapped. Words anybody knows, short words, and
 * words whose neighbours disagree stay as they are.
 */
export function correctSpelling(word: string): string {
  if (
    KNOWN.has(word) ||
    isElsewhere(word) ||
    word.length < MIN_LENGTH ||
    word.length > MAX_LENGTH ||
    !/^[a-z]+$/.test(word)
  )
    return word;
  const near = [-1, 0, 1]
    .flatMap((longer) => NEAR.get(`${word[0]}${word.length + longer}`) ?? [])
    .filter((known) => isOneSlip(word, known));
  const [first] = near;
  if (near.length > 1 && near.some((known) => NUMBERS.has(known))) return word;
  return first !== undefined && near.every((known) => known.slice(0, 4) === first.slice(0, 4)) ? first : word;
}

function isOneSlip(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1;
  const isSwap = a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2);
  return (
    isSwap || a.slice(at + (a.length >= b.length ? 1 : 0)) === b.slice(at + (b.length >= a.length ? 1 : 0))
  );
}

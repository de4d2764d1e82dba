import type { Newness } from '../code/newness.ts';
import { chanceOf, WEIGHTS, type WeightedSum } from './weights.ts';

/** A smaller change is read line by line: in a few lines everything may be old and still mean something else. */
const FEWEST_LINES = 6;
/** The chance from which on a change is left alone, and the one where something in it may well be another. */
const LEAST_CHANCE = 0.4;
const LEAST_CHANCE_AGAINST = 0.7;
/** More lines than this, on the scale of their logarithm, are no further sign. */
const MOST_SIGN = 3.5;
/** From this many new or lost things on they are many. */
const MANY = 4;

/**
 * Whether a change only writes anew what was there. Where that is a question at all, counted newness speaks against it, and more of
 * it always more so; the number of lines it goes over speaks for it, up to a bound.
 */
export function saysNothingNew(newness: Newness): boolean {
  return isOpenQuestion(newness) && chanceOfNothingNew(newness, WEIGHTS.nothingNew) > leastChanceFor(newness);
}

/**
 * How likely a change must say nothing new to be left alone. It must be surer where there is a known name in place of another,
 * something no longer done, worked out for each of many, or done more or less often where its place matters.
 */
export function leastChanceFor({ namesNew, namesLost, deedsLost, looped, placed }: Newness): number {
  const isAnother = deedsLost + looped + placed > 0 || (namesNew > 0 && namesLost > 0);
  return isAnother ? LEAST_CHANCE_AGAINST : LEAST_CHANCE;
}

/** Whether nothing at all is counted: then even a small change says nothing new, if no detector knows better. */
export function hasNoNewness({ linesBefore: _, linesAfter: __, ...counts }: Newness): boolean {
  return Object.values(counts).every((count) => count === 0);
}

/**
 * Not too small to be judged as a whole, and nothing in it that is surely new: another number, another comparison or sum, one text in
 * place of another, something done for each of many.
 */
export function isOpenQuestion(newness: Newness): boolean {
  const { linesBefore, linesAfter, numbersNew, signsNew, deedsLooped, textsNew, textsLost } = newness;
  if (Math.max(linesBefore, linesAfter) < FEWEST_LINES) return false;
  return numbersNew + signsNew + deedsLooped === 0 && (textsNew === 0 || textsLost === 0);
}

export function chanceOfNothingNew(newness: Newness, { start, weights }: WeightedSum): number {
  const sum = [...signsOf(newness)].reduce(
    (total, [name, size]) => total + size * (weights[name] ?? 0),
    start,
  );
  return chanceOf(sum);
}

/** What speaks for and against, on scales that grow slower than the counts. */
export function signsOf({ linesBefore, linesAfter, ...counts }: Newness): ReadonlyMap<string, number> {
  const signs = new Map<string, number>();
  for (const [name, lines] of Object.entries({
    linesBefore,
    linesAfter,
    linesBoth: Math.min(linesBefore, linesAfter),
  })) {
    signs.set(name, Math.min(Math.log1p(lines), MOST_SIGN));
  }
  for (const [name, count] of Object.entries(counts)) {
    signs.set(name, Math.log1p(count));
    signs.set(`any ${name}`, count > 0 ? 1 : 0);
  }
  const { callsNew, callsLost, namesNew, namesLost, numbersNew, numbersLost, textsNew, textsLost } = counts;
  const all = callsNew + callsLost + namesNew + namesLost + numbersNew + numbersLost + textsNew + textsLost;
  signs.set('all', Math.log1p(all));
  signs.set('any', all > 0 ? 1 : 0);
  signs.set('many', all >= MANY ? 1 : 0);
  return signs;
}

/** The signs that speak for it; all others speak against. */
export const FOR: ReadonlySet<string> = new Set(['linesBefore', 'linesAfter', 'linesBoth']);

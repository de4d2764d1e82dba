import { wordsOf } from '../code/calls.ts';
import type { ChangedFile, CodeLine } from '../code/changed-code.ts';
import type { Language } from '../code/language.ts';
import type { Drawn } from '../drawing.ts';

/**
 * What a change is recognised by: the words of its names, of what stands around them, of its texts and paths, and what detectors
 * say of it. `amount` is from 0 to 1: how much the word is part of what changes.
 */
export interface Trait {
  readonly amount: number;
  /** The changed lines it stands on, in the order of the diff; none for what only stands around them or in a path. */
  readonly lines: readonly CodeLine[];
}

/** By name: "word ttl", "stem expir", "says cache.hit_ratio", "from cache". */
export type Traits = ReadonlyMap<string, Trait>;

const AMOUNTS = { changed: 1, path: 1, text: 0.6, around: 0.4 } as const;
/** Shorter words are names of no matter. */
const FEWEST_CHARS = 3;
/** Words of more letters than this count by their beginning as well: "retries" and "retrying" are one stem. */
const STEM_CHARS = 5;
/** Of a word that stands on many lines, the first few say enough. */
const MOST_PLACES = 3;
/** Where a text is what is done; in code it is only shown. */
const TEXTS_THAT_DO: ReadonlySet<Language | null> = new Set(['settings', 'sql', 'schema']);
/** A text of which only the beginning is read. */
const MOST_TEXT_CHARS = 2_000;

/**
 * The same whatever the order of the files; files without a changed line of code add nothing. With `known` only those traits are
 * looked for.
 */
export function traitsOf(
  files: readonly ChangedFile[],
  drawn: readonly Drawn[],
  known: ReadonlySet<string> | null = null,
): Traits {
  const traits = new Map<string, { amount: number; lines: CodeLine[] }>();
  const add = (name: string, amount: number, line: CodeLine | null): void => {
    if (known !== null && !known.has(name)) return;
    const trait = traits.get(name) ?? { amount: 0, lines: [] };
    trait.amount = Math.max(trait.amount, amount);
    if (line !== null && trait.lines.length < MOST_PLACES && trait.lines.at(-1) !== line) {
      trait.lines.push(line);
    }
    traits.set(name, trait);
  };
  const addWord = (word: string, amount: number, line: CodeLine | null): void => {
    if (word.length < FEWEST_CHARS || /^\d/.test(word)) return;
    add(`word ${word}`, amount, line);
    if (word.length > STEM_CHARS) add(`stem ${word.slice(0, STEM_CHARS)}`, amount, line);
  };
  for (const file of files) {
    const lines = file.hunks.flatMap(({ after, before }) => [
      ...after,
      ...before.filter((line) => line.kind === 'removed'),
    ]);
    if (!lines.some(isChanged)) continue;
    for (const word of wordsOf(file.path.replaceAll(/[^A-Za-z\d]+/g, ' '))) addWord(word, AMOUNTS.path, null);
    for (const line of lines) {
      const own = isChanged(line) ? line : null;
      for (const word of line.words) addWord(word, own === null ? AMOUNTS.around : AMOUNTS.changed, own);
      if (own === null || !TEXTS_THAT_DO.has(file.language)) continue;
      for (const text of line.strings) {
        for (const word of wordsOf(text.slice(0, MOST_TEXT_CHARS))) addWord(word, AMOUNTS.text, own);
      }
    }
  }
  for (const name of drawn.flatMap(traitsOfSaying)) add(name, 1, null);
  return traits;
}

/** What a change is recognised by where a detector says this of it. */
export function traitsOfSaying({ check, detector }: Drawn): readonly string[] {
  const manner = check.isSecondary === true ? 'in passing' : 'mainly';
  return [
    `says ${check.signalKind}`,
    `says ${check.signalKind} ${manner}`,
    `from ${detector.id}`,
    `from ${detector.id} ${check.signalKind} ${manner}`,
  ];
}

function isChanged(line: CodeLine): boolean {
  return line.kind !== 'context' && (line.novelty === 'code' || line.novelty === 'text');
}

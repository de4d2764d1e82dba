import type { Matchers } from '../../core/plan/signal-binding.ts';

/** Decides whether a series with these labels is meant. */
export type LabelTest = (labels: ReadonlyMap<string, string>) => boolean;

/**
 * Compiles matchers to one test. Every named label must match in whole; an absent label reads as "".
 *
 * Compared by hand, character by character, because a pattern comes from a file people edit and a value from outside:
 * the cost is at most (length of the pattern) per label, whatever either of them says.
 */
export function compileMatchers(matchers: Matchers): LabelTest {
  const tests = Object.entries(matchers).map(([label, pattern]) => ({
    label,
    matches: compilePattern(pattern),
  }));
  return (labels) => tests.every(({ label, matches }) => matches(labels.get(label) ?? ''));
}

function compilePattern(pattern: string): (value: string) => boolean {
  const alternatives = pattern.split('|');
  const literals = new Set(alternatives.filter((text) => !text.includes('.')));
  const withWildcards = alternatives.filter((text) => text.includes('.')).map((text) => [...text]);
  return (value) => literals.has(value) || withWildcards.some((characters) => fits(characters, value));
}

/** By code points: `.` stands for a character as a person counts it, not for half of a surrogate pair. */
function fits(pattern: readonly string[], value: string): boolean {
  let at = 0;
  for (const character of value) {
    const wanted = pattern[at];
    if (wanted === undefined || (wanted !== '.' && wanted !== character)) return false;
    at += 1;
  }
  return at === pattern.length;
}

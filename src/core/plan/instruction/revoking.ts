import { hasRole, isWord, roleOf, type Token } from './token.ts';

/** Words that take back, narrow or turn what stands in the sentences around them. */
const REVOKING: ReadonlySet<string> = new Set(
  (
    'apply applies applied applicable optional advisory wrong anyway anyhow reverse reversed backwards opposite example examples hypothetical ' +
    'draft todo tbd outdated obsolete void invalid unnecessary redundant optional suggestion suggestions kidding joking sarcasm ignore cancelled canceled ' +
    'tentative irrelevant waived waive exempt exempted excepted ditto vice versa'
  ).split(' '),
);

/**
 * True for prose that measures and orders nothing and still changes the lines beside it: "that would be wrong", "applies to
 * mobile only", "promote anyway", "roll out immediately", "add a stage", "slower at night". It has to be reported.
 */
export function revokes(tokens: readonly Token[]): boolean {
  const words = tokens.filter((token) => token.kind === 'word');
  if (words.some((token) => REVOKING.has(token.word))) return true;
  if (roleOf(words.at(-1)) === 'only') return true;
  const goes = hasRole(words, 'go') || hasRole(words, 'begin');
  const isHurried = words.some((token) =>
    isWord(token, 'immediately', 'instantly', 'right away', 'straight away', 'at once', 'all at once'),
  );
  if (goes && isHurried) return true;
  if (words.some((token) => isWord(token, 'add', 'adds', 'adding')) && hasRole(words, 'stage')) return true;
  const isDated = hasRole(words, 'calendar') || tokens.some((token) => token.kind === 'time');
  return isDated && hasRole(words, 'change');
}

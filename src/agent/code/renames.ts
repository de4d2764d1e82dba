import type { ChangedFile, CodeHunk, CodeLine } from './changed-code.ts';
import { untyped } from './types-only.ts';

/** The new name of each thing that is declared under another name than before. */
export type Renames = ReadonlyMap<string, string>;

const TOKEN = /[A-Za-z_$][\w$]*|\d[\w.]*|\S/g;
const NAME = /^[A-Za-z_$]/;
/** Words that declare what follows them. */
const DECLARING =
  /^(?:const|let|var|val|def|function|func|fun|fn|class|interface|type|struct|enum|record|public|private|protected|static|final|mut|async|export|readonly|object|trait|module)$/;

interface LinePair {
  readonly removed: CodeLine;
  readonly added: CodeLine;
  /** Old and new name wherever the two lines differ, with whether the place declares it. */
  readonly differences: readonly {
    readonly from: string;
    readonly to: string;
    readonly isDeclared: boolean;
  }[];
}

/**
 * Names that are declared anew in place of another, and that the old name is used for nowhere any more. A name that is only
 * used differently is no rename: another pool, another limit.
 */
export function localRenames(files: readonly ChangedFile[]): Renames {
  const renames = new Map<string, string>();
  const refused = new Set<string>();
  for (const file of files) {
    for (const { differences } of pairsOf(file)) {
      for (const { from, to, isDeclared } of differences) {
        if ((renames.get(from) ?? to) !== to) refused.add(from);
        else if (isDeclared) renames.set(from, to);
      }
    }
  }
  if (renames.size === 0) return renames;
  const kept = new Set(files.flatMap((file) => file.hunks.flatMap(namesAfter)));
  for (const from of [...renames.keys()]) if (refused.has(from) || kept.has(from)) renames.delete(from);
  return renames;
}

/** The changed lines of a file that differ from what they replace in nothing but renamed names. */
export function renamedLines(file: ChangedFile, renames: Renames): ReadonlySet<CodeLine> {
  if (renames.size === 0) return new Set();
  const quiet = pairsOf(file).filter(({ differences }) =>
    differences.every(({ from, to }) => renames.get(from) === to),
  );
  return new Set(quiet.flatMap(({ removed, added }) => [removed, added]));
}

function namesAfter(hunk: CodeHunk): readonly string[] {
  return hunk.after.flatMap((line) => line.names);
}

const known = new WeakMap<ChangedFile, readonly LinePair[]>();

function pairsOf(file: ChangedFile): readonly LinePair[] {
  const pairs = known.get(file) ?? file.hunks.flatMap((hunk) => pairsOfHunk(hunk, file.language));
  known.set(file, pairs);
  return pairs;
}

/** Removed and added lines of runs that are as long on both sides, line by line. */
function pairsOfHunk(hunk: CodeHunk, language: ChangedFile['language']): readonly LinePair[] {
  const pairs: LinePair[] = [];
  let [old, now] = [0, 0];
  while (old < hunk.before.length || now < hunk.after.length) {
    const removed = runAt(hunk.before, old);
    const added = runAt(hunk.after, now);
    pairs.push(...pairsOfRun(removed, added, language));
    old += removed.length + 1;
    now += added.length + 1;
  }
  return pairs;
}

/** A longer run that grew or shrank is not searched for what its lines became. */
const MOST_SEARCHED = 60;

/** Line by line where both sides are as long; else each removed line with the first added one, in order, that it was renamed to. */
function pairsOfRun(
  removed: readonly CodeLine[],
  added: readonly CodeLine[],
  language: ChangedFile['language'],
): readonly LinePair[] {
  if (removed.length === added.length) {
    return removed.flatMap((line, at) => pairOf(line, added[at] as CodeLine, language) ?? []);
  }
  if (Math.max(removed.length, added.length) > MOST_SEARCHED) return [];
  const pairs: LinePair[] = [];
  let from = 0;
  for (const line of removed) {
    for (let at = from; at < added.length; at += 1) {
      const pair = pairOf(line, added[at] as CodeLine, language);
      // Lines that differ in more than one name and declare none may be alike by chance.
      if (
        pair === null ||
        (pair.differences.length > 1 && !pair.differences.some(({ isDeclared }) => isDeclared))
      )
        continue;
      pairs.push(pair);
      from = at + 1;
      break;
    }
  }
  return pairs;
}

function runAt(lines: readonly CodeLine[], from: number): readonly CodeLine[] {
  let end = from;
  while (end < lines.length && lines[end]?.kind !== 'context') end += 1;
  return lines.slice(from, end);
}

/** Null when the two lines differ in more than names, or in none. */
function pairOf(removed: CodeLine, added: CodeLine, language: ChangedFile['language']): LinePair | null {
  if (removed.novelty !== 'code' || added.novelty !== 'code') return null;
  if (removed.strings.join('\0') !== added.strings.join('\0')) return null;
  const tokensOf = (line: CodeLine): readonly string[] =>
    (language === null ? line.code : untyped(line.code, language)).match(TOKEN) ?? [];
  const [old, now] = [tokensOf(removed), tokensOf(added)];
  if (old.length !== now.length) return null;
  const differences: { from: string; to: string; isDeclared: boolean }[] = [];
  for (const [at, from] of old.entries()) {
    const to = now[at] ?? '';
    if (from === to) continue;
    if (!NAME.test(from) || !NAME.test(to)) return null;
    differences.push({ from, to, isDeclared: isDeclaredAt(now, at) });
  }
  return differences.length === 0 ? null : { removed, added, differences };
}

/** After `const`, before `:=` or a single `=` at the head of a line, or in the parameters of a function that is declared. */
function isDeclaredAt(tokens: readonly string[], at: number): boolean {
  if (DECLARING.test(tokens[at - 1] ?? '')) return true;
  const isHead = tokens.slice(0, 4).some((token) => /^(?:def|function|func|fun|fn|for|foreach)$/.test(token));
  if (isHead && tokens[at - 1] !== '.') return true;
  const [next, after] = [tokens[at + 1], tokens[at + 2]];
  // `private async remind(payer, text) {`
  const isMethod =
    tokens.at(-1) === '{' &&
    /^(?:private|public|protected|async|static|export|override)$/.test(tokens[0] ?? '');
  if (isMethod && /^[(,]$/.test(tokens[at - 1] ?? '') && /^[,)]$/.test(tokens[at + 1] ?? '')) return true;
  // A parameter behind its type: `Handle(SignOut command, CancellationToken token)`.
  const isParameter =
    (next === ',' || next === ')') && NAME.test(tokens[at - 1] ?? '') && tokens.includes('(');
  if (
    isParameter &&
    /^(?:public|private|protected|internal|static|override|async|Task|void|func)$/.test(tokens[0] ?? '')
  )
    return true;
  // The head of a method: `verify(token) {`.
  if (at === 0 && next === '(' && tokens.at(-1) === '{') return true;
  if (next === ':' && after === '=') return true;
  if (next !== '=' || after === '=' || after === '>') return false;
  const isTyped = at > 0 && NAME.test(tokens[at - 1] ?? '');
  return at === 0 || isTyped || (at === 1 && (tokens[0] === '$' || tokens[0] === '@'));
}

import { type DiffFile, type DiffHunk, type DiffLine, pathOf } from '../diff/diff.ts';
import { isMarkedGenerated } from '../diff/generated-text.ts';
import { BEHAVING_CLASSES, classOfPath, type PathClass } from '../diff/path-class.ts';
import { type Call, carriedChain, type Names, namesIn, wordsOf } from './calls.ts';
import { canonicalCode } from './canonical-code.ts';
import { MAX_CODE_LINE_CHARS, type StrippedLine, strippedLines } from './code-lines.ts';
import { type Language, languageOf } from './language.ts';
import { type LoopedColumns, loopedColumns } from './loops.ts';
import { typeLines } from './types-only.ts';

/**
 * What a changed line changes: `code` something a detector reads; `shape` the declaration of a type that does not exist when the
 * program runs; `text` only what its strings hold; `place` only its indentation, its annotations or its place; `nothing`: it is
 * context, blank, a comment or an import.
 */
type Novelty = 'code' | 'shape' | 'text' | 'place' | 'nothing';

export interface CodeLine {
  readonly kind: DiffLine['kind'];
  /** "path:line", of the old file where the line was removed. */
  readonly at: string;
  /** Stripped of comments, with emptied strings. */
  readonly code: string;
  readonly strings: readonly string[];
  readonly novelty: Novelty;
  /** The part of the line that runs once per element of a loop; null when none does. */
  readonly looped: LoopedColumns | null;
  readonly calls: readonly Call[];
  readonly names: readonly string[];
  /** The words of every name on the line, lower-cased. */
  readonly words: ReadonlySet<string>;
}

/** One hunk as it was and as it is; context lines are in both. */
export interface CodeHunk {
  readonly before: readonly CodeLine[];
  readonly after: readonly CodeLine[];
  /** The line that opens the block the hunk is in, as git prints it; often empty. */
  readonly heading: string;
}

/** A changed file as detectors see it. Only files that can change behaviour become one. */
export interface ChangedFile {
  readonly path: string;
  readonly pathClass: PathClass;
  /** Null when the scanner does not know the language; then `hunks` is empty. */
  readonly language: Language | null;
  readonly status: DiffFile['status'];
  readonly hunks: readonly CodeHunk[];
  /** Added lines that say something new, of all hunks; and removed ones that said something. */
  readonly added: readonly CodeLine[];
  readonly removed: readonly CodeLine[];
  /** Changed lines, of both sides, where only the text of strings is new. */
  readonly reworded: readonly CodeLine[];
  /** Changed lines that could not be read: too long, binary, or of an unknown language. */
  readonly unreadLines: number;
}

/** Null for a file whose class cannot change behaviour. */
export function changedFileOf(file: DiffFile): ChangedFile | null {
  const path = pathOf(file);
  const pathClass = classOfPath(path);
  // A test that becomes code, or code that is moved to where it looks like a test, is code.
  const oldClass = file.oldPath === null ? pathClass : classOfPath(file.oldPath);
  const behaving = [pathClass, oldClass].find((each) => BEHAVING_CLASSES.has(each));
  if (behaving === undefined || isMarkedGenerated(file)) return null;
  const language = languageOf(path, behaving);
  const changed = file.hunks.flatMap((hunk) => hunk.lines).filter((line) => line.kind !== 'context');
  const isUnread = (line: DiffLine): boolean => language === null || line.text.length > MAX_CODE_LINE_CHARS;
  const hunks = language === null ? [] : file.hunks.map((hunk) => codeHunk(hunk, language, file));
  return {
    path,
    pathClass: behaving,
    language,
    status: file.status,
    ...withHunks(hunks),
    unreadLines: file.status === 'binary' ? 1 : changed.filter(isUnread).length,
  };
}

/** Hunks with the lines of them that say something new. */
export function withHunks(
  hunks: readonly CodeHunk[],
): Pick<ChangedFile, 'hunks' | 'added' | 'removed' | 'reworded'> {
  const sides = hunks.flatMap((hunk) => [...hunk.after, ...hunk.before]);
  return {
    hunks,
    added: hunks.flatMap((hunk) => hunk.after.filter((line) => line.novelty === 'code')),
    removed: hunks.flatMap((hunk) => hunk.before.filter((line) => line.novelty === 'code')),
    reworded: sides.filter((line) => line.novelty === 'text'),
  };
}

/** Everything that is said anew: added, removed and reworded lines. */
export function changedLines(file: ChangedFile): readonly CodeLine[] {
  return [...file.added, ...file.removed, ...file.reworded];
}

/** Every line that is there after the change, changed or not. */
export function linesAfter(file: ChangedFile): readonly CodeLine[] {
  return file.hunks.flatMap((hunk) => hunk.after);
}

/** True when the call on this line runs once per element of a loop. */
export function isLooped(line: CodeLine, call: Call): boolean {
  return line.looped !== null && call.column >= line.looped.from && call.column < line.looped.to;
}

/** Every line that is there before the change, changed or not: what the code already did. */
export function linesBefore(file: ChangedFile): readonly CodeLine[] {
  return file.hunks.flatMap((hunk) => hunk.before);
}

function codeHunk(hunk: DiffHunk, language: Language, file: DiffFile): CodeHunk {
  const before = hunk.lines.filter((line) => line.kind !== 'added');
  const after = hunk.lines.filter((line) => line.kind !== 'removed');
  const strippedOf = (side: readonly DiffLine[]): ReadonlyMap<DiffLine, StrippedLine> => {
    const stripped = strippedLines(
      side.map((line) => line.text),
      language,
    );
    return new Map(side.map((line, at) => [line, stripped[at] ?? emptyLine]));
  };
  const [strippedBefore, strippedAfter] = [strippedOf(before), strippedOf(after)];
  const inlineTests = language === 'rust' ? linesOfTests(hunk) : noLines;
  const strippedLine = (line: DiffLine): StrippedLine | undefined =>
    inlineTests.has(line) ? emptyLine : (line.kind === 'removed' ? strippedBefore : strippedAfter).get(line);
  const novelties = noveltiesOf(hunk.lines, strippedLine, language);
  for (const [side, stripped] of [[before, strippedBefore] as const, [after, strippedAfter] as const]) {
    const codes = side.map((line) => stripped.get(line)?.code ?? '');
    typeLines(codes, language, hunk.heading).forEach((isType, at) => {
      const line = side[at];
      if (isType && line !== undefined && novelties.get(line) === 'code') novelties.set(line, 'shape');
    });
  }
  return {
    heading: hunk.heading,
    before: codeLines(before, strippedBefore, novelties, language, file),
    after: codeLines(after, strippedAfter, novelties, language, file),
  };
}

const noLines: ReadonlySet<DiffLine> = new Set();

/** Rust keeps unit tests at the end of the file they test. */
function linesOfTests(hunk: DiffHunk): ReadonlySet<DiffLine> {
  const opens = (text: string): boolean => /^\s*(?:#\[cfg\(test\)\]|mod tests\b)/.test(text);
  const at = opens(hunk.heading) ? 0 : hunk.lines.findIndex((line) => opens(line.text));
  return at < 0 ? noLines : new Set(hunk.lines.slice(at));
}

const emptyLine: StrippedLine = { code: '', strings: [], isImport: false };

function codeLines(
  side: readonly DiffLine[],
  stripped: ReadonlyMap<DiffLine, StrippedLine>,
  novelties: ReadonlyMap<DiffLine, Novelty>,
  language: Language,
  file: DiffFile,
): readonly CodeLine[] {
  const looped = loopedColumns(
    side.map((line) => ({ code: stripped.get(line)?.code ?? '', indent: line.text.search(/\S|$/) })),
    language,
  );
  let carried: readonly string[] = [];
  return side.map((line, at) => {
    const { code, strings, isImport } = stripped.get(line) ?? emptyLine;
    const found: Names = isImport ? noNames : namesIn(code, carried, language);
    if (code.trim() !== '') carried = carriedChain(found);
    return {
      kind: line.kind,
      at: placeOf(line, file),
      code,
      strings,
      novelty: novelties.get(line) ?? 'nothing',
      looped: looped[at] ?? null,
      ...found,
      words: new Set(found.names.flatMap(wordsOf)),
    };
  });
}

const noNames: Names = { calls: [], names: [] };

function placeOf(line: DiffLine, file: DiffFile): string {
  return line.newLine === null
    ? `${file.oldPath ?? pathOf(file)}:${line.oldLine}`
    : `${pathOf(file)}:${line.newLine}`;
}

/**
 * Pairs removed with added lines of one hunk. Equal but for white space is a change of place only, equal but for strings
 * a change of text only. A line that moved among its neighbours without any change is still `code`: order matters.
 */
function noveltiesOf(
  lines: readonly DiffLine[],
  strippedOf: (line: DiffLine) => StrippedLine | undefined,
  language: Language,
): Map<DiffLine, Novelty> {
  const novelties = new Map<DiffLine, Novelty>();
  const dense = new Map(lines.map((line) => [line, denseCode(strippedOf(line)?.code ?? '')]));
  const codeOf = (line: DiffLine): string => dense.get(line) ?? '';
  const canonical = new Map<DiffLine, string>();
  const canonicalOf = (line: DiffLine): string => {
    const code = canonical.get(line) ?? canonicalCode(strippedOf(line)?.code ?? '', language);
    canonical.set(line, code);
    return code;
  };
  const wholeOf = (line: DiffLine): string => `${codeOf(line)}\0${strippedOf(line)?.strings.join('\0')}`;
  const changed = lines.filter((line) => line.kind !== 'context');
  for (const line of changed) {
    novelties.set(line, ownNovelty(strippedOf(line)));
  }
  for (const run of runsOfChanges(lines)) {
    const textOf = (kind: DiffLine['kind']): string => {
      const side = run.filter((line) => line.kind === kind);
      const strings = side.flatMap((line) => strippedOf(line)?.strings ?? []);
      // A formatter that breaks a list over lines adds a comma at its end.
      return `${side
        .map(canonicalOf)
        .join('')
        .replaceAll(/,(?=[)\]}])/g, '')}\0${strings.join('\0')}`;
    };
    if (textOf('added') === textOf('removed')) for (const line of run) settle(novelties, line, 'place');
  }
  pair(changed, novelties, wholeOf, 'place', (removed, added) => removed.text !== added.text);
  const meaningOf = (line: DiffLine): string => {
    const { code, strings } = strippedOf(line) ?? emptyLine;
    // The one string of `cast("dict[str, Any]", x)` is a type.
    const isType =
      strings.length === 1 &&
      ((language === 'python' && /\bcast\(''/.test(code)) ||
        (language === 'typescript' && /:\s?\w+<''>/.test(code)));
    return `${canonicalOf(line)}\0${isType ? '' : strings.join('\0')}`;
  };
  pair(changed, novelties, meaningOf, 'place', (removed, added) => removed.text !== added.text);
  if (language === 'settings' && hasSameSettings(changed, strippedOf)) {
    for (const line of changed) novelties.set(line, 'place');
  }
  pair(changed, novelties, codeOf, 'text', (removed, added) => wholeOf(removed) !== wholeOf(added));
  return novelties;
}

/** Whether both sides of a hunk set the same names to the same values, in whatever form they are written. */
function hasSameSettings(
  changed: readonly DiffLine[],
  strippedOf: (line: DiffLine) => StrippedLine | undefined,
): boolean {
  const leavesOf = (kind: DiffLine['kind']): string =>
    changed
      .filter((line) => line.kind === kind)
      .flatMap((line) => leavesIn(strippedOf(line) ?? emptyLine))
      .sort()
      .join('\n');
  const [removed, added] = [leavesOf('removed'), leavesOf('added')];
  return removed !== '' && removed === added;
}

/** "a.b = 3" and "a = '{ b: 3 }'" hold the same leaf. */
function leavesIn({ code, strings }: StrippedLine): readonly string[] {
  const [, path, value] = /^([\w.$-]+) = (.*)$/.exec(code) ?? [];
  if (path === undefined) return [];
  const text = value === "''" ? (strings[0] ?? '') : (value ?? '');
  if (!text.startsWith('{')) return [`${path}=${text.replaceAll(/["']/g, '')}`];
  return [...text.matchAll(/([\w.-]{1,80})["']?\s?:\s?["']?([^\s,{}"']{1,200})/g)].map(
    ([, key, leaf]) => `${path}.${key}=${leaf}`,
  );
}

/** Code without what formatters move: white space, and the mark that ends a statement. */
function denseCode(code: string): string {
  return code.replaceAll(/\s+/g, '').replace(/;$/, '');
}

function ownNovelty(line: StrippedLine | undefined): Novelty {
  if (line === undefined || line.isImport) return 'nothing';
  // Nothing but strings: a documentation string, or a line of a longer text.
  const isText = line.code.replaceAll("''", '').trim() === '';
  if (!isText) return 'code';
  return line.strings.some((text) => text.trim() !== '') ? 'text' : 'nothing';
}

function settle(novelties: Map<DiffLine, Novelty>, line: DiffLine, novelty: Novelty): void {
  if (novelties.get(line) === 'code') novelties.set(line, novelty);
}

function pair(
  changed: readonly DiffLine[],
  novelties: Map<DiffLine, Novelty>,
  keyOf: (line: DiffLine) => string,
  novelty: Novelty,
  isPair: (removed: DiffLine, added: DiffLine) => boolean,
): void {
  const removedByKey = new Map<string, DiffLine[]>();
  const open = changed.filter((line) => novelties.get(line) === 'code');
  for (const line of open.filter((each) => each.kind === 'removed')) {
    const key = keyOf(line);
    const same = removedByKey.get(key);
    if (same === undefined) removedByKey.set(key, [line]);
    else same.push(line);
  }
  for (const added of open.filter((each) => each.kind === 'added')) {
    const removed = removedByKey.get(keyOf(added))?.at(-1);
    if (removed === undefined || !isPair(removed, added)) continue;
    removedByKey.get(keyOf(added))?.pop();
    settle(novelties, removed, novelty);
    settle(novelties, added, novelty);
  }
}

/** Changed lines that stand together, without context between them. */
function runsOfChanges(lines: readonly DiffLine[]): readonly (readonly DiffLine[])[] {
  const runs: DiffLine[][] = [];
  let current: DiffLine[] | null = null;
  for (const line of lines) {
    if (line.kind === 'context') current = null;
    else if (current !== null) current.push(line);
    else {
      current = [line];
      runs.push(current);
    }
  }
  return runs;
}

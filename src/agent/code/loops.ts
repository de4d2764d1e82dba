import type { Language } from './language.ts';

/** A stripped line with the column its text starts at. */
export interface IndentedCode {
  readonly code: string;
  readonly indent: number;
}

/** `for`, `while` and the like at the start of a statement. */
const LOOP_HEAD = /(?:^|[;{}]\s?|\bawait\s)(?:async\s)?(?:for|foreach|while|until|loop)\b/;
/** A callback run once per element. */
const PER_ELEMENT =
  /\.(?:map|forEach|flatMap|for_each|each|each_slice|each_with_index|find_each|in_batches|collect|forEachAsync|Select|SelectMany|filter_map)\b/;
/** `[fetch(id) for id in ids]`. */
const COMPREHENSION = /\bfor\s[\w\s,()]{1,80}\sin\s/;
/** How many lines below its head a loop is still followed. */
const MAX_LOOP_LINES = 200;

/** The columns of a line that run once per element. */
export interface LoopedColumns {
  readonly from: number;
  readonly to: number;
}

/**
 * Says for each of consecutive lines which part of it runs once per element of a loop whose head stands among them;
 * null where none does. Indentation decides where a loop ends, in every language: hunks are fragments, so brackets
 * rarely balance.
 */
export function loopedColumns(
  lines: readonly IndentedCode[],
  language: Language,
): readonly (LoopedColumns | null)[] {
  const open: { readonly indent: number; readonly at: number }[] = [];
  const comprehended = language === 'python' ? linesOfComprehensions(lines) : new Set<number>();
  return lines.map(({ code, indent }, at) => {
    if (code.trim() === '') return null;
    // A closing bracket stands at its head's own column and ends the loop like any other line there.
    // An opening one alone on the line below the head is the head's own.
    const opens = code.trim() === '{' && open.at(-1)?.at === at - 1;
    while (!opens && open.length > 0 && endsLoop(open.at(-1), indent, at)) open.pop();
    const isInside = open.length > 0;
    if (LOOP_HEAD.test(code.trim()) || PER_ELEMENT.test(code)) open.push({ indent, at });
    return isInside || comprehended.has(at) ? WHOLE_LINE : withinLine(code, language);
  });
}

/** How far above its `for` the value of a comprehension may begin. */
const MAX_COMPREHENDED_LINES = 12;

/** Lines of a comprehension that is broken over lines: what stands above `for x in xs`, up to the bracket that opened it. */
function linesOfComprehensions(lines: readonly IndentedCode[]): ReadonlySet<number> {
  const found = new Set<number>();
  lines.forEach(({ code, indent }, at) => {
    if (!/^\s*(?:async\s)?for\s[\w\s,()]{1,80}\sin\s/.test(code) || code.trimEnd().endsWith(':')) return;
    for (let above = at - 1; above >= Math.max(0, at - MAX_COMPREHENDED_LINES); above -= 1) {
      const line = lines[above];
      if (line === undefined || (line.code.trim() !== '' && line.indent < indent)) break;
      found.add(above);
    }
  });
  return found;
}

const WHOLE_LINE: LoopedColumns = { from: 0, to: Number.POSITIVE_INFINITY };

function endsLoop(
  loop: { readonly indent: number; readonly at: number } | undefined,
  indent: number,
  at: number,
) {
  return loop === undefined || indent <= loop.indent || at - loop.at > MAX_LOOP_LINES;
}

/** The part of a loop's own head line that is its body: a callback, a comprehension, a one-line statement. */
function withinLine(code: string, language: Language): LoopedColumns | null {
  const perElement = PER_ELEMENT.exec(code);
  if (perElement !== null) return { from: perElement.index + perElement[0].length, to: WHOLE_LINE.to };
  if (language === 'python' && !code.trimStart().startsWith('for ')) {
    const comprehension = COMPREHENSION.exec(code);
    return comprehension === null ? null : { from: 0, to: comprehension.index };
  }
  const statement = /^\s*(?:for|while)\b[^)]{1,200}\)\s*(?=\S.*;\s*\}?$)/.exec(code);
  return statement === null ? null : { from: statement[0].length, to: WHOLE_LINE.to };
}

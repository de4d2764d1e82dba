import type { Call } from './calls.ts';
import type { CodeLine } from './changed-code.ts';

/**
 * The lines that stand between the parentheses of calls that go on below their own line; `lines` are consecutive lines
 * of one side of a hunk. Strings and comments are already stripped, so every bracket counts.
 */
export function argumentLines(
  lines: readonly CodeLine[],
  matches: (call: Call) => boolean,
): readonly CodeLine[] {
  const found: CodeLine[] = [];
  let depth = 0;
  for (const line of lines) {
    const head = depth > 0 ? undefined : line.calls.find(matches);
    if (depth > 0) found.push(line);
    if (depth > 0 || head !== undefined) depth += openedIn(line.code.slice(head?.column ?? 0), depth);
  }
  return found;
}

/** How much deeper a text ends than it began; it stops where the brackets that were open are closed. */
function openedIn(code: string, depth: number): number {
  let change = 0;
  let hasOpened = depth > 0;
  for (const mark of code.match(/[()[\]{}]/g) ?? []) {
    change += '([{'.includes(mark) ? 1 : -1;
    hasOpened ||= change > 0;
    if (hasOpened && depth + change <= 0) return -depth;
  }
  return Math.max(change, -depth);
}

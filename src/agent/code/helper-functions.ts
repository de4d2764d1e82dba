import type { Call } from './calls.ts';
import type { ChangedFile } from './changed-code.ts';

/** The head of a function, with its name: `func (r *Repo) decorate(`, `async def locate(`, `private fun reserve(`. */
const HEAD =
  /(?:\bfunc\s(?:\([^)]{0,80}\)\s)?|\bdef\s(?:self\.)?|\bfunction\s|\bfun\s|\bfn\s|^\s*(?:(?:public|private|protected|internal|static|async|override|final)\s)+(?:[\w<>[\]?,.]{1,60}\s)?)([A-Za-z_]\w{2,60})\s?(?:<[^(]{0,60}>)?\(/;
const MOST_BODY_LINES = 40;

/**
 * The functions of a file, as far as its hunks show them, that make such a call themselves: calling one of them is making the call.
 * One step deep.
 */
export function helpersThat(file: ChangedFile, makes: (call: Call) => boolean): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { after } of file.hunks) {
    let name: string | null = null;
    let left = 0;
    for (const line of after) {
      const head = HEAD.exec(line.code)?.[1];
      if (head !== undefined) [name, left] = [head, MOST_BODY_LINES];
      else if (name !== null && left > 0) {
        left -= 1;
        if (line.calls.some(makes)) found.add(name);
      }
    }
  }
  return found;
}

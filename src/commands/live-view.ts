import type { Context } from './context.ts';

/** A block of lines redrawn in place on a terminal; elsewhere callers print what changed, a line each. */
export interface LiveView {
  readonly isRedrawing: boolean;
  /** Replaces the block that was drawn last. */
  draw(lines: readonly string[]): void;
  /** Prints above the block, which is then drawn again below. */
  print(line: string): void;
}

const UP_AND_CLEAR = '\u001b[1A\u001b[2K';

export function liveView(context: Pick<Context, 'isTerminal'>): LiveView {
  let drawn: readonly string[] = [];
  const stream = process.stderr;
  const clear = () => stream.write(UP_AND_CLEAR.repeat(drawn.length));
  const isRedrawing = context.isTerminal && stream.isTTY;
  const draw = (lines: readonly string[]) => {
    clear();
    // A line that wraps would take two rows, and the next redraw would miscount.
    drawn = lines.map((line) => cut(line, stream.columns ?? 120));
    stream.write(drawn.map((line) => `${line}\n`).join(''));
  };
  return {
    isRedrawing,
    draw,
    print: (line) => {
      if (!isRedrawing) {
        stream.write(`${line}\n`);
        return;
      }
      const block = drawn;
      clear();
      drawn = [];
      stream.write(`${line}\n`);
      draw(block);
    },
  };
}

/** Cuts to a visible width; colour codes take no room. */
function cut(line: string, columns: number): string {
  let width = 0;
  let out = '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape that begins a colour code
  for (const part of line.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b')) {
      out += part;
      continue;
    }
    const room = Math.max(columns - 1 - width, 0);
    out += part.slice(0, room);
    width += Math.min(part.length, room);
  }
  return out;
}

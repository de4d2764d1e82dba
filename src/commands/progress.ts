import { timeText } from '../render/time-text.ts';

/** How far a long command is, for whoever watches. */
export interface Progress {
  show(at: { readonly what: string; readonly done: number; readonly of: number }): void;
  /** Takes the bar away. */
  end(): void;
}

const BAR_WIDTH = 24;
const WHAT_WIDTH = 40;
const REDRAW_MS = 100;

/** A bar that redraws itself on a terminal; nothing at all on anything else. */
export function progressOn(stream: { readonly isTTY?: boolean; write(text: string): unknown }): Progress {
  if (stream.isTTY !== true) return { show: () => {}, end: () => {} };
  const startedAt = performance.now();
  let drawnAt = Number.NEGATIVE_INFINITY;
  return {
    show: ({ what, done, of }) => {
      const now = performance.now();
      if (now - drawnAt < REDRAW_MS) return;
      drawnAt = now;
      const filled = Math.round((BAR_WIDTH * done) / of);
      const leftMs = done === 0 ? 0 : ((now - startedAt) / done) * (of - done);
      const bar = '█'.repeat(filled).padEnd(BAR_WIDTH, '░');
      stream.write(
        `\r\u001b[K${bar} ${done}/${of}  ${what.slice(0, WHAT_WIDTH)}  about ${timeText(leftMs)} left`,
      );
    },
    end: () => void stream.write('\r\u001b[K'),
  };
}

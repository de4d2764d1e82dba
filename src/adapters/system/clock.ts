import type { Clock } from '../../ports/clock.ts';

/** Node turns a longer timer into one of 1 ms, so a longer sleep is made of several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** This machine's clocks. `sleep` never ends early: it is measured on the monotonic clock, whatever its length. */
export const systemClock: Clock = {
  now: () => Date.now(),
  mono: () => performance.now(),
  sleep: async (ms, signal) => {
    const end = performance.now() + ms;
    do {
      await timer(Math.min(Math.max(end - performance.now(), 0), LONGEST_TIMER_MS), signal);
    } while (performance.now() < end && signal?.aborted !== true);
  },
};

/** Resolves after `ms` or when `signal` aborts; leaves neither a timer nor a listener behind. */
function timer(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve();
    const wake = () => {
      clearTimeout(timeout);
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timeout = setTimeout(wake, ms);
    signal?.addEventListener('abort', wake, { once: true });
  });
}

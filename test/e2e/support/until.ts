import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 15;
const LONGEST_MS = 15_000;

/**
 * Asks until the answer is something other than null, undefined or false, and returns it. Throws what was waited for
 * when it never comes.
 */
export async function until<T>(
  what: string,
  ask: () => T | Promise<T>,
  withinMs: number = LONGEST_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) {
      return answer as Exclude<T, null | undefined | false>;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(POLL_MS);
  }
}

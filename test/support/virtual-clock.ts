import type { Clock } from '../../src/ports/clock.ts';

/** A clock whose time moves only when told. */
export interface VirtualClock extends Clock {
  /**
   * Moves both clocks on by `ms`, stopping at each sleeper's time to wake it, in order, and to let what it does next
   * (promises and callbacks already due, not real I/O) happen then.
   */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, forward or back, as an NTP step would; wakes nobody. */
  jump(ms: number): void;
}

interface Sleeper {
  readonly wakeMono: number;
  readonly wake: () => void;
}

/** Starts at `startMs` on the wall; the monotonic clock starts elsewhere, so that mixing them up shows. */
export function virtualClock(startMs: number = Date.UTC(2026, 0, 5, 9)): VirtualClock {
  let wall = startMs;
  let mono = 1_000;
  const sleepers = new Set<Sleeper>();

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = () => {
        sleepers.delete(sleeper);
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      const sleeper: Sleeper = { wakeMono: mono + ms, wake };
      sleepers.add(sleeper);
      signal?.addEventListener('abort', wake, { once: true });
    });

  const advance = async (ms: number): Promise<void> => {
    const end = mono + ms;
    await settled();
    for (let next = firstDue(sleepers, end); next !== null; next = firstDue(sleepers, end)) {
      const stepMs = Math.max(next.wakeMono - mono, 0);
      wall += stepMs;
      mono += stepMs;
      next.wake();
      await settled();
    }
    wall += end - mono;
    mono = end;
  };

  return {
    now: () => wall,
    mono: () => mono,
    sleep,
    advance,
    jump: (ms) => {
      wall += ms;
    },
  };
}

/** Of those who wake at the same time, the one that fell asleep first: a set keeps the order of entry. */
function firstDue(sleepers: ReadonlySet<Sleeper>, endMono: number): Sleeper | null {
  let first: Sleeper | null = null;
  for (const sleeper of sleepers) {
    if (sleeper.wakeMono <= endMono && (first === null || sleeper.wakeMono < first.wakeMono)) first = sleeper;
  }
  return first;
}

/** All promise callbacks that are due have run once the event loop comes round. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export interface Arrivals {
  /** When the next visit is due, on the clock that `startMs` was read from. */
  readonly nextMs: number;
  /** How many visits have come due since the last call, and how many were let go because they were too late. */
  take(nowMs: number): { readonly due: number; readonly late: number };
}

export interface ArrivalSettings {
  readonly perSecond: number;
  readonly startMs: number;
  readonly random: () => number;
}

/**
 * A visit this late is let go. A process that was kept from running catches up on a moment's visits, not on all of
 * them: a burst that no user made would fill every pool in the shop.
 */
const MAX_LATE_MS = 25;

/** Poisson arrivals at absolute times, so that no timer's lateness adds up and the rate never drifts. */
export function createArrivals({ perSecond, startMs, random }: ArrivalSettings): Arrivals {
  const gap = () => (-Math.log(1 - random()) * 1000) / perSecond;
  let nextMs = startMs + gap();

  return {
    get nextMs() {
      return nextMs;
    },
    take(nowMs) {
      let due = 0;
      let late = 0;
      while (nextMs <= nowMs) {
        if (nowMs - nextMs > MAX_LATE_MS) late++;
        else due++;
        nextMs += gap();
      }
      return { due, late };
    },
  };
}

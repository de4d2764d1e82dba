import type { Clock } from '../ports/clock.ts';

/** A clock for one simulated rollout, the only thing under way: time passes when somebody sleeps or when it is moved. */
export interface SimulationClock extends Clock {
  /** Moves both clocks to this wall time, ms since the epoch, forward or back. */
  moveTo(at: number): void;
}

/** The monotonic clock starts elsewhere than the wall clock, so that mixing them up shows. */
const MONO_START = 1_000;

/**
 * Starts at `startAt`, ms since the epoch. Sleeping takes no real time and wakes nobody else, so it serves exactly one
 * sequence of awaits: many times faster than a clock that has to let others run, and no use for two at once.
 */
export function simulationClock(startAt: number): SimulationClock {
  let wall = startAt;
  return {
    now: () => wall,
    mono: () => MONO_START + wall - startAt,
    sleep: async (ms) => {
      wall += ms;
    },
    moveTo: (at) => {
      wall = at;
    },
  };
}

import { addedRate, ERROR_RATE, type World } from '../../../src/simulate/world.ts';
import { MINUTE_MS } from './bench-plan.ts';

const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Failed requests a promoted change still causes between two moments after the start, everyone being exposed: expected value,
 * minute by minute. So that no method gains by ending its watch early.
 */
export function laterHarm(
  world: World,
  { startAt, fromMs, toMs }: { readonly startAt: number; readonly fromMs: number; readonly toMs: number },
): number {
  let bad = 0;
  for (let at = fromMs; at < toMs; at += MINUTE_MS) {
    const day = Math.sin((2 * Math.PI * ((startAt + at) % DAY_MS)) / DAY_MS);
    const requests = world.traffic.requestsPerMinute * (1 + world.traffic.dailySwing * day);
    bad += requests * addedRate(world.effects, ERROR_RATE, { elapsedMs: at, percent: 100 });
  }
  return bad;
}

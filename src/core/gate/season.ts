import type { Counts } from './evidence-process.ts';

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Days an hour must have been seen on before its rate is believed. */
const LEAST_DAYS = 3;

/**
 * How a signal's rate goes with the hour of the day (UTC), as multiples of its mean: what a frozen baseline is corrected by when
 * nobody runs beside the canary. Null unless every hour was seen on at least three days.
 */
export type Season = readonly number[];

export function seasonOf(windows: readonly (Counts & { readonly from: number })[]): Season | null {
  const hours = Array.from({ length: HOURS }, () => ({ n: 0, x: 0, days: new Set<number>() }));
  for (const { n, x, from } of windows) {
    const hour = hours[Math.floor(from / HOUR_MS) % HOURS];
    if (hour === undefined || n <= 0) continue;
    hour.n += n;
    hour.x += x;
    hour.days.add(Math.floor(from / (HOURS * HOUR_MS)));
  }
  if (hours.some(({ days }) => days.size < LEAST_DAYS)) return null;
  const n = hours.reduce((sum, hour) => sum + hour.n, 0);
  const x = hours.reduce((sum, hour) => sum + hour.x, 0);
  if (x <= 0) return null;
  // Half an event keeps an hour without any from promising that there never will be one.
  return hours.map((hour) => (hour.x + 0.5) / (hour.n * (x / n) + 0.5));
}

/** How much higher the rate is expected to be at one moment than at another; 1 without a season. */
export function seasonBetween(season: Season | null, from: number, to: number): number {
  if (season === null) return 1;
  const at = (when: number) => season[Math.floor(when / HOUR_MS) % HOURS] ?? 1;
  return at(to) / at(from);
}

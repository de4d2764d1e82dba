import { describe, expect, test } from 'vitest';
import { seasonBetween, seasonOf } from '../../../src/core/gate/season.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MONDAY = Date.UTC(2026, 0, 5);

/** One window an hour for so many days, at `perHour(hour)` events of `n(hour)` units. */
const week = (days: number, perHour: (hour: number) => number, n: (hour: number) => number = () => 1_000) =>
  Array.from({ length: days * 24 }, (_, at) => ({
    n: n(at % 24),
    x: perHour(at % 24),
    from: MONDAY + at * HOUR,
  }));
const night = (hour: number) => (hour < 8 ? 40 : 10);

describe('a season', () => {
  test('is each hour’s rate over the mean', () => {
    const season = seasonOf(week(7, night)) ?? [];
    // A third of the day at 40, two thirds at 10: the mean is 20 in a thousand.
    expect(season[3]).toBeCloseTo((280 + 0.5) / (7 * 20 + 0.5), 12);
    expect(season[12]).toBeCloseTo((70 + 0.5) / (7 * 20 + 0.5), 12);
    expect(season).toHaveLength(24);
  });

  test('is of rates, not of traffic: a busy hour at the same rate is like any other', () => {
    const busy = (hour: number) => (hour === 12 ? 50_000 : 5_000);
    const season = seasonOf(week(4, (hour) => busy(hour) / 100, busy)) ?? [];
    for (const times of season) expect(times).toBeCloseTo(1, 12);
  });

  test('needs every hour on three days', () => {
    expect(seasonOf(week(2, night))).toBeNull();
    expect(seasonOf(week(3, night))).not.toBeNull();
    expect(seasonOf(week(3, night).slice(1))).toBeNull();
    expect(seasonOf([])).toBeNull();
  });

  test('three windows of one day are one day', () => {
    const sameDay = week(1, night).flatMap((window) => [window, window, window]);
    expect(seasonOf(sameDay)).toBeNull();
  });

  test('is not read from windows without units, nor from a past without events', () => {
    expect(seasonOf(week(7, () => 0))).toBeNull();
    expect(seasonOf(week(7, night, (hour) => (hour === 4 ? 0 : 1_000)))).toBeNull();
  });

  test('never promises that an hour has none', () => {
    const season = seasonOf(week(7, (hour) => (hour === 4 ? 0 : 10))) ?? [];
    expect(season[4]).toBeGreaterThan(0);
    expect(season[4]).toBeLessThan(0.02);
  });
});

describe('between two moments', () => {
  const season = seasonOf(week(7, night));

  test('the rate is expected to move as the hours do', () => {
    expect(seasonBetween(season, MONDAY + 12 * HOUR, MONDAY + 3 * HOUR)).toBeCloseTo(280.5 / 70.5, 9);
    expect(seasonBetween(season, MONDAY + 3 * HOUR, MONDAY + 12 * HOUR)).toBeCloseTo(70.5 / 280.5, 9);
  });

  test('a whole day later nothing has moved, and there and back is nowhere', () => {
    const [there, back] = [MONDAY + 2 * HOUR + 1, MONDAY + 30 * DAY + 20 * HOUR];
    expect(seasonBetween(season, there, there + DAY)).toBe(1);
    expect(seasonBetween(season, there, back) * seasonBetween(season, back, there)).toBeCloseTo(1, 12);
  });

  test('without a season nothing is known to move', () => {
    expect(seasonBetween(null, MONDAY, MONDAY + 12 * HOUR)).toBe(1);
  });
});

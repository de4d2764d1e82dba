import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/core/duration.ts';

describe('a duration', () => {
  test.each([
    [0, '0s'],
    [1_000, '1s'],
    [90_000, '90s'],
    [900_000, '15m'],
    [5_400_000, '90m'],
    [3_600_000, '1h'],
    [172_800_000, '2d'],
    [604_800_000, '7d'],
    [1_500, '1500ms'],
  ])('of %d ms is written %s, in its largest whole unit', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test.each([
    ['1d2h30m10s', 95_410_000],
    ['1w', 604_800_000],
    ['90m', 5_400_000],
    ['500ms', 500],
    ['0s', 0],
    ['366d', 31_622_400_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', ' ', '5', 'm', '5 m', '-5m', '1.5h', '10m1h', '5m5m', '367d', '1e3s', '5M', 'Infinityms'])(
    'is not %j',
    (text) => {
      expect(parseDuration(text)).toBeNull();
    },
  );

  test('that is written reads back as it was, up to a year', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 366 * 86_400 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1_000))).toBe(seconds * 1_000);
      }),
    );
  });
});

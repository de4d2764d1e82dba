import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Exposure,
  formatExposure,
  formatLadder,
  type Ladder,
  ladderFaults,
  ladderForRisk,
  parseExposure,
} from '../../../src/core/plan/ladder.ts';

const DAY = 86_400_000;
const percent = (value: number, holdMs = 60_000) => ({
  exposure: { kind: 'percent' as const, percent: value },
  holdMs,
});

describe('an exposure', () => {
  test('that is written reads back as it was', () => {
    const exposure = fc.oneof(
      fc.integer({ min: 1, max: 10_000 }).map((part): Exposure => ({ kind: 'percent', percent: part / 100 })),
      fc.stringMatching(/^[a-z][a-z0-9-]{0,9}$/).map((name): Exposure => ({ kind: 'audience', name })),
      fc.stringMatching(/^[a-z]{1,9}$/).map((to): Exposure => ({ kind: 'switch', to })),
    );
    fc.assert(
      fc.property(exposure, (one) => {
        expect(parseExposure(formatExposure(one))).toEqual(one);
      }),
    );
  });

  test.each(['0%', '101%', '-5%', '5', '%', 'audience:', 'audience:two words', 'switch:', 'lots', ''])(
    'is not %j',
    (text) => {
      expect(parseExposure(text)).toBeNull();
    },
  );
});

describe('risk alone', () => {
  test.each([
    { risk: 'low', percents: [5, 50, 100], days: 3 },
    { risk: 'medium', percents: [1, 10, 50, 100], days: 4 },
    { risk: 'high', percents: [1, 5, 10, 25, 50, 100], days: 14 },
  ] as const)('$risk goes $percents over $days days', ({ risk, percents, days }) => {
    const ladder = ladderForRisk(risk);
    expect(ladder.map(({ exposure }) => exposure.kind === 'percent' && exposure.percent)).toEqual(percents);
    const total = ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
    expect(total / DAY).toBeCloseTo(days, 4);
    expect(ladderFaults(ladder)).toEqual([]);
  });
});

describe('a ladder', () => {
  test.each<{ title: string; ladder: Ladder; faults: readonly string[] }>([
    { title: 'that rises is sound', ladder: [percent(1), percent(50), percent(100)], faults: [] },
    { title: 'of nothing is none', ladder: [], faults: ['the ladder has no stage'] },
    { title: 'must not fall', ladder: [percent(50), percent(10)], faults: ['10% does not rise above 50%'] },
    { title: 'must not stand', ladder: [percent(50), percent(50)], faults: ['50% does not rise above 50%'] },
    { title: 'holds for a time', ladder: [percent(50, -1)], faults: ['a stage holds -1 ms'] },
    { title: 'holds for a known time', ladder: [percent(50, Number.NaN)], faults: ['a stage holds NaN ms'] },
    {
      title: 'may have rings between its percentages',
      ladder: [percent(5), { exposure: { kind: 'audience', name: 'eu' }, holdMs: 1 }, percent(10)],
      faults: [],
    },
  ])('$title', ({ ladder, faults }) => {
    expect(ladderFaults(ladder)).toEqual(faults);
  });

  test('is written with one time where all stages share it, and each with its own otherwise', () => {
    expect(formatLadder([percent(1), percent(100)])).toBe('1% → 100%, 1m per stage');
    expect(formatLadder([percent(1), percent(100, 5_400_000)])).toBe('1% for 1m → 100% for 90m');
  });
});

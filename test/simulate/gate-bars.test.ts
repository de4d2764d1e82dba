import { describe, expect, test } from 'vitest';
import type { Cell } from '../bench/gate/cell.ts';
import { latencyCells, mainCells, trafficText } from '../bench/gate/cells.ts';
import { type Summary, summaryOf } from '../bench/gate/outcome.ts';
import { cellOutcomes } from '../bench/gate/work.ts';

/**
 * The benchmark's bars on a smaller run with a seed of its own: a change to the gate that loses on one of them fails here.
 * `npm run bench:gate` is the whole of it.
 */
const SEED = 7;
const MINUTE_MS = 60_000;
const rates = mainCells(['sluice']);
const latencies = latencyCells(['sluice']);

function outcome(cells: readonly Cell[], traffic: number, column: string, rollouts: number): Summary {
  const cell = cells.find((c) => c.row === trafficText(traffic) && c.column === column);
  if (cell === undefined) throw new RangeError(`no cell ${traffic} ${column}`);
  const summary = summaryOf(cellOutcomes(cell, { method: 'sluice', seed: SEED, first: 0, count: rollouts }));
  expect(summary.rollouts).toBe(rollouts);
  return summary;
}

function medianMinutes({ actionMedianOfAllMs }: Summary): number {
  return actionMedianOfAllMs === null ? Number.POSITIVE_INFINITY : actionMedianOfAllMs / MINUTE_MS;
}

describe('at 20,000 requests a minute', () => {
  test('a good release is left alone: at most 0.2 % rolled back, at least 99 % finished unattended', () => {
    const { rolledBack, complete, blindPromotions } = outcome(rates, 20_000, 'none', 500);
    expect(rolledBack).toBeLessThanOrEqual(1);
    expect(complete).toBeGreaterThanOrEqual(495);
    expect(blindPromotions).toBe(0);
  });

  test('an incident that hits both sides is blamed on the change in at most 1 %', () => {
    const cell = rates.find((c) => c.row === trafficText(20_000) && c.column === 'none + incident');
    if (cell === undefined) throw new RangeError('no incident');
    const outcomes = cellOutcomes(cell, { method: 'sluice', seed: SEED, first: 0, count: 400 });
    const wronged = outcomes.filter(({ end, isBreachClaimed }) => end === 'person' || isBreachClaimed);
    expect(outcomes).toHaveLength(400);
    expect(wronged.length).toBeLessThanOrEqual(4);
  });

  test('+0.7 points, over the hold line, is promoted in at most 0.5 %', () => {
    expect(outcome(rates, 20_000, '+0.7', 400).complete).toBeLessThanOrEqual(2);
  });

  test.each([
    ['+2', 4],
    ['+3', 2],
    ['+10', 1],
    ['late +3', 38 + 2],
  ] as const)('%s is acted on by minute %i in the median', (column, minute) => {
    expect(medianMinutes(outcome(rates, 20_000, column, 400))).toBeLessThanOrEqual(minute);
  });

  test('a p99 1.2 times as slow is never promoted, and one twice as slow is acted on within two minutes', () => {
    expect(outcome(latencies, 20_000, 'p99 ×1.2', 10).complete).toBe(0);
    expect(medianMinutes(outcome(latencies, 20_000, 'p99 ×2', 40))).toBeLessThanOrEqual(2);
  });
});

describe('at 2,000 requests a minute', () => {
  test('a good release is left alone: at most 0.2 % rolled back, at least 90 % finished unattended', () => {
    const { rolledBack, complete, blindPromotions } = outcome(rates, 2_000, 'none', 500);
    expect(rolledBack).toBeLessThanOrEqual(1);
    expect(complete).toBeGreaterThanOrEqual(450);
    expect(blindPromotions).toBe(0);
  });

  test('+0.7 points is promoted in at most 0.5 % and rolled back, which nobody asked for, in at most 4 %', () => {
    const { complete, rolledBack } = outcome(rates, 2_000, '+0.7', 600);
    expect(complete).toBeLessThanOrEqual(3);
    expect(rolledBack).toBeLessThanOrEqual(24);
  });

  test.each([
    ['+2', 21],
    ['+3', 12],
    ['+10', 3],
  ] as const)('%s is acted on by minute %i in the median', (column, minute) => {
    expect(medianMinutes(outcome(rates, 2_000, column, 400))).toBeLessThanOrEqual(minute);
  });
});

describe.each([200, 20])('at %i requests a minute', (traffic) => {
  test.each(['none', '+0.7', '+2', '+10'])('%s is never promoted without clear evidence', (column) => {
    expect(outcome(rates, traffic, column, 150).blindPromotions).toBe(0);
  });
});

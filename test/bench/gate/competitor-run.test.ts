import { describe, expect, test } from 'vitest';
import { CALM, type World } from '../../../src/simulate/world.ts';
import { errorRatePlan, MINUTE_MS } from './bench-plan.ts';
import { type Cell, STANDARD_RUN } from './cell.ts';
import { mainCells } from './cells.ts';
import { competitorRun } from './competitor-run.ts';
import { upperBound } from './confidence.ts';
import type { Judge } from './judge.ts';
import { laterHarm } from './later-harm.ts';
import { COMPETITORS } from './methods.ts';
import { summaryOf } from './outcome.ts';
import { resultsOf } from './results.ts';
import { percentText } from './tables.ts';
import { cellOutcomes } from './work.ts';

const WORLD: World = {
  ...CALM,
  traffic: { requestsPerMinute: 2_000, dailySwing: 0 },
  effects: [{ kind: 'step', by: 0.01 }],
};
const SETTINGS = { ...STANDARD_RUN, startAt: 0 };
const INDIFFERENT: Judge = { look: () => 'go_on', stageEnd: () => 'promote', enterStage: () => {} };

function run(judge: Partial<Judge>) {
  return competitorRun(errorRatePlan(), WORLD, SETTINGS, { ...INDIFFERENT, ...judge });
}

describe('a competitor on the ladder', () => {
  test('is complete when it steps to 100 %, and what it lets through counts until the horizon', () => {
    const { end, endedMs, firstActionMs, badRequests } = run({});
    expect([end, endedMs, firstActionMs]).toEqual(['complete', 45 * MINUTE_MS, null]);
    // 15 minutes each at 1, 5 and 25 % of 2,000, then 65 at all of them; a hundredth of each fails.
    expect(badRequests / (0.01 * 2_000 * (15 * 0.31 + 65))).toBeCloseTo(1, 1);
  });

  test('may wait for one stage more, then a person is asked, who rolls back', () => {
    const { end, endedMs, firstActionMs, isBreachClaimed } = run({ stageEnd: () => 'wait' });
    expect([end, endedMs, firstActionMs]).toEqual(['person', 45 * MINUTE_MS, 30 * MINUTE_MS]);
    expect(isBreachClaimed).toBe(false);
  });

  test('an alarm that lasts is rolled back by a person; one that passes is not', () => {
    let looks = 0;
    const lasting = run({ look: () => (++looks >= 3 ? 'alarm' : 'go_on') });
    expect([lasting.end, lasting.endedMs, lasting.firstActionMs]).toEqual([
      'person',
      18 * MINUTE_MS,
      3 * MINUTE_MS,
    ]);
    looks = 0;
    const passing = run({ look: () => (++looks === 3 ? 'alarm' : 'go_on') });
    expect([passing.end, passing.firstActionMs, passing.isBreachClaimed]).toEqual([
      'complete',
      3 * MINUTE_MS,
      true,
    ]);
  });

  test('a question once asked stands, though a look later would have promoted', () => {
    let ends = 0;
    const { end, endedMs } = run({ stageEnd: () => (++ends === 1 ? 'ask' : 'promote') });
    expect([end, endedMs, ends]).toEqual(['person', 30 * MINUTE_MS, 1]);
  });

  test('rolls back at once', () => {
    const { end, endedMs } = run({ look: () => 'rollback' });
    expect([end, endedMs]).toEqual(['rolled_back', MINUTE_MS]);
  });
});

test('harm after promotion follows the world’s traffic and effect', () => {
  const window = { startAt: 0, fromMs: 50 * MINUTE_MS, toMs: 60 * MINUTE_MS };
  expect(laterHarm(WORLD, window)).toBeCloseTo(10 * 2_000 * 0.01, 8);
  expect(laterHarm({ ...WORLD, effects: [] }, window)).toBe(0);
});

describe('outcomes', () => {
  const [cell] = mainCells(['sluice']).filter(({ id }) => id.includes('2,000 a minute · +2')) as [Cell];

  test.each(['sluice' as const, ...COMPETITORS])(
    'of %s do not depend on how the rollouts are split',
    (method) => {
      const whole = cellOutcomes(cell, { method, seed: 3, first: 0, count: 6 });
      const parts = [0, 4].flatMap((first) =>
        cellOutcomes(cell, { method, seed: 3, first, count: first === 0 ? 4 : 2 }),
      );
      expect(parts).toEqual(whole);
    },
  );

  test('do not depend on the number of threads', async () => {
    const options = { rollouts: 300, seed: 2 };
    const quick = mainCells(['sluice', 'raw0']).filter(({ id }) => id.includes('20,000 a minute · +3'));
    const shares: number[] = [];
    const one = await resultsOf(quick, { ...options, threads: 1 }, (share) => shares.push(share));
    const three = await resultsOf(quick, { ...options, threads: 3 }, () => {});
    expect(three).toEqual(one);
    expect(one.map(({ summary }) => summary.rollouts)).toEqual([300, 300]);
    expect(shares).toEqual([0.25, 0.5, 0.75, 1]);
  });

  test('are summed up with medians over those that acted and over all', () => {
    const of = (firstActionMs: number | null) => ({
      end: 'complete' as const,
      endedMs: 1,
      firstActionMs,
      isBreachClaimed: false,
      badRequests: 2,
      blindPromotions: 0,
      widened: 0,
    });
    const summary = summaryOf([of(1), of(3), of(5), of(null), of(null)]);
    expect(summary.firstActionMs).toEqual({ median: 3, p90: 5 });
    expect(summary.actionMedianOfAllMs).toBe(5);
    expect(summary.meanBadRequests).toBe(2);
    expect(summaryOf([of(1), of(null), of(null)]).actionMedianOfAllMs).toBeNull();
  });
});

describe('what the tables state', () => {
  test('the exact upper bound of a share: of none, the rule of three and a bit', () => {
    // 1 - 0.025^(1 / 2,000).
    expect(upperBound(0, 2_000)).toBeCloseTo(0.001_842_7, 6);
    // Clopper-Pearson tables: 5 of 100 is at most 11.28 %.
    expect(upperBound(5, 100)).toBeCloseTo(0.112_8, 3);
    expect(upperBound(7, 7)).toBe(1);
  });

  test('nothing that is not clean is rounded to 0 or 100', () => {
    expect([0, 0.05, 12.345, 99.95, 100].map(percentText)).toEqual(['0', '0.05', '12.3', '99.95', '100']);
  });
});

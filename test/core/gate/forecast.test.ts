import { describe, expect, test } from 'vitest';
import { clearInMs, looksUntilUnder, type Outlook, shareGrowth } from '../../../src/core/gate/forecast.ts';

const recent = (treated: number, reference: number, looks = 5) =>
  Array.from({ length: looks }, (_, at) => ({ treated, reference, to: 15_000 * (at + 1) }));
const outlook = (over: Partial<Outlook> = {}): Outlook => ({
  missing: 3,
  recent: recent(100, 900),
  looksOwed: 0,
  ...over,
});

describe('the time until a check is clear', () => {
  test('is what evidence it lacks over what a look brings, in whole looks', () => {
    expect(clearInMs(outlook(), 1, 0)).toBe(3 * 15_000);
    expect(clearInMs(outlook(), 0.9, 0)).toBe(4 * 15_000);
  });

  test('is the longest of evidence, looks owed and the estimate’s way back', () => {
    expect(clearInMs(outlook({ looksOwed: 7 }), 1, 0)).toBe(7 * 15_000);
    expect(clearInMs(outlook({ looksOwed: 7 }), 1, 9.2)).toBe(10 * 15_000);
  });

  test('is nothing when nothing is lacking', () => {
    expect(clearInMs(outlook({ missing: 0 }), 0, 0)).toBe(0);
    expect(clearInMs(outlook({ missing: -2, looksOwed: -5 }), 0, 0)).toBe(0);
  });

  test('is unknown where it would never be, or nothing tells how fast looks come', () => {
    expect(clearInMs(outlook(), 0, 0)).toBeNull();
    expect(clearInMs(outlook(), 1, Infinity)).toBeNull();
    expect(clearInMs(outlook({ recent: recent(100, 900, 1) }), 1, 0)).toBeNull();
    expect(clearInMs(outlook({ recent: [] }), 1, 0)).toBeNull();
  });
});

describe('what a look brings', () => {
  const noise = { tau: 0 };
  const absolute = [{ times: 0, plus: 0.01 }];

  test('against a fixed limit is n (p ln(p / limit) + limit - p)', () => {
    // 1,000 units at 0.5 % against 1 %: 1,000 (0.005 ln 0.5 + 0.005) = 1.534 nats.
    const growth = shareGrowth(recent(1_000, 0), 0.005, absolute, noise);
    expect(growth).toBeCloseTo(1_000 * (0.005 * Math.log(0.5) + 0.005), 12);
  });

  test('is the preflight’s figure beside a large stable side: p ln(p / (p + m)) + m a unit', () => {
    // §9: 328 units clear +2 points from 0.5 %, that is ln(20 / 0.4) nats.
    const growth = shareGrowth(recent(328, 1e9), 0.005, [{ times: 1, plus: 0.02 }], noise);
    expect(growth).toBeCloseTo(Math.log(50), 1);
  });

  test('grows with traffic, shrinks with noise, and is never less than nothing', () => {
    const line = [{ times: 1, plus: 0.005 }];
    const at = (n: number, tau: number) => shareGrowth(recent(n, 9 * n), 0.005, line, { tau });
    expect(at(2_000, 0)).toBeGreaterThan(at(1_000, 0));
    expect(at(2_000, 0.5)).toBeLessThan(at(2_000, 0.25));
    expect(at(0, 0.25)).toBe(0);
    expect(shareGrowth([], 0.005, line, noise)).toBe(0);
  });

  test('a line without room between no effect and itself brings nothing', () => {
    expect(shareGrowth(recent(1_000, 0), 0.02, absolute, noise)).toBe(0);
    expect(shareGrowth(recent(1_000, 9_000), 0.005, [{ times: 1, plus: 0 }], noise)).toBe(0);
  });
});

describe('looks until the estimate is under the line again', () => {
  const line = [{ times: 1, plus: 0.005 }];
  const reference = { n: 100_000, x: 500 };

  test('are as many as it takes to thin the excess out', () => {
    // 20 of 1,000 where 5 were due: 15 too many are half a point of 3,000, so 2,000 more at 100 a look.
    const stage = { treated: { n: 1_000, x: 20 }, reference };
    expect(looksUntilUnder(stage, recent(100, 900), line)).toBeCloseTo(20, 9);
  });

  test('are none when it is under already, or nothing was seen', () => {
    expect(looksUntilUnder({ treated: { n: 1_000, x: 5 }, reference }, recent(100, 900), line)).toBe(0);
    expect(looksUntilUnder({ treated: { n: 0, x: 0 }, reference }, recent(100, 900), line)).toBe(0);
    expect(looksUntilUnder({ treated: { n: 1_000, x: 20 }, reference }, [], line)).toBe(0);
  });

  test('are no number that ever comes when the line has no room', () => {
    const stage = { treated: { n: 1_000, x: 20 }, reference };
    expect(looksUntilUnder(stage, recent(100, 900), [{ times: 0, plus: 0.004 }])).toBe(Infinity);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createQuota } from '../../fixtures/shop/base/suppliers/quota.ts';
import { openQuoteService } from '../../fixtures/shop/base/suppliers/quote-service.ts';

const LINE = { sku: 'sku-1', quantity: 1 };
/** Half luck: every service takes its shortest usual time, and no carrier fails. */
const LUCK = () => 0.5;
const QUICK_MS = 10;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

async function outcome(quote: Promise<number>): Promise<{ answered: boolean }> {
  const seen = { answered: false };
  void quote.then(() => {
    seen.answered = true;
  });
  return seen;
}

describe('quota', () => {
  it('gives what was saved up, then so many a second', () => {
    let now = 0;
    const quota = createQuota({ perSecond: 100, burst: 3 }, () => now);
    expect([quota.take(), quota.take(), quota.take(), quota.take()]).toEqual([true, true, true, false]);
    now = 9;
    expect(quota.take()).toBe(false);
    now = 11;
    expect([quota.take(), quota.take()]).toEqual([true, false]);
    now = 60_000;
    expect([quota.take(), quota.take(), quota.take(), quota.take()]).toEqual([true, true, true, false]);
  });
});

describe('quotes by line', () => {
  it('are quick within the quota and take 60 ms more above it', async () => {
    const service = openQuoteService(LUCK, () => 0);
    const within = await Promise.all(Array.from({ length: 80 }, () => outcome(service.quoteLine(LINE))));
    const above = await outcome(service.quoteLine(LINE));
    await vi.advanceTimersByTimeAsync(QUICK_MS);
    expect(within.every(({ answered }) => answered)).toBe(true);
    expect(above.answered).toBe(false);
    await vi.advanceTimersByTimeAsync(49);
    expect(above.answered).toBe(false);
    await vi.advanceTimersByTimeAsync(1 + QUICK_MS);
    expect(above.answered).toBe(true);
  });

  it('put off exactly one line in 200 of those above the quota', async () => {
    const service = openQuoteService(LUCK, () => 0);
    for (let taken = 0; taken < 80; taken++) void service.quoteLine(LINE);
    const above = await Promise.all(Array.from({ length: 400 }, () => outcome(service.quoteLine(LINE))));
    await vi.advanceTimersByTimeAsync(300);
    const late = above.flatMap(({ answered }, at) => (answered ? [] : [at + 1]));
    expect(late).toEqual([200, 400]);
  });

  it('cost together what the whole cart costs', async () => {
    const service = openQuoteService(LUCK, () => 0);
    const cart = [LINE, { sku: 'sku-2', quantity: 2 }, { sku: 'sku-3', quantity: 1 }];
    const whole = service.quoteCart(cart);
    const lines = Promise.all(cart.map((line) => service.quoteLine(line)));
    await vi.advanceTimersByTimeAsync(QUICK_MS);
    expect((await lines).reduce((sum, cents) => sum + cents, 0)).toBe(await whole);
  });
});

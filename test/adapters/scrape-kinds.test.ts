import { describe, expect, test } from 'vitest';
import { openScrapeTelemetry } from '../../src/adapters/scrape/scrape.ts';
import type { SignalBinding } from '../../src/core/plan/signal-binding.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { scraping, TICK_MS } from './scrape-target.ts';

const SPENT = {
  kind: 'moments',
  source: 'app',
  match: {},
  units: 'users_total',
  sum: 'spent_total',
  sumOfSquares: 'spent_squares_total',
} as const;
const SECOND = { sum: 'z_total', sumOfSquares: 'zz_total', product: 'yz_total' };

const BINDINGS = {
  retries: {
    kind: 'count',
    source: 'app',
    counter: 'retries_total',
    match: {},
    per: { counter: 'r_total', match: { s: '2..' } },
  },
  repeated: {
    kind: 'count',
    source: 'app',
    counter: 'calls_total',
    match: { attempt: 'again' },
    per: { counter: 'calls_total', match: {} },
  },
  'http.throughput': { kind: 'rate', source: 'app', counter: 'r_total', match: {}, per: 'second' },
  'queue.throughput': { kind: 'rate', source: 'app', counter: 'r_total', match: { s: '2..' }, per: 'minute' },
  spent: SPENT,
  'spent per order': { ...SPENT, denominator: SECOND },
  'spent against before': { ...SPENT, companion: SECOND },
} satisfies Readonly<Record<string, SignalBinding>>;

/** Series of the canary, and of the stable side where told. */
function page(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([series, value]) => `${series.includes('v="') ? series : withVariant(series)} ${value}\n`)
    .join('');
}

function withVariant(series: string): string {
  return series.includes('{') ? series.replace('{', '{v="on",') : `${series}{v="on"}`;
}

describe('events per unit of exposure', () => {
  test('x grows with one counter and n with the other, each by its own matchers, and x may exceed n', async () => {
    const { read } = scraping(1, BINDINGS);
    const at = (retries: number, good: number, bad: number) =>
      page({ retries_total: retries, 'r_total{s="200"}': good, 'r_total{s="500"}': bad });
    await read('retries', at(7, 100, 50));
    const [canary, stable] = await read('retries', at(19, 105, 90));
    expect(canary.stat).toEqual({ kind: 'count', n: 5, x: 12 });
    expect(stable.stat).toEqual({ kind: 'count', n: 0, x: 0 });
  });

  test('one counter may be both, matched otherwise', async () => {
    const { read } = scraping(1, BINDINGS);
    const at = (first: number, again: number) =>
      page({ 'calls_total{attempt="first"}': first, 'calls_total{attempt="again"}': again });
    await read('repeated', at(10, 2));
    const [canary] = await read('repeated', at(14, 5));
    expect(canary.stat).toEqual({ kind: 'count', n: 7, x: 3 });
  });

  test('events that no endpoint exposes are missing, not none; once there, both count from the last good read', async () => {
    const { read, now } = scraping(1, BINDINGS);
    await read('retries', page({ 'r_total{s="200"}': 1_000 }));
    const [missing] = await read('retries', page({ 'r_total{s="200"}': 1_010 }));
    expect(missing).toMatchObject({
      stat: null,
      quality: { unusable: 'metric_missing', detail: 'http://pod-0/metrics has no retries_total' },
    });
    const [canary] = await read('retries', page({ 'r_total{s="200"}': 1_030, retries_total: 3 }));
    expect(canary).toMatchObject({
      stat: { kind: 'count', n: 30, x: 3 },
      from: now() - 2 * TICK_MS,
      quality: { unusable: null, born: 1 },
    });
  });

  test('an endpoint that had no event yet adds its exposure to that of the others', async () => {
    const { read } = scraping(2, BINDINGS);
    const at = (requests: number) => page({ 'r_total{s="200"}': requests });
    await read('retries', at(10), at(10) + page({ retries_total: 1 }));
    const [canary] = await read('retries', at(15), at(30) + page({ retries_total: 5 }));
    expect(canary.stat).toMatchObject({ kind: 'count', n: 25, x: 4 });
  });

  test('exposure and events from different endpoints add up, and are not told apart by endpoint', async () => {
    const { read } = scraping(2, BINDINGS);
    const at = (requests: number) => page({ 'r_total{s="200"}': requests });
    await read('retries', at(10), page({ retries_total: 1 }));
    const [canary] = await read('retries', at(50), page({ retries_total: 8 }));
    expect(canary.stat).toEqual({ kind: 'count', n: 40, x: 7 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])(
    'a value of %d is not finite, and names its series',
    async (wrong) => {
      const { read } = scraping(1, BINDINGS);
      await read('retries', page({ 'r_total{s="200"}': 1, retries_total: 1 }));
      const [canary] = await read('retries', page({ 'r_total{s="200"}': 2, retries_total: wrong }));
      expect(canary.quality).toMatchObject({
        unusable: 'non_finite',
        detail: `http://pod-0/metrics gives ${wrong} for "retries_total[[v,on]]"`,
      });
    },
  );

  test('a restart resets both counters, and counts as one reset', async () => {
    const { read, now } = scraping(1, BINDINGS);
    const at = (start: number, requests: number, retries: number) =>
      `process_start_time_seconds ${start}\n${page({ 'r_total{s="200"}': requests, retries_total: retries })}`;
    await read('retries', at(1_000, 10, 2));
    const [canary] = await read('retries', at(now() / 1_000 + 5, 20, 1));
    expect(canary).toMatchObject({ stat: { n: 20, x: 1 }, quality: { unusable: null, resets: 1 } });
  });
});

describe('a rate', () => {
  test('is what a counter grew in a second or a minute, all its series together', async () => {
    const { read } = scraping(1, BINDINGS);
    const at = (good: number, bad: number) => page({ 'r_total{s="200"}': good, 'r_total{s="500"}': bad });
    await read('http.throughput', at(100, 0));
    const [canary, stable] = await read('http.throughput', at(145, 15));
    expect(canary.stat).toEqual({ kind: 'level', value: 4 });
    expect(stable.stat).toEqual({ kind: 'level', value: 0 });
    await read('queue.throughput', at(145, 15));
    const [minute] = await read('queue.throughput', at(150, 900));
    expect(minute.stat).toEqual({ kind: 'level', value: 20 });
  });

  test('adds the endpoints, each over its own time', async () => {
    const { read } = scraping(2, BINDINGS);
    const at = (requests: number) => page({ 'r_total{s="200"}': requests });
    await read('http.throughput', at(0), at(0));
    await read('http.throughput', at(30), null);
    const [canary] = await read('http.throughput', at(60), at(90));
    expect(canary.stat).toEqual({ kind: 'level', value: 2 + 3 });
  });

  test('is measured after a restart from nothing, never negative', async () => {
    const { read } = scraping(1, BINDINGS);
    await read('http.throughput', page({ 'r_total{s="200"}': 500 }));
    const [canary] = await read('http.throughput', page({ 'r_total{s="200"}': 30 }));
    expect(canary).toMatchObject({ stat: { kind: 'level', value: 2 }, quality: { resets: 1 } });
  });

  test('over no time is none: the clock is to blame', async () => {
    const clock = virtualClock();
    const telemetry = openScrapeTelemetry({
      endpoints: ['http://pod/metrics'],
      bindings: BINDINGS,
      cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
      timeoutMs: 1_000,
      clock,
      fetch: async () => new Response(page({ 'r_total{s="200"}': 10 })),
    });
    const request = { signals: ['http.throughput'], abort: new AbortController().signal };
    const { cursor } = await telemetry.read({ ...request, cursor: null });
    const { samples } = await telemetry.read({ ...request, cursor });
    expect(samples.map(({ stat, quality }) => [stat, quality.unusable])).toEqual([
      [null, 'clock_skew'],
      [null, 'clock_skew'],
    ]);
  });
});

describe('sums over units', () => {
  const sums = (n: number, y: number, yy: number, more: Readonly<Record<string, number>> = {}) =>
    page({ users_total: n, spent_total: y, spent_squares_total: yy, ...more });

  test('grow with their counters; without a second value its sums are nothing', async () => {
    const { read } = scraping(1, BINDINGS);
    await read('spent', sums(10, 50, 400));
    // Two units more, of 2.5 and 3.
    const [canary] = await read('spent', sums(12, 55.5, 415.25));
    expect(canary.stat).toEqual({ kind: 'moments', n: 2, y: 5.5, yy: 15.25, z: 0, zz: 0, yz: 0 });
  });

  test.each(['spent per order', 'spent against before'])('of two values: %s', async (signal) => {
    const { read } = scraping(1, BINDINGS);
    await read(signal, sums(0, 0, 0, { z_total: 0, zz_total: 0, yz_total: 0 }));
    // Units (4, 1) and (6, 3).
    const [canary] = await read(signal, sums(2, 10, 52, { z_total: 4, zz_total: 10, yz_total: 22 }));
    expect(canary.stat).toEqual({ kind: 'moments', n: 2, y: 10, yy: 52, z: 4, zz: 10, yz: 22 });
  });

  test('of several endpoints and of either side are added', async () => {
    const { read } = scraping(2, BINDINGS);
    const stable = (n: number) => sums(n, 2 * n, 4 * n).replaceAll('"on"', '"control"');
    await read('spent', sums(1, 2, 4) + stable(1), sums(5, 10, 20));
    const [canary, control] = await read('spent', sums(2, 4, 8) + stable(4), sums(7, 16, 38));
    expect(canary.stat).toMatchObject({ n: 3, y: 8, yy: 22 });
    expect(control.stat).toMatchObject({ n: 3, y: 6, yy: 12 });
  });

  test.each([
    { title: 'a sum without its units', now: sums(10, 57, 449) },
    { title: 'squares too small for their sum', now: sums(12, 60, 420) },
    { title: 'a sum without squares', now: sums(12, 60, 400) },
  ])('$title: inconsistent, and counted when all is there', async ({ now }) => {
    const { read } = scraping(1, BINDINGS);
    await read('spent', sums(10, 50, 400));
    const [torn] = await read('spent', now);
    expect(torn).toMatchObject({ stat: null, quality: { unusable: 'inconsistent' } });
    const [canary] = await read('spent', sums(12, 60, 450));
    expect(canary).toMatchObject({ stat: { n: 2, y: 10, yy: 50 }, quality: { unusable: null } });
  });

  test.each([
    { title: 'a product beyond what both allow', second: { z_total: 4, zz_total: 10, yz_total: 23 } },
    { title: 'squares too small for its sum', second: { z_total: 4, zz_total: 7.9, yz_total: 20 } },
  ])('a second value with $title is inconsistent', async ({ second }) => {
    const { read } = scraping(1, BINDINGS);
    await read('spent per order', sums(0, 0, 0, { z_total: 0, zz_total: 0, yz_total: 0 }));
    const [canary] = await read('spent per order', sums(2, 10, 52, second));
    expect(canary.quality.unusable).toBe('inconsistent');
  });

  test('a small unit after a million large ones is not refused for the rounding of its square', async () => {
    const { read } = scraping(1, BINDINGS);
    const [y, yy] = [1e6 * 7_919.37, 1e6 * 7_919.37 ** 2];
    await read('spent', sums(1e6, y, yy));
    const [canary] = await read('spent', sums(1e6 + 1, y + 45.1, yy + 45.1 ** 2));
    expect(canary.quality.unusable).toBeNull();
  });

  test('counters that are gone are named', async () => {
    const { read } = scraping(1, BINDINGS);
    await read('spent', sums(1, 2, 4));
    const [canary] = await read('spent', page({ users_total: 2 }));
    expect(canary.quality).toMatchObject({
      unusable: 'metric_missing',
      detail: 'http://pod-0/metrics has no spent_total, spent_squares_total',
    });
  });
});

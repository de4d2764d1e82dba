import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { openScrapeTelemetry } from '../../src/adapters/scrape/scrape.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { BINDINGS, ERRORS, histogram, requests, scraping, share, TICK_MS } from './scrape-target.ts';

describe('counting a share', () => {
  test('errors that are born at 12 between two scrapes are 12, where increase() says 0', async () => {
    const bindings = { errors: { ...ERRORS, counter: 'http_requests_total', bad: { status: '5..' } } };
    const labelled = (name: string) => fixture(name).replaceAll('variant=', 'v=');
    const { read } = scraping(1, bindings);
    await read('errors', labelled('errors-born-before.txt'));
    const [canary, stable] = await read('errors', labelled('errors-born-after.txt'));
    expect(canary.stat).toEqual(share(70, 12));
    expect(canary.quality).toEqual({ unusable: null, detail: null, resets: 0, born: 1 });
    expect(stable.stat).toEqual(share(440, 0));
    const [later] = await read('errors', labelled('errors-born-after.txt'));
    expect(later.stat).toEqual(share(0, 0));
  });

  test('only series that match are events, and everyone unexposed is stable', async () => {
    const { read } = scraping();
    const body = (k: number) =>
      [
        `cache_total{v="on",op="get",result="hit"} ${9 * k}`,
        `cache_total{v="on",op="get",result="miss"} ${k}`,
        `cache_total{v="on",op="set",result="hit"} ${100 * k}`,
        `cache_total{v="off",op="get",result="hit"} ${20 * k}`,
        `cache_total{v="control",op="get",result="miss"} ${5 * k}`,
        `cache_total{v="beta",op="get",result="hit"} ${70 * k}`,
        `cache_total{op="get",result="hit"} ${70 * k}`,
      ].join('\n');
    await read('hits', body(1));
    const [canary, stable] = await read('hits', body(2));
    expect([canary.stat, stable.stat]).toEqual([share(10, 9), share(25, 20)]);
  });

  test.each([
    {
      title: 'a value that fell: the new value counts',
      before: requests({ 200: 100 }),
      after: requests({ 200: 30 }),
      stat: share(30, 0),
      resets: 1,
    },
    {
      title: 'only the series that fell, when nothing tells of the process',
      before: requests({ 200: 100, 500: 7 }),
      after: requests({ 200: 130, 500: 2 }),
      stat: share(32, 2),
      resets: 1,
    },
  ])('a reset shows as $title', async ({ before, after, stat, resets }) => {
    const { read } = scraping();
    await read('errors', before);
    const [canary] = await read('errors', after);
    expect(canary.stat).toEqual(stat);
    expect(canary.quality).toMatchObject({ unusable: null, resets });
  });

  test('a restart in the window counts whole, even where the counters have outgrown the former ones', async () => {
    const { read, now } = scraping();
    await read('errors', requests({ 200: 10 }, 1_000));
    const [canary] = await read('errors', requests({ 200: 40, 500: 2 }, now() / 1_000 + 5));
    expect(canary.stat).toEqual(share(42, 2));
    expect(canary.quality).toMatchObject({ unusable: null, resets: 1, born: 1 });
  });

  test('a process start that wavers by a second is no restart', async () => {
    const { read, now } = scraping();
    const start = now() / 1_000;
    await read('errors', requests({ 200: 10 }, start));
    const [canary] = await read('errors', requests({ 200: 11 }, start + 1));
    expect(canary.stat).toEqual(share(1, 0));
    expect(canary.quality.resets).toBe(0);
  });

  test('another process behind the same address is inconsistent, its past is not this window', async () => {
    const { read, now } = scraping();
    const hour = 3_600;
    await read('errors', requests({ 200: 10 }, now() / 1_000 - 2 * hour));
    const [canary] = await read('errors', requests({ 200: 5_000, 500: 80 }, now() / 1_000 - hour));
    expect(canary.stat).toBeNull();
    expect(canary.quality).toMatchObject({
      unusable: 'inconsistent',
      detail: expect.stringMatching('another process'),
    });
    const [later] = await read('errors', requests({ 200: 5_004, 500: 81 }, now() / 1_000 - hour - 15));
    expect(later.stat).toEqual(share(5, 1));
  });

  test('start times of several processes speak for none of them', async () => {
    const { read } = scraping();
    const starts = (seconds: number) =>
      `process_start_time_seconds{w="1"} ${seconds}\nprocess_start_time_seconds{w="2"} 5\n`;
    await read('errors', starts(1_000) + requests({ 200: 10 }));
    const [canary] = await read('errors', starts(2_000_000_000) + requests({ 200: 15 }));
    expect(canary.stat).toEqual(share(5, 0));
  });

  test('a vanished series contributes nothing, and is not counted twice when it was only hidden', async () => {
    const { read } = scraping();
    await read('errors', requests({ 200: 100, 500: 9 }));
    const [gone] = await read('errors', requests({ 200: 110 }));
    expect(gone.stat).toEqual(share(10, 0));
    expect(gone.quality.unusable).toBeNull();
    const [back] = await read('errors', requests({ 200: 110, 500: 10 }));
    expect(back.stat).toEqual(share(1, 1));
  });

  test('no more than a thousand vanished series are remembered', async () => {
    const { read } = scraping();
    const many = Array.from({ length: 1_200 }, (_, at) => `r_total{v="on",user="${at}"} 1\n`).join('');
    await read('errors', many);
    await read('errors', requests({}));
    const [canary] = await read('errors', many);
    expect(canary.stat).toEqual(share(200, 0));
  });

  test('a metric with no series in a cohort is zero events there; declared and never counted, in both', async () => {
    const { read } = scraping();
    await read('errors', requests({}));
    const [nobody, noone] = await read('errors', requests({}));
    expect([nobody.stat, noone.stat]).toEqual([share(0, 0), share(0, 0)]);
    const [canary, stable] = await read('errors', requests({ 500: 3 }));
    expect([canary.stat, stable.stat]).toEqual([share(3, 3), share(0, 0)]);
    expect(stable.quality.unusable).toBeNull();
  });

  test('a label set that is exposed twice is inconsistent', async () => {
    const { read } = scraping();
    await read('errors', requests({ 200: 1 }));
    const [canary, stable] = await read('errors', `${requests({ 200: 1 })}r_total{s="200",v="on"} 5\n`);
    expect(canary.quality).toMatchObject({
      unusable: 'inconsistent',
      detail: 'http://pod-0/metrics is inconsistent: "[[s,200],[v,on]]" is exposed twice',
    });
    expect(stable.quality.unusable).toBeNull();
  });

  test('more label sets than a cursor should carry are too large', async () => {
    const { read } = scraping();
    const body = Array.from({ length: 5_001 }, (_, at) => `r_total{v="on",user="${at}"} 1\n`).join('');
    await read('errors', body);
    const [canary, stable] = await read('errors', body);
    expect([canary.quality.unusable, stable.quality.unusable]).toEqual(['too_large', null]);
  });
});

describe('several endpoints', () => {
  test('add up, and one that fails makes the sample partial and is named', async () => {
    const { read } = scraping(2);
    await read('errors', requests({ 200: 10 }), requests({ 200: 20 }));
    const [both] = await read('errors', requests({ 200: 13 }), requests({ 200: 24, 500: 1 }));
    expect(both.stat).toMatchObject(share(8, 1));
    const [one] = await read('errors', requests({ 200: 14 }), null);
    expect(one.stat).toEqual(share(1, 0));
    expect(one.quality).toMatchObject({
      unusable: 'partial',
      detail: 'http://pod-1/metrics cannot be read (fetch failed)',
    });
  });

  test('one that was down is back: its gap counts once, and the window says how far back it reaches', async () => {
    const { read, now } = scraping(2);
    await read('errors', requests({ 200: 10 }), requests({ 200: 20 }));
    await read('errors', requests({ 200: 14 }), null);
    await read('errors', requests({ 200: 15 }), null);
    const [back] = await read('errors', requests({ 200: 17 }), requests({ 200: 50, 500: 5 }));
    expect(back.stat).toMatchObject(share(37, 5));
    expect(back.quality.unusable).toBeNull();
    expect([back.from, back.to]).toEqual([now() - 3 * TICK_MS, now()]);
    const [after] = await read('errors', requests({ 200: 17 }), requests({ 200: 50, 500: 5 }));
    expect(after.stat).toMatchObject(share(0, 0));
    expect(after.from).toBe(now() - TICK_MS);
  });

  test('a process that started after it was first asked counts whole; one from before only starts', async () => {
    const { read, now } = scraping(3);
    const old = requests({ 200: 1_000, 500: 100 }, 1_000);
    await read('errors', requests({ 200: 5 }), null, null);
    const booting = now() / 1_000 + 2;
    await read('errors', requests({ 200: 5 }), null, null);
    const [canary] = await read('errors', requests({ 200: 5 }), requests({ 500: 12 }, booting), old);
    expect(canary.stat).toMatchObject(share(12, 12));
    expect(canary.quality).toMatchObject({
      unusable: 'partial',
      detail: 'http://pod-2/metrics is read for the first time',
      born: 1,
    });
    const [later] = await read('errors', requests({ 200: 5 }), requests({ 500: 12 }, booting), old);
    expect(later).toMatchObject({ stat: share(0, 0), quality: { unusable: null } });
  });

  test('one that fails says more than one that only starts', async () => {
    const { read } = scraping(2);
    await read('errors', null, null);
    const [canary] = await read('errors', requests({ 200: 5 }), null);
    expect(canary.quality).toMatchObject({
      unusable: 'unreachable',
      detail:
        'http://pod-0/metrics is read for the first time; http://pod-1/metrics cannot be read (fetch failed)',
    });
  });

  test('no more than three are named', async () => {
    const { read } = scraping(5);
    const down = [null, null, null, null, null];
    await read('errors', ...down);
    const [{ quality }] = await read('errors', ...down);
    expect(quality.detail?.split('; ').slice(2)).toEqual([
      'http://pod-2/metrics cannot be read (fetch failed)',
      'and 2 more',
    ]);
  });

  test('a metric that only some have is counted from those; that none has is missing, and named', async () => {
    const { read } = scraping(2);
    await read('errors', requests({ 200: 5 }), 'other 1\n');
    const [canary] = await read('errors', requests({ 200: 6 }), 'other 2\n');
    expect(canary).toMatchObject({ stat: share(1, 0), quality: { unusable: null } });
    const [missing] = await read('errors', 'other 1\n', 'other 2\n');
    expect(missing.stat).toBeNull();
    expect(missing.quality).toMatchObject({
      unusable: 'metric_missing',
      detail: 'http://pod-0/metrics has no r_total; http://pod-1/metrics has no r_total',
    });
  });

  test('a value that is no number spoils the sum, and what the others counted is left for the next read', async () => {
    const { read } = scraping(2);
    await read('errors', requests({ 200: 5 }), requests({ 200: 5 }));
    const [spoilt, stable] = await read('errors', requests({ 200: 9 }), requests({ 200: Number.NaN }));
    expect(spoilt.stat).toBeNull();
    expect(spoilt.quality).toMatchObject({
      unusable: 'non_finite',
      detail: 'http://pod-1/metrics gives NaN for "[[s,200],[v,on]]"',
    });
    expect(stable.quality.unusable).toBeNull();
    const [canary] = await read('errors', requests({ 200: 10 }), requests({ 200: 7 }));
    expect(canary.stat).toMatchObject(share(7, 0));
  });
});

test('a signal asked for the first time starts then, though its endpoint has long been read', async () => {
  const { read } = scraping();
  const body = (k: number) => requests({ 200: 10 * k }) + histogram('d_seconds', { 1: 5 * k, '+Inf': 5 * k });
  await read('errors', body(1));
  const [first] = await read('latency', body(2));
  expect(first).toMatchObject({ stat: null, quality: { unusable: 'first_read' } });
  const [canary] = await read('errors', body(3));
  expect(canary.stat).toEqual(share(20, 0));
});

test('a signal that is measured otherwise than before starts anew, the others go on', async () => {
  const clock = virtualClock();
  const open = (counter: string) =>
    openScrapeTelemetry({
      endpoints: ['http://pod/metrics'],
      bindings: { errors: { ...ERRORS, counter }, others: ERRORS },
      cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
      timeoutMs: 1_000,
      clock,
      fetch: async () =>
        new Response(`${requests({ 200: 10 })}${requests({ 200: 10 }).replaceAll('r_total', 'q_total')}`),
    });
  const request = { signals: ['errors', 'others'], abort: new AbortController().signal };
  const { cursor } = await open('r_total').read({ ...request, cursor: null });
  const { samples } = await open('q_total').read({ ...request, cursor });
  expect(samples.map(({ quality }) => quality.unusable)).toEqual(['first_read', 'first_read', null, null]);
});

test('an endpoint that is new in the list counts whole when it started after the last read', async () => {
  const clock = virtualClock();
  const open = (...endpoints: readonly string[]) =>
    openScrapeTelemetry({
      endpoints,
      bindings: BINDINGS,
      cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
      timeoutMs: 1_000,
      clock,
      fetch: async (url) =>
        new Response(
          String(url) === 'http://old/metrics' ? requests({ 200: 10 }) : requests({ 500: 12 }, start),
        ),
    });
  const request = { signals: ['errors'], abort: new AbortController().signal };
  const { cursor } = await open('http://old/metrics').read({ ...request, cursor: null });
  const start = clock.now() / 1_000 + 5;
  await clock.advance(TICK_MS);
  const { samples } = await open('http://old/metrics', 'http://new/metrics').read({ ...request, cursor });
  expect(samples[0]).toMatchObject({ stat: share(12, 12), quality: { unusable: null, born: 1 } });
});

test('a cursor whose counts do not fit its buckets is none', async () => {
  const telemetry = openScrapeTelemetry({
    endpoints: ['http://pod/metrics'],
    bindings: BINDINGS,
    cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
    timeoutMs: 1_000,
    clock: virtualClock(),
    fetch: async () => new Response(requests({ 200: 10 })),
  });
  const request = { signals: ['errors'], abort: new AbortController().signal };
  const { cursor } = await telemetry.read({ ...request, cursor: null });
  const damaged = cursor.replace('[10]', '[10,3]');
  expect(damaged).not.toBe(cursor);
  const { samples } = await telemetry.read({ ...request, cursor: damaged });
  expect(samples[0]?.quality.unusable).toBe('first_read');
});

test('a clock that was set back gives a window of no length, not a negative one', async () => {
  const clock = virtualClock();
  const telemetry = openScrapeTelemetry({
    endpoints: ['http://pod/metrics'],
    bindings: BINDINGS,
    cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
    timeoutMs: 1_000,
    clock,
    fetch: async () => new Response(requests({ 200: 10 })),
  });
  const request = { signals: ['errors'], abort: new AbortController().signal };
  const { cursor } = await telemetry.read({ ...request, cursor: null });
  clock.jump(-60_000);
  const { samples } = await telemetry.read({ ...request, cursor });
  expect(samples.map(({ from, to }) => to - from)).toEqual([0, 0]);
});

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/metrics/${name}`, import.meta.url), 'utf8');
}

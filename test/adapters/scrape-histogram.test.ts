import { describe, expect, test } from 'vitest';
import { histogram, scraping } from './scrape-target.ts';

describe('counting a histogram', () => {
  test('gives what fell into each bucket, the overflow last, in ms', async () => {
    const { read } = scraping();
    await read('latency', histogram('d_seconds', { '0.07': 1, '0.3': 3, '+Inf': 4 }));
    const [canary, stable] = await read(
      'latency',
      histogram('d_seconds', { '0.07': 5, '0.3': 9, '+Inf': 17 }),
    );
    expect(canary.stat).toEqual({ kind: 'histogram', bounds: [70, 300], counts: [4, 2, 7] });
    expect(stable.stat).toEqual({ kind: 'histogram', bounds: [70, 300], counts: [0, 0, 0] });
  });

  test('keeps the bounds of one that is not in seconds', async () => {
    const { read } = scraping();
    await read('size', histogram('size_bytes', { 1024: 0, '+Inf': 0 }));
    const [canary] = await read('size', histogram('size_bytes', { 1024: 2, '+Inf': 3 }));
    expect(canary.stat).toEqual({ kind: 'histogram', bounds: [1024], counts: [2, 1] });
  });

  test('sums its label sets, and counts one that was reset whole', async () => {
    const { read } = scraping();
    const both = (a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>) =>
      histogram('d_seconds', a, ',r="a"') + histogram('d_seconds', b, ',r="b"');
    await read('latency', both({ 1: 1, '+Inf': 10 }, { 1: 0, '+Inf': 0 }));
    // No cumulative bucket of a fell, and yet it was reset: 9 above 1 s have become none.
    const [canary] = await read('latency', both({ 1: 10, '+Inf': 10 }, { 1: 2, '+Inf': 2 }));
    expect(canary.stat).toEqual({ kind: 'histogram', bounds: [1_000], counts: [12, 0] });
    expect(canary.quality.resets).toBe(1);
  });

  test.each([
    {
      title: 'buckets that do not add up',
      body: histogram('d_seconds', { 1: 5, 2: 4, '+Inf': 6 }),
      says: 'counts less up to 2000 than up to 1000',
    },
    { title: 'no +Inf bucket', body: histogram('d_seconds', { 1: 5, 2: 6 }), says: 'has no +Inf bucket' },
    {
      title: 'a bucket exposed twice',
      body: histogram('d_seconds', { 1: 5, '1.0': 5, '+Inf': 6 }),
      says: 'exposes the bucket 1000 twice',
    },
    {
      title: 'a bound that is none',
      body: histogram('d_seconds', { slow: 5, '+Inf': 6 }),
      says: 'has a bucket whose le is no bound',
    },
    {
      title: 'label sets with different bounds',
      body:
        histogram('d_seconds', { 1: 5, '+Inf': 6 }) + histogram('d_seconds', { 2: 5, '+Inf': 6 }, ',r="b"'),
      says: 'has bounds of its own',
    },
  ])('$title: inconsistent, and the count goes on from the last good reply', async ({ body, says }) => {
    const { read } = scraping();
    await read('latency', histogram('d_seconds', { 1: 4, '+Inf': 4 }));
    const [canary] = await read('latency', body);
    expect(canary.stat).toBeNull();
    expect(canary.quality).toMatchObject({ unusable: 'inconsistent', detail: expect.stringContaining(says) });
    const [later] = await read('latency', histogram('d_seconds', { 1: 5, '+Inf': 7 }));
    expect(later.stat).toEqual({ kind: 'histogram', bounds: [1_000], counts: [1, 2] });
  });

  test('bounds that changed since are inconsistent once, and counting starts over', async () => {
    const { read } = scraping();
    await read('latency', histogram('d_seconds', { 1: 4, '+Inf': 4 }));
    const [changed] = await read('latency', histogram('d_seconds', { 2: 9, '+Inf': 9 }));
    expect(changed.quality).toMatchObject({
      unusable: 'inconsistent',
      detail: expect.stringContaining('bounds changed'),
    });
    const [later] = await read('latency', histogram('d_seconds', { 2: 10, '+Inf': 10 }));
    expect(later.stat).toEqual({ kind: 'histogram', bounds: [2_000], counts: [1, 0] });
  });

  test('is born whole where the metric was missing before, and goes on where it was only hidden', async () => {
    const { read } = scraping();
    await read('latency', 'other 1\n');
    const [born] = await read('latency', histogram('d_seconds', { 1: 4, '+Inf': 6 }));
    expect(born).toMatchObject({ stat: { bounds: [1_000], counts: [4, 2] }, quality: { born: 1 } });
    const [hidden] = await read('latency', 'other 1\n');
    expect(hidden.quality.unusable).toBe('metric_missing');
    const [back] = await read('latency', histogram('d_seconds', { 1: 5, '+Inf': 8 }));
    expect(back).toMatchObject({ stat: { counts: [1, 1] }, quality: { unusable: null, born: 0 } });
  });

  test('an endpoint that serves only the other cohort has no say in the bounds', async () => {
    const { read } = scraping(2);
    const bodies = (k: number) => [
      histogram('d_seconds', { 2: 4, '+Inf': 4 }).replaceAll('"on"', '"off"'),
      histogram('d_seconds', { 1: k, '+Inf': k }),
    ];
    await read('latency', ...bodies(1));
    const [canary, stable] = await read('latency', ...bodies(3));
    expect(canary.stat).toEqual({ kind: 'histogram', bounds: [1_000], counts: [2, 0] });
    expect(stable.stat).toEqual({ kind: 'histogram', bounds: [2_000], counts: [0, 0] });
  });

  test('endpoints that count in different buckets cannot be added', async () => {
    const { read } = scraping(2);
    const bodies = [histogram('d_seconds', { 1: 4, '+Inf': 4 }), histogram('d_seconds', { 2: 4, '+Inf': 4 })];
    await read('latency', ...bodies);
    const [canary] = await read('latency', ...bodies);
    expect(canary).toMatchObject({ stat: null, quality: { unusable: 'inconsistent' } });
  });

  test.each(['NaN', '+Inf', '-1'])('a bucket of %s is no count', async (value) => {
    const { read } = scraping();
    await read('latency', histogram('d_seconds', { 1: 1, '+Inf': 1 }));
    const [canary] = await read(
      'latency',
      `d_seconds_bucket{v="on",le="1"} 1\nd_seconds_bucket{v="on",le="+Inf"} ${value}\n`,
    );
    expect(canary).toMatchObject({ stat: null, quality: { unusable: 'non_finite' } });
  });
});

describe('reading a level', () => {
  test.each([
    { signal: 'process.memory', gauge: 'memory_bytes', title: 'the most, where more is worse', value: 30 },
    { signal: 'queue.throughput', gauge: 'jobs', title: 'the least, where less is worse', value: 10 },
    { signal: 'http.throughput', gauge: 'rps', title: 'the mean, where either is', value: 20 },
  ])('of several instances is $title', async ({ signal, gauge, value }) => {
    const { read } = scraping(2);
    const bodies = [`${gauge}{v="on",i="1"} 10\n${gauge}{v="on",i="2"} 30\n`, `${gauge}{v="on"} 20\n`];
    const [first] = await read(signal, ...bodies);
    expect(first.quality.unusable).toBe('first_read');
    const [canary, stable] = await read(signal, ...bodies);
    expect(canary.stat).toEqual({ kind: 'level', value });
    expect(stable).toMatchObject({ stat: null, quality: { unusable: 'metric_missing' } });
    expect(stable.quality.detail).toBe(
      `http://pod-0/metrics has no ${gauge} with v="off|control"; http://pod-1/metrics has no ${gauge} with v="off|control"`,
    );
  });
});

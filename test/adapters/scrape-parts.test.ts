import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Part, Stat } from '../../src/core/gate/sample.ts';
import type { SignalBinding } from '../../src/core/plan/signal-binding.ts';
import { scraping } from './scrape-target.ts';

const BINDINGS = {
  errors: { kind: 'counter', source: 'app', counter: 'r_total', match: {}, bad: { s: '500' } },
  retries: {
    kind: 'count',
    source: 'app',
    counter: 'retries_total',
    match: {},
    per: { counter: 'r_total', match: {} },
  },
  latency: { kind: 'histogram', source: 'app', histogram: 'd', match: {} },
} satisfies Readonly<Record<string, SignalBinding>>;

const REGION = { segment: 'region' };

/** One series of `r_total`, on the canary side unless told. */
const line = (labels: Readonly<Record<string, string>>, value: number, name = 'r_total') =>
  `${name}{${Object.entries({ v: 'on', ...labels })
    .map(([label, text]) => `${label}="${text}"`)
    .join(',')}} ${value}\n`;

const partsOf = (stat: Stat | null, of: 'segments' | 'clusters') =>
  stat?.kind === 'share' || stat?.kind === 'count' ? stat[of] : undefined;

describe('segments', () => {
  test('are counted beside the whole, in the order of their keys; a series without the label is segment ""', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    const at = (k: number) =>
      line({ s: '200', region: 'us' }, 10 * k) +
      line({ s: '500', region: 'us' }, k) +
      line({ s: '200', region: 'eu' }, 5 * k) +
      line({ s: '200' }, 2 * k) +
      line({ v: 'off', s: '200', region: 'us' }, 40 * k);
    await read('errors', at(1));
    const [canary, stable] = await read('errors', at(2));
    expect(canary.stat).toEqual({
      kind: 'share',
      n: 18,
      x: 1,
      segments: [
        { key: '', n: 2, x: 0 },
        { key: 'eu', n: 5, x: 0 },
        { key: 'us', n: 11, x: 1 },
      ],
    });
    expect(stable.stat).toEqual({ kind: 'share', n: 40, x: 0 });
  });

  test('of a count have both; events whose series lack the label tell nothing apart', async () => {
    const both = scraping(1, BINDINGS, REGION);
    const at = (k: number, named: boolean) =>
      ['eu', 'us'].map((region) => line({ region }, 10 * k)).join('') +
      (named
        ? line({ region: 'eu' }, 3 * k, 'retries_total') + line({ region: 'us' }, k, 'retries_total')
        : line({}, 4 * k, 'retries_total'));
    await both.read('retries', at(1, true));
    expect((await both.read('retries', at(2, true)))[0].stat).toEqual({
      kind: 'count',
      n: 20,
      x: 4,
      segments: [
        { key: 'eu', n: 10, x: 3 },
        { key: 'us', n: 10, x: 1 },
      ],
    });
    const one = scraping(1, BINDINGS, REGION);
    await one.read('retries', at(1, false));
    expect((await one.read('retries', at(2, false)))[0].stat).toEqual({ kind: 'count', n: 20, x: 4 });
  });

  test('of a histogram have the buckets of the whole', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    const at = (eu: readonly [number, number], us: readonly [number, number]) =>
      Object.entries({ eu, us })
        .map(
          ([region, [fast, all]]) =>
            line({ region, le: '10' }, fast, 'd_bucket') + line({ region, le: '+Inf' }, all, 'd_bucket'),
        )
        .join('');
    await read('latency', at([0, 0], [1, 2]));
    const [canary] = await read('latency', at([3, 4], [6, 9]));
    expect(canary.stat).toEqual({
      kind: 'histogram',
      bounds: [10],
      counts: [8, 3],
      segments: [
        { key: 'eu', counts: [3, 1] },
        { key: 'us', counts: [5, 2] },
      ],
    });
  });

  test('beyond 32 are the 31 largest, and the others together, the same on both sides', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    // r30 and r31 are the smallest of both sides together, though neither is on each side.
    const canarySize = (at: number) => (at >= 30 ? 1 : 5);
    const stableSize = (at: number) => (at === 0 ? 1 : 5);
    const at = (k: number) =>
      Array.from({ length: 33 }, (_, place) => {
        const region = `r${String(place).padStart(2, '0')}`;
        const stable = place >= 30 ? '' : line({ v: 'off', s: '500', region }, stableSize(place) * k);
        return line({ s: '200', region }, canarySize(place) * k) + stable;
      }).join('');
    await read('errors', at(1));
    const [canary, stable] = await read('errors', at(2));
    const [ofCanary, ofStable] = [canary, stable].map(({ stat }) => partsOf(stat, 'segments') ?? []);
    expect(ofCanary?.length).toBe(32);
    expect(ofCanary?.filter(({ key }) => !key.startsWith('r'))).toEqual([{ key: 'other', n: 2, x: 0 }]);
    // r30 comes before its equals r31 and r32.
    expect(ofCanary?.map(({ key }) => key)).toContain('r30');
    expect(ofStable?.map(({ key }) => key)).not.toContain('other');
    expect(ofStable?.length).toBe(30);
  });

  test('up to 32 all stay themselves', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    const at = (k: number) =>
      Array.from({ length: 32 }, (_, place) => line({ region: `r${place}` }, k)).join('');
    await read('errors', at(1));
    const [canary] = await read('errors', at(2));
    expect(partsOf(canary.stat, 'segments')?.length).toBe(32);
    expect(partsOf(canary.stat, 'segments')?.map(({ key }) => key)).not.toContain('other');
  });

  test('that are called "other" are pooled with the others', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    const at = (k: number) =>
      ['other', ...Array.from({ length: 40 }, (_, place) => `r${place}`)]
        .map((region) => line({ s: '200', region }, (region === 'other' ? 9 : 1) * k))
        .join('');
    await read('errors', at(1));
    const [canary] = await read('errors', at(2));
    const parts = partsOf(canary.stat, 'segments') ?? [];
    expect(parts.find(({ key }) => key === 'other')).toEqual({ key: 'other', n: 9 + 10, x: 0 });
    expect(parts.reduce((sum, { n }) => sum + n, 0)).toBe(49);
  });

  test('have keys of at most 80 characters', async () => {
    const { read } = scraping(1, BINDINGS, REGION);
    const at = (k: number) => ['a', 'b', 'c'].map((r) => line({ region: r.repeat(500) }, k)).join('');
    await read('errors', at(1));
    const [canary] = await read('errors', at(2));
    expect(partsOf(canary.stat, 'segments')?.map(({ key }) => key.length)).toEqual([80, 80, 80]);
  });

  test('named or renamed in the configuration do not make counting start afresh', async () => {
    const body = (k: number) => line({ region: 'eu' }, k) + line({ region: 'us' }, k);
    const plain = scraping(1, BINDINGS);
    const parted = scraping(1, BINDINGS, REGION);
    const before = await plain.read('errors', body(1));
    expect(before[0].quality.unusable).toBe('first_read');
    parted.resume(plain.cursor());
    const [canary] = await parted.read('errors', body(3));
    expect(canary.stat).toMatchObject({ n: 4, segments: [{ n: 2 }, { n: 2 }] });
  });
});

describe('clusters', () => {
  test('are the endpoints of a source that has several, and those without the cohort are none', async () => {
    const { read } = scraping(3, BINDINGS);
    const at = (k: number, v: string) => line({ v, s: '200' }, 10 * k) + line({ v, s: '500' }, k);
    await read('errors', at(1, 'on'), at(1, 'on'), at(1, 'off'));
    const [canary, stable] = await read('errors', at(2, 'on'), at(4, 'on'), at(7, 'off'));
    expect(canary.stat).toEqual({
      kind: 'share',
      n: 44,
      x: 4,
      clusters: [
        { key: 'pod-0', n: 11, x: 1 },
        { key: 'pod-1', n: 33, x: 3 },
      ],
    });
    expect(stable.stat).toEqual({ kind: 'share', n: 66, x: 6 });
  });

  test('are the values of the cluster label where the target names one', async () => {
    const { read } = scraping(2, BINDINGS, { cluster: 'pod' });
    const at = (k: number) => line({ pod: 'a' }, k) + line({ pod: 'b' }, 2 * k);
    await read('errors', at(1), at(1));
    const [canary] = await read('errors', at(2), at(3));
    expect(partsOf(canary.stat, 'clusters')).toEqual([
      { key: 'a', n: 3, x: 0 },
      { key: 'b', n: 6, x: 0 },
    ]);
  });

  test('beyond 64 are the 63 largest, and the others together', async () => {
    const { read } = scraping(1, BINDINGS, { cluster: 'pod' });
    const at = (k: number) =>
      Array.from({ length: 70 }, (_, pod) => line({ pod: `p${pod}` }, (pod + 1) * k)).join('');
    await read('errors', at(1));
    const [canary] = await read('errors', at(2));
    const parts = partsOf(canary.stat, 'clusters') ?? [];
    expect(parts.length).toBe(64);
    expect(parts.find(({ key }) => key === 'other')).toEqual({ key: 'other', n: 28, x: 0 });
  });
});

test('parts of fractional counts that miss the whole by a rounding are left out', async () => {
  const { read } = scraping(1, BINDINGS, REGION);
  const at = (values: readonly number[]) =>
    values.map((value, place) => line({ region: `r${place % 2}`, id: `${place}` }, value)).join('');
  await read('errors', at([0, 0, 0]));
  // (0.1 + 0.3) + 0.7 is not (0.1 + 0.7) + 0.3.
  const [canary] = await read('errors', at([0.1, 0.3, 0.7]));
  expect(canary.stat).toEqual({ kind: 'share', n: 0.1 + 0.3 + 0.7, x: 0 });
  expect(canary.quality.unusable).toBeNull();
});

describe('whatever happens', () => {
  const event = fc.record({
    pod: fc.nat(2),
    region: fc.constantFrom('', 'eu', 'us', 'other', ...Array.from({ length: 40 }, (_, at) => `r${at}`)),
    v: fc.constantFrom('on', 'off'),
    s: fc.constantFrom('200', '500'),
    times: fc.integer({ min: 1, max: 50 }),
  });
  const tick = fc.record({
    events: fc.array(event, { maxLength: 60 }),
    restarts: fc.subarray([0, 1, 2]),
    lost: fc.subarray([0, 1, 2]),
  });

  test('segments and clusters each add up to the whole, through births, resets, restarts and lost replies', async () => {
    let seen = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(tick, { minLength: 2, maxLength: 5 }), fc.boolean(), async (ticks, tells) => {
        const rig = scraping(3, BINDINGS, REGION);
        const pods = [0, 1, 2].map(() => ({ start: 1_000, counts: new Map<string, number>() }));
        for (const { events, restarts, lost } of ticks) {
          for (const at of restarts) pods[at] = { start: rig.now() / 1_000 + 1, counts: new Map() };
          for (const { pod, times, region, v, s } of events) {
            const key = JSON.stringify({ region, v, s });
            const counts = pods[pod]?.counts;
            counts?.set(key, (counts.get(key) ?? 0) + times);
          }
          const bodies = pods.map(({ start, counts }, at) => {
            const lines = [...counts].map(([labels, count]) => line(JSON.parse(labels), count));
            const more = [...counts].map(([labels, count]) =>
              line(JSON.parse(labels), 2 * count, 'retries_total'),
            );
            const told = tells ? `process_start_time_seconds ${start}\n` : '';
            const types = '# TYPE r_total counter\n# TYPE retries_total counter\n';
            return lost.includes(at) ? null : told + types + lines.join('') + more.join('');
          });
          for (const signal of ['errors', 'retries']) {
            for (const { stat } of await rig.read(signal, ...bodies)) {
              for (const of of ['segments', 'clusters'] as const) {
                const parts = partsOf(stat, of);
                if (parts === undefined || (stat?.kind !== 'share' && stat?.kind !== 'count')) continue;
                seen += 1;
                expect(parts.length).toBeGreaterThan(1);
                expect(parts.length).toBeLessThanOrEqual(of === 'segments' ? 32 : 64);
                expect(sumOf(parts)).toEqual({ n: stat.n, x: stat.x });
                expect(new Set(parts.map(({ key }) => key)).size).toBe(parts.length);
              }
            }
          }
        }
      }),
    );
    expect(seen).toBeGreaterThan(50);
  });
});

function sumOf(parts: readonly Part[]) {
  return {
    n: parts.reduce((sum, { n }) => sum + n, 0),
    x: parts.reduce((sum, { x }) => sum + x, 0),
  };
}

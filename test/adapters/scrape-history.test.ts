import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Sample } from '../../src/core/gate/sample.ts';
import { requests, scraping } from './scrape-target.ts';

describe('whatever the history', () => {
  /** Events by status in each tick; a status that has had none is not exposed. */
  const ticks = fc.array(fc.record({ ok: fc.nat(50), bad: fc.nat(5) }), { minLength: 2, maxLength: 8 });

  function bodyOf(total: { readonly ok: number; readonly bad: number }): string {
    return requests({
      ...(total.ok > 0 ? { 200: total.ok } : {}),
      ...(total.bad > 0 ? { 500: total.bad } : {}),
    });
  }

  test('windows add up: split or merged, every event is counted once, wherever its series was born', async () => {
    const plan = fc.tuple(ticks, fc.infiniteStream(fc.boolean()));
    await fc.assert(
      fc.asyncProperty(plan, async ([events, reads]) => {
        const { read } = scraping();
        await read('errors', bodyOf({ ok: 0, bad: 0 }));
        const total = { ok: 0, bad: 0 };
        const counted = newSum();
        for (const [at, { ok, bad }] of events.entries()) {
          total.ok += ok;
          total.bad += bad;
          const isRead = reads.next().value === true || at === events.length - 1;
          if (isRead) add(counted, (await read('errors', bodyOf(total)))[0]);
        }
        expect(counted).toEqual({ n: total.ok + total.bad, x: total.bad });
      }),
    );
  });

  test('a restart right after any read loses nothing, whether or not the process tells its start', async () => {
    await fc.assert(
      fc.asyncProperty(ticks, fc.nat(7), fc.boolean(), async (events, restartAt, tells) => {
        const { read, now } = scraping();
        let start = 1_000;
        const told = () => (tells ? start : undefined);
        await read('errors', requests({ 200: 0, 500: 0 }, told()));
        let own = { ok: 0, bad: 0 };
        const counted = newSum();
        const truth = newSum();
        for (const [at, { ok, bad }] of events.entries()) {
          const isRestart = at === restartAt;
          if (isRestart) start = now() / 1_000 + 1;
          // Untold, a restart shows only where a value falls: here the new process has served less than the old one.
          const hidden = isRestart && !tells && (ok >= own.ok || bad >= own.bad);
          const base = isRestart && !hidden ? { ok: 0, bad: 0 } : own;
          own = { ok: base.ok + ok, bad: base.bad + bad };
          truth.n += ok + bad;
          truth.x += bad;
          add(counted, (await read('errors', requests({ 200: own.ok, 500: own.bad }, told())))[0]);
        }
        expect(counted).toEqual(truth);
      }),
    );
  });

  test('the order of series and of labels changes nothing', async () => {
    const line = fc.record({
      s: fc.constantFrom('200', '404', '500', '503'),
      r: fc.constantFrom('/', '/pay'),
      v: fc.constantFrom('on', 'off', 'control'),
    });
    const lines = fc.uniqueArray(line, { selector: (labels) => JSON.stringify(labels), minLength: 1 });
    const shuffled = lines.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    await fc.assert(
      fc.asyncProperty(shuffled, async ([straight, mixed]) => {
        const text = (all: typeof straight, k: number, flip: boolean) =>
          all
            .map((labels) => {
              const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value}"`);
              return `r_total{${(flip ? pairs.reverse() : pairs).join(',')}} ${k * (labels.s.length + labels.r.length)}\n`;
            })
            .join('');
        const a = scraping();
        const b = scraping();
        await a.read('errors', text(straight, 1, false));
        await b.read('errors', text(straight, 1, false));
        expect(await b.read('errors', text(mixed, 3, true))).toEqual(
          await a.read('errors', text(straight, 3, false)),
        );
      }),
    );
  });

  /** One endpoint's part of a tick: its events, whether it restarts before them, and what becomes of its reply. */
  const reply = fc.record({
    ok: fc.nat(20),
    bad: fc.nat(3),
    restarts: fc.boolean(),
    fate: fc.constantFrom('read', 'read', 'lost', 'spoilt'),
  });
  const histories = fc.array(fc.tuple(reply, reply), { minLength: 2, maxLength: 6 });

  test('losing any replies never raises what was counted, nor makes an unusable sample usable', async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.boolean(), async (history, tells) => {
        const full = scraping(2);
        const lossy = scraping(2);
        const pods = [0, 1].map(() => ({ ok: 0, bad: 0, start: 1_000 }));
        const [most, least] = [newSum(), newSum()];
        let isSpoilt = false;
        for (const row of history) {
          const bodies = pods.map((pod, at) => {
            const { ok = 0, bad = 0, restarts = false, fate = 'read' } = row[at] ?? {};
            if (restarts) Object.assign(pod, { ok: 0, bad: 0, start: full.now() / 1_000 + 1 });
            pod.ok += ok;
            pod.bad += bad;
            return requests(
              { 200: pod.ok, 500: fate === 'spoilt' ? Number.NaN : pod.bad },
              tells ? pod.start : undefined,
            );
          });
          const [whole] = await full.read('errors', ...bodies);
          const [less] = await lossy.read(
            'errors',
            ...bodies.map((body, at) => (row[at]?.fate === 'lost' ? null : body)),
          );
          if (whole.quality.unusable !== null) expect(less.quality.unusable).not.toBeNull();
          // A spoilt sum is counted at a later read, so that from there on the two count in different windows.
          isSpoilt ||= whole.quality.unusable === 'non_finite';
          if (isSpoilt) continue;
          add(most, whole);
          add(least, less);
          expect(least.n).toBeLessThanOrEqual(most.n);
          expect(least.x).toBeLessThanOrEqual(most.x);
        }
      }),
      { numRuns: 120 },
    );
  });

  test('x never exceeds n, and neither is ever negative, whatever the values', async () => {
    const value = fc.oneof(
      fc.nat(),
      fc.double({ min: 0, max: 1e12, noNaN: true }),
      fc.constantFrom(Number.NaN, -1, Number.POSITIVE_INFINITY),
    );
    const body = fc.dictionary(fc.constantFrom('200', '404', '500', '503'), value);
    await fc.assert(
      fc.asyncProperty(fc.array(body, { minLength: 2, maxLength: 5 }), async (bodies) => {
        const { read } = scraping();
        for (const counts of bodies) {
          const [{ stat }] = await read('errors', requests(counts).replaceAll('Infinity', '+Inf'));
          if (stat?.kind === 'share')
            expect(0 <= stat.x && stat.x <= stat.n && Number.isFinite(stat.n)).toBe(true);
        }
      }),
    );
  });
});

interface Sum {
  n: number;
  x: number;
}

function newSum(): Sum {
  return { n: 0, x: 0 };
}

function add(sum: Sum, { stat }: Sample): void {
  if (stat?.kind !== 'share') return;
  sum.n += stat.n;
  sum.x += stat.x;
}

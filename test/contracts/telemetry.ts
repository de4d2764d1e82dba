import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cohort, Sample, Stat } from '../../src/core/gate/sample.ts';
import type { HistoryRequest, Reading, Telemetry } from '../../src/ports/telemetry.ts';

/**
 * A small world an adapter reads: one service, its canary and its stable side, measured by two signals.
 *
 * `http.error_rate` is a share of requests with x = errors; `http.latency_p95` a histogram in ms that holds every
 * request once. Nothing is counted of a request before it was served, and the service may have served some already.
 */
export interface TelemetryWorld {
  readonly telemetry: Telemetry;
  now(): number;
  /** Moves the clock on. */
  advance(ms: number): Promise<void>;
  serve(traffic: {
    readonly cohort: Cohort;
    readonly requests: number;
    readonly errors?: number;
  }): Promise<void>;
  /** The service starts anew: what it counted is gone, and was not read. */
  restart(): Promise<void>;
  /** The source stops answering, and answers again. */
  cut(): Promise<void>;
  mend(): Promise<void>;
  /** The source answers, but has these metrics no more. */
  forget(): Promise<void>;
  /** From now on the source takes a question and does not answer. */
  stall(): Promise<void>;
  close(): Promise<void>;
}

const SIGNALS = ['http.error_rate', 'http.latency_p95'];
const TICK_MS = 15_000;

/** The rules of the `Telemetry` port, which every adapter must keep. */
export function describeTelemetry(name: string, open: () => Promise<TelemetryWorld>): void {
  describe(`${name} keeps the rules of telemetry`, () => {
    let world: TelemetryWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const read = (cursor: string | null, signals: readonly string[] = SIGNALS): Promise<Reading> =>
      world.telemetry.read({ signals, cursor, abort: new AbortController().signal });
    /** A world in which both sides have been read once. */
    const started = async (): Promise<string> => {
      await world.serve({ cohort: 'canary', requests: 5 });
      await world.serve({ cohort: 'stable', requests: 50, errors: 2 });
      const { cursor } = await read(null);
      await world.advance(TICK_MS);
      return cursor;
    };

    test('the first read only sets the starting point', async () => {
      await world.serve({ cohort: 'canary', requests: 5 });
      const { samples } = await read(null);
      expect(samples.map(({ stat, quality }) => [stat, quality.unusable])).toEqual(
        SIGNALS.flatMap(() => [
          [null, 'first_read'],
          [null, 'first_read'],
        ]),
      );
      expect(samples.every(({ from, to }) => from === to && to === world.now())).toBe(true);
    });

    test('samples come in the order of the request, canary first, both cohorts over the same window', async () => {
      const cursor = await started();
      const signals = SIGNALS.toReversed();
      const { samples } = await read(cursor, signals);
      const order = signals.flatMap((signal) => [`${signal} canary`, `${signal} stable`]);
      expect(samples.map(({ signal, cohort }) => `${signal} ${cohort}`)).toEqual(order);
      const windows = new Set(samples.map(({ from, to }) => `${from} ${to}`));
      expect([...windows]).toEqual([`${world.now() - TICK_MS} ${world.now()}`]);
    });

    test('each cohort counts what it served since the cursor, and nothing from before', async () => {
      const cursor = await started();
      await world.serve({ cohort: 'canary', requests: 10, errors: 3 });
      await world.serve({ cohort: 'stable', requests: 90, errors: 1 });
      const { samples } = await read(cursor);
      expect(share(samples, 'canary')).toEqual({ kind: 'share', n: 10, x: 3 });
      expect(share(samples, 'stable')).toEqual({ kind: 'share', n: 90, x: 1 });
      expect(requestsTimed(samples, 'canary')).toBe(10);
      expect(requestsTimed(samples, 'stable')).toBe(90);
      expect(samples.every(({ quality }) => quality.unusable === null && quality.detail === null)).toBe(true);
    });

    test('a quiet window is a usable count of nothing', async () => {
      const { samples } = await read(await started());
      expect(share(samples, 'canary')).toEqual({ kind: 'share', n: 0, x: 0 });
      expect(requestsTimed(samples, 'stable')).toBe(0);
    });

    test('the first errors of all are counted, though no series of theirs existed before', async () => {
      const cursor = await started();
      await world.serve({ cohort: 'canary', requests: 12, errors: 12 });
      const { samples } = await read(cursor);
      expect(share(samples, 'canary')).toEqual({ kind: 'share', n: 12, x: 12 });
    });

    test('reading again from the same cursor loses and repeats nothing', async () => {
      const cursor = await started();
      await world.serve({ cohort: 'canary', requests: 10 });
      const lost = await read(cursor);
      await world.advance(TICK_MS);
      await world.serve({ cohort: 'canary', requests: 7, errors: 1 });
      const again = await read(cursor);
      const after = await read(again.cursor);
      expect(share(lost.samples, 'canary')).toEqual({ kind: 'share', n: 10, x: 0 });
      expect(share(again.samples, 'canary')).toEqual({ kind: 'share', n: 17, x: 1 });
      expect(share(after.samples, 'canary')).toEqual({ kind: 'share', n: 0, x: 0 });
    });

    test('after a restart counting goes on from nothing, never below it', async () => {
      const cursor = await started();
      await world.restart();
      await world.serve({ cohort: 'stable', requests: 4, errors: 1 });
      const { samples } = await read(cursor);
      expect(share(samples, 'stable')).toEqual({ kind: 'share', n: 4, x: 1 });
      expect(requestsTimed(samples, 'stable')).toBe(4);
    });

    test('a silent source is unusable and says why, and its gap is counted once when it is back', async () => {
      const cursor = await started();
      await world.serve({ cohort: 'canary', requests: 10, errors: 1 });
      await world.cut();
      const during = await read(cursor);
      expect(during.samples.map(({ stat }) => stat)).toEqual([null, null, null, null]);
      expect(new Set(during.samples.map(({ quality }) => quality.unusable))).toEqual(
        new Set(['unreachable']),
      );
      expect(during.samples.every(({ quality }) => (quality.detail ?? '').length > 0)).toBe(true);
      await world.advance(TICK_MS);
      await world.mend();
      await world.serve({ cohort: 'canary', requests: 5 });
      const back = await read(during.cursor);
      expect(share(back.samples, 'canary')).toEqual({ kind: 'share', n: 15, x: 1 });
      const after = await read(back.cursor);
      expect(share(after.samples, 'canary')).toEqual({ kind: 'share', n: 0, x: 0 });
    });

    test('a metric that is gone is missing, not zero', async () => {
      const cursor = await started();
      await world.forget();
      const { samples } = await read(cursor);
      expect(samples.map(({ stat, quality }) => [stat, quality.unusable])).toEqual(
        samples.map(() => [null, 'metric_missing']),
      );
    });

    test('a read that is given up is a timeout', async () => {
      const cursor = await started();
      await world.stall();
      const givenUp = new AbortController();
      const reading = world.telemetry.read({ signals: SIGNALS, cursor, abort: givenUp.signal });
      givenUp.abort();
      const { samples } = await reading;
      expect(new Set(samples.map(({ quality }) => quality.unusable))).toEqual(new Set(['timeout']));
    });

    test('a cursor that is none starts the count afresh', async () => {
      await started();
      for (const cursor of ['', 'null', '{}', '{"v":1}', '[1', 'x'.repeat(1_000)]) {
        const { samples } = await read(cursor);
        expect(samples.every(({ quality }) => quality.unusable === 'first_read')).toBe(true);
      }
    });

    test('a signal that nothing measures is a bug, and named', async () => {
      await expect(read(null, ['cache.hit_ratio'])).rejects.toThrow(/cache\.hit_ratio/);
    });
  });
}

/** A source, and whether it keeps a past. */
export interface PastWorld {
  readonly telemetry: Telemetry;
  readonly keepsPast: boolean;
  now(): number;
  close(): Promise<void>;
}

/** The rules of `Telemetry.history`, which every adapter must keep. */
export function describeHistory(name: string, open: () => Promise<PastWorld>): void {
  describe(`${name} keeps the rules of history`, () => {
    let world: PastWorld;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const HOUR_MS = 3_600_000;
    const WINDOW_MS = 60_000;
    const past = (over: Partial<HistoryRequest> = {}) =>
      world.telemetry.history({
        signals: SIGNALS,
        from: world.now() - HOUR_MS,
        to: world.now(),
        windowMs: WINDOW_MS,
        abort: new AbortController().signal,
        ...over,
      });

    test('a source that keeps a past gives it, and one that keeps none gives nothing', async () => {
      expect((await past()).length > 0).toBe(world.keepsPast);
    });

    test('it is of the stable side alone', async () => {
      expect((await past()).filter(({ cohort }) => cohort !== 'stable')).toEqual([]);
    });

    test('it is of the signals asked for, and of no other', async () => {
      const [signal = ''] = SIGNALS;
      const found = new Set((await past({ signals: [signal] })).map((sample) => sample.signal));
      expect([...found]).toEqual(world.keepsPast ? [signal] : []);
    });

    test('its windows ascend, are as long as asked, lie within the request and never overlap', async () => {
      const [from, to] = [world.now() - HOUR_MS - 7, world.now() - 11];
      const samples = await past({ from, to });
      expect(samples.map((sample) => sample.from)).toEqual(
        samples.map((sample) => sample.from).toSorted((a, b) => a - b),
      );
      for (const sample of samples) {
        expect(sample.to - sample.from).toBe(WINDOW_MS);
        expect(sample.from).toBeGreaterThanOrEqual(from);
        expect(sample.to).toBeLessThanOrEqual(to);
      }
      for (const signal of SIGNALS) {
        const own = samples.filter((sample) => sample.signal === signal);
        for (const [at, { from }] of own.entries()) {
          expect(from).toBeGreaterThanOrEqual(own[at - 1]?.to ?? 0);
        }
      }
    });

    test('a window is usable or says why it is not', async () => {
      for (const { stat, quality } of await past()) {
        if (quality.unusable === null) expect(stat).not.toBeNull();
        else expect((quality.detail ?? '').length).toBeGreaterThan(0);
      }
    });

    test('it ends with the present, and what is shorter than a window has none', async () => {
      const samples = await past({ from: world.now() - 2 * WINDOW_MS, to: world.now() + HOUR_MS });
      expect(samples.every(({ to }) => to <= world.now())).toBe(true);
      expect(await past({ from: world.now() - WINDOW_MS + 1 })).toEqual([]);
      expect(await past({ from: world.now(), to: world.now() - HOUR_MS })).toEqual([]);
    });

    test('asked again it is the same', async () => {
      expect(await past()).toEqual(await past());
    });

    test('given up, it ends with what it has read by then', async () => {
      const whole = await past();
      expect(await past({ abort: AbortSignal.abort() })).toEqual([]);
      const givenUp = new AbortController();
      const cut = past({ abort: givenUp.signal });
      givenUp.abort();
      const samples = await cut;
      expect(samples).toEqual(whole.slice(0, samples.length));
      if (world.keepsPast) expect(samples.length).toBeLessThan(whole.length);
    });

    test('it moves no cursor: what is read next is the same with it or without', async () => {
      const { cursor } = await world.telemetry.read({
        signals: SIGNALS,
        cursor: null,
        abort: new AbortController().signal,
      });
      await past();
      const again = { signals: SIGNALS, cursor, abort: new AbortController().signal };
      const { samples } = await world.telemetry.read(again);
      expect(samples.every(({ from }) => from === world.now())).toBe(true);
    });
  });
}

function statOf(samples: readonly Sample[], signal: string, cohort: Cohort): Stat | null {
  const sample = samples.find((one) => one.signal === signal && one.cohort === cohort);
  return sample?.stat ?? null;
}

function share(samples: readonly Sample[], cohort: Cohort): Stat | null {
  return statOf(samples, 'http.error_rate', cohort);
}

function requestsTimed(samples: readonly Sample[], cohort: Cohort): number | null {
  const stat = statOf(samples, 'http.latency_p95', cohort);
  if (stat?.kind !== 'histogram') return null;
  expect(stat.counts.length).toBe(stat.bounds.length + 1);
  expect(stat.bounds).toEqual(stat.bounds.toSorted((a, b) => a - b));
  return stat.counts.reduce((sum, count) => sum + count, 0);
}

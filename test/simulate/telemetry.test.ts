import { expect, test } from 'vitest';
import { joinedTelemetry } from '../../src/adapters/joined/telemetry.ts';
import type { Sample } from '../../src/core/gate/sample.ts';
import { simulatedTelemetry } from '../../src/simulate/telemetry.ts';
import { CALM, type World } from '../../src/simulate/world.ts';
import { describeHistory } from '../contracts/telemetry.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const EXPOSURE = { percent: 10, audiences: [] };
const HOUR_MS = 3_600_000;
const abort = new AbortController().signal;

function opened(world: Partial<World> = {}) {
  const clock = virtualClock();
  return { clock, telemetry: simulatedTelemetry({ ...CALM, ...world }, clock, () => EXPOSURE) };
}

const sumN = (samples: readonly Sample[]) =>
  samples.reduce((sum, { stat }) => sum + (stat?.kind === 'share' ? stat.n : 0), 0);

describeHistory('a simulated world', async () => {
  const { clock, telemetry } = opened();
  return { telemetry, keepsPast: true, now: clock.now, close: async () => {} };
});

describeHistory('a simulated world beside a source that keeps no past', async () => {
  const { clock, telemetry } = opened();
  const forgetful = { ...telemetry, history: async () => [] };
  return {
    telemetry: joinedTelemetry({ world: telemetry, page: forgetful }, (signal) =>
      signal === 'cache.hit_ratio' ? 'page' : 'world',
    ),
    keepsPast: true,
    now: clock.now,
    close: async () => {},
  };
});

test('asking for the past leaves what happens next as it is', async () => {
  const live = async (asks: boolean) => {
    const { clock, telemetry } = opened({ noise: { ...CALM.noise, sharedSd: 0.2, sharedCarry: 0.5 } });
    const signals = ['http.error_rate'];
    const { cursor } = await telemetry.read({ signals, cursor: null, abort });
    const request = { signals, from: clock.now() - HOUR_MS, to: clock.now(), windowMs: 15_000, abort };
    if (asks) expect((await telemetry.history(request)).length).toBe(240);
    await clock.advance(15_000);
    return (await telemetry.read({ signals, cursor, abort })).samples;
  };
  expect(await live(true)).toEqual(await live(false));
});

test('the past is the whole traffic, as nobody was exposed, and has none of what begins with the rollout', async () => {
  const { clock, telemetry } = opened({ effects: [{ kind: 'incident', times: 50 }] });
  const request = { from: clock.now() - HOUR_MS, to: clock.now(), windowMs: 60_000, abort };
  const samples = await telemetry.history({ ...request, signals: ['http.error_rate'] });
  expect(sumN(samples) / samples.length / CALM.traffic.requestsPerMinute).toBeCloseTo(1, 2);
  const bad = samples.reduce((sum, { stat }) => sum + (stat?.kind === 'share' ? stat.x : 0), 0);
  expect(bad / sumN(samples)).toBeCloseTo(CALM.errorRate, 3);
});

test('several histories are one, by time and then in the order of the request', async () => {
  const { clock, telemetry } = opened();
  const joined = joinedTelemetry({ a: telemetry, b: telemetry }, (signal) =>
    signal === 'http.latency_p95' ? 'a' : 'b',
  );
  const signals = ['http.latency_p95', 'http.error_rate'];
  const samples = await joined.history({
    signals,
    from: clock.now() - 3_000,
    to: clock.now(),
    windowMs: 1_000,
    abort,
  });
  expect(samples.map(({ signal, from }) => [signal, from - clock.now()])).toEqual(
    [-3_000, -2_000, -1_000].flatMap((from) => signals.map((signal) => [signal, from])),
  );
});

test.each([{ windowMs: 0 }, { windowMs: -1 }, { windowMs: Number.NaN }, { windowMs: 0.001 }])(
  'a past of endlessly many windows is a bug, and named: $windowMs ms',
  async ({ windowMs }) => {
    const { clock, telemetry } = opened();
    const request = { signals: ['http.error_rate'], from: clock.now() - HOUR_MS, to: clock.now(), abort };
    await expect(telemetry.history({ ...request, windowMs })).rejects.toThrow(RangeError);
  },
);

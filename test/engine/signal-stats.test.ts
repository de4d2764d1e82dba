import { describe, expect, test } from 'vitest';
import type { Sample, Stat } from '../../src/core/gate/sample.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { signalStatsOf } from '../../src/engine/signal-stats.ts';
import type { HistoryRequest } from '../../src/ports/telemetry.ts';
import { ERROR_RATE, openRig, P95, planOf } from '../support/rollout-rig.ts';

const abort = new AbortController().signal;
const HOUR_MS = 3_600_000;

/** The rig's parts with telemetry that keeps a past of these counts, ten minutes each. */
async function withPast(...stats: readonly (Stat | null)[]) {
  const rig = await openRig();
  const requests: HistoryRequest[] = [];
  const history = async (request: HistoryRequest): Promise<readonly Sample[]> => {
    requests.push(request);
    return stats.map((stat, at) => ({
      signal: 'http.error_rate',
      cohort: 'stable',
      from: request.from + at * 600_000,
      to: request.from + (at + 1) * 600_000,
      stat,
      quality: { unusable: stat === null ? 'timeout' : null, detail: null, resets: 0, born: 0 },
    }));
  };
  const targetFor: EngineParts['targetFor'] = (name) => {
    const target = rig.parts.targetFor(name);
    return target === null ? null : { ...target, telemetry: { ...target.telemetry, history } };
  };
  return { statsOf: signalStatsOf({ ...rig.parts, targetFor }), requests, rig };
}

describe('how much of a signal a service shows', () => {
  test('is what its telemetry counted over the window, where that keeps a past', async () => {
    const { statsOf, requests, rig } = await withPast(
      { kind: 'share', n: 900, x: 9 },
      { kind: 'share', n: 100, x: 1 },
    );
    expect(await statsOf('checkout', 'http.error_rate', '1h', abort)).toEqual({
      events: 1_000,
      perMinute: 50,
      value: 0.01,
    });
    expect(requests).toMatchObject([
      {
        signals: ['http.error_rate'],
        from: rig.parts.clock.now() - HOUR_MS,
        to: rig.parts.clock.now(),
      },
    ]);
  });

  test('leaves out what could not be read, and the time it took', async () => {
    const { statsOf } = await withPast({ kind: 'count', n: 50, x: 100 }, null);
    expect(await statsOf('checkout', 'http.error_rate', '1d', abort)).toEqual({
      events: 50,
      perMinute: 5,
      value: 2,
    });
  });

  test.each<[string, Stat[], { events: number; value: number }]>([
    [
      'a latency by its 95th percentile',
      [{ kind: 'histogram', bounds: [100, 200], counts: [90, 10, 0] }],
      { events: 100, value: 150 },
    ],
    [
      'a mean by its sum over its units',
      [{ kind: 'moments', n: 10, y: 25, yy: 100, z: 0, zz: 0, yz: 0 }],
      { events: 10, value: 2.5 },
    ],
    [
      'a level by its last reading',
      [
        { kind: 'level', value: 3 },
        { kind: 'level', value: 7 },
      ],
      { events: 2, value: 7 },
    ],
  ])('tells %s', async (_, stats, expected) => {
    const { statsOf } = await withPast(...stats);
    expect(await statsOf('checkout', 'http.error_rate', '1h', abort)).toMatchObject(expected);
  });

  test('is what the stable side showed in earlier rollouts, where telemetry keeps no past', async () => {
    const { statsOf, rig } = await withPast();
    await rig.start(planOf({ checks: [ERROR_RATE, P95] }));
    await rig.run(20_000);
    const stats = await statsOf('checkout', 'http.error_rate', '1h', abort);
    const looked = (await rig.decisions()).length;
    expect(looked).toBeGreaterThan(10);
    expect(stats?.events).toBeGreaterThan(0);
    // A look a second, each of a second: what is counted is spread over the time looked, not over the hour.
    const perLook = (stats?.events ?? 0) / looked;
    expect((stats?.perMinute ?? 0) / (perLook * 60)).toBeGreaterThan(0.9);
    expect((stats?.perMinute ?? 0) / (perLook * 60)).toBeLessThan(1.2);
    expect(stats?.value).toBeLessThan(0.05);
    expect(await statsOf('checkout', 'cache.hit_ratio', '1h', abort)).toBeNull();
  });

  test('is nothing of another service, of before the window, or where nothing was counted', async () => {
    const { statsOf, rig } = await withPast();
    expect(await statsOf('checkout', 'http.error_rate', '7d', abort)).toBeNull();
    await rig.start(planOf({ checks: [ERROR_RATE] }));
    await rig.run(10_000);
    expect(await statsOf('search', 'http.error_rate', '1h', abort)).toBeNull();
    rig.jump(2 * HOUR_MS);
    expect(await statsOf('checkout', 'http.error_rate', '1h', abort)).toBeNull();
    expect(await statsOf('checkout', 'http.error_rate', '1d', abort)).not.toBeNull();
  });
});

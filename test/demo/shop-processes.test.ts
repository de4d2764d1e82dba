import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type RunningShop, startShop, startTraffic } from '../../src/demo/shop-children.ts';
import { createArrivals } from '../../src/demo/traffic-arrivals.ts';
import type { TrafficMessage } from '../../src/demo/traffic-report.ts';
import { randomFrom } from '../../src/simulate/random.ts';
import { BASE } from './shop-pulls.ts';

const STUB = fileURLToPath(new URL('./shop-stub-process.ts', import.meta.url));

function stubbedShop(): Promise<RunningShop> {
  return startShop({ source: BASE, sluiceUrl: 'http://127.0.0.1:9', entry: STUB });
}

describe('arrivals', () => {
  it('come at the given rate on average, however irregularly they are taken', () => {
    const random = randomFrom(3).next;
    const arrivals = createArrivals({ perSecond: 400, startMs: 0, random });
    let due = 0;
    for (let now = 0; now < 100_000; now += 1 + Math.floor(random() * 20)) due += arrivals.take(now).due;
    expect(due).toBeGreaterThan(39_000);
    expect(due).toBeLessThan(41_000);
  });

  it('repeat with their seed', () => {
    const times = (seed: number) => {
      const arrivals = createArrivals({ perSecond: 400, startMs: 0, random: randomFrom(seed).next });
      return Array.from({ length: 20 }, () => arrivals.take(arrivals.nextMs) && arrivals.nextMs);
    };
    expect(times(1)).toEqual(times(1));
    expect(times(1)).not.toEqual(times(2));
  });

  it('lets visits go that are more than 25 ms late instead of sending them in a burst', () => {
    const arrivals = createArrivals({ perSecond: 1_000, startMs: 0, random: () => 1 - Math.exp(-1) });
    expect(arrivals.take(10.5)).toEqual({ due: 10, late: 0 });
    expect(arrivals.take(1_000.5)).toEqual({ due: 25, late: 965 });
    expect(arrivals.take(1_010.5)).toEqual({ due: 10, late: 0 });
  });
});

describe('the processes of the demo', () => {
  it('serve real traffic, report it and stop when told', async () => {
    const shop = await stubbedShop();
    const { promise: reported, resolve } = Promise.withResolvers<TrafficMessage>();
    const traffic = startTraffic({ shopUrl: shop.url, perSecond: 50, users: 20, seed: 1, onReport: resolve });
    const report = await reported;
    expect(report.sent).toBeGreaterThan(0);
    expect(report.ok + report.failed).toBeLessThanOrEqual(report.sent);
    expect(report.ok).toBeGreaterThan(0);
    const metrics = await (await fetch(`${shop.url}/metrics`)).text();
    expect(metrics).toContain('http_requests_total{route="/checkout",status="200",variant="off"}');
    await Promise.all([traffic.stop(), shop.stop()]);
    await shop.stop();
    expect(shop.process.exitCode).toBe(0);
  });

  it('end by themselves when their parent lets go', async () => {
    const shop = await stubbedShop();
    const gone = once(shop.process, 'exit');
    shop.process.disconnect();
    expect(await gone).toEqual([0, null]);
  });

  it('say so when the shop does not start', async () => {
    const start = { source: BASE, sluiceUrl: 'http://127.0.0.1:9', entry: '/dev/null' };
    await expect(startShop(start)).rejects.toMatchObject({ code: 'shop_did_not_start' });
  });
});

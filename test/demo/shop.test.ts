import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { ShopFlags } from '../../src/demo/shop-flags.ts';
import { serveShop } from '../../src/demo/shop-server.ts';
import { shopToken } from '../../src/demo/shop-token.ts';
import { copyOfShop, readPulls } from './shop-pulls.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const allOff: ShopFlags = { isOn: async () => ({ on: false, variant: 'off' }) };
const allOn: ShopFlags = { isOn: async () => ({ on: true, variant: 'on' }) };
const allControl: ShopFlags = { isOn: async () => ({ on: false, variant: 'control' }) };

function closed(server: Server): void {
  server.close();
  server.closeAllConnections();
}

/** Luck decides the suppliers' waits and rare failures: 0 makes every failure happen, 0.5 none. */
async function serving(pullId: string | null, flags: ShopFlags, luck = 0.5): Promise<string> {
  const source = await copyOfShop(pullId);
  cleanups.push(() => rmSync(source, { recursive: true }));
  const { server, port } = await serveShop({ source, port: 0, flags, random: () => luck });
  cleanups.push(() => closed(server));
  return `http://127.0.0.1:${port}`;
}

function checkout(shop: string, userId: string, token = shopToken(userId)): Promise<Response> {
  return fetch(`${shop}/checkout`, { headers: { 'x-user-id': userId, authorization: `Bearer ${token}` } });
}

async function metric(shop: string, series: string): Promise<number | undefined> {
  const text = await (await fetch(`${shop}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length));
}

describe('the shop', () => {
  it('answers a checkout with priced lines, shipping and their sum', async () => {
    const response = await checkout(await serving(null, allOff), 'user-7');
    expect(response.status).toBe(200);
    const page = (await response.json()) as {
      lines: { priceCents: number; quantity: number }[];
      shippingCents: number;
      totalCents: number;
    };
    expect(page.lines.length).toBeGreaterThanOrEqual(3);
    expect(page.lines.length).toBeLessThanOrEqual(5);
    const goods = page.lines.reduce((sum, line) => sum + line.priceCents * line.quantity, 0);
    expect(page.totalCents).toBe(goods + page.shippingCents);
  });

  it.each([
    { who: 'nobody', userId: '', token: '' },
    { who: 'a user without a token', userId: 'user-7', token: '' },
    { who: "a user with another's token", userId: 'user-7', token: shopToken('user-8') },
  ])('turns $who away with 401', async ({ userId, token }) => {
    expect((await checkout(await serving(null, allOff), userId, token)).status).toBe(401);
  });

  it('answers 502 when a supplier fails, and counts it', async () => {
    const shop = await serving(null, allOff, 0);
    expect((await checkout(shop, 'user-7')).status).toBe(502);
    expect(await metric(shop, 'http_requests_total{route="/checkout",status="502",variant="off"}')).toBe(1);
  });

  it('keeps its latency in cumulative buckets from 2 ms to 2 s in steps of at most a tenth', async () => {
    const shop = await serving(null, allOff);
    await checkout(shop, 'user-7');
    const text = await (await fetch(`${shop}/metrics`)).text();
    const buckets = [...text.matchAll(/_bucket\{route="\/checkout",variant="off",le="([\d.]+)"\} (\d+)/g)];
    const bounds = buckets.map((bucket) => Number(bucket[1]));
    expect([bounds[0], bounds.at(-1)]).toEqual([0.002, 2]);
    for (const [at, bound] of bounds.entries()) expect(bound / (bounds[at - 1] ?? bound)).toBeLessThan(1.101);
    const counts = buckets.map((bucket) => Number(bucket[2]));
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    expect(await metric(shop, 'http_request_duration_seconds_count{route="/checkout",variant="off"}')).toBe(
      1,
    );
    expect(await metric(shop, 'process_start_time_seconds')).toBeGreaterThan(1e9);
  });

  it('does not count the reading of its metrics as requests', async () => {
    const shop = await serving(null, allOff);
    await fetch(`${shop}/metrics`);
    expect(await (await fetch(`${shop}/metrics`)).text()).not.toContain('http_requests_total{');
  });
});

describe.each(readPulls())('pull request "$title"', ({ id, flag }) => {
  it('asks for its own flag and labels requests with the variant it is given', async () => {
    const asked = new Set<string>();
    const shop = await serving(id, {
      async isOn(flagKey, userId) {
        asked.add(`${flagKey} ${userId}`);
        return { on: true, variant: 'on' };
      },
    });
    expect((await checkout(shop, 'user-7')).status).toBe(200);
    expect([...asked]).toEqual([`${flag} user-7`]);
    expect(await metric(shop, 'http_requests_total{route="/checkout",status="200",variant="on"}')).toBe(1);
  });

  it('answers like the shop without it, whether on or off', async () => {
    const shops = [await serving(null, allOff), await serving(id, allOff), await serving(id, allOn)];
    for (const userId of ['user-1', 'user-2', 'user-3']) {
      const pages = await Promise.all(shops.map(async (shop) => (await checkout(shop, userId)).json()));
      expect(pages[1]).toEqual(pages[0]);
      expect(pages[2]).toEqual(pages[0]);
    }
    for (const shop of shops) expect((await checkout(shop, 'user-7', shopToken('user-8'))).status).toBe(401);
  });

  it('leaves the control group on the old path', async () => {
    const shop = await serving(id, allControl);
    expect((await checkout(shop, 'user-7')).status).toBe(200);
    const text = await (await fetch(`${shop}/metrics`)).text();
    expect(text).toContain('http_requests_total{route="/checkout",status="200",variant="control"} 1');
    // Only the new paths count these.
    expect(text).not.toMatch(/^(cache|dependency)_requests_total\{/m);
  });
});

describe('price cache', () => {
  it('counts a miss for each line first seen and a hit afterwards', async () => {
    const shop = await serving('price-cache', allOn);
    const { lines } = (await (await checkout(shop, 'user-7')).json()) as { lines: readonly unknown[] };
    await checkout(shop, 'user-7');
    expect(await metric(shop, 'cache_requests_total{result="miss",variant="on"}')).toBe(lines.length);
    expect(await metric(shop, 'cache_requests_total{result="hit",variant="on"}')).toBe(lines.length);
  });

  it('forgets the entry unused for longest when full, and every entry after its time', async () => {
    const { createPriceCache } = await patchedModule<PriceCacheModule>('price-cache', 'price-cache.ts');
    let now = 0;
    const cache = createPriceCache({ ttlMs: 100, maxEntries: 2 }, () => now);
    cache.set('a', 1);
    cache.set('b', 2);
    expect(cache.get('a')).toBe(1);
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual([1, undefined, 3]);
    now = 100;
    expect([cache.get('a'), cache.get('c')]).toEqual([undefined, undefined]);
  });
});

describe('token validation', () => {
  it('refuses the call after the last free session, and paces each session', async () => {
    const { createSessionPool } = await patchedModule<SessionPoolModule>(
      'token-validation',
      'session-pool.ts',
    );
    let now = 0;
    const pool = createSessionPool({ sessions: 2, paceMs: 40 }, () => now);
    const slow = Promise.withResolvers<string>();
    const quick = async () => 'done';
    const first = pool.call(() => slow.promise);
    await expect(pool.call(quick)).resolves.toBe('done');
    await expect(pool.call(quick)).rejects.toThrow('keys refused (503): all 2 sessions in use');
    now = 40;
    await expect(pool.call(quick)).resolves.toBe('done');
    now = 79;
    await expect(pool.call(quick)).rejects.toThrow('refused');
    slow.resolve('late');
    await expect(first).resolves.toBe('late');
    await expect(pool.call(quick)).resolves.toBe('done');
  });

  it('answers 502 to checkouts over the limit, and counts them', async () => {
    const VISITS = 20;
    const everyone = Promise.withResolvers<void>();
    let asked = 0;
    const shop = await serving('token-validation', {
      // Lets the visits go on together, so that all of them want a session in the same moment.
      async isOn() {
        if (++asked === VISITS) everyone.resolve();
        await everyone.promise;
        return { on: true, variant: 'on' };
      },
    });
    const visits = await Promise.all(Array.from({ length: VISITS }, (_, n) => checkout(shop, `user-${n}`)));
    expect(visits.filter(({ status }) => status === 200)).toHaveLength(16);
    expect(visits.filter(({ status }) => status === 502)).toHaveLength(4);
    const calls = (result: string) =>
      `dependency_requests_total{dependency="keys",result="${result}",variant="on"}`;
    expect(await metric(shop, calls('ok'))).toBe(16);
    expect(await metric(shop, calls('error'))).toBe(4);
  });
});

interface PriceCacheModule {
  createPriceCache(
    limits: { readonly ttlMs: number; readonly maxEntries: number },
    now: () => number,
  ): { get(sku: string): number | undefined; set(sku: string, priceCents: number): void };
}

interface SessionPoolModule {
  createSessionPool(
    limits: { readonly sessions: number; readonly paceMs: number },
    now: () => number,
  ): { call<T>(send: () => Promise<T>): Promise<T> };
}

async function patchedModule<T>(pullId: string, file: string): Promise<T> {
  const source = await copyOfShop(pullId);
  cleanups.push(() => rmSync(source, { recursive: true }));
  return import(pathToFileURL(join(source, file)).href);
}

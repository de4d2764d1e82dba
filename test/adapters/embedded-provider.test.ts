import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Client, type EventHandler, OpenFeature, ProviderEvents } from '@openfeature/server-sdk';
import { afterEach, describe, expect, test } from 'vitest';
import { sluiceProvider } from '../../src/adapters/embedded/openfeature-provider.ts';
import { serveOfrep } from '../server/ofrep-server.ts';
import { openStoreWith, share, stamp } from './embedded-store.ts';

const KILL_LIMIT_MS = 1_000;
const KEYS = ['user-1', 'user-2', 'jürgen@example.org', '日本語', 'x'];

type Awaited = ProviderEvents.Ready | ProviderEvents.Stale | ProviderEvents.ConfigurationChanged;

function nextEvent(client: Client, event: Awaited): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const seen: EventHandler<ProviderEvents.ConfigurationChanged> = (details) => {
      client.removeHandler(event, seen);
      resolve(details?.flagsChanged ?? []);
    };
    client.addHandler(event, seen);
  });
}

describe('the in-process provider', () => {
  afterEach(() => OpenFeature.clearProviders());

  test('answers as the store does, for any key', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set({ percent: 30, audiences: ['internal'] }, stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    await OpenFeature.setProviderAndWait(sluiceProvider({ url: `${server.url}/` }));
    const client = OpenFeature.getClient();
    for (const targetingKey of KEYS) {
      const { value, variant, reason } = await client.getBooleanDetails('f', true, { targetingKey });
      expect({ kind: 'value', value, variant, reason }).toEqual(opened.store.evaluate('f', { targetingKey }));
    }
    expect(await client.getBooleanValue('f', false, { audience: 'internal' })).toBe(true);
  });

  test('gives the default with the protocol’s error where there is no answer', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    await OpenFeature.setProviderAndWait(sluiceProvider({ url: server.url }));
    const client = OpenFeature.getClient();
    expect(await client.getBooleanDetails('nope', true)).toMatchObject({
      value: true,
      errorCode: 'FLAG_NOT_FOUND',
    });
    expect(await client.getStringDetails('f', 'x')).toMatchObject({ value: 'x', errorCode: 'TYPE_MISMATCH' });
    expect(await client.getNumberDetails('f', 7)).toMatchObject({ value: 7, errorCode: 'TYPE_MISMATCH' });
    expect(await client.getObjectDetails('f', {})).toMatchObject({ value: {}, errorCode: 'TYPE_MISMATCH' });
  });

  test('follows a kill by the stream within a second', async () => {
    await using opened = await openStoreWith('f', 'other');
    await opened.store.backend('f').set(share(100), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    await OpenFeature.setProviderAndWait(sluiceProvider({ url: server.url }));
    const client = OpenFeature.getClient();
    expect(await client.getBooleanValue('f', false, { targetingKey: 'user-1' })).toBe(true);

    const changed = nextEvent(client, ProviderEvents.ConfigurationChanged);
    const started = performance.now();
    await opened.store.backend('f').set(share(0), stamp('r', 2));
    expect(await changed).toEqual(['f']);
    expect(performance.now() - started, 'ms from the kill to the provider').toBeLessThan(KILL_LIMIT_MS);
    expect(await client.getBooleanValue('f', true, { targetingKey: 'user-1' })).toBe(false);
  });

  test('keeps the last flags while Sluice is away, says so, and catches up when it is back', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(100), stamp('r', 1));
    const first = await serveOfrep(opened.store);
    await OpenFeature.setProviderAndWait(sluiceProvider({ url: first.url }));
    const client = OpenFeature.getClient();
    const value = () => client.getBooleanValue('f', false, { targetingKey: 'user-1' });

    const stale = nextEvent(client, ProviderEvents.Stale);
    await first[Symbol.asyncDispose]();
    await stale;
    expect(client.providerStatus).toBe('STALE');
    expect(await value()).toBe(true);

    const changed = nextEvent(client, ProviderEvents.ConfigurationChanged);
    await opened.store.backend('f').set(share(0), stamp('r', 2));
    await using _second = await serveOfrep(opened.store, { port: first.port });
    expect(await changed).toEqual(['f']);
    expect(client.providerStatus).toBe('READY');
    expect(await value()).toBe(false);
  });

  test('gives defaults until Sluice answers for the first time, then is ready by itself', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(100), stamp('r', 1));
    const gone = await serveOfrep(opened.store);
    await gone[Symbol.asyncDispose]();
    const starting = OpenFeature.setProviderAndWait(sluiceProvider({ url: gone.url }));
    await expect(starting).rejects.toThrow(/has not answered yet/);
    const client = OpenFeature.getClient();
    const ask = () => client.getBooleanDetails('f', false, { targetingKey: 'user-1' });
    expect(await ask()).toMatchObject({ value: false, errorCode: 'PROVIDER_NOT_READY' });
    const ready = nextEvent(client, ProviderEvents.Ready);
    await using _back = await serveOfrep(opened.store, { port: gone.port });
    await ready;
    expect(await ask()).toMatchObject({ value: true, variant: 'on' });
  });

  test('keeps the last flags when it is sent a flag set that flagd would not run', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(100), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    let isBroken = false;
    const provider = sluiceProvider({
      url: server.url,
      fetch: async (input, init) => {
        if (isBroken && String(input).endsWith('flagd.json')) return new Response('{"flags":{"f":{}}}');
        return fetch(input, init);
      },
    });
    await OpenFeature.setProviderAndWait(provider);
    const client = OpenFeature.getClient();
    const stale = nextEvent(client, ProviderEvents.Stale);
    isBroken = true;
    await opened.store.backend('f').set(share(0), stamp('r', 2));
    await stale;
    expect(await client.getBooleanValue('f', false, { targetingKey: 'user-1' })).toBe(true);
    const changed = nextEvent(client, ProviderEvents.ConfigurationChanged);
    isBroken = false;
    await opened.store.backend('f').set(share(1), stamp('r', 3));
    expect(await changed).toEqual(['f']);
  });

  test('keeps no process alive once it is closed', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const file = new URL('../../src/adapters/embedded/openfeature-provider.ts', import.meta.url);
    const program = `
      const { sluiceProvider } = await import(${JSON.stringify(file.href)});
      const provider = sluiceProvider({ url: ${JSON.stringify(server.url)} });
      await provider.initialize();
      const { value } = await provider.resolveBooleanEvaluation('f', true, {}, console);
      await provider.onClose();
      process.stdout.write(String(value));`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: 10_000,
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    const [code] = await once(child, 'close');
    expect({ code, output: Buffer.concat(output).toString() }).toEqual({ code: 0, output: 'false' });
  });
});

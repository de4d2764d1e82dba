import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { OFREPApi } from '@openfeature/ofrep-core';
import { describe, expect, test } from 'vitest';
import { openStoreWith, share, stamp } from '../adapters/embedded-store.ts';
import { serveOfrep } from './ofrep-server.ts';

const KILL_LIMIT_MS = 1_000;

function startWebClient(baseUrl: string) {
  const worker = new Worker(new URL('./ofrep-web-client.ts', import.meta.url), {
    workerData: { baseUrl, flagKey: 'new-checkout', targetingKey: 'user-1' },
    execArgv: ['--experimental-eventsource', '--no-warnings'],
  });
  return {
    next: async () => (await once(worker, 'message'))[0],
    async [Symbol.asyncDispose]() {
      const exited = once(worker, 'exit');
      worker.postMessage('close');
      await exited;
    },
  };
}

describe('the real OFREP web provider', () => {
  test('is told of a kill by its event stream within a second, and nothing else wakes it', async () => {
    await using opened = await openStoreWith('new-checkout', 'other');
    const flag = opened.store.backend('new-checkout');
    await flag.set(share(100), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    await using client = startWebClient(server.url);
    expect(await client.next()).toMatchObject({
      kind: 'ready',
      details: { value: true, variant: 'on', reason: 'SPLIT' },
    });

    const changed = client.next();
    const started = performance.now();
    await flag.set(share(0), stamp('r', 2));
    expect(await changed).toMatchObject({
      kind: 'changed',
      flagsChanged: ['new-checkout'],
      details: { value: false, variant: 'off', reason: 'STATIC' },
    });
    expect(performance.now() - started, 'ms from the kill to the connected client').toBeLessThan(
      KILL_LIMIT_MS,
    );
  });

  test('follows again after Sluice was away, with the change it missed', async () => {
    await using opened = await openStoreWith('new-checkout');
    const flag = opened.store.backend('new-checkout');
    await flag.set(share(100), stamp('r', 1));
    const first = await serveOfrep(opened.store);
    await using client = startWebClient(first.url);
    expect(await client.next()).toMatchObject({ kind: 'ready', details: { value: true } });

    const changed = client.next();
    await first[Symbol.asyncDispose]();
    await flag.set(share(0), stamp('r', 2));
    await using _second = await serveOfrep(opened.store, { port: first.port });
    expect(await changed).toMatchObject({ kind: 'changed', details: { value: false, variant: 'off' } });
  });
});

describe('the real OFREP core client', () => {
  test.each(['new-checkout', 'a/b c', 'ends with %', 'a%2Fb', 'q?x=1#y'])(
    'evaluates the flag %j',
    async (key) => {
      await using opened = await openStoreWith(key);
      await opened.store.backend(key).set(share(100), stamp('r', 1));
      await using server = await serveOfrep(opened.store);
      const api = new OFREPApi({ baseUrl: server.url });
      const result = await api.postEvaluateFlag(key, { context: { targetingKey: 'user-1' } });
      expect(result).toMatchObject({
        httpStatus: 200,
        value: { key, value: true, variant: 'on', reason: 'SPLIT' },
      });
    },
  );

  test('understands a flag that is not there', async () => {
    await using opened = await openStoreWith();
    await using server = await serveOfrep(opened.store);
    const result = await new OFREPApi({ baseUrl: server.url }).postEvaluateFlag('nope');
    expect(result).toMatchObject({ httpStatus: 404, value: { key: 'nope', errorCode: 'FLAG_NOT_FOUND' } });
  });
});

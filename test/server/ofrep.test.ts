import { describe, expect, test } from 'vitest';
import { readEventStream } from '../../src/adapters/embedded/event-stream.ts';
import { openStoreWith, share, stamp } from '../adapters/embedded-store.ts';
import { serveOfrep } from './ofrep-server.ts';

const BULK = '/ofrep/v1/evaluate/flags';
const EVENTS = '/ofrep/v1/events';

function post(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

const forUser = (targetingKey: string) => ({ context: { targetingKey } });

describe('evaluating one flag', () => {
  test('answers value, variant and reason', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set({ percent: 100, audiences: ['internal'] }, stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    const response = await post(`${server.url}${BULK}/f`, forUser('user-1'));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ key: 'f', value: true, variant: 'on', reason: 'SPLIT' });
    const insider = await post(`${server.url}${BULK}/f`, { context: { audience: 'internal' } });
    expect(await insider.json()).toEqual({ key: 'f', value: true, variant: 'on', reason: 'TARGETING_MATCH' });
  });

  test('answers an explicit false for a killed flag, to a caller without any context', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    for (const body of [{}, { context: {} }, forUser('user-1')]) {
      const response = await post(`${server.url}${BULK}/f`, body);
      expect(await response.json()).toEqual({ key: 'f', value: false, variant: 'off', reason: 'STATIC' });
    }
  });

  test.each(['a/b%20c', 'a%2Fb%20c'])(
    'takes the key from the rest of the path, decoded: %s',
    async (path) => {
      await using opened = await openStoreWith('a/b c');
      await using server = await serveOfrep(opened.store);
      const response = await post(`${server.url}${BULK}/${path}`, forUser('user-1'));
      expect(await response.json()).toMatchObject({ key: 'a/b c', value: false });
    },
  );

  test.each([
    {
      title: 'an unknown flag',
      path: '/nope',
      body: {},
      status: 404,
      errorCode: 'FLAG_NOT_FOUND',
      key: 'nope',
    },
    {
      title: 'a share without a key',
      path: '/f',
      body: {},
      status: 400,
      errorCode: 'TARGETING_KEY_MISSING',
      key: 'f',
    },
    {
      title: 'a body that is not JSON',
      path: '/f',
      body: '{',
      status: 400,
      errorCode: 'PARSE_ERROR',
      key: 'f',
    },
    { title: 'no body', path: '/f', body: '', status: 400, errorCode: 'PARSE_ERROR', key: 'f' },
    { title: 'a list', path: '/f', body: [], status: 400, errorCode: 'PARSE_ERROR', key: 'f' },
    {
      title: 'a context of text',
      path: '/f',
      body: { context: 'x' },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      key: 'f',
    },
    {
      title: 'a key that is a number',
      path: '/f',
      body: { context: { targetingKey: 7 } },
      status: 400,
      errorCode: 'INVALID_CONTEXT',
      key: 'f',
    },
    { title: 'a broken escape', path: '/%E0%A4', body: {}, status: 400, errorCode: 'PARSE_ERROR', key: '' },
  ])('answers $errorCode to $title', async ({ path, body, status, errorCode, key }) => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(50), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    const response = await post(`${server.url}${BULK}${path}`, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual({ key, errorCode, errorDetails: expect.any(String) });
  });

  test('refuses a body above 64 kB', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const context = { targetingKey: 'user-1', more: 'x'.repeat(65_536) };
    for (const path of ['', '/f']) {
      const response = await post(`${server.url}${BULK}${path}`, { context });
      expect(response.status).toBe(413);
      expect(await response.json()).toEqual({ errorDetails: expect.stringContaining('65536') });
    }
  });
});

describe('evaluating all flags', () => {
  test('answers every flag, its failures in place, and where changes are announced', async () => {
    await using opened = await openStoreWith('killed', 'shared');
    await opened.store.backend('shared').set(share(50), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    const response = await post(`${server.url}${BULK}`, { context: {} });
    expect(await response.json()).toEqual({
      flags: [
        { key: 'killed', value: false, variant: 'off', reason: 'STATIC' },
        { key: 'shared', errorCode: 'TARGETING_KEY_MISSING', errorDetails: expect.any(String) },
      ],
      eventStreams: [{ type: 'sse', endpoint: { requestUri: EVENTS }, inactivityDelaySec: 120 }],
    });
  });

  test('names the stream by the public address where one is set', async () => {
    await using opened = await openStoreWith();
    await using server = await serveOfrep(opened.store, { publicUrl: 'https://flags.example.org/sluice' });
    const body = await (await post(`${server.url}${BULK}`, {})).json();
    expect(body).toMatchObject({ eventStreams: [{ url: `https://flags.example.org/sluice${EVENTS}` }] });
  });

  test('has a tag of the evaluated result: another caller’s change leaves it, one’s own changes it', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(50), stamp('r', 1));
    await using server = await serveOfrep(opened.store);
    const ask = (user: string, tag?: string) =>
      post(`${server.url}${BULK}`, forUser(user), tag === undefined ? {} : { 'if-none-match': tag });
    const variantOf = (user: string) => {
      const evaluation = opened.store.evaluate('f', { targetingKey: user });
      return evaluation.kind === 'value' ? evaluation.variant : evaluation.errorCode;
    };
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const exposed = users.find((user) => variantOf(user) === 'on') ?? '';
    const control = users.find((user) => variantOf(user) === 'control') ?? '';
    const tag = (await ask(exposed)).headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[0-9a-f]{64}"$/);
    expect((await ask(control)).headers.get('etag')).not.toBe(tag);
    const same = await ask(exposed, `"x", W/${tag}`);
    expect(same.status).toBe(304);
    expect(await same.text()).toBe('');
    expect(same.headers.get('etag')).toBe(tag);
    await flag.set(share(60), stamp('r', 2));
    expect((await ask(exposed, tag)).status).toBe(304);
    await flag.set(share(0), stamp('r', 3));
    expect((await ask(exposed, tag)).status).toBe(200);
  });

  test.each([
    { body: 'x', errorCode: 'PARSE_ERROR' },
    { body: { context: [] }, errorCode: 'INVALID_CONTEXT' },
  ])('answers $errorCode for the whole request', async ({ body, errorCode }) => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const response = await post(`${server.url}${BULK}`, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({ errorCode, errorDetails: expect.any(String) });
  });

  test('lets web pages of other origins ask, conditionally too', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const preflight = await fetch(`${server.url}${BULK}`, {
      method: 'OPTIONS',
      headers: {
        origin: 'https://shop.example.org',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,if-none-match',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('if-none-match');
    const response = await post(`${server.url}${BULK}`, {}, { origin: 'https://shop.example.org' });
    expect(response.headers.get('access-control-expose-headers')).toContain('etag');
  });

  test('answers only the origins it was given', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store, { corsOrigins: ['https://shop.example.org'] });
    const allowed = async (origin: string) =>
      (await post(`${server.url}${BULK}`, {}, { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://shop.example.org')).toBe('https://shop.example.org');
    expect(await allowed('https://evil.example.org')).toBeNull();
  });
});

describe('the flag set for in-process providers and flagd', () => {
  test('is the stored text, with a tag, and not for other origins', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const response = await fetch(`${server.url}/flags/flagd.json`, {
      headers: { origin: 'https://x.example.org' },
    });
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(await response.text()).toBe(opened.store.document().text);
    const tag = response.headers.get('etag') ?? '';
    expect(tag).toBe(`"${opened.store.document().digest}"`);
    const again = () => fetch(`${server.url}/flags/flagd.json`, { headers: { 'if-none-match': tag } });
    expect((await again()).status).toBe(304);
    await opened.store.backend('f').set(share(1), stamp('r', 1));
    expect((await again()).status).toBe(200);
  });
});

describe('the event stream', () => {
  async function open(url: string, lastEventId?: string) {
    const leaving = new AbortController();
    const response = await fetch(`${url}${EVENTS}`, {
      headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
      signal: leaving.signal,
    });
    const chunks: AsyncIterator<Uint8Array> | undefined = response.body?.[Symbol.asyncIterator]();
    const next = async () => {
      const chunk = await chunks?.next();
      return chunk === undefined || chunk.done === true ? null : new TextDecoder().decode(chunk.value);
    };
    return { response, next, leave: () => leaving.abort(), [Symbol.dispose]: () => leaving.abort() };
  }

  test('tells a new client to fetch at once, and every client at each change', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const response = await fetch(`${server.url}${EVENTS}`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    if (response.body === null) throw new Error('no stream');
    const events = readEventStream(response.body, () => {});
    const expectRefetch = async () => {
      const { digest } = opened.store.document();
      const { value } = await events.next();
      expect(value).toMatchObject({ event: 'message', id: digest });
      expect(JSON.parse(value?.data)).toEqual({ type: 'refetchEvaluation', etag: digest });
    };
    await expectRefetch();
    await opened.store.backend('f').set(share(1), stamp('r', 1));
    await expectRefetch();
    await opened.store.backend('f').set(share(0), stamp('r', 2));
    await expectRefetch();
    await events.return(undefined);
  });

  test('lets a client be that comes back having seen the last change', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store);
    const { digest } = opened.store.document();
    using fresh = await open(server.url, digest);
    expect(await fresh.next()).toBe(': connected\n\n');
    using stale = await open(server.url, 'an-older-digest');
    expect(await stale.next()).toContain('refetchEvaluation');
  });

  test('sends comments as heartbeats', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store, { heartbeatMs: 5 });
    using client = await open(server.url);
    await client.next();
    expect(await client.next()).toBe(': heartbeat\n\n');
  });

  test('ends with a word on when to come back as Sluice closes, so the server can end', async () => {
    await using opened = await openStoreWith('f');
    const server = await serveOfrep(opened.store);
    using client = await open(server.url);
    await client.next();
    const last = client.next();
    const closed = server[Symbol.asyncDispose]();
    expect(await last).toBe('retry: 1000\n\n');
    expect(await client.next()).toBeNull();
    await closed;
  });

  test('is refused past the limit, and a client that leaves makes room', async () => {
    await using opened = await openStoreWith('f');
    await using server = await serveOfrep(opened.store, { maxStreams: 1, heartbeatMs: 5 });
    const first = await open(server.url);
    await first.next();
    using second = await open(server.url);
    expect(second.response.status).toBe(503);
    expect(second.response.headers.get('retry-after')).toBe('1');
    first.leave();
    await expect
      .poll(async () => {
        using third = await open(server.url);
        return third.response.status;
      })
      .toBe(200);
  });
});

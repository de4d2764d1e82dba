import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type Anthropic from '@anthropic-ai/sdk';
import { HttpResponse, http, passthrough } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { anthropicModel } from '../../src/adapters/anthropic/model.ts';
import { readPrompt } from '../../src/adapters/prompts/prompt-files.ts';
import { replyJsonSchema } from '../../src/agent/model/reply-schema.ts';
import { toolDefinitions } from '../../src/agent/model/tool-calls.ts';
import type { ModelRequest } from '../../src/ports/model.ts';
import { CHANGE, readsOf } from '../agent/model/readable-change.ts';

const BASE = 'http://model.test';
const server = setupServer();
let bodies: Anthropic.MessageCreateParamsNonStreaming[] = [];
let headers: Headers[] = [];

beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
beforeEach(() => {
  bodies = [];
  headers = [];
});
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

type Reply = Response | Promise<Response>;

/** Answers from a list; the last is given again for ever. */
function answering(...replies: readonly (() => Reply)[]) {
  server.use(
    http.post(`${BASE}/v1/messages`, async ({ request }) => {
      headers.push(request.headers);
      bodies.push((await request.json()) as Anthropic.MessageCreateParamsNonStreaming);
      const reply = replies[Math.min(bodies.length, replies.length) - 1];
      return reply?.();
    }),
  );
}

function message(more: Partial<Anthropic.Message> = {}): () => Response {
  const whole = {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'model-x',
    container: null,
    diagnostics: null,
    content: [{ type: 'text', text: '{"risk":"low"}', citations: null }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    stop_details: null,
    usage: {
      input_tokens: 10,
      output_tokens: 5,
      cache_creation: null,
      cache_creation_input_tokens: 3,
      cache_read_input_tokens: 2,
      inference_geo: null,
      output_tokens_details: null,
      server_tool_use: null,
      service_tier: 'standard',
      speed: 'standard',
    },
    ...more,
  } satisfies Anthropic.Message;
  return () => HttpResponse.json(whole);
}

const USAGE = { input: 10, cacheRead: 2, cacheWritten: 3, output: 5 };

function failing(status: number): () => Response {
  const body = { type: 'error', error: { type: 'api_error', message: 'quotes: password=hunter2' } };
  return () => HttpResponse.json(body, { status, headers: { 'retry-after-ms': '1' } });
}

function request(more: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: [
      { text: 'stable', isStable: true },
      { text: 'passing', isStable: false },
    ],
    messages: [{ role: 'user', parts: [{ kind: 'text', text: 'the task' }] }],
    tools: toolDefinitions(readsOf(CHANGE)),
    toolChoice: 'auto',
    schema: replyJsonSchema,
    effort: 'medium',
    maxOutputTokens: 4_000,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    ...more,
  };
}

const ask = (more: Partial<ModelRequest> = {}) =>
  anthropicModel({ model: 'model-x', apiKey: 'key-of-the-test', baseUrl: BASE }).ask(request(more));

describe('a request', () => {
  test('carries system, tools, form and cache marks, and nothing that was taken out of the API', async () => {
    answering(message());
    await ask();
    const [body] = bodies;
    expect(body).toMatchObject({
      model: 'model-x',
      max_tokens: 4_000,
      system: [
        { type: 'text', text: 'stable', cache_control: { type: 'ephemeral', ttl: '1h' } },
        { type: 'text', text: 'passing' },
      ],
      cache_control: { type: 'ephemeral' },
      tool_choice: { type: 'auto' },
      thinking: { type: 'adaptive', display: 'omitted' },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'the task' }] }],
    });
    expect(body?.tools?.map((tool) => ('name' in tool ? tool.name : ''))).toEqual([
      'list_changed_files',
      'read_hunks',
      'list_signals',
    ]);
    expect(Object.keys(body ?? {}).sort()).toEqual([
      'cache_control',
      'max_tokens',
      'messages',
      'model',
      'output_config',
      'system',
      'thinking',
      'tool_choice',
      'tools',
    ]);
    expect(JSON.stringify(body?.system)).not.toMatch(/passing.*cache_control/);
    const [sent] = headers;
    // As SDK 1.11 sends it, to the usual server and to any other.
    expect(sent?.get('authorization')).toBe('Bearer key-of-the-test');
    expect(sent?.get('anthropic-beta')).toBeNull();
  });

  test('keeps in the form what the server enforces: enums, required members, no others', async () => {
    answering(message());
    await ask();
    const format = bodies[0]?.output_config?.format;
    const text = JSON.stringify(format?.schema);
    expect(format?.type).toBe('json_schema');
    expect(text).not.toMatch(
      /"(?:minimum|maximum|minLength|maxLength|minItems|maxItems|pattern|default|oneOf|\$schema)":/,
    );
    expect(format?.schema).toMatchObject({
      type: 'object',
      additionalProperties: false,
      required: ['risk', 'risk_reasons', 'rollback_safe', 'checks'],
      properties: {
        risk: { enum: ['low', 'medium', 'high'] },
        checks: {
          items: {
            additionalProperties: false,
            required: ['signal', 'intent', 'direction', 'flags', 'evidence', 'why'],
            properties: { intent: { enum: ['guard', 'expect_change', 'not_observable'] } },
          },
        },
      },
    });
    expect(text).toContain('"payment.duplicate_rate"');
  });

  test('gives back what the model said as it came, and marks a tool’s failure', async () => {
    answering(message());
    const said = [{ type: 'thinking', thinking: '', signature: 'abc' }];
    await ask({
      toolChoice: 'none',
      schema: null,
      messages: [
        { role: 'user', parts: [{ kind: 'text', text: 'task' }] },
        { role: 'assistant', said },
        {
          role: 'user',
          parts: [
            { kind: 'tool_result', callId: 'a', text: 'fine', isError: false },
            { kind: 'tool_result', callId: 'b', text: 'not fine', isError: true },
          ],
        },
      ],
    });
    expect(bodies[0]?.messages.slice(1)).toEqual([
      { role: 'assistant', content: said },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: 'fine' },
          { type: 'tool_result', tool_use_id: 'b', content: 'not fine', is_error: true },
        ],
      },
    ]);
    expect(bodies[0]?.tool_choice).toEqual({ type: 'none' });
    expect(bodies[0]?.output_config).toEqual({ effort: 'medium' });
  });

  test('has the whole plan prompt in it, and stays within what one request may weigh', () => {
    expect(readPrompt('plan').text.length).toBeLessThan(8_000);
    expect(JSON.stringify(toolDefinitions(readsOf(CHANGE))).length).toBeLessThan(6_000);
    expect(JSON.stringify(replyJsonSchema).length).toBeLessThan(6_000);
  });
});

describe('an answer', () => {
  test('is text, with what it cost', async () => {
    answering(message());
    expect(await ask()).toMatchObject({
      kind: 'message',
      stop: 'end',
      text: '{"risk":"low"}',
      calls: [],
      usage: USAGE,
    });
  });

  test('may call several tools at once', async () => {
    const call = {
      type: 'tool_use',
      name: 'read_hunks',
      input: { file: 'f1' },
      caller: { type: 'direct' },
    } as const;
    const content = [
      { ...call, id: 'a' },
      { ...call, id: 'b' },
    ];
    answering(message({ stop_reason: 'tool_use', content }));
    expect(await ask()).toMatchObject({ stop: 'tools', said: content, calls: [{ id: 'a' }, { id: 'b' }] });
  });

  test.each<[Partial<Anthropic.Message>, object]>([
    [{ stop_reason: 'stop_sequence' }, { kind: 'message', stop: 'end' }],
    [{ stop_reason: 'pause_turn' }, { kind: 'message', stop: 'pause' }],
    [{ stop_reason: 'max_tokens' }, { kind: 'truncated', by: 'output_limit', usage: USAGE }],
    [{ stop_reason: 'model_context_window_exceeded' }, { kind: 'truncated', by: 'context_window' }],
    [
      { stop_reason: 'refusal', stop_details: { type: 'refusal', category: 'cyber', explanation: null } },
      { kind: 'refused', category: 'cyber', usage: USAGE },
    ],
    [{ stop_reason: null }, { kind: 'failed', reason: 'bad_reply' }],
  ])('that stops with %o is named for what it is', async (more, outcome) => {
    answering(message(more));
    expect(await ask()).toMatchObject(outcome);
  });

  test.each<[string, () => Response]>([
    ['no message', () => HttpResponse.json({ hello: 'world' })],
    ['no JSON', () => HttpResponse.text('<html>', { headers: { 'content-type': 'application/json' } })],
    ['a page', () => HttpResponse.html('<html></html>')],
  ])('that is %s is a bad reply', async (_, reply) => {
    answering(reply);
    expect(await ask()).toEqual({ kind: 'failed', reason: 'bad_reply', status: null });
  });
});

describe('a failure', () => {
  test('that passes is tried again by the SDK, and by nobody else', async () => {
    answering(failing(429), failing(529), message());
    expect(await ask()).toMatchObject({ kind: 'message' });
    expect(bodies).toHaveLength(3);
  });

  test.each([
    [429, 3, { kind: 'overloaded', status: 429 }],
    [529, 3, { kind: 'overloaded', status: 529 }],
    [503, 3, { kind: 'overloaded', status: 503 }],
    [500, 3, { kind: 'failed', reason: 'server', status: 500 }],
    [401, 1, { kind: 'failed', reason: 'not_authorised', status: 401 }],
    [403, 1, { kind: 'failed', reason: 'not_authorised', status: 403 }],
    [400, 1, { kind: 'failed', reason: 'bad_request', status: 400 }],
    [413, 1, { kind: 'failed', reason: 'bad_request', status: 413 }],
  ])(
    'of status %i is asked %i times and named, without the server’s words',
    async (status, times, outcome) => {
      answering(failing(status));
      expect(await ask()).toEqual(outcome);
      expect(bodies).toHaveLength(times);
    },
  );

  test('of the line is unreachable', async () => {
    // A real port that nobody listens on: a made-up network error is not what a client meets.
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const nobody = `http://127.0.0.1:${(probe.address() as AddressInfo).port}`;
    probe.close();
    await once(probe, 'close');
    server.use(http.post(`${nobody}/v1/messages`, () => passthrough()));
    const model = anthropicModel({ model: 'model-x', apiKey: 'key-of-the-test', baseUrl: nobody });
    expect(await model.ask(request())).toEqual({ kind: 'failed', reason: 'unreachable', status: null });
  });

  test('to answer in time ends the request, its retries and their waits', async () => {
    answering(() => new Promise<Response>(() => {}));
    expect(await ask({ timeoutMs: 40 })).toEqual({ kind: 'timed_out' });
    const slow = () => HttpResponse.json({}, { status: 529, headers: { 'retry-after': '60' } });
    answering(slow);
    expect(await ask({ timeoutMs: 200 })).toEqual({ kind: 'timed_out' });
  });

  test('is not what a caller’s stop is', async () => {
    const stop = new AbortController();
    answering(() => {
      stop.abort();
      return new Promise<Response>(() => {});
    });
    expect(await ask({ signal: stop.signal })).toEqual({ kind: 'aborted' });
    expect(await ask({ signal: stop.signal })).toEqual({ kind: 'aborted' });
    expect(bodies).toHaveLength(1);
  });
});

import type Anthropic from '@anthropic-ai/sdk';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { anthropicModel } from '../../../src/adapters/anthropic/model.ts';
import { readPrompt } from '../../../src/adapters/prompts/prompt-files.ts';
import type { ModelParts } from '../../../src/ports/agent.ts';
import type { Prompt } from '../../../src/ports/prompts.ts';
import { memoryRecords } from './memory-records.ts';
import { NONCE, readsOf } from './readable-change.ts';

const BASE = 'http://model.test';

type Body = Anthropic.MessageCreateParamsNonStreaming;
type Answer = () => Response | Promise<Response>;

export interface Wire {
  /** What was sent, in order. */
  bodies(): readonly Body[];
  /** Answers from a list; the last is given again for ever. */
  answering(...answers: readonly Answer[]): void;
}

/** The model's server as the SDK meets it. To be called once, at the top of a test file. */
export function messagesWire(): Wire {
  const server = setupServer();
  let bodies: Body[] = [];
  beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
  beforeEach(() => {
    bodies = [];
  });
  afterEach(() => server.resetHandlers());
  afterAll(() => server.close());
  return {
    bodies: () => bodies,
    answering: (...answers) =>
      server.use(
        http.post(`${BASE}/v1/messages`, async ({ request }) => {
          bodies.push((await request.json()) as Body);
          return answers[Math.min(bodies.length, answers.length) - 1]?.();
        }),
      ),
  };
}

export function saying(reply: unknown, stop: Anthropic.Message['stop_reason'] = 'end_turn'): Answer {
  const text = typeof reply === 'string' ? reply : JSON.stringify(reply);
  return () =>
    HttpResponse.json({
      content: [{ type: 'text', text }],
      stop_reason: stop,
      usage: { input_tokens: 10, output_tokens: 5 },
    });
}

export function failing(status: number): Answer {
  const body = { type: 'error', error: { type: 'api_error', message: 'no' } };
  return () => HttpResponse.json(body, { status, headers: { 'retry-after-ms': '1' } });
}

export const silence: Answer = () => new Promise<Response>(() => {});

/** A released prompt that waits no longer than a test may. */
export function hasty(id: string): Prompt {
  const prompt = readPrompt(id);
  return { ...prompt, budgets: { ...prompt.budgets, deadlineMs: 40 } };
}

/** The released prompts, asked over the wire. */
export function wiredParts(more: Partial<ModelParts> = {}): ModelParts {
  const { files: _, ...reads } = readsOf([]);
  return {
    mode: 'assist',
    model: anthropicModel({ model: 'model-x', apiKey: 'key-of-the-test', baseUrl: BASE }),
    promptOf: readPrompt,
    reads,
    policyDigest: 'p',
    records: memoryRecords(),
    newNonce: () => NONCE,
    clock: { now: () => 0, mono: () => 0, sleep: async () => {} },
    log: { info: () => {}, warn: () => {} },
    signal: new AbortController().signal,
    ...more,
  };
}

/** Each way in which a model gives nothing that can be used. */
export const FAILURES: readonly (readonly [string, Answer, Partial<ModelParts>])[] = [
  ['refuses', saying('', 'refusal'), {}],
  ['is cut off', saying('{', 'max_tokens'), {}],
  ['has no room', saying('{', 'model_context_window_exceeded'), {}],
  ['wants a tool that nobody offers', saying('', 'tool_use'), {}],
  ['pauses for ever', saying('', 'pause_turn'), {}],
  ['is asked too often (429)', failing(429), {}],
  ['is overloaded (529)', failing(529), {}],
  ['is broken (500)', failing(500), {}],
  ['does not know the key (401)', failing(401), {}],
  ['never answers', silence, { promptOf: hasty }],
  ['answers a page', () => HttpResponse.html('<html></html>'), {}],
  ['answers in prose', saying('All is well, promote it.'), {}],
  ['answers in another form', saying({ verdict: 'promote' }), {}],
  ['is not there', saying({}), { model: null }],
  ['has no prompt', saying({}), { promptOf: () => readPrompt('gone') }],
  ['was stopped', saying({}), { signal: AbortSignal.abort() }],
];

import { describe, expect, test } from 'vitest';
import { converse } from '../../../src/agent/model/conversation.ts';
import type { ModelOutcome, UserPart } from '../../../src/ports/model.ts';
import { CHANGE, diffFile, NONCE, promptOf, readsOf } from './readable-change.ts';
import { calls, type ScriptedModel, says, scriptedModel, USAGE } from './scripted-model.ts';

const read = { name: 'read_hunks', input: { file: 'f1', first: 1, count: 1 } };

function talk(
  model: ScriptedModel,
  more: {
    readonly budgets?: Parameters<typeof promptOf>[0];
    readonly reads?: ReturnType<typeof readsOf>;
    readonly msPerLook?: number;
    readonly signal?: AbortSignal;
  } = {},
) {
  let now = 0;
  return converse({
    model,
    prompt: promptOf(more.budgets),
    legend: 'signals',
    task: 'the change',
    nonce: NONCE,
    reads: more.reads ?? readsOf(CHANGE),
    schema: { type: 'object' },
    clock: {
      now: () => now,
      mono: () => {
        now += more.msPerLook ?? 1;
        return now;
      },
      sleep: async () => {},
    },
    signal: more.signal ?? new AbortController().signal,
  });
}

const resultsIn = (model: ScriptedModel, request: number) =>
  (model.asked[request]?.messages ?? []).flatMap((message): readonly UserPart[] =>
    message.role === 'user' ? message.parts.filter((part) => part.kind === 'tool_result') : [],
  );

describe('a conversation', () => {
  test('ends with the answer, and what it cost', async () => {
    const end = await talk(scriptedModel(says('{}')));
    expect(end).toEqual({
      kind: 'answer',
      text: '{}',
      spent: { turns: 1, tools: { calls: 0, bytes: 0 }, tokens: USAGE },
    });
  });

  test('gives every call of a turn its answer in one message, and what was said back as it came', async () => {
    const both = calls(read, { name: 'list_signals', input: { family: 'cache' } });
    const model = scriptedModel(both, says('{}'));
    const end = await talk(model);
    expect(end.kind).toBe('answer');
    expect(end.spent.tools.calls).toBe(2);
    const [, said, results] = model.asked[1]?.messages ?? [];
    expect(said).toEqual({ role: 'assistant', said: both.said });
    expect(results).toMatchObject({
      role: 'user',
      parts: [
        { callId: 'call-0', isError: false, text: expect.stringContaining('cache.get(id)') },
        { callId: 'call-1', isError: false, text: expect.stringContaining('cache.hit_ratio') },
      ],
    });
  });

  test('goes on where the server pauses, with the same conversation', async () => {
    const paused: ModelOutcome = { ...calls(), stop: 'pause', said: [{ type: 'text', text: 'so far' }] };
    const model = scriptedModel(paused, says('{}'));
    expect((await talk(model)).kind).toBe('answer');
    expect(model.asked[1]?.messages).toHaveLength(2);
  });

  test.each<[ModelOutcome, string]>([
    [{ kind: 'refused', category: 'cyber', usage: USAGE }, 'refused'],
    [{ kind: 'truncated', by: 'output_limit', usage: USAGE }, 'output_limit'],
    [{ kind: 'truncated', by: 'context_window', usage: USAGE }, 'context_window'],
    [{ kind: 'overloaded', status: 529 }, 'overloaded'],
    [{ kind: 'timed_out' }, 'time'],
    [{ kind: 'aborted' }, 'aborted'],
    [{ kind: 'failed', reason: 'not_authorised', status: 401 }, 'not_authorised'],
    [{ kind: 'failed', reason: 'unreachable', status: null }, 'unreachable'],
    [calls(), 'bad_reply'],
  ])('ends at once, with a name, on %o', async (outcome, why) => {
    const model = scriptedModel(outcome);
    expect(await talk(model)).toMatchObject({ kind: 'unusable', why });
    expect(model.asked).toHaveLength(1);
  });

  test('may call no tool in its last turn, and ends when its turns are used up', async () => {
    const model = scriptedModel(calls(read));
    const end = await talk(model, { budgets: { turns: 3 } });
    expect(end).toMatchObject({ kind: 'unusable', why: 'turns', spent: { turns: 3 } });
    expect(model.asked.map(({ toolChoice }) => toolChoice)).toEqual(['auto', 'auto', 'none']);
  });

  test('ends when its tokens are used up, cached ones counted', async () => {
    const model = scriptedModel(calls(read));
    expect(await talk(model, { budgets: { inputTokens: 260 } })).toMatchObject({ why: 'tokens' });
    expect(model.asked).toHaveLength(2);
    expect(await talk(scriptedModel(calls(read)), { budgets: { outputTokens: 50 } })).toMatchObject({
      why: 'tokens',
      spent: { turns: 1 },
    });
  });

  test('asks for no more output than is left of it', async () => {
    const model = scriptedModel(calls(read), says('{}'));
    await talk(model);
    expect(model.asked.map(({ maxOutputTokens }) => maxOutputTokens)).toEqual([1_000, 950]);
  });

  test('ends when its time is used up, and gives a request no more than what is left', async () => {
    const model = scriptedModel(calls(read));
    expect(await talk(model, { msPerLook: 25_000 })).toMatchObject({ why: 'time' });
    expect(model.asked.map(({ timeoutMs }) => timeoutMs)).toEqual([35_000, 10_000]);
  });

  test('is not begun, or not gone on with, once it was stopped', async () => {
    const stop = new AbortController();
    const model = scriptedModel(() => {
      stop.abort();
      return calls(read);
    });
    expect(await talk(model, { signal: stop.signal })).toMatchObject({ why: 'aborted' });
    expect(model.asked).toHaveLength(1);
  });
});

describe('a tool call', () => {
  test.each([
    ['of a tool nobody offers', { name: 'post_comment', input: {} }, 'there is no tool of that name'],
    ['of a tool this place cannot answer', { name: 'read_base_file', input: {} }, 'no tool of that name'],
    ['whose input does not parse', { name: 'read_hunks', input: { file: 7 } }, 'does not fit: file (invalid'],
    ['with a member nobody knows', { name: 'read_hunks', input: { ...read.input, path: '/etc' } }, 'unrecog'],
    [
      'of a file the change does not have',
      { name: 'read_hunks', input: { ...read.input, file: 'f9' } },
      'no file',
    ],
  ])('%s is answered with an error, and the talk goes on', async (_, call, text) => {
    const model = scriptedModel(calls(call), says('{}'));
    expect((await talk(model)).kind).toBe('answer');
    expect(resultsIn(model, 1)).toMatchObject([{ isError: true, text: expect.stringContaining(text) }]);
  });

  test('that breaks says nothing of why: the reason could quote what nobody masked', async () => {
    const reads = readsOf(CHANGE, { signalStats: () => Promise.reject(new Error('password=hunter2')) });
    const model = scriptedModel(
      calls({
        name: 'get_signal_stats',
        input: { component: 'checkout', signal: 'cache.hit_ratio', window: '1h' },
      }),
      says('{}'),
    );
    await talk(model, { reads });
    expect(resultsIn(model, 1)).toMatchObject([{ isError: true, text: 'the tool could not answer' }]);
  });

  test('beyond the budget of calls, or of bytes, is refused and said to be', async () => {
    const many = scriptedModel(calls(read, read, read), says('{}'));
    const end = await talk(many, { budgets: { toolCalls: 2 } });
    expect(resultsIn(many, 1).map((part) => 'isError' in part && part.isError)).toEqual([false, false, true]);
    expect(end.spent.tools.calls).toBe(3);

    const large = readsOf([diffFile('a.ts', Array<string>(50).fill('x'.repeat(60)))]);
    const wide = scriptedModel(calls(read, read), says('{}'));
    const wideEnd = await talk(wide, { reads: large, budgets: { totalResultBytes: 4_000 } });
    expect(resultsIn(wide, 1).map((part) => 'isError' in part && part.isError)).toEqual([false, true]);
    expect(wideEnd.spent.tools.bytes).toBeLessThanOrEqual(4_000);

    const tight = scriptedModel(calls(read), says('{}'));
    await talk(tight, { reads: large, budgets: { resultBytes: 500 } });
    expect(resultsIn(tight, 1)).toMatchObject([
      { isError: true, text: expect.stringContaining('too large') },
    ]);
  });
});

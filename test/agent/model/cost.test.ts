import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPrompt } from '../../../src/adapters/prompts/prompt-files.ts';
import { converse } from '../../../src/agent/model/conversation.ts';
import type { DiffFileFacts } from '../../../src/agent/model/readable-files.ts';
import { replyJsonSchema } from '../../../src/agent/model/reply-schema.ts';
import { legendOf, taskOf } from '../../../src/agent/model/task.ts';
import { diffFile, NONCE, readsOf } from './readable-change.ts';
import { says, scriptedModel } from './scripted-model.ts';

const LINE = '  const price = await prices.get(item.id, { currency, at: order.createdAt });';

function change(files: number, lines: number): readonly DiffFileFacts[] {
  return Array.from({ length: files }, (_, at) =>
    diffFile(`src/orders/part-${at}.ts`, Array<string>(lines).fill(LINE)),
  );
}

/** Bytes of a first request: what is the same for every change, and what is this change's own. */
async function bytesOf(files: readonly DiffFileFacts[]) {
  const prompt = readPrompt('plan');
  const reads = readsOf(files);
  const model = scriptedModel(says('{}'));
  await converse({
    model,
    prompt,
    legend: legendOf(reads.signals),
    task: taskOf({ title: 'Price orders', files: reads.files }, NONCE, prompt.budgets.changeBytes),
    nonce: NONCE,
    reads,
    schema: replyJsonSchema,
    clock: { now: () => 0, mono: () => 0, sleep: async () => {} },
    signal: new AbortController().signal,
  });
  const [asked] = model.asked;
  return {
    stable: JSON.stringify([asked?.system, asked?.tools, asked?.schema]).length,
    own: JSON.stringify(asked?.messages).length,
  };
}

describe('what a plan costs', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/model.md'), 'utf8');

  test.each([
    ['small', 1, 20],
    ['medium', 10, 40],
    ['large', 200, 100],
  ])('is what the page says of a %s change', async (name, files, lines) => {
    const { stable, own } = await bytesOf(change(files, lines));
    const [, stated = '', statedOwn = ''] =
      new RegExp(`^\\| ${name} \\|[^|]+\\| ([\\d.]+) \\| ([\\d.]+) \\|`, 'm').exec(page) ?? [];
    expect([Number(stated), Number(statedOwn)]).toEqual([
      Math.round(stable / 100) / 10,
      Math.round(own / 100) / 10,
    ]);
  });

  test('stays bounded, and is worked out in a second, however large the change is', async () => {
    const from = performance.now();
    const { own } = await bytesOf(change(2_000, 50));
    expect(performance.now() - from).toBeLessThan(1_000);
    expect(own).toBeLessThan(64_000);
  });

  test('is bounded by budgets, which the page states', () => {
    const { budgets } = readPrompt('plan');
    for (const amount of [budgets.inputTokens, budgets.outputTokens, budgets.turns, budgets.toolCalls]) {
      expect(page).toContain(amount.toLocaleString('en-US'));
    }
    expect(page).toContain(`${budgets.deadlineMs / 1_000} s`);
  });
});

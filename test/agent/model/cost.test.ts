import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPrompt } from '../../../src/adapters/prompts/prompt-files.ts';
import { converse } from '../../../src/agent/model/conversation.ts';
import { phraseReader } from '../../../src/agent/model/phrase-reader.ts';
import type { DiffFileFacts } from '../../../src/agent/model/readable-files.ts';
import { replyJsonSchema } from '../../../src/agent/model/reply-schema.ts';
import { summaryWriter } from '../../../src/agent/model/summary-writer.ts';
import { legendOf, taskOf } from '../../../src/agent/model/task.ts';
import { readInstruction } from '../../../src/core/plan/instruction.ts';
import { SIGNAL_KINDS } from '../../../src/core/plan/signal-kinds.ts';
import { factsOf } from './decision-facts.ts';
import { wiredParts } from './messages-wire.ts';
import { diffFile, NONCE, readsOf } from './readable-change.ts';
import { type ScriptedModel, says, scriptedModel } from './scripted-model.ts';

const LINE = '  const price = await prices.get(item.id, { currency, at: order.createdAt });';

function change(files: number, lines: number): readonly DiffFileFacts[] {
  return Array.from({ length: files }, (_, at) =>
    diffFile(`src/orders/part-${at}.ts`, Array<string>(lines).fill(LINE)),
  );
}

/** Bytes of a first request: what is the same for every change, and what is this change's own. */
async function bytesOf(files: readonly DiffFileFacts[]) {
  const prompt = readPrompt('plan');
  const never = async () => null;
  // All seven tools are offered, as in a place that knows everything.
  const reads = readsOf(files, {
    baseLines: never,
    signalStats: never,
    dependencies: async () => ({ upstream: [], downstream: [] }),
    pastRollouts: async () => [],
  });
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
  return weighed(model);
}

function weighed({ asked: [first] }: ScriptedModel) {
  return {
    stable: JSON.stringify([first?.system, first?.tools, first?.schema]).length,
    tools: first?.tools.length,
    own: JSON.stringify(first?.messages).length,
  };
}

/** Bytes of the one request about a decision with so many checks. */
async function bytesOfSummary(checks: number) {
  const model = scriptedModel(says('{}'));
  await summaryWriter(wiredParts({ model })).summarise(
    factsOf(
      Object.keys(SIGNAL_KINDS)
        .slice(0, checks)
        .map((kind) => `rule:${kind}`),
    ),
  );
  return weighed(model);
}

/** Bytes of the one request about so many phrases that the grammar left. */
async function bytesOfPhrases(count: number) {
  const model = scriptedModel(says('{}'));
  const phrases = Array.from(
    { length: count },
    (_, at) => `Halt number ${at} if calls get slow past ${at + 2} percent`,
  );
  expect(readInstruction(phrases.join('.\n')).unread).toHaveLength(count);
  await phraseReader(wiredParts({ model })).read(phrases.join('.\n'));
  return weighed(model);
}

/** Kilobytes of both parts, tokens at 3.5 bytes each, and dollars with the first part cached and an answer of 1,000 tokens. */
function priced(bytes: { readonly stable: number; readonly own: number }): readonly number[] {
  const [stable, own] = [bytes.stable, bytes.own].map((count) => Math.round(count / 100) / 10) as [
    number,
    number,
  ];
  const tokens = (kilobytes: number): number => (kilobytes * 1_000) / 3.5;
  const dollars = (tokens(stable) * 0.2 + tokens(own) * 2 + 1_000 * 10) / 1e6;
  return [stable, own, Math.round(tokens(stable + own) / 100) * 100, Number(dollars.toFixed(3))];
}

describe('what a plan costs', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/model.md'), 'utf8');

  const stated = (name: string, size = '[^|]+') => {
    const row =
      new RegExp(
        `^\\| ${name} \\| ?${size} ?\\| ([\\d.]+) \\| ([\\d.]+) \\| ([\\d,]+) \\| ([\\d.]+) \\|`,
        'm',
      ).exec(page) ?? [];
    return row.slice(1).map((cell) => Number(cell.replace(',', '')));
  };

  test.each([
    ['small', 1, 20],
    ['medium', 10, 40],
    ['large', 200, 100],
  ])('is what the page says of a %s change', async (name, files, lines) => {
    expect(stated(name)).toEqual(priced(await bytesOf(change(files, lines))));
  });

  test.each([
    ['a summary', '1 check', () => bytesOfSummary(1)],
    ['a summary', '8 checks', () => bytesOfSummary(8)],
    ['an instruction', '1 phrase', () => bytesOfPhrases(1)],
    ['an instruction', '12 phrases', () => bytesOfPhrases(12)],
  ])('is what the page says of %s with %s', async (name, size, bytes) => {
    expect(stated(name, size)).toEqual(priced(await bytes()));
  });

  test('stays bounded however large the change is', async () => {
    const { own } = await bytesOf(change(2_000, 50));
    expect(own).toBeLessThan(64_000);
  });

  test('is bounded by budgets, which the page states', () => {
    const { budgets } = readPrompt('plan');
    for (const amount of [budgets.inputTokens, budgets.outputTokens, budgets.turns, budgets.toolCalls]) {
      expect(page).toContain(amount.toLocaleString('en-US'));
    }
    expect(page).toContain(`${budgets.deadlineMs / 1_000} s`);
    for (const [id, name] of [
      ['summary', 'A summary'],
      ['instruction', 'an instruction'],
    ] as const) {
      const { turns, toolCalls, outputTokens, deadlineMs } = readPrompt(id).budgets;
      expect([turns, toolCalls]).toEqual([1, 0]);
      const written = outputTokens.toLocaleString('en-US');
      expect(page).toContain(
        `${name} is one request, without tools, of ${written} tokens written and ${deadlineMs / 1_000} s`,
      );
    }
  });
});

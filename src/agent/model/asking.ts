import type { Json } from '../../core/canonical-json.ts';
import type { ModelParts } from '../../ports/agent.ts';
import type { ChangeReads } from '../../ports/change-reads.ts';
import { digestOf } from '../../ports/digest.ts';
import type { JsonSchema } from '../../ports/model.ts';
import type { Prompt } from '../../ports/prompts.ts';
import { converse, type Spent } from './conversation.ts';
import type { Unusable } from './unusable.ts';

/** One thing to be asked, and the form its answer must have. */
export interface Question<Reply> {
  readonly promptId: Parameters<ModelParts['promptOf']>[0];
  /** What follows the prompt's words and is the same every time. */
  readonly legend: string;
  /** The task, with whatever comes from outside in one block that carries the nonce. */
  readonly task: (prompt: Prompt, nonce: string) => string;
  /** What tools may read; null offers none. */
  readonly reads: ChangeReads | null;
  readonly schema: JsonSchema;
  /** The answer's text as a reply, strictly, or null. */
  readonly parse: (text: string) => Reply | null;
  /** All that the answer depends on beside prompt, schema and model: asked again for the same, it costs nothing. */
  readonly about: Json;
}

export type Asked<Reply> =
  | {
      readonly kind: 'reply';
      readonly reply: Reply;
      readonly key: string;
      /** Null for a reply kept from before. */
      readonly spent: Spent | null;
      /** Prompt version, model and reply: enough to find the very words that something came from (B15). */
      readonly by: string;
    }
  | { readonly kind: 'unusable'; readonly why: Unusable };

/** Asks, once for the same question. Never rejects: what goes wrong has a name, and the rest of the house goes on without (B13). */
export async function askOnce<Reply>(question: Question<Reply>, parts: ModelParts): Promise<Asked<Reply>> {
  try {
    return await ask(question, parts, parts.promptOf(question.promptId));
  } catch (error) {
    parts.log.warn('asking the model broke', { prompt: question.promptId, error: String(error) });
    return { kind: 'unusable', why: 'broken' };
  }
}

async function ask<Reply>(
  question: Question<Reply>,
  parts: ModelParts,
  prompt: Prompt,
): Promise<Asked<Reply>> {
  const { model, records, clock, signal } = parts;
  const { about, schema, legend, reads } = question;
  const key = digestOf({ about, prompt: prompt.digest, schema, model: model?.id ?? null });
  const replied = (reply: Reply, spent: Spent | null): Asked<Reply> => {
    const by = `${prompt.id}.v${prompt.version} ${model?.id ?? ''} ${digestOf(reply).slice(0, 12)}`;
    return { kind: 'reply', reply, key, spent, by };
  };
  // A record is data from outside, and is read as strictly as the answer was.
  const record = (await records.get(key)) as { readonly reply?: unknown } | null;
  const kept = record === null ? null : question.parse(JSON.stringify(record.reply ?? null));
  if (kept !== null) return replied(kept, null);
  if (model === null) return { kind: 'unusable', why: 'no_key' };
  const nonce = parts.newNonce();
  const task = question.task(prompt, nonce);
  const end = await converse({ model, prompt, legend, task, nonce, reads, schema, clock, signal });
  if (end.kind === 'unusable') return end;
  const reply = question.parse(end.text);
  return reply === null ? { kind: 'unusable', why: 'schema' } : replied(reply, end.spent);
}

/** Keeps an answer under its key. One that cannot be written costs the next question a request, and this one nothing. */
export async function keepAnswer<Reply>(
  asked: Asked<Reply>,
  promptId: Question<Reply>['promptId'],
  parts: ModelParts,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  if (asked.kind !== 'reply' || asked.spent === null) return;
  const { records, clock, mode, model, log } = parts;
  const { id, version, digest } = parts.promptOf(promptId);
  const { reply, spent } = asked;
  const record = {
    at: clock.now(),
    mode,
    model: model?.id ?? '',
    prompt: { id, version, digest },
    reply,
    spent,
    ...more,
  };
  try {
    await records.put(asked.key, record as unknown as Json);
  } catch (error) {
    log.warn('the model’s answer could not be kept', { error: String(error) });
  }
}

/** Text that must be JSON, or null. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

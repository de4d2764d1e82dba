import * as z from 'zod';
import type { ModelOutcome, ModelUsage } from '../../ports/model.ts';

const tokens = z.number().int().nonnegative();

/** What is used of a `Message`. A compatible server may send less than the SDK's types promise. */
const replySchema = z.object({
  stop_reason: z.string(),
  stop_details: z.object({ category: z.string().nullish() }).nullish(),
  content: z.array(z.looseObject({ type: z.string() })),
  usage: z.object({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens.nullish(),
    cache_read_input_tokens: tokens.nullish(),
  }),
});
const textSchema = z.object({ type: z.literal('text'), text: z.string() });
const callSchema = z.object({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.unknown(),
});

type Reply = z.output<typeof replySchema>;

/** A server's answer as an outcome. What is no message, or stops for a reason nobody knows, is a `bad_reply`. */
export function outcomeOf(answer: unknown): ModelOutcome {
  const parsed = replySchema.safeParse(answer);
  if (!parsed.success) return { kind: 'failed', reason: 'bad_reply', status: null };
  const reply = parsed.data;
  const usage = usageOf(reply);
  switch (reply.stop_reason) {
    case 'refusal':
      return { kind: 'refused', category: reply.stop_details?.category ?? null, usage };
    case 'max_tokens':
      return { kind: 'truncated', by: 'output_limit', usage };
    case 'model_context_window_exceeded':
      return { kind: 'truncated', by: 'context_window', usage };
    case 'pause_turn':
      return messageOf(reply, 'pause', usage);
    case 'tool_use':
      return messageOf(reply, 'tools', usage);
    case 'end_turn':
    case 'stop_sequence':
      return messageOf(reply, 'end', usage);
    default:
      return { kind: 'failed', reason: 'bad_reply', status: null };
  }
}

function messageOf(reply: Reply, stop: 'end' | 'tools' | 'pause', usage: ModelUsage): ModelOutcome {
  const texts = reply.content.flatMap((block) => textSchema.safeParse(block).data?.text ?? []);
  const calls = reply.content.flatMap((block) => {
    const call = callSchema.safeParse(block).data;
    return call === undefined ? [] : [{ id: call.id, name: call.name, input: call.input }];
  });
  return { kind: 'message', stop, text: texts.join(''), calls, said: reply.content, usage };
}

function usageOf({ usage }: Reply): ModelUsage {
  return {
    input: usage.input_tokens,
    cacheRead: usage.cache_read_input_tokens ?? 0,
    cacheWritten: usage.cache_creation_input_tokens ?? 0,
    output: usage.output_tokens,
  };
}

import * as z from 'zod';
import { TOOLS } from '../../../tools/index.ts';
import { type Tool, ToolRefusal } from '../../../tools/tool.ts';
import type { Json } from '../../core/canonical-json.ts';
import type { ChangeReads } from '../../ports/change-reads.ts';
import type { ToolCall, ToolDefinition, UserPart } from '../../ports/model.ts';
import type { PromptBudgets } from '../../ports/prompts.ts';
import { untrustedBlock } from './untrusted.ts';

/** What tools have used so far. */
export interface ToolUse {
  readonly calls: number;
  readonly bytes: number;
}

export interface ToolContext {
  readonly reads: ChangeReads;
  readonly nonce: string;
  readonly budgets: Pick<PromptBudgets, 'toolCalls' | 'resultBytes' | 'totalResultBytes'>;
  readonly signal: AbortSignal;
}

/** The tools that this place can answer, as the model is told of them; always in the same order, so that the cache holds. */
export function toolDefinitions(reads: ChangeReads): readonly ToolDefinition[] {
  return offeredTools(reads).map(({ name, description, input }) => {
    const { $schema: _, ...inputSchema } = z.toJSONSchema(input);
    return { name, description, inputSchema };
  });
}

/**
 * Runs the calls of one turn, in order. A call of an unknown tool, with an input that does not parse, beyond a budget, or that
 * fails is answered with an error the model can read: nothing a model writes ends the run or throws.
 */
export async function answerCalls(
  calls: readonly ToolCall[],
  used: ToolUse,
  context: ToolContext,
): Promise<{ readonly parts: readonly UserPart[]; readonly used: ToolUse }> {
  const parts: UserPart[] = [];
  let { calls: made, bytes } = used;
  for (const call of calls) {
    made += 1;
    const answer =
      made > context.budgets.toolCalls
        ? failed('no tool calls are left; answer with what you know')
        : await answerCall(call, context);
    const size = byteLength(answer.text);
    const kept = answer.isError || bytes + size <= context.budgets.totalResultBytes;
    if (kept && !answer.isError) bytes += size;
    parts.push({
      kind: 'tool_result',
      callId: call.id,
      ...(kept ? answer : failed('no more text can be read; answer with what you know')),
    });
  }
  return { parts, used: { calls: made, bytes } };
}

interface Answer {
  readonly text: string;
  readonly isError: boolean;
}

async function answerCall(call: ToolCall, context: ToolContext): Promise<Answer> {
  const tool = offeredTools(context.reads).find(({ name }) => name === call.name);
  if (tool === undefined) return failed('there is no tool of that name');
  const input = tool.input.safeParse(call.input);
  if (!input.success) return failed(`the input does not fit: ${problemsOf(input.error)}`);
  let output: unknown;
  try {
    output = tool.output.parse(await tool.run(input.data, context.reads, context.signal));
  } catch (error) {
    // What went wrong inside may quote what nobody masked; only a refusal speaks for itself.
    return failed(error instanceof ToolRefusal ? error.message : 'the tool could not answer');
  }
  const text = untrustedBlock(output as Json, context.nonce);
  return byteLength(text) <= context.budgets.resultBytes
    ? { text, isError: false }
    : failed('the answer is too large; ask for less at once');
}

/** Places and kinds of what is wrong, never the value itself: a model's input may quote the change. */
function problemsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 3)
    .map(({ path, code }) => `${path.map(String).join('.') || 'the whole'} (${code})`)
    .join(', ')
    .slice(0, 300);
}

function offeredTools(reads: ChangeReads): readonly Tool[] {
  return TOOLS.filter(({ isOffered }) => isOffered(reads));
}

function failed(text: string): Answer {
  return { text, isError: true };
}

/** UTF-8 bytes of a text. */
export function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

import type { ChangeReads } from '../../ports/change-reads.ts';
import type { Clock } from '../../ports/clock.ts';
import type { JsonSchema, Model, ModelMessage, ModelOutcome, ModelUsage } from '../../ports/model.ts';
import type { Prompt } from '../../ports/prompts.ts';
import { answerCalls, type ToolUse, toolDefinitions } from './tool-calls.ts';
import type { Unusable } from './unusable.ts';

export interface Conversation {
  readonly model: Model;
  readonly prompt: Prompt;
  /** What follows the prompt's words and is the same for every change: the signals. */
  readonly legend: string;
  readonly task: string;
  readonly nonce: string;
  /** What tools read from; null offers no tool. */
  readonly reads: ChangeReads | null;
  readonly schema: JsonSchema;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What a run used: requests made, tools called, bytes they gave, tokens by kind. */
export interface Spent {
  readonly turns: number;
  readonly tools: ToolUse;
  readonly tokens: ModelUsage;
}

export type ConversationEnd =
  | { readonly kind: 'answer'; readonly text: string; readonly spent: Spent }
  | { readonly kind: 'unusable'; readonly why: Unusable; readonly spent: Spent };

const NOTHING: Spent = {
  turns: 0,
  tools: { calls: 0, bytes: 0 },
  tokens: { input: 0, cacheRead: 0, cacheWritten: 0, output: 0 },
};

/**
 * Asks until the model answers or a budget ends: turns, tool calls, bytes, tokens, time. In the last turn no tool may be called.
 * Never rejects for anything a model or its server does; every end has a name.
 */
export async function converse(talk: Conversation): Promise<ConversationEnd> {
  const { budgets } = talk.prompt;
  const startedAt = talk.clock.mono();
  const messages: ModelMessage[] = [{ role: 'user', parts: [{ kind: 'text', text: talk.task }] }];
  let spent = NOTHING;
  const unusable = (why: Unusable): ConversationEnd => ({ kind: 'unusable', why, spent });
  while (spent.turns < budgets.turns) {
    const leftMs = budgets.deadlineMs - (talk.clock.mono() - startedAt);
    const leftTokens = budgets.outputTokens - spent.tokens.output;
    if (talk.signal.aborted) return unusable('aborted');
    if (leftMs <= 0) return unusable('time');
    if (leftTokens <= 0 || inputOf(spent.tokens) >= budgets.inputTokens) return unusable('tokens');
    const isLast = spent.turns + 1 === budgets.turns;
    const outcome = await talk.model.ask({
      system: [{ text: `${talk.prompt.text.trim()}\n\n${talk.legend}`, isStable: true }],
      messages: [...messages],
      tools: talk.reads === null ? [] : toolDefinitions(talk.reads),
      toolChoice: isLast ? 'none' : 'auto',
      schema: talk.schema,
      effort: talk.prompt.effort,
      maxOutputTokens: leftTokens,
      timeoutMs: Math.ceil(leftMs),
      signal: talk.signal,
    });
    spent = charged(spent, outcome);
    if (outcome.kind !== 'message') return unusable(reasonOf(outcome));
    messages.push({ role: 'assistant', said: outcome.said });
    // A server may call tools and not say so; calls must be answered before anything else is asked.
    if (outcome.stop === 'end' && outcome.calls.length === 0) {
      return { kind: 'answer', text: outcome.text, spent };
    }
    const { reads, nonce, signal } = talk;
    if (outcome.calls.length > 0 && reads !== null) {
      const { parts, used } = await answerCalls(outcome.calls, spent.tools, {
        reads,
        nonce,
        budgets,
        signal,
      });
      spent = { ...spent, tools: used };
      messages.push({ role: 'user', parts });
    } else if (outcome.stop === 'tools' || outcome.calls.length > 0) {
      return unusable('bad_reply');
    }
  }
  return unusable('turns');
}

function reasonOf(outcome: Exclude<ModelOutcome, { readonly kind: 'message' }>): Unusable {
  if (outcome.kind === 'truncated') return outcome.by;
  if (outcome.kind === 'failed') return outcome.reason;
  return outcome.kind === 'timed_out' ? 'time' : outcome.kind;
}

function charged(spent: Spent, outcome: ModelOutcome): Spent {
  const turns = spent.turns + 1;
  if (!('usage' in outcome)) return { ...spent, turns };
  const { tokens } = spent;
  const { usage } = outcome;
  return {
    ...spent,
    turns,
    tokens: {
      input: tokens.input + usage.input,
      cacheRead: tokens.cacheRead + usage.cacheRead,
      cacheWritten: tokens.cacheWritten + usage.cacheWritten,
      output: tokens.output + usage.output,
    },
  };
}

function inputOf(tokens: ModelUsage): number {
  return tokens.input + tokens.cacheRead + tokens.cacheWritten;
}

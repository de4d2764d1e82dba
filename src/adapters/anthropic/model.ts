import Anthropic from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import type { JsonSchema, Model, ModelMessage, ModelOutcome, ModelRequest } from '../../ports/model.ts';
import { failureOf } from './failure.ts';
import { outcomeOf } from './reply.ts';

export interface AnthropicOptions {
  readonly model: string;
  readonly apiKey: string;
  /** Any server that speaks the Messages API; null for the usual one. */
  readonly baseUrl: string | null;
}

/** One attempt may take this long; the request's own time ends all attempts together. */
const ATTEMPT_MS = 60_000;
const RETRIES = 2;

/**
 * The Messages API behind the model port, through the SDK and its own retries (408, 409, 429, 5xx and lost connections, at
 * most twice, honouring `retry-after`). Nothing else retries around it: two layers would multiply. The SDK's log and its trace
 * context stay off, so that standard output keeps its one object and no header leaves that nobody asked for.
 */
export function anthropicModel(options: AnthropicOptions): Model {
  const client = new Anthropic({
    apiKey: options.apiKey,
    baseURL: options.baseUrl,
    maxRetries: RETRIES,
    logLevel: 'off',
    openTelemetry: false,
  });
  return {
    id: options.model,
    ask: async (request) => ask(client, options.model, request),
  };
}

async function ask(client: Anthropic, model: string, request: ModelRequest): Promise<ModelOutcome> {
  if (request.signal.aborted) return { kind: 'aborted' };
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(request.timeoutMs)]);
  const timeout = Math.min(ATTEMPT_MS, request.timeoutMs);
  try {
    return outcomeOf(await client.messages.create(bodyOf(model, request), { signal, timeout }));
  } catch (error) {
    // The signal tells who ended it: the caller's word, or the request's own time.
    if (request.signal.aborted) return { kind: 'aborted' };
    if (signal.aborted) return { kind: 'timed_out' };
    return failureOf(error);
  }
}

/** Stable text comes first and is marked for an hour; the newest block is marked too, so that each turn reuses the last. */
function bodyOf(model: string, request: ModelRequest): Anthropic.MessageCreateParamsNonStreaming {
  const lastStable = request.system.findLastIndex((block) => block.isStable);
  return {
    model,
    max_tokens: request.maxOutputTokens,
    system: request.system.map(({ text }, at) => ({
      type: 'text',
      text,
      ...(at === lastStable ? { cache_control: { type: 'ephemeral', ttl: '1h' } as const } : {}),
    })),
    cache_control: { type: 'ephemeral' },
    ...toolsOf(request),
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: {
      effort: request.effort,
      ...(request.schema === null ? {} : { format: formatOf(request.schema) }),
    },
    messages: request.messages.map(messageOf),
  };
}

function toolsOf(request: ModelRequest): Pick<Anthropic.MessageCreateParams, 'tools' | 'tool_choice'> {
  if (request.tools.length === 0) return {};
  return {
    tools: request.tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      input_schema: { ...inputSchema, type: 'object' as const },
    })),
    tool_choice: { type: request.toolChoice },
  };
}

/** The server enforces structure, `enum` and `required`; bounds become descriptions, and whoever reads the answer checks them. */
function formatOf(schema: JsonSchema): Anthropic.JSONOutputFormat {
  const { type, schema: lowered } = jsonSchemaOutputFormat({ ...schema, type: 'object' });
  return { type, schema: lowered };
}

function messageOf(message: ModelMessage): Anthropic.MessageParam {
  if (message.role === 'assistant') {
    return { role: 'assistant', content: message.said as Anthropic.ContentBlockParam[] };
  }
  return {
    role: 'user',
    content: message.parts.map((part) =>
      part.kind === 'text'
        ? { type: 'text', text: part.text }
        : {
            type: 'tool_result',
            tool_use_id: part.callId,
            content: part.text,
            ...(part.isError ? { is_error: true } : {}),
          },
    ),
  };
}

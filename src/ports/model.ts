/** A JSON Schema object, as the wire carries it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A piece of the system text. `isStable`: the same in every request of this prompt version, so it may be cached. */
export interface SystemBlock {
  readonly text: string;
  readonly isStable: boolean;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
}

/** A tool the model wants run. `input` is whatever it wrote: nobody has checked it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
}

export type UserPart =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'tool_result';
      readonly callId: string;
      readonly text: string;
      readonly isError: boolean;
    };

/** `said` goes back exactly as it came: it may hold parts that only the server understands. */
export type ModelMessage =
  | { readonly role: 'user'; readonly parts: readonly UserPart[] }
  | { readonly role: 'assistant'; readonly said: readonly unknown[] };

export interface ModelRequest {
  readonly system: readonly SystemBlock[];
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolDefinition[];
  /** `none`: the tools stay named, so that the cache holds, and none may be called. */
  readonly toolChoice: 'auto' | 'none';
  /** The form of the answer; null for plain text. */
  readonly schema: JsonSchema | null;
  readonly effort: 'low' | 'medium' | 'high';
  readonly maxOutputTokens: number;
  /** For the whole request, the retries and the waits between them included. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Tokens a request cost. `input` leaves out what was read from or written to the cache. */
export interface ModelUsage {
  readonly input: number;
  readonly cacheRead: number;
  readonly cacheWritten: number;
  readonly output: number;
}

export type ModelOutcome =
  | {
      readonly kind: 'message';
      /** `pause`: the server asks to be sent the same conversation again, to go on. */
      readonly stop: 'end' | 'tools' | 'pause';
      readonly text: string;
      readonly calls: readonly ToolCall[];
      readonly said: readonly unknown[];
      readonly usage: ModelUsage;
    }
  | { readonly kind: 'refused'; readonly category: string | null; readonly usage: ModelUsage }
  | {
      readonly kind: 'truncated';
      readonly by: 'output_limit' | 'context_window';
      readonly usage: ModelUsage;
    }
  /** 429, 503 or 529, after the retries. */
  | { readonly kind: 'overloaded'; readonly status: number }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly reason: ModelFailure; readonly status: number | null };

export type ModelFailure = 'not_authorised' | 'bad_request' | 'unreachable' | 'server' | 'bad_reply';

/** A language model that answers one request at a time. Every failure is an outcome; only a bug rejects. */
export interface Model {
  /** As the server knows it. */
  readonly id: string;
  ask(request: ModelRequest): Promise<ModelOutcome>;
}

import { AnthropicError, APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import type { ModelOutcome } from '../../ports/model.ts';

/** Statuses by which a server says "later": they outlived the SDK's retries. */
const LATER: ReadonlySet<number> = new Set([429, 503, 529]);
const NOT_AUTHORISED: ReadonlySet<number> = new Set([401, 402, 403]);

/**
 * What the SDK threw, as an outcome. The server's own words stay behind: they may quote what was sent. An error that is not the
 * SDK's is a bug and is thrown on, but for an answer that is no JSON, which the SDK lets through as a `SyntaxError`.
 */
export function failureOf(error: unknown): ModelOutcome {
  if (error instanceof APIConnectionTimeoutError) return { kind: 'timed_out' };
  if (error instanceof APIConnectionError) return { kind: 'failed', reason: 'unreachable', status: null };
  if (error instanceof APIError && typeof error.status === 'number') {
    const { status } = error;
    if (LATER.has(status)) return { kind: 'overloaded', status };
    if (NOT_AUTHORISED.has(status)) return { kind: 'failed', reason: 'not_authorised', status };
    return { kind: 'failed', reason: status >= 500 ? 'server' : 'bad_request', status };
  }
  if (error instanceof AnthropicError || error instanceof SyntaxError) {
    return { kind: 'failed', reason: 'bad_reply', status: null };
  }
  throw error;
}

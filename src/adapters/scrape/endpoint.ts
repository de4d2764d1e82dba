import type { Unusable } from '../../core/gate/sample.ts';
import { type Exposition, parseExposition } from './exposition-parser.ts';

/** What an endpoint gave: its exposition, or why there is none. `why` reads on after the endpoint's name. */
export type Reply =
  | { readonly kind: 'exposition'; readonly exposition: Exposition }
  | { readonly kind: 'failed'; readonly unusable: Unusable; readonly why: string };

export interface EndpointRequest {
  readonly endpoint: string;
  readonly fetch: typeof globalThis.fetch;
  /** Aborted at the deadline or when the caller gives up: either way the endpoint did not answer in time. */
  readonly signal: AbortSignal;
}

/** Decoded bytes read of one body. A body beyond it is refused, never cut: half of it would look like vanished series. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

/** Text format first, because it is the one every client library speaks. */
const ACCEPT = 'text/plain;version=0.0.4;q=1,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1';

/**
 * GETs one `/metrics` page and parses it. Never throws for what the endpoint does.
 *
 * There is no retry (p-retry) on purpose: counters keep what happened, so the next tick is the retry, and it counts the
 * gap. Asking again within a tick would only let the cohorts' instants drift apart and hide a flapping endpoint.
 */
export async function readEndpoint({ endpoint, fetch, signal }: EndpointRequest): Promise<Reply> {
  let body: { readonly text: string; readonly isOpenMetrics: boolean };
  try {
    const response = await fetch(endpoint, { signal, redirect: 'error', headers: { accept: ACCEPT } });
    // The body that comes with a refusal is not read: the caller aborts `signal` when the read is over.
    if (response.status !== 200) return failed('unreachable', `answered ${response.status}`);
    const text = await readText(response);
    if (text === null) return failed('too_large', `sent more than ${MAX_BODY_BYTES / 1024 / 1024} MB`);
    const isOpenMetrics =
      response.headers.get('content-type')?.startsWith('application/openmetrics-text') ?? false;
    body = { text, isOpenMetrics };
  } catch (error) {
    if (signal.aborted) return failed('timeout', 'did not answer in time');
    return failed('unreachable', `cannot be read (${reasonOf(error)})`);
  }
  const parsed = parseExposition(body.text, { needsEof: body.isOpenMetrics });
  if (parsed.kind === 'exposition') return { kind: 'exposition', exposition: parsed };
  return failed('not_metrics', `sent something other than metrics: line ${parsed.line} ${parsed.why}`);
}

/** The whole body as text, or null when it is too long: then the rest is not even read. */
async function readText(response: Response): Promise<string | null> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) return null;
    pieces.push(decoder.decode(chunk, { stream: true }));
  }
  pieces.push(decoder.decode());
  return pieces.join('');
}

/** `fetch` says only "fetch failed"; the reason is in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'no reason given';
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}

function failed(unusable: Unusable, why: string): Reply {
  return { kind: 'failed', unusable, why };
}

const PROCESS_START = 'process_start_time_seconds';

/**
 * When the exposed process started, in ms since the epoch. Null when the body does not say, or says it for several
 * processes: then no single start speaks for all the counters.
 */
export function processStart(exposition: Exposition): number | null {
  const [only, second] = exposition.series.get(PROCESS_START) ?? [];
  if (only === undefined || second !== undefined) return null;
  return Number.isFinite(only.value) && only.value > 0 ? only.value * 1_000 : null;
}

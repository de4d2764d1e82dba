import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import * as z from 'zod';
import { digestOf } from '../ports/digest.ts';
import { openEventHub } from './ofrep-events.ts';

/** OFREP's enumerations; nothing else is ever sent. */
type OfrepReason = 'STATIC' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'UNKNOWN';
type OfrepErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'PARSE_ERROR'
  | 'GENERAL';

type OfrepEvaluation =
  | {
      readonly kind: 'value';
      readonly value: unknown;
      readonly variant: string;
      readonly reason: OfrepReason;
    }
  | { readonly kind: 'error'; readonly errorCode: OfrepErrorCode; readonly errorDetails: string };

type OfrepContext = Readonly<Record<string, unknown>>;

/** What the routes ask of a flag store. */
export interface OfrepFlags {
  evaluate(flagKey: string, context: OfrepContext): OfrepEvaluation;
  evaluateAll(
    context: OfrepContext,
  ): readonly { readonly key: string; readonly evaluation: OfrepEvaluation }[];
  document(): { readonly text: string; readonly digest: string };
  onChange(listener: (change: { readonly digest: string }) => void): () => void;
}

export interface OfrepOptions {
  /**
   * Aborted when the server goes away: ends every event stream, which an open server would wait for for ever.
   */
  readonly signal: AbortSignal;
  /**
   * Where clients reach Sluice, without a path's last slash. Without it they are told the path they called.
   */
  readonly publicUrl?: string;
  /**
   * Origins of web clients; every one by default, since a flag answer is not a secret and no cookie is read.
   */
  readonly corsOrigins?: readonly string[];
  readonly heartbeatMs?: number;
  /** Seconds a hidden page keeps its stream. */
  readonly inactivityDelaySec?: number;
  readonly maxStreams?: number;
}

const MAX_BODY_BYTES = 64 * 1024;
const HEARTBEAT_MS = 15_000;
const INACTIVITY_DELAY_SEC = 120;
const MAX_STREAMS = 10_000;
const CORS_MAX_AGE_SEC = 600;
const SINGLE = '/ofrep/v1/evaluate/flags/';
const EVENTS = '/ofrep/v1/events';

/**
 * OFREP 0.3.0 with bulk ETags and change events (ADR 8), and the flag set itself at `GET /flags/flagd.json`.
 *
 * Every answer carries an explicit `value`, for killed and disabled flags too: older providers take a missing
 * one for an error. Reasons and error codes are the protocol's enumeration. Source:
 * reference/flag-platforms.md §3.
 */
export function ofrepRoutes(flags: OfrepFlags, options: OfrepOptions): Hono {
  const hub = openEventHub({
    signal: options.signal,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    maxStreams: options.maxStreams ?? MAX_STREAMS,
  });
  const unsubscribe = flags.onChange(({ digest }) => hub.announce(digest));
  options.signal.addEventListener('abort', unsubscribe, { once: true });

  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    // Clients that ask again on a kept connection would hold a closing server open for as long as they ask.
    if (options.signal.aborted) c.header('connection', 'close');
  });
  app.use('/ofrep/*', crossOrigin(options.corsOrigins));
  app.use('/ofrep/*', limitedBody());
  app.post('/ofrep/v1/evaluate/flags', async (c) => {
    const request = await readRequest(c);
    if (request.kind === 'error') return c.json(request.failure, 400);
    const body = {
      flags: flags.evaluateAll(request.context).map(({ key, evaluation }) => answer(key, evaluation)),
      eventStreams: [eventStream(c, options)],
    };
    // By the evaluated result, not the document: one context's answers may stand while another's change.
    return tagged(c, `"${digestOf(body)}"`, () => c.json(body));
  });
  app.post(`${SINGLE}*`, async (c) => {
    const key = flagKeyOf(c);
    if (key === null)
      return c.json({ key: '', errorCode: 'PARSE_ERROR', errorDetails: 'the key is not a URL part' }, 400);
    const request = await readRequest(c);
    if (request.kind === 'error') return c.json({ key, ...request.failure }, 400);
    const evaluation = flags.evaluate(key, request.context);
    return c.json(answer(key, evaluation), statusOf(evaluation));
  });
  app.get(EVENTS, (c) => {
    const lastEventId = c.req.header('last-event-id') ?? null;
    if (c.req.method === 'HEAD') return c.body(null, 200);
    const stream = hub.open({ lastEventId, digest: flags.document().digest });
    if (stream === null)
      return c.json({ errorDetails: 'no event stream is free' }, 503, { 'retry-after': '1' });
    return c.body(stream, 200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      // A socket that outlives its stream would be kept for the next request, and keep a closing server
      // waiting for it.
      connection: 'close',
    });
  });
  app.get('/flags/flagd.json', (c) => {
    const { text, digest } = flags.document();
    return tagged(c, `"${digest}"`, () =>
      c.body(text, 200, { 'content-type': 'application/json', 'cache-control': 'no-cache' }),
    );
  });
  return app;
}

function crossOrigin(origins: readonly string[] | undefined) {
  return cors({
    origin: origins === undefined ? '*' : [...origins],
    allowMethods: ['GET', 'POST', 'OPTIONS'],
    allowHeaders: ['authorization', 'content-type', 'if-none-match', 'last-event-id', 'x-api-key'],
    exposeHeaders: ['etag', 'retry-after'],
    maxAge: CORS_MAX_AGE_SEC,
  });
}

function limitedBody() {
  return bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: (c) => c.json({ errorDetails: `the body is larger than ${MAX_BODY_BYTES} bytes` }, 413),
  });
}

const requestSchema = z.object({
  // Required by the protocol's schema, yet providers send neither for an anonymous caller.
  context: z.looseObject({ targetingKey: z.string().optional() }).optional(),
});

type Request =
  | { readonly kind: 'context'; readonly context: OfrepContext }
  | {
      readonly kind: 'error';
      readonly failure: { readonly errorCode: OfrepErrorCode; readonly errorDetails: string };
    };

async function readRequest(c: Context): Promise<Request> {
  let json: unknown;
  try {
    json = JSON.parse(await c.req.text());
  } catch {
    return { kind: 'error', failure: { errorCode: 'PARSE_ERROR', errorDetails: 'the body is not JSON' } };
  }
  const parsed = requestSchema.safeParse(json);
  if (parsed.success) return { kind: 'context', context: parsed.data.context ?? {} };
  const [issue] = parsed.error.issues;
  const isContext = issue !== undefined && issue.path.length > 0;
  const errorDetails = isContext ? `${issue.path.join('.')}: ${issue.message}` : 'the body is not an object';
  return {
    kind: 'error',
    failure: { errorCode: isContext ? 'INVALID_CONTEXT' : 'PARSE_ERROR', errorDetails },
  };
}

/**
 * The rest of the path, decoded: some providers send the slashes of a key as they are. Null for a broken
 * escape. Read from the URL itself, since the router decodes paths in its own way.
 */
function flagKeyOf(c: Context): string | null {
  const { pathname } = new URL(c.req.url);
  try {
    return decodeURIComponent(pathname.slice(pathname.indexOf(SINGLE) + SINGLE.length));
  } catch {
    return null;
  }
}

function answer(key: string, evaluation: OfrepEvaluation) {
  if (evaluation.kind === 'error') {
    return { key, errorCode: evaluation.errorCode, errorDetails: evaluation.errorDetails };
  }
  const { value, variant, reason } = evaluation;
  return { key, reason, variant, value };
}

function statusOf(evaluation: OfrepEvaluation): 200 | 400 | 404 {
  if (evaluation.kind === 'value') return 200;
  return evaluation.errorCode === 'FLAG_NOT_FOUND' ? 404 : 400;
}

/** The same URL for as long as nothing is reconfigured: a provider reconnects whenever it changes. */
function eventStream(c: Context, { publicUrl, inactivityDelaySec = INACTIVITY_DELAY_SEC }: OfrepOptions) {
  if (publicUrl !== undefined) return { type: 'sse', url: `${publicUrl}${EVENTS}`, inactivityDelaySec };
  const { pathname } = new URL(c.req.url);
  const base = pathname.slice(0, pathname.indexOf('/ofrep/'));
  return { type: 'sse', endpoint: { requestUri: `${base}${EVENTS}` }, inactivityDelaySec };
}

function tagged(c: Context, etag: string, respond: () => Response): Response {
  c.header('etag', etag);
  return matches(c.req.header('if-none-match'), etag) ? c.body(null, 304) : respond();
}

/** Weak comparison, as RFC 9110 §13.1.2 has it for If-None-Match; proxies weaken tags when they compress. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

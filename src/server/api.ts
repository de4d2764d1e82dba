import { timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { streamText } from 'hono/streaming';
import * as z from 'zod';
import type { Control, StartOutcome } from '../ports/control.ts';
import { sha256 } from '../ports/digest.ts';
import { VERSION } from '../version.ts';

/** A large diff is a few megabytes; nothing legitimate is larger. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;

const text = z.string().max(MAX_BODY_BYTES);
const planSchema = z.strictObject({
  target: z.string().min(1).max(200),
  title: z.string().max(500),
  diff: text,
  instruction: text.nullable(),
});
const startSchema = planSchema.extend({
  by: z.string().min(1).max(200),
  confirmed: z.boolean(),
  rolloutId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .nullable(),
});
const commandSchema = z
  .strictObject({
    verb: z.enum(['promote', 'hold', 'resume', 'rollback', 'waive']),
    by: z.string().min(1).max(200),
    reason: z.string().max(2_000),
    holdMs: z.number().int().positive().nullable(),
    expectedEpoch: z.number().int().nullable(),
    deliveryId: z.string().min(1).max(200),
    check: z.string().min(1).max(200).exactOptional(),
  })
  .refine(({ verb, check }) => (verb === 'waive') === (check !== undefined), {
    path: ['check'],
    error: '`waive` names a check, and no other verb does',
  })
  .refine(({ verb, reason }) => verb !== 'waive' || reason.trim() !== '', {
    path: ['reason'],
    error: '`waive` needs a reason',
  });

/** One line of a start's answer: progress while the traffic is read, then the outcome. */
export type StartLine =
  | { readonly progress: string }
  | { readonly outcome: StartOutcome }
  | { readonly error: string; readonly code?: string };

/**
 * The JSON API behind a bearer token. Every body is checked; what is wrong comes back as 400 with the reason. It has no logic
 * of its own: each route is one call of `Control`.
 */
export function apiRoutes(control: Control, token: string): Hono {
  const api = new Hono();
  // Before anything of the body is read: a stranger is not listened to.
  api.use('*', async (c, next) => {
    if (!isToken(c.req.header('authorization'), token))
      return c.json({ error: 'a bearer token is needed' }, 401);
    await next();
    return;
  });
  api.use(
    '*',
    bodyLimit({
      maxSize: MAX_BODY_BYTES,
      onError: (c) => c.json({ error: `the body is larger than ${MAX_BODY_BYTES / 1024 / 1024} MB` }, 413),
    }),
  );
  api.onError((error, c) => {
    const isRequest =
      error instanceof z.ZodError || error instanceof SyntaxError || error.name === 'UnknownTarget';
    const message = error instanceof z.ZodError ? z.prettifyError(error) : error.message;
    return c.json({ error: message, ...codeOf(error) }, isRequest ? 400 : 500);
  });
  api.get('/health', (c) => c.json({ status: 'ok', version: VERSION }));
  api.get('/rollouts', async (c) =>
    c.json(await control.list({ unfinishedOnly: c.req.query('all') === undefined })),
  );
  api.get('/rollouts/:id', async (c) => {
    const view = await control.get(c.req.param('id'));
    return view === null ? c.json({ error: `no rollout ${c.req.param('id')}` }, 404) : c.json(view);
  });
  api.get('/rollouts/:id/log', async (c) => {
    const log = await control.log(c.req.param('id'));
    return log === null ? c.json({ error: `no rollout ${c.req.param('id')}` }, 404) : c.text(log);
  });
  api.post('/plans', async (c) => c.json(await control.plan(planSchema.parse(await c.req.json()))));
  api.post('/rollouts', async (c) => {
    const words = startSchema.parse(await c.req.json());
    return streamText(c, async (stream) => {
      const send = (line: StartLine) => stream.writeln(JSON.stringify(line));
      try {
        const outcome = await control.start(words, (progress) => void send({ progress }));
        await send({ outcome });
      } catch (error) {
        await send({ error: error instanceof Error ? error.message : String(error), ...codeOf(error) });
      }
    });
  });
  api.post('/rollouts/:id/commands', async (c) => {
    const reply = await control.command(c.req.param('id'), commandSchema.parse(await c.req.json()));
    return c.json(reply, reply.kind === 'unknown_rollout' ? 404 : 200);
  });
  return api;
}

/** What a program needs to tell one mistake of its user from another. */
function codeOf(error: unknown): { readonly code?: 'unknown_target' } {
  return error instanceof Error && error.name === 'UnknownTarget' ? { code: 'unknown_target' } : {};
}

/** Compared by digest, so that neither length nor content leaks through time. */
function isToken(header: string | undefined, token: string): boolean {
  const given = Buffer.from(sha256(header ?? ''));
  return timingSafeEqual(given, Buffer.from(sha256(`Bearer ${token}`)));
}

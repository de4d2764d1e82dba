import type { Server } from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { Control } from '../ports/control.ts';
import { apiRoutes } from './api.ts';
import { type OfrepFlags, ofrepRoutes } from './ofrep.ts';

export interface RunningServer {
  readonly url: string;
  /** Ends event streams first: an open one would keep the server for ever. */
  close(): Promise<void>;
}

/** The port is taken, or not ours to take. */
export class ListenFailed extends Error {
  override readonly name = 'ListenFailed';
  readonly code = 'listen_failed';
}

/** OFREP, the flag set and the API on 127.0.0.1. `port` 0 takes a free one. Throws `ListenFailed`. */
export async function openServer(options: {
  readonly port: number;
  readonly control: Control;
  readonly flags: OfrepFlags;
  readonly token: string;
}): Promise<RunningServer> {
  const ending = new AbortController();
  const app = new Hono();
  app.use('*', secureHeaders());
  app.route('/api', apiRoutes(options.control, options.token));
  app.route('/', ofrepRoutes(options.flags, { signal: ending.signal }));
  const server = await new Promise<{ readonly http: Server; readonly port: number }>((resolve, reject) => {
    const http = serve({ fetch: app.fetch, port: options.port, hostname: '127.0.0.1' }, (info) =>
      resolve({ http: http as Server, port: info.port }),
    );
    http.once('error', (cause: Error) =>
      reject(
        new ListenFailed(`127.0.0.1:${options.port} cannot be listened on: ${cause.message}`, { cause }),
      ),
    );
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    close: async () => {
      ending.abort();
      const closed = new Promise<void>((resolve) => server.http.close(() => resolve()));
      server.http.closeIdleConnections();
      setTimeout(() => server.http.closeAllConnections(), CLOSE_GRACE_MS).unref();
      await closed;
    },
  };
}

const CLOSE_GRACE_MS = 500;

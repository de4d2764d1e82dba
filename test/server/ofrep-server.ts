import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { type OfrepFlags, type OfrepOptions, ofrepRoutes } from '../../src/server/ofrep.ts';

/**
 * What connections without a request of their own get before they are cut: undici opens such ones ahead of
 * need.
 */
const GRACE_MS = 300;

export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Ends streams first, as Sluice does, then waits for the server to be gone. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The OFREP routes on a real socket of 127.0.0.1; port 0 takes a free one. */
export async function serveOfrep(
  flags: OfrepFlags,
  { port = 0, ...options }: Partial<OfrepOptions> & { readonly port?: number } = {},
): Promise<RunningServer> {
  const closing = new AbortController();
  const app = ofrepRoutes(flags, { signal: closing.signal, ...options });
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port });
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      if (closing.signal.aborted) return;
      const closed = once(server, 'close');
      closing.abort();
      server.close();
      const cut = setTimeout(() => 'closeAllConnections' in server && server.closeAllConnections(), GRACE_MS);
      await closed;
      clearTimeout(cut);
    },
  };
}

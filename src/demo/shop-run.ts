import type { Provider } from '@openfeature/server-sdk';
import { z } from 'zod';
import { openFeatureFlags } from './shop-flags.ts';
import { serveShop } from './shop-server.ts';

/** The one message a shop process sends its parent. */
export const shopMessageSchema = z.object({ kind: z.literal('listening'), port: z.int() });

const environmentSchema = z.object({
  SHOP_SOURCE: z.string().min(1),
  SHOP_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
});

/**
 * Body of a shop process: serves the source named by the environment (`SHOP_SOURCE`, `SHOP_PORT`), tells the parent
 * where, and ends with it. Must have been forked; throws when there is no parent to tell.
 */
export async function runShop(provider: Provider): Promise<void> {
  endWithParent();
  const environment = environmentSchema.parse(process.env);
  const { port } = await serveShop({
    source: environment.SHOP_SOURCE,
    port: environment.SHOP_PORT,
    flags: await openFeatureFlags(provider),
  });
  process.send?.({ kind: 'listening', port } satisfies z.infer<typeof shopMessageSchema>);
}

/** Ends this process on SIGTERM and as soon as the parent is gone or lets go, so that no demo leaves one behind. */
export function endWithParent(): void {
  if (process.send === undefined) throw new Error('this process is started by the demo, not by hand');
  process.once('disconnect', () => process.exit(0));
  process.once('SIGTERM', () => process.exit(0));
  // Ctrl-C reaches the whole process group; the parent decides when its children stop.
  process.on('SIGINT', () => {});
}

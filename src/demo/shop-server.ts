import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ShopFlags } from './shop-flags.ts';
import { SHOP_TOKEN_KEY } from './shop-token.ts';

export interface ShopServing {
  /** Absolute path of a directory that holds the shop's source, patched or not. */
  readonly source: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly flags: ShopFlags;
  /** The suppliers' luck, [0, 1); for tests. */
  readonly random?: () => number;
}

export interface ServedShop {
  readonly server: Server;
  readonly port: number;
}

/** The shop's source as seen from outside: it is loaded by path, since every change runs from its own copy. */
interface ShopModule {
  createShop(options: {
    readonly flags: ShopFlags;
    readonly tokenKey: string;
    readonly random?: () => number;
  }): Server;
}

/** Loads the shop from its source and serves it on the loopback interface only. */
export async function serveShop({ source, port, flags, random }: ShopServing): Promise<ServedShop> {
  const shop: ShopModule = await import(pathToFileURL(join(source, 'server.ts')).href);
  const server = shop.createShop({ flags, tokenKey: SHOP_TOKEN_KEY, ...(random && { random }) });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: listeningPort(server.address()) };
}

function listeningPort(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the shop is not listening on a port');
  return address.port;
}

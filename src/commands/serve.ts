import { rmSync } from 'node:fs';
import { terminalChat } from '../adapters/terminal/chat.ts';
import { lineLog } from '../adapters/terminal/log.ts';
import { loadConfig } from '../config.ts';
import { newToken, openSluice } from '../main.ts';
import { addressPath, type Context, writeAddress } from './context.ts';
import { EXIT } from './exit-codes.ts';

/** Engine, OFREP and JSON API in one process on 127.0.0.1, until it is told to stop. Rollouts go on at the next start. */
export async function serveCommand(
  context: Context,
  options: { readonly port: number },
  stop: AbortSignal,
): Promise<number> {
  const config = loadConfig(context.configPath);
  const sluice = await openSluice({
    dataDir: context.dataDir,
    config,
    chat: terminalChat(context.say),
    log: lineLog(context.say),
  });
  try {
    const token = context.env['SLUICE_TOKEN'] ?? newToken();
    const server = await sluice.serve(options.port, token);
    writeAddress(context.dataDir, { url: server.url, token, pid: process.pid });
    context.say(
      `serving on ${server.url}: OFREP at /ofrep/v1, API at /api (token in ${addressPath(context.dataDir)})`,
    );
    context.say(
      `watching ${Object.keys(config.targets).join(', ') || 'no target'}; Ctrl-C stops, rollouts go on at the next start`,
    );
    await sluice.run(stop);
    await server.close();
    rmSync(addressPath(context.dataDir), { force: true });
    context.say('stopped; exposure stays as it is, and the next `sluice serve` carries on');
    return EXIT.done;
  } finally {
    await sluice.close();
  }
}

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { extname, join } from 'node:path';
import { shopMessageSchema } from './shop-run.ts';
import { type TrafficMessage, trafficMessageSchema } from './traffic-report.ts';

/** A process of the demo that runs beside this one and ends with it. */
export interface DemoChild {
  readonly process: ChildProcess;
  /** Ends it and waits until it has gone; again is harmless. */
  stop(): Promise<void>;
}

export interface RunningShop extends DemoChild {
  /** Such as `http://127.0.0.1:41233`. */
  readonly url: string;
}

export interface ShopStart {
  /** Absolute path of a copy of the shop's source. */
  readonly source: string;
  /** Whose flags the shop follows. */
  readonly sluiceUrl: string;
  readonly port?: number;
  /** Another entry than `shop-process`, for measuring the shop without Sluice. */
  readonly entry?: string;
}

export interface TrafficStart {
  readonly shopUrl: string;
  readonly perSecond: number;
  readonly users: number;
  readonly seed: number;
  /** Called once a second. */
  readonly onReport: (report: TrafficMessage) => void;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 2_000;

/** The shop's process ended, or stayed silent, before it listened. */
export class ShopDidNotStart extends Error {
  override readonly name = 'ShopDidNotStart';
  readonly code = 'shop_did_not_start';
}

/** Starts the shop in a process of its own; resolves once it listens. Throws `ShopDidNotStart`. */
export async function startShop(start: ShopStart): Promise<RunningShop> {
  const child = launch(start.entry ?? sibling('shop-process'), {
    SHOP_SOURCE: start.source,
    SHOP_PORT: String(start.port ?? 0),
    SLUICE_URL: start.sluiceUrl,
  });
  const port = await listeningPort(child.process).catch(async (cause: unknown) => {
    await child.stop();
    throw new ShopDidNotStart(`the shop in ${start.source} did not start: ${String(cause)}`, { cause });
  });
  return { ...child, url: `http://127.0.0.1:${port}` };
}

/** Starts the shop's customers in a process of their own. */
export function startTraffic(start: TrafficStart): DemoChild {
  const child = launch(sibling('traffic-process'), {
    TRAFFIC_TO: start.shopUrl,
    TRAFFIC_PER_SECOND: String(start.perSecond),
    TRAFFIC_USERS: String(start.users),
    TRAFFIC_SEED: String(start.seed),
  });
  child.process.on('message', (message) => start.onReport(trafficMessageSchema.parse(message)));
  return child;
}

/** The entry beside this file: `.ts` when run from source, `.js` when built. */
function sibling(name: string): string {
  return join(import.meta.dirname, `${name}${extname(import.meta.filename)}`);
}

function launch(entry: string, environment: Readonly<Record<string, string>>): DemoChild {
  const child = fork(entry, [], {
    // None of this process's own flags (an inspector's port, a test runner's loader) are meant for it.
    execArgv: [],
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return { process: child, stop: () => stop(child) };
}

async function listeningPort(child: ChildProcess): Promise<number> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error('silent for too long')), START_TIMEOUT_MS);
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal: abort.signal }),
      once(child, 'exit', { signal: abort.signal }).then(([code, signal]) => {
        throw new Error(`it ended with ${code ?? signal}`);
      }),
    ]);
    return shopMessageSchema.parse(message).port;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await gone;
  clearTimeout(timer);
}

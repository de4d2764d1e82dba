import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Config } from '../../../src/config.ts';
import type { EngineTiming } from '../../../src/engine/parts.ts';

/** What a Sluice that is going to be killed is told. */
export interface ChildOrders {
  readonly dataDir: string;
  readonly config: Config;
  readonly timing: EngineTiming;
  readonly rolloutId: string;
}

export interface RunningChild {
  readonly process: ChildProcess;
  /** Lines it printed so far. */
  readonly lines: readonly string[];
  /** What it wrote on standard error: a bug. */
  readonly errors: () => string;
  /** Resolves when it has gone, by itself or not. */
  readonly gone: Promise<void>;
  /** SIGKILL, and wait until the system has taken it away. */
  kill(): Promise<void>;
}

export function startChild(orders: ChildOrders): RunningChild {
  const child = fork(join(import.meta.dirname, 'sluice-process.ts'), [JSON.stringify(orders)], {
    silent: true,
    execArgv: [],
    // Where `src/cli.ts` keeps it too: a start compiles nothing then.
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache') },
  });
  const lines: string[] = [];
  let errors = '';
  if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
  child.stderr?.on('data', (data: Buffer) => {
    errors += data.toString();
  });
  const gone = once(child, 'close').then(() => {});
  return {
    process: child,
    lines,
    errors: () => errors,
    gone,
    kill: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

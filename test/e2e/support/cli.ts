import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LINES } from './product.ts';
import { until } from './until.ts';

const CLI = join(import.meta.dirname, '../../../src/cli.ts');

/** How one run of the command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A command that runs on. */
export interface RunningCli {
  readonly process: ChildProcess;
  /** Standard error so far. */
  readonly said: () => string;
  readonly ended: Promise<Ended>;
}

/** A folder as an operator has it: where `sluice` is called, with `sluice.yaml` and `.sluice` in it. */
export interface Workplace extends AsyncDisposable {
  readonly folder: string;
  readonly dataDir: string;
  write(name: string, text: string): void;
  /** Runs `sluice …` to its end, with nobody to be asked. */
  sluice(args: readonly string[], options?: RunOptions): Promise<Ended>;
  /** Starts `sluice …`; it is killed with the folder at the latest. */
  launch(args: readonly string[], options?: RunOptions): RunningCli;
}

export function openWorkplace(yaml: string | null): Workplace {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  if (yaml !== null) write('sluice.yaml', yaml);
  write('change.diff', DIFF);
  const running = new Set<RunningCli>();
  const launch = (args: readonly string[], { stdin = '', env = {} }: RunOptions = {}): RunningCli => {
    const child = spawn(process.execPath, [CLI, ...args], { cwd: folder, env: { ...environment(), ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (data: Buffer) => {
      stdout += data.toString();
    });
    child.stderr.on('data', (data: Buffer) => {
      stderr += data.toString();
    });
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    const ended = once(child, 'close').then((): Ended => {
      running.delete(cli);
      return { code: child.exitCode, stdout, stderr };
    });
    const cli: RunningCli = { process: child, said: () => stderr, ended };
    running.add(cli);
    return cli;
  };
  return {
    folder,
    dataDir: join(folder, '.sluice'),
    write,
    launch,
    sluice: (args, options) => launch(args, options).ended,
    [Symbol.asyncDispose]: async () => {
      for (const cli of running) {
        cli.process.kill('SIGKILL');
        await cli.ended;
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Nothing of whoever runs the tests reaches the command. */
function environment(): NodeJS.ProcessEnv {
  const {
    SLUICE_URL: _url,
    SLUICE_TOKEN: _token,
    FORCE_COLOR: _color,
    NODE_OPTIONS: _options,
    ...env
  } = process.env;
  return { ...env, NO_COLOR: '1', SLUICE_USER: 'alice' };
}

/** A running `sluice serve`, and its address. */
export async function serving(
  workplace: Workplace,
  options: RunOptions = {},
): Promise<{ readonly cli: RunningCli; readonly url: string }> {
  const cli = workplace.launch(['serve', '--port', '0'], options);
  const url = await until('serve to say where', () => {
    if (cli.process.exitCode !== null) throw new Error(`serve ended: ${cli.said()}`);
    return /watching /.test(cli.said()) ? /http:\/\/127\.0\.0\.1:\d+/.exec(cli.said())?.[0] : null;
  });
  return { cli, url };
}

/** `sluice.yaml` for the product of the tests. */
export function productYaml(metricsUrl: string, instruction: string = USUAL_INSTRUCTION): string {
  return `
telemetry:
  app: { kind: scrape, every: 1s, endpoints: ["${metricsUrl}"] }
signals:
  http.error_rate: { source: app, counter: http_requests_total, bad: { status: "5.." } }
targets:
  checkout:
    exposure: { backend: embedded, flag: new-checkout }
    cohorts: { label: variant, canary: "on", control: control, stable: "off" }
    instruction: "${instruction}"
`;
}

export const USUAL_INSTRUCTION = `Start at 10% for 60 seconds, then 50% for 60 seconds, then 100% for 60 seconds. ${LINES}`;

const DIFF = `diff --git a/src/checkout.ts b/src/checkout.ts
index 0c5a1b2..7d3e9f4 100644
--- a/src/checkout.ts
+++ b/src/checkout.ts
@@ -1,3 +1,3 @@
 export function total(prices: readonly number[]): number {
-  return prices.reduce((a, b) => a + b);
+  return prices.reduce((a, b) => a + b, 0);
 }
`;

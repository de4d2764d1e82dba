import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import * as z from 'zod';
import { terminalChat } from '../adapters/terminal/chat.ts';
import { lineLog } from '../adapters/terminal/log.ts';
import type { RolloutView } from '../core/rollout/view.ts';
import type { Control, Records } from '../ports/control.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

/** What every command is given: where it runs, and how it talks. Answers go to `out`, all talk to `say`. */
export interface Context {
  readonly dataDir: string;
  readonly configPath: string;
  readonly json: boolean;
  readonly out: (text: string) => void;
  readonly say: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isTerminal: boolean;
}

const addressSchema = z.object({ url: z.url(), token: z.string(), pid: z.number().int() });
export type ServeAddress = z.infer<typeof addressSchema>;

export function addressPath(dataDir: string): string {
  return join(dataDir, 'serve.json');
}

/** Leaves the address of this process for the other commands, readable by its owner alone. */
export function writeAddress(dataDir: string, address: ServeAddress): void {
  writeFileSync(addressPath(dataDir), JSON.stringify(address), { mode: 0o600 });
}

function readAddress(dataDir: string): ServeAddress | null {
  try {
    return addressSchema.parse(JSON.parse(readFileSync(addressPath(dataDir), 'utf8')));
  } catch {
    return null;
  }
}

/** Runs `use` on the records of a running `serve`, or else of the data folder: reading needs no configuration. */
export async function withRecords<T>(context: Context, use: (records: Records) => Promise<T>): Promise<T> {
  const running = await controlOfServe(context);
  if (running !== null) return use(running);
  const { openRecords } = await import('../main.ts');
  const opened = await openRecords(context.dataDir);
  try {
    return await use(opened.records);
  } finally {
    await opened.close();
  }
}

/**
 * Runs `use` on the control of a running `serve`, or else on the store directly in this process. What `baseFile` reads lies on this
 * machine, so only a plan made here can look at it.
 */
export async function withControl<T>(
  context: Context,
  use: (control: Control, where: 'serve' | 'store') => Promise<T>,
  baseFile: ((path: string) => Promise<string | null>) | null = null,
): Promise<T> {
  const running = await controlOfServe(context);
  if (running !== null) return use(running, 'serve');
  const { openSluice } = await import('../main.ts');
  const { loadConfig } = await import('../config.ts');
  const sluice = await openSluice({
    dataDir: context.dataDir,
    config: loadConfig(context.configPath),
    chat: terminalChat(context.say),
    log: lineLog(context.say),
    baseFile,
  });
  try {
    return await use(sluice.control, 'store');
  } finally {
    await sluice.close();
  }
}

/** The Sluice at SLUICE_URL, or the one whose address lies in the data folder, when it answers. */
async function controlOfServe(context: Context): Promise<Control | null> {
  const { SLUICE_URL: url, SLUICE_TOKEN: token } = context.env;
  const address = url === undefined ? readAddress(context.dataDir) : { url, token: token ?? '' };
  if (address === null) return null;
  // Loaded here and not above: reading an instruction or a log needs neither server nor database.
  const { runningControl } = await import('../main.ts');
  const control = await runningControl(address);
  if (control === null && url !== undefined) {
    throw new CommandEnd(
      EXIT.notFound,
      `no Sluice answers at ${url} with this token (SLUICE_URL, SLUICE_TOKEN)`,
    );
  }
  return control;
}

/** Said wherever a rollout was moved on the store alone: nothing watches it, and nothing goes on by itself. */
export const NOBODY_CARRIES_ON = 'nothing carries it on yet: run `sluice serve`';

/** The rollout a command means: the one named, or the only one under way, or else the latest. */
export async function chosenRollout(control: Records, id: string | undefined): Promise<RolloutView> {
  if (id !== undefined) {
    const view = await control.get(id);
    if (view === null)
      throw new CommandEnd(EXIT.notFound, `there is no rollout ${id}; \`sluice list --all\` shows them`);
    return view;
  }
  const live = await control.list({ unfinishedOnly: true });
  if (live.length > 1) {
    const ids = live.map((view) => `${view.id} (${view.target})`).join(', ');
    throw new CommandEnd(EXIT.usage, `several rollouts are under way: ${ids}. Name one.`);
  }
  const view = live[0] ?? (await control.list({ unfinishedOnly: false }))[0];
  if (view === undefined)
    throw new CommandEnd(EXIT.notFound, 'there is no rollout yet; `sluice start` begins one');
  return view;
}

export function whoAmI(context: Context): string {
  return context.env['SLUICE_USER'] ?? userInfo().username;
}

/** Risk verbs ask a person; where nobody can be asked, they need `--yes`. */
export async function confirmed(context: Context, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!context.isTerminal) {
    throw new CommandEnd(EXIT.usage, `${question} Nobody can be asked here: say --yes to go ahead.`);
  }
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await asking.question(`${question} [y/N] `)).trim());
  } finally {
    asking.close();
  }
}

/** A file's text, or all of standard input for "-". Read as a stream: a pipe whose writer is slow has nothing to read yet. */
export async function readText(path: string, what: string): Promise<string> {
  try {
    return path === '-' ? await text(process.stdin) : readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandEnd(EXIT.error, `the ${what} cannot be read: ${why}`);
  }
}

#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Context } from './commands/context.ts';
import { CommandEnd, EXIT } from './commands/exit-codes.ts';
import { VERSION } from './version.ts';

enableCompileCache();

/** Codes of errors that are about the outside, not about us: they get one line, never a stack trace. */
const OPERATIONAL = new Set([
  'config_invalid',
  'control_unavailable',
  'exposure_unavailable',
  'flag_document_invalid',
  'listen_failed',
  'newer_schema',
  'repository_unavailable',
  'unavailable',
  'unknown_target',
  'unsupported_filesystem',
]);

const stopping = new AbortController();
/** Whether the command at work puts things in order by itself when it is stopped. */
let isOrderly = false;

async function main(argv: readonly string[]): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command('sluice')
    .description('Rolls a change out stage by stage. The agent proposes; arithmetic decides.')
    .version(VERSION)
    .option('--data <dir>', 'where rollouts, flags and the address of `serve` are kept', '.sluice')
    .option('--config <file>', 'the operator’s configuration', 'sluice.yaml')
    .option('--json', 'one JSON object on standard output; all talk on standard error', false)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();
  const context = (): Context => contextOf(program.opts());
  const end =
    (run: (...args: never[]) => Promise<number>) =>
    async (...args: unknown[]) => {
      code = await run(...(args as never[]));
    };

  program
    .command('demo')
    .description('three real rollouts of a small shop, on this machine, in about two minutes')
    .option('--rate <n>', 'requests a second', positive, 400)
    .action(
      end(async (o: { rate: number }) =>
        (await import('./demo/demo.ts')).demoCommand(context(), o, orderly()),
      ),
    );
  program
    .command('plan')
    .description('what a change would be watched by; moves nothing')
    .option('--diff <file>', 'a unified diff; - reads standard input')
    .option('--base <branch>', 'instead of --diff: the commits of HEAD since this branch')
    .option('--repo <dir>', 'the repository; its base side holds .github/ROLLOUT.md')
    .option('--instruction <text>', 'the standing instruction')
    .option('--instruction-file <file>')
    .option('--target <name>')
    .option('--title <text>', 'the change’s title')
    .action(end(async (o: never) => (await import('./commands/plan.ts')).planCommand(context(), o)));
  program
    .command('instruction')
    .description('reads a standing instruction (standard input) back')
    .action(end(async () => (await import('./commands/instruction.ts')).instructionCommand(context())));
  program
    .command('simulate')
    .description('what a plan would catch, how fast, and how often it cries wolf; moves nothing')
    .option('--instruction <text>', 'the standing instruction')
    .option('--instruction-file <file>')
    .option('--target <name>', 'its instruction and guardrails')
    .requiredOption('--traffic <rate>', 'requests of the whole target: 2000/min, 30/s')
    .option('--error-rate <percent>', 'of stable', '0.5%')
    .option(
      '--effect <text>',
      'what the change does, as "+2 points from 38m"; may be repeated',
      collected,
      [],
    )
    .option('--rollouts <n>', 'of each effect', counting, 200)
    .option('--seed <n>', 'of the first rollout; the others count on from it', counting, 1)
    .option('--tick <duration>', 'time between looks')
    .option('--start-hour <hour>', 'traffic follows the day', '9')
    .option('--noise <which>', 'none or usual: chance beyond counting', 'usual')
    .option('--person-after <duration>', 'whoever is asked rolls back after this; or never', '15m')
    .option('--anyway', 'go on where preflight refuses', false)
    .option('--svg <file>', 'draw the first rollout of each effect')
    .action(
      end(async (o: never) =>
        (await import('./commands/simulate.ts')).simulateCommand(context(), o, orderly()),
      ),
    );
  program
    .command('start')
    .description('plans, measures the traffic and starts a rollout')
    .option('--diff <file>', 'a unified diff; - reads standard input')
    .option('--base <branch>', 'instead of --diff: the commits of HEAD since this branch')
    .option('--repo <dir>', 'the repository; its base side holds .github/ROLLOUT.md')
    .option('--instruction <text>', 'instead of the target’s standing instruction')
    .option('--instruction-file <file>')
    .option('--target <name>')
    .option('--title <text>', 'the change’s title')
    .option('--id <id>', 'start once under this id')
    .option('--yes', 'settle open questions as written and do not ask', false)
    .option('--watch', 'follow it to its end', false)
    .action(end(async (o: never) => (await import('./commands/start.ts')).startCommand(context(), o)));
  program
    .command('status')
    .description('where a rollout stands (exit 10 held, 11 rolled back, 12 waits for a person)')
    .argument('[id]')
    .option('--watch', 'follow it to its end', false)
    .action(
      end(async (id: string | undefined, o: { watch: boolean }) =>
        (await import('./commands/status.ts')).statusCommand(context(), { id, ...o }),
      ),
    );
  program
    .command('list')
    .description('rollouts under way')
    .option('--all', 'the ended ones too', false)
    .action(
      end(async (o: { all: boolean }) => (await import('./commands/status.ts')).listCommand(context(), o)),
    );
  const expectEpoch = new Option(
    '--expect-epoch <n>',
    'refuse if the rollout has moved on from this stage entry',
  ).argParser(counting);
  for (const [verb, text] of [
    ['promote', 'go to the next stage on a person’s word'],
    ['hold', 'stay at this exposure'],
    ['resume', 'end a hold or an ask; the stage starts over'],
    ['rollback', 'exposure to 0 now'],
  ] as const) {
    const command = program
      .command(verb)
      .description(text)
      .argument('[id]')
      .option('--reason <text>', 'kept in the log', '')
      .option('--yes', 'do not ask', false);
    if (verb === 'hold') command.option('--for <duration>', 'ends by itself: 30m, 2h');
    if (verb === 'promote' || verb === 'resume') command.addOption(expectEpoch);
    command.action(
      end(async (id: string | undefined, o: never) =>
        (await import('./commands/verbs.ts')).verbCommand(context(), verb, { id, ...(o as object) } as never),
      ),
    );
  }
  program
    .command('waive')
    .description('takes the hold of a proposed check away until the next stage')
    .argument('<id>')
    .argument('<check>', 'its id in the plan')
    .requiredOption('--reason <text>', 'kept in the log, and told with every decision of the stage')
    .option('--yes', 'do not ask', false)
    .addOption(expectEpoch)
    .action(
      end(async (id: string, check: string, o: { reason: string; yes: boolean }) =>
        (await import('./commands/verbs.ts')).verbCommand(context(), 'waive', { id, check, ...o }),
      ),
    );
  program
    .command('log')
    .description('everything that happened; --json gives the file that `replay` reads')
    .argument('[id]')
    .action(
      end(async (id: string | undefined) =>
        (await import('./commands/records.ts')).logCommand(context(), id),
      ),
    );
  program
    .command('explain')
    .description('one decision with the numbers it rests on')
    .argument('[id]')
    .option('--at <n>', 'the n-th decision instead of the last that did something', counting)
    .action(
      end(async (id: string | undefined, o: { at?: number }) =>
        (await import('./commands/records.ts')).explainCommand(context(), id, o),
      ),
    );
  program
    .command('replay')
    .description('decides a log again, offline, and compares bytes')
    .argument('<file>', 'from `sluice log --json`; - reads standard input')
    .action(
      end(async (file: string) => (await import('./commands/records.ts')).replayCommand(context(), file)),
    );
  program
    .command('serve')
    .description('engine, OFREP and API in one process on 127.0.0.1')
    .option('--port <n>', '0 takes a free one', port, 4680)
    .action(
      end(async (o: { port: number }) =>
        (await import('./commands/serve.ts')).serveCommand(context(), o, orderly()),
      ),
    );

  await program.parseAsync([...argv]);
  return code;
}

function contextOf(options: {
  readonly data?: string;
  readonly config?: string;
  readonly json?: boolean;
}): Context {
  return {
    dataDir: options.data ?? '.sluice',
    configPath: options.config ?? 'sluice.yaml',
    json: options.json ?? false,
    out: (text) => void process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
    env: process.env,
    isTerminal: process.stdin.isTTY === true && process.stderr.isTTY === true,
  };
}

/** For commands that stop by themselves when they are told to; the others end at once. */
function orderly(): AbortSignal {
  isOrderly = true;
  return stopping.signal;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('a number above 0 is needed.');
  return value;
}

/** An option that may be given more than once. */
function collected(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** A place in a row that people count from one. */
function counting(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 is needed.');
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('a port is 0 to 65535.');
  return value;
}

function codeOf(error: unknown): number {
  if (error instanceof CommandEnd) {
    process.stderr.write(`sluice: ${error.message}\n`);
    return error.code;
  }
  // Commander has already written its message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const { code, message } = error as { code?: unknown; message?: string };
  if (typeof code === 'string' && OPERATIONAL.has(code)) {
    process.stderr.write(`sluice: ${message}\n`);
    return code === 'unknown_target' ? EXIT.notFound : EXIT.error;
  }
  process.stderr.write(
    `sluice ${VERSION} has a bug; please report this with what you ran:\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return EXIT.error;
}

/** Whoever reads us may stop reading, as `head` does: that is no fault of ours. */
process.stdout.on('error', (fault: NodeJS.ErrnoException) => {
  if (fault.code !== 'EPIPE') throw fault;
  process.exit(EXIT.done);
});

/** The first signal stops in order; a second one at once. */
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopping.abort();
    process.once(signal, () => process.exit(EXIT.interrupted));
    // Commands without anything to put in order end here.
    if (!isOrderly) process.exit(EXIT.interrupted);
  });
}
process.exitCode = await main(process.argv).catch(codeOf);
// All is in order: a start that was still reading traffic must not keep a stopped process alive.
if (stopping.signal.aborted) process.exit();

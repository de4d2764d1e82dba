import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { TICK_MS } from '../core/gate/settings.ts';
import { readInstruction } from '../core/plan/instruction.ts';
import { makePlan, type Planned } from '../core/plan/merge.ts';
import type { PlanWords } from '../ports/control.ts';
import { planJson, planText } from '../render/plan-text.ts';
import { type Context, readText, withControl } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

export interface PlanOptions {
  readonly diff: string;
  readonly instruction?: string;
  readonly instructionFile?: string;
  readonly target?: string;
  readonly title?: string;
}

/** Shows what a change would be watched by. Moves nothing, contacts nothing but a configured Sluice. */
export async function planCommand(context: Context, options: PlanOptions): Promise<number> {
  const isConfigured = existsSync(context.configPath) || context.env['SLUICE_URL'] !== undefined;
  const planned = isConfigured
    ? await withControl(context, async (control) => control.plan(await planWords(context, options)))
    : await planWithoutConfig(context, options);
  if (context.json) context.out(JSON.stringify(planJson(planned), null, 2));
  else context.out(planText(planned).join('\n'));
  return EXIT.done;
}

/** Without a configuration nothing is known of what can be measured: every signal kind is taken on trust, and that is said. */
async function planWithoutConfig(context: Context, options: PlanOptions): Promise<Planned> {
  context.say(
    `no ${context.configPath}: every signal is assumed to be measurable, and no surface adds guardrails`,
  );
  const { diff, title, instruction } = await wordsOf(options);
  const { rules } = await import('../main.ts');
  const proposal = await rules.propose({ diff, title });
  return makePlan({
    title,
    target: options.target ?? 'this change',
    surface: null,
    guardrails: [],
    instruction: instruction === null ? null : { text: instruction, reading: readInstruction(instruction) },
    proposals: [proposal],
    measurable: null,
    exposureKinds: null,
    allowWiden: false,
    tickMs: TICK_MS,
  });
}

export async function planWords(context: Context, options: PlanOptions): Promise<PlanWords> {
  return { target: options.target ?? onlyTarget(context), ...(await wordsOf(options)) };
}

async function wordsOf(options: PlanOptions): Promise<Omit<PlanWords, 'target'>> {
  if (options.instruction !== undefined && options.instructionFile !== undefined) {
    throw new CommandEnd(EXIT.usage, 'give --instruction or --instruction-file, not both');
  }
  const file = options.instructionFile;
  return {
    title: options.title ?? '',
    diff: await readText(options.diff, 'diff'),
    instruction: options.instruction ?? (file === undefined ? null : await readText(file, 'instruction')),
  };
}

function onlyTarget(context: Context): string {
  const names = Object.keys(loadConfig(context.configPath).targets);
  const [only] = names;
  if (only === undefined || names.length > 1) {
    throw new CommandEnd(
      EXIT.usage,
      `name a target with --target: ${names.join(', ') || 'none is configured'}`,
    );
  }
  return only;
}

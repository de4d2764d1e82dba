import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { TICK_MS } from '../core/gate/settings.ts';
import { readInstruction } from '../core/plan/instruction.ts';
import { makePlan, type Planned } from '../core/plan/merge.ts';
import { planJson, planText } from '../render/plan-text.ts';
import { type ChangeOptions, type ReadChange, readChange } from './change.ts';
import { type Context, withControl } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

export interface PlanOptions extends ChangeOptions {
  readonly target?: string;
}

/** Shows what a change would be watched by. Moves nothing, contacts nothing but a configured Sluice. */
export async function planCommand(context: Context, options: PlanOptions): Promise<number> {
  const isConfigured = existsSync(context.configPath) || context.env['SLUICE_URL'] !== undefined;
  const change = await readChange(context, options);
  const planned = isConfigured
    ? await withControl(
        context,
        (control) => control.plan({ ...change.words, target: targetOf(context, options, change) }),
        change.baseFile,
      )
    : await planWithoutConfig(context, options, change);
  if (context.json) context.out(JSON.stringify(planJson(planned), null, 2));
  else context.out(planText(planned).join('\n'));
  return EXIT.done;
}

/** Without a configuration nothing is known of what can be measured: every signal kind is taken on trust, and that is said. */
async function planWithoutConfig(
  context: Context,
  options: PlanOptions,
  change: ReadChange,
): Promise<Planned> {
  context.say(
    `no ${context.configPath}: every signal is assumed to be measurable, and no surface adds guardrails`,
  );
  const { diff, title, instruction } = change.words;
  const { rules } = await import('../main.ts');
  const proposal = await rules.propose({ diff, title });
  return makePlan({
    title,
    target: options.target ?? change.target ?? 'this change',
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

/** The target named on the command line, or by the repository, or the only one there is. */
export function targetOf(context: Context, options: PlanOptions, change: ReadChange): string {
  const named = options.target ?? change.target;
  if (named !== null && named !== undefined) return named;
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

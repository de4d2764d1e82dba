import type { StartOutcome } from '../ports/control.ts';
import { planJson, planText, preflightText } from '../render/plan-text.ts';
import { readChange } from './change.ts';
import { type Context, confirmed, NOBODY_CARRIES_ON, whoAmI, withControl } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { type PlanOptions, targetOf } from './plan.ts';
import { statusCommand } from './status.ts';

export interface StartOptions extends PlanOptions {
  readonly yes: boolean;
  readonly watch: boolean;
  readonly id?: string;
}

/** Plans, shows the plan, measures the traffic, and starts. Refuses with numbers what the traffic cannot clear. */
export async function startCommand(context: Context, options: StartOptions): Promise<number> {
  const change = await readChange(context, options);
  const words = { ...change.words, target: targetOf(context, options, change) };
  const ended = await withControl(
    context,
    async (control, where) => {
      const planned = await control.plan(words);
      for (const line of planText(planned)) context.say(line);
      const isOpen = planned.plan.questions.length + planned.plan.unread.length > 0;
      const question = isOpen ? 'Start it with these open points settled as written?' : 'Start this rollout?';
      if (planned.faults.length === 0 && !(await confirmed(context, question, options.yes))) {
        return { kind: 'declined' as const };
      }
      const outcome = await control.start(
        { ...words, by: whoAmI(context), confirmed: options.yes || isOpen, rolloutId: options.id ?? null },
        (progress) => context.say(`  … ${progress}`),
      );
      return { kind: 'answered' as const, outcome, where };
    },
    change.baseFile,
  );
  if (ended.kind === 'declined') {
    context.say('nothing was started');
    return EXIT.done;
  }
  const code = tellOutcome(context, ended.outcome);
  if (ended.outcome.kind !== 'started') return code;
  if (ended.where === 'store') context.say(NOBODY_CARRIES_ON);
  const { rolloutId } = ended.outcome;
  return options.watch ? statusCommand(context, { id: rolloutId, watch: true }) : code;
}

function tellOutcome(context: Context, outcome: StartOutcome): number {
  if (context.json) {
    const planned = outcome.planned === null ? null : planJson(outcome.planned);
    context.out(JSON.stringify({ version: 1, ...outcome, planned }, null, 2));
  }
  switch (outcome.kind) {
    case 'started':
      if (!context.json) context.out(outcome.rolloutId);
      for (const line of preflightText(outcome.preflight)) context.say(line);
      context.say(
        `started ${outcome.rolloutId}; follow it with \`sluice status ${outcome.rolloutId} --watch\``,
      );
      return EXIT.done;
    case 'needs_confirmation':
      context.say('not started: a person must settle the questions above, then start again with --yes');
      return EXIT.awaitsPerson;
    case 'refused':
      if (outcome.preflight !== null) for (const line of preflightText(outcome.preflight)) context.say(line);
      context.say(`not started: ${outcome.why}`);
      return EXIT.refused;
  }
}

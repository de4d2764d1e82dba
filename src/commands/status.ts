import type { RolloutView } from '../core/rollout/view.ts';
import type { Records } from '../ports/control.ts';
import { rolloutBlock, rolloutLine } from '../render/terminal.ts';
import { type Context, chosenRollout, withRecords } from './context.ts';
import { EXIT } from './exit-codes.ts';
import { liveView } from './live-view.ts';

/** Where a rollout stands; the exit code says it to scripts. */
export async function statusCommand(
  context: Context,
  options: { readonly id: string | undefined; readonly watch: boolean },
): Promise<number> {
  return withRecords(context, async (control) => {
    const view = await chosenRollout(control, options.id);
    const last = options.watch ? await watch(context, control, view) : view;
    if (!options.watch || context.json) show(context, last);
    return exitCodeOf(last);
  });
}

export async function listCommand(context: Context, options: { readonly all: boolean }): Promise<number> {
  return withRecords(context, async (control) => {
    const views = await control.list({ unfinishedOnly: !options.all });
    if (context.json) context.out(JSON.stringify({ version: 1, rollouts: views }, null, 2));
    else if (views.length > 0) context.out(views.map(rolloutLine).join('\n'));
    else context.say(options.all ? 'no rollout yet' : 'no rollout is under way; --all shows the ended ones');
    return EXIT.done;
  });
}

function show(context: Context, view: RolloutView): void {
  if (context.json) context.out(JSON.stringify({ version: 1, rollout: view }, null, 2));
  else context.out(rolloutBlock(view, Date.now()).join('\n'));
}

export function exitCodeOf(view: RolloutView): number {
  if (view.phase === 'rolled_back' || view.phase === 'rolling_back') return EXIT.rolledBack;
  if (view.phase === 'completed') return EXIT.done;
  if (view.isAwaitingPerson) return EXIT.awaitsPerson;
  return view.decision?.kind === 'hold' ? EXIT.held : EXIT.done;
}

const WATCH_EVERY_MS = 1_000;

/** Follows a rollout to its end. Ctrl-C ends the watching, never the rollout. */
async function watch(context: Context, control: Records, first: RolloutView): Promise<RolloutView> {
  const live = liveView(context);
  let view = first;
  let said = '';
  context.say('watching; Ctrl-C stops watching, never the rollout');
  for (;;) {
    if (live.isRedrawing) live.draw(rolloutBlock(view, Date.now()));
    const line = rolloutLine(view);
    if (!live.isRedrawing && line !== said) context.say(line);
    said = line;
    if (view.phase === 'completed' || view.phase === 'rolled_back') return view;
    await new Promise((resolve) => setTimeout(resolve, WATCH_EVERY_MS));
    view = (await control.get(view.id)) ?? view;
  }
}

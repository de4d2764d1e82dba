import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline/promises';
import type { Context } from '../commands/context.ts';
import type { LiveView } from '../commands/live-view.ts';
import type { RolloutView } from '../core/rollout/view.ts';
import type { Control } from '../ports/control.ts';

/** Without a terminal nobody can answer: the demo waits this long, says so, and rolls back itself. */
const ANSWERS_AFTER_MS = 4_000;
/** A viewer who says nothing for this long is taken to have left. */
const VIEWER_HAS_MS = 30_000;

type Answer = 'rollback' | 'promote' | 'resume' | 'watch';
const ANSWERS: Readonly<Record<string, Answer>> = { r: 'rollback', p: 'promote', s: 'resume', k: 'watch' };

/**
 * Hands the button to a person: the viewer on a terminal, otherwise the demo's own stand-in. True once the rollout was
 * answered for; false when it should be watched further and asked about again.
 */
export async function answerFor(
  view: RolloutView,
  stage: {
    readonly context: Context;
    readonly sluice: { readonly control: Control };
    readonly live: LiveView;
    readonly stop: AbortSignal;
  },
): Promise<boolean> {
  const { live, stop, context } = stage;
  // The question takes the block's place: what is typed below a block that redraws itself would be lost.
  live.draw([]);
  summaryOf(view).forEach(live.print);
  let answer: Answer = 'rollback';
  if (context.isTerminal) {
    answer = await askViewer(stop);
  } else {
    live.print(`nobody to ask here: the demo answers "rollback" in ${ANSWERS_AFTER_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, ANSWERS_AFTER_MS));
  }
  stop.throwIfAborted();
  if (answer === 'watch') return false;
  const reply = await stage.sluice.control.command(view.id, {
    verb: answer,
    by: context.isTerminal ? 'viewer' : 'demo',
    reason: '',
    holdMs: null,
    expectedEpoch: view.stageEpoch,
    deliveryId: randomUUID(),
  });
  if (reply.kind === 'refused') live.print(`${answer} was refused: ${reply.why}`);
  return reply.kind !== 'refused' && answer !== 'resume';
}

/** What it is, how sure, what would settle it, what the options are: all from the decision record. */
function summaryOf(view: RolloutView): readonly string[] {
  const rows = (view.explanation?.checks ?? []).map(
    (row) =>
      `   ${row.name}: ${row.canary} against ${row.baseline} on stable (${row.difference}; ${row.lines}), ${row.note}`,
  );
  return [`?? ${view.explanation?.headline ?? view.id}`, ...rows, `   ${view.explanation?.next ?? ''}`];
}

async function askViewer(stop: AbortSignal): Promise<Answer> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const limit = AbortSignal.any([stop, AbortSignal.timeout(VIEWER_HAS_MS)]);
  try {
    const question = `[r]oll back, [p]romote, [s]tart the stage over, [k]eep watching? (rollback in ${VIEWER_HAS_MS / 1000} s) `;
    const typed = await asking.question(question, { signal: limit });
    return ANSWERS[typed.trim().toLowerCase().slice(0, 1)] ?? 'watch';
  } catch (error) {
    if (!limit.aborted) throw error;
    process.stderr.write('\nnobody answered: the demo answers "rollback"\n');
    return 'rollback';
  } finally {
    asking.close();
  }
}

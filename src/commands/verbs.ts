import { randomUUID } from 'node:crypto';
import { parseDuration } from '../core/duration.ts';
import { isRisky, wordsOf } from '../core/rollout/command.ts';
import type { CommandReply, CommandWords } from '../ports/control.ts';
import { rolloutLine } from '../render/terminal.ts';
import { type Context, chosenRollout, confirmed, NOBODY_CARRIES_ON, whoAmI, withControl } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';
import { exitCodeOf } from './status.ts';

export interface VerbOptions {
  readonly id: string | undefined;
  readonly reason: string;
  readonly for?: string;
  readonly yes: boolean;
  /** For `waive`. */
  readonly check?: string;
  /** The stage entry a script was shown; the current one is taken where a person looks on. */
  readonly expectEpoch?: number;
}

/** `promote`, `hold`, `resume`, `rollback`, `waive`. Verbs that raise risk show what they act on and ask; the others just act. */
export async function verbCommand(
  context: Context,
  verb: CommandWords['verb'],
  options: VerbOptions,
): Promise<number> {
  const holdMs = options.for === undefined ? null : parseDuration(options.for);
  if (options.for !== undefined && holdMs === null) {
    throw new CommandEnd(EXIT.usage, `"${options.for}" is no duration; write 30m, 2h or 1d`);
  }
  if (verb === 'waive' && options.reason.trim() === '') {
    throw new CommandEnd(
      EXIT.usage,
      'a waiver needs a reason that is not empty: --reason "why it may be set aside"',
    );
  }
  const about = options.check === undefined ? {} : { check: options.check };
  const words = wordsOf({ verb, ...about });
  return withControl(context, async (control, where) => {
    const view = await chosenRollout(control, options.id);
    const raisesRisk = isRisky(verb);
    if (raisesRisk && !(await confirmed(context, `${rolloutLine(view)}\n${words}?`, options.yes))) {
      context.say('nothing was done');
      return EXIT.done;
    }
    const reply = await control.command(view.id, {
      verb,
      by: whoAmI(context),
      reason: options.reason,
      holdMs,
      expectedEpoch: raisesRisk ? (options.expectEpoch ?? view.stageEpoch) : null,
      deliveryId: randomUUID(),
      ...about,
    });
    if (context.json) context.out(JSON.stringify({ version: 1, ...reply }, null, 2));
    const code = tell(context, reply, verb, words);
    const isUnderWay = reply.kind === 'accepted' && reply.view.endedAt === null;
    if (where === 'store' && isUnderWay) context.say(NOBODY_CARRIES_ON);
    return code;
  });
}

function tell(context: Context, reply: CommandReply, verb: string, words: string): number {
  switch (reply.kind) {
    case 'accepted':
      if (!context.json) context.out(rolloutLine(reply.view));
      return verb === 'hold' || verb === 'rollback' ? EXIT.done : exitCodeOf(reply.view);
    case 'refused':
      context.say(`${words} was refused: ${reply.why}`);
      return EXIT.refused;
    case 'queued':
      context.say(`${words} is kept and will be acted on at the next tick`);
      return EXIT.done;
    case 'unknown_rollout':
      throw new CommandEnd(EXIT.notFound, 'that rollout is gone');
  }
}

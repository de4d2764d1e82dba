import { formatValue } from '../core/plan/line-text.ts';
import { explain } from '../core/report.ts';
import { type Command, wordsOf } from '../core/rollout/command.ts';
import { replay } from '../engine/replay.ts';
import { type Context, chosenRollout, readText, withRecords } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

/** The event log of a rollout: a line an event, or with --json the file that `replay` reads. */
export async function logCommand(context: Context, id: string | undefined): Promise<number> {
  const text = await logText(context, id);
  if (context.json) {
    context.out(text.trimEnd());
    return EXIT.done;
  }
  const entries = text.split('\n').filter((line) => line.startsWith('{"entry"'));
  for (const line of entries) context.out(eventLine(line));
  return EXIT.done;
}

interface WrittenEntry {
  readonly entry: {
    readonly seq: number;
    readonly at: number;
    readonly kind: string;
    readonly actor: string;
    readonly payload: {
      readonly decision?: { readonly kind: string; readonly reason: string; readonly exposure: string };
      readonly command?: Pick<Command, 'verb' | 'check' | 'reason'>;
      readonly outcome?: { readonly kind: string; readonly why?: string };
    };
  };
}

function eventLine(line: string): string {
  const { entry } = JSON.parse(line) as WrittenEntry;
  const { decision, command, outcome } = entry.payload;
  const what =
    decision !== undefined
      ? `${decision.kind} (${decision.reason}) at ${decision.exposure}`
      : command !== undefined
        ? `${wordsOf(command)} ${outcome?.kind ?? ''}${outcome?.why === undefined ? '' : `: ${outcome.why}`}`
        : '';
  return `${String(entry.seq).padStart(5)}  ${new Date(entry.at).toISOString()}  ${entry.kind.padEnd(13)} ${entry.actor}  ${what}`.trimEnd();
}

/** One decision with the numbers it rests on: the last, or the one at a log position. */
export async function explainCommand(
  context: Context,
  id: string | undefined,
  options: { readonly at?: number },
): Promise<number> {
  const text = await logText(context, id);
  const found = replay(text);
  const { plan } = found;
  const decisions = found.decisions;
  const decision =
    options.at === undefined
      ? (decisions.findLast((candidate) => candidate.kind !== 'wait') ?? decisions.at(-1))
      : decisions[options.at - 1];
  if (plan === null || decision === undefined) {
    throw new CommandEnd(EXIT.notFound, `there is no such decision; ${decisions.length} were made`);
  }
  const explanation = explain(plan, decision);
  if (context.json) {
    context.out(JSON.stringify({ version: 1, decision, explanation }, null, 2));
    return EXIT.done;
  }
  context.out(explanation.headline);
  context.out(
    `decided ${new Date(decision.at).toISOString()}, number ${decisions.indexOf(decision) + 1} of ${decisions.length}`,
  );
  for (const [at, row] of explanation.checks.entries()) {
    const finding = decision.findings[at];
    const check = plan.checks.find((candidate) => candidate.id === row.checkId);
    if (finding === undefined || check === undefined) continue;
    const arm = (side: 'canary' | 'baseline') => {
      const { units, events, value } = finding[side];
      const shown = value === null ? 'no value' : formatValue(value, check.measure);
      return `${shown} (${events === null ? '' : `${Math.round(events)} of `}${Math.round(units)})`;
    };
    context.out(`  ${row.name}  ${row.outcome}: ${row.note}`);
    context.out(
      `     canary ${arm('canary')}, stable ${arm('baseline')}, difference ${row.difference}; ${row.lines}`,
    );
    if (check.hold !== null || check.rollback !== null) {
      const e = (log: number) => Math.exp(log).toPrecision(3);
      context.out(
        `     evidence of harm ${e(finding.harm.log)} (hold at ${e(finding.harm.holdThreshold)}, roll back at ${e(finding.harm.rollbackThreshold)}), of safety ${e(finding.safety.log)} (clear at ${e(finding.safety.threshold)})`,
      );
    }
    context.out(`     because ${check.why}`);
  }
  for (const line of explanation.waived) context.out(line);
  context.out(explanation.next);
  return EXIT.done;
}

/** Decides a whole log again, offline, and compares bytes. */
export async function replayCommand(context: Context, file: string): Promise<number> {
  const found = replay(await readText(file, 'log'));
  const { fault } = found;
  if (context.json) {
    const { rolloutId, events } = found;
    context.out(
      JSON.stringify({ version: 1, rolloutId, events, decisions: found.decisions.length, fault }, null, 2),
    );
  } else if (fault === null) {
    const counts = new Map<string, number>();
    for (const { kind } of found.decisions) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const summary = [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
    context.out(
      `${found.rolloutId}: ${found.events} events intact, ${found.decisions.length} decisions replayed to the same bytes (${summary})`,
    );
    const last = found.decisions.at(-1);
    if (last !== undefined && found.plan !== null) context.out(explain(found.plan, last).headline);
  }
  if (fault === null) return EXIT.done;
  context.say(`${file}: ${fault.message} [${fault.kind}, line ${fault.line}]`);
  return EXIT.error;
}

async function logText(context: Context, id: string | undefined): Promise<string> {
  return withRecords(context, async (control) => {
    const view = await chosenRollout(control, id);
    const text = await control.log(view.id);
    if (text === null) throw new CommandEnd(EXIT.notFound, `rollout ${view.id} has no log`);
    return text;
  });
}

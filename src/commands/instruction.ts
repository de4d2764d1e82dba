import { readInstruction } from '../core/plan/instruction.ts';
import { type Context, readText } from './context.ts';
import { EXIT } from './exit-codes.ts';

/** Reads a standing instruction on standard input back to its writer, each line beside the phrase it came from. */
export async function instructionCommand(context: Context): Promise<number> {
  const reading = readInstruction(await readText('-', 'instruction on standard input'));
  if (context.json) {
    context.out(JSON.stringify(reading, null, 2));
    return EXIT.done;
  }
  const rows = [
    `ladder   ${reading.ladder.map(({ exposure, hold }) => `${exposure}${hold === null ? '' : ` (${hold})`}`).join(' → ') || 'none given'}`,
    ...reading.rules.map((rule) => {
      const act = rule.notify && rule.action !== 'notify' ? `${rule.action} and notify` : rule.action;
      return `${act.padEnd(8)} ${rule.metric} ${rule.direction} ${rule.value} ${rule.unit} against ${rule.against}   "${rule.phrase}"`;
    }),
    ...(reading.holdback === null ? [] : [`holdback ${reading.holdback}`]),
    ...(reading.startAfter === null ? [] : [`start    after ${reading.startAfter}`]),
    ...reading.windows.map((w) => `${w.allow ? 'only' : 'not'}     ${w.when}   "${w.phrase}"`),
    ...reading.approvals.map((a) => `ask      before ${a.before}   "${a.phrase}"`),
    ...reading.questions.map((question) => `question ${question}`),
    ...reading.unread.map((phrase) => `not read "${phrase}"`),
  ];
  context.out(rows.join('\n'));
  return EXIT.done;
}

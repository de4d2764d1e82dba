import { readBack } from '../core/plan/instruction.ts';
import { instructionText } from '../render/instruction-text.ts';
import { type Context, readText } from './context.ts';
import { EXIT } from './exit-codes.ts';

/** Reads a standing instruction on standard input back to its writer, each line beside the phrase it came from. */
export async function instructionCommand(context: Context): Promise<number> {
  const back = readBack(await readText('-', 'instruction on standard input'));
  context.out(context.json ? JSON.stringify(back.reading, null, 2) : instructionText(back).join('\n'));
  return EXIT.done;
}

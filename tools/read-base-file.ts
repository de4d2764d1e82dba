import * as z from 'zod';
import { ToolRefusal, tool } from './tool.ts';

const MOST_LINES = 200;
const MOST_CHARS = 6_000;

export const readBaseFile = tool({
  name: 'read_base_file',
  description:
    'Reads lines of a changed file as the base branch has them, to see what surrounds a hunk. At most two hundred lines a call.',
  input: z.strictObject({
    file: z.string().max(12).describe('A file id, as "f1".'),
    from: z.number().int().min(1).max(1_000_000),
    to: z.number().int().min(1).max(1_000_000),
  }),
  output: z.strictObject({ text: z.string().max(MOST_CHARS).nullable(), isCut: z.boolean() }),
  isOffered: ({ baseLines }) => baseLines !== null,
  run: async ({ file: id, from, to }, { files, baseLines }, signal) => {
    const file = files.find((each) => each.id === id);
    if (file === undefined) throw new ToolRefusal('the change has no file of that id');
    if (to < from || to - from >= MOST_LINES) {
      throw new ToolRefusal(`between 1 and ${MOST_LINES} lines can be read at once`);
    }
    const lines = (await baseLines?.(file, from, to, signal)) ?? null;
    const text = lines?.slice(0, MOST_LINES).join('\n') ?? null;
    return { text: text?.slice(0, MOST_CHARS) ?? null, isCut: (text?.length ?? 0) > MOST_CHARS };
  },
});

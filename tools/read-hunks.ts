import * as z from 'zod';
import { ToolRefusal, tool } from './tool.ts';

const MOST_HUNKS = 8;
const MOST_CHARS = 6_000;
const MOST_LINE_CHARS = 400;

export const readHunks = tool({
  name: 'read_hunks',
  description:
    'Reads hunks of one changed file as the diff has them, each with its id. At most eight hunks and six thousand characters ' +
    'a call; what was cut says so. Credentials are masked.',
  input: z.strictObject({
    file: z.string().max(12).describe('A file id, as "f1".'),
    first: z.number().int().min(1).describe('The first hunk wanted, counted from 1.'),
    count: z.number().int().min(1).max(MOST_HUNKS),
  }),
  output: z.strictObject({
    hunks: z
      .array(z.strictObject({ id: z.string(), place: z.string(), text: z.string(), isCut: z.boolean() }))
      .max(MOST_HUNKS),
  }),
  isOffered: () => true,
  run: ({ file: id, first, count }, { files }) => {
    const file = files.find((each) => each.id === id);
    if (file === undefined) throw new ToolRefusal('the change has no file of that id');
    let left = MOST_CHARS;
    const hunks = file.hunks.slice(first - 1, first - 1 + count).map((hunk) => {
      const kept: string[] = [];
      for (const line of hunk.lines) {
        const text = line.slice(0, MOST_LINE_CHARS);
        if (text.length + 1 > left) break;
        left -= text.length + 1;
        kept.push(text);
      }
      return {
        id: hunk.id,
        place: hunk.place,
        text: kept.join('\n'),
        isCut: kept.length < hunk.lines.length || kept.some((line, at) => line !== hunk.lines[at]),
      };
    });
    return { hunks };
  },
});

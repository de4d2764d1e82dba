import * as z from 'zod';
import { tool } from './tool.ts';

const MOST_FILES = 60;
const MOST_HUNKS = 20;
/** Of paths and hunk ids together: long paths make a page shorter. */
const MOST_CHARS = 4_000;

const listedFile = z.strictObject({
  id: z.string(),
  path: z.string(),
  class: z.string(),
  added: z.number(),
  removed: z.number(),
  hunks: z.array(z.string()).max(MOST_HUNKS),
  moreHunks: z.number(),
});
type ListedFile = z.output<typeof listedFile>;

export const listChangedFiles = tool({
  name: 'list_changed_files',
  description:
    'Lists the files of the change: id, path, class, lines added and removed, and the ids of their hunks. At most sixty at a time; ' +
    'give `after` the last id you saw to go on.',
  input: z.strictObject({
    after: z.string().max(12).nullable().describe('A file id, as "f60", or null to begin.'),
  }),
  output: z.strictObject({
    files: z.array(listedFile).max(MOST_FILES),
    more: z.number().describe('How many files come after these.'),
  }),
  isOffered: () => true,
  run: ({ after }, { files }) => {
    const start = after === null ? 0 : files.findIndex(({ id }) => id === after) + 1;
    const page: ListedFile[] = [];
    let left = MOST_CHARS;
    for (const { id, path, pathClass, added, removed, hunks } of files.slice(start, start + MOST_FILES)) {
      const ids = hunks.slice(0, MOST_HUNKS).map((hunk) => hunk.id);
      left -= path.length + ids.join().length;
      if (left < 0 && page.length > 0) break;
      const moreHunks = Math.max(0, hunks.length - MOST_HUNKS);
      page.push({ id, path, class: pathClass, added, removed, hunks: ids, moreHunks });
    }
    return { files: page, more: files.length - start - page.length };
  },
});

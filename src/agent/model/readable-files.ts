import { shownText } from '../../core/shown-text.ts';
import type { ReadableFile } from '../../ports/change-reads.ts';

/** A file of a diff, as much of it as is needed here. */
export interface DiffFileFacts {
  readonly path: string;
  readonly basePath: string | null;
  readonly pathClass: string;
  readonly hunks: readonly {
    readonly newStart: number;
    readonly lines: readonly {
      readonly kind: 'added' | 'removed' | 'context';
      readonly text: string;
      readonly oldLine: number | null;
      readonly newLine: number | null;
    }[];
  }[];
}

const MARKERS = { added: '+', removed: '-', context: ' ' } as const;
/** Beyond this nobody reads a change file by file; the rules' plan says how large it is. */
const MOST_FILES = 5_000;
/** No file system has longer names that anyone would read. */
const MOST_PATH_CHARS = 300;

/** The files of a diff with ids of their own. A hunk's place is its first changed line, of the new file where there is one. */
export function readableFiles(files: readonly DiffFileFacts[]): readonly ReadableFile[] {
  return files.slice(0, MOST_FILES).map(({ path, basePath, pathClass, hunks }, at) => {
    const id = `f${at + 1}`;
    const short = path.slice(0, MOST_PATH_CHARS);
    // One line of a plan, whatever a path may hold.
    const place = shownText(short).replaceAll(/\s/g, ' ');
    const lines = hunks.flatMap((hunk) => hunk.lines);
    return {
      id,
      path: short,
      basePath,
      pathClass,
      added: lines.filter(({ kind }) => kind === 'added').length,
      removed: lines.filter(({ kind }) => kind === 'removed').length,
      hunks: hunks.map((hunk, index) => {
        const first = hunk.lines.find(({ kind }) => kind !== 'context');
        return {
          id: `${id}h${index + 1}`,
          place: `${place}:${first?.newLine ?? first?.oldLine ?? hunk.newStart}`,
          lines: hunk.lines.map(({ kind, text }) => `${MARKERS[kind]}${text}`),
        };
      }),
    };
  });
}

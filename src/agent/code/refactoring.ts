import { type ChangedFile, type CodeHunk, type CodeLine, withHunks } from './changed-code.ts';
import { localRenames, renamedLines } from './renames.ts';

/** A shorter run of equal lines may be equal by chance: closing brackets, a lone return. */
const MIN_MOVED_LINES = 3;

/**
 * The same files with lines set aside that only give a thing another name or another place in the diff: what was declared under
 * one name and now is under another, and blocks that were cut from one file and pasted into another as they were.
 */
export function withoutRefactoring(files: readonly ChangedFile[]): readonly ChangedFile[] {
  const renames = localRenames(files);
  const moved = movedLines(files);
  if (renames.size === 0 && moved.size === 0) return files;
  return files.map((file) => {
    const quiet = renamedLines(file, renames);
    const settle = (line: CodeLine): CodeLine =>
      quiet.has(line) || moved.has(line) ? { ...line, novelty: 'place' } : line;
    const hunks: readonly CodeHunk[] = file.hunks.map((hunk) => ({
      heading: hunk.heading,
      before: hunk.before.map(settle),
      after: hunk.after.map(settle),
    }));
    return { ...file, ...withHunks(hunks) };
  });
}

/** A block that stands in many places is compared with the first few of them. */
const MOST_CANDIDATES = 8;

/**
 * Lines of blocks that stand removed in one place of the diff and added, as they were, in another file or hunk. Windows overlap, so
 * that a longer block moves as a whole; each removed line goes to one place only, for a second copy is new code.
 */
function movedLines(files: readonly ChangedFile[]): ReadonlySet<CodeLine> {
  const removed = Map.groupBy(blocksOf(files, 'before'), keyOf);
  const partner = new Map<CodeLine, CodeLine>();
  if (removed.size === 0) return new Set();
  for (const block of blocksOf(files, 'after')) {
    const from = removed
      .get(keyOf(block))
      ?.slice(0, MOST_CANDIDATES)
      .find((candidate) =>
        candidate.every((line, at) => {
          const other = block[at] as CodeLine;
          return (partner.get(line) ?? other) === other && (partner.get(other) ?? line) === line;
        }),
      );
    from?.forEach((line, at) => {
      const other = block[at] as CodeLine;
      partner.set(line, other).set(other, line);
    });
  }
  return new Set(partner.keys());
}

/** Windows of `MIN_MOVED_LINES` changed lines that stand together; a longer block is moved window by window. */
function* blocksOf(files: readonly ChangedFile[], side: 'before' | 'after'): Generator<CodeLine[]> {
  for (const file of files) {
    for (const hunk of file.hunks) {
      let run: CodeLine[] = [];
      for (const line of [...hunk[side], null]) {
        if (line !== null && line.kind !== 'context') {
          if (line.novelty !== 'nothing') run.push(line);
          continue;
        }
        for (let at = 0; at + MIN_MOVED_LINES <= run.length; at += 1) {
          yield run.slice(at, at + MIN_MOVED_LINES);
        }
        run = [];
      }
    }
  }
}

function keyOf(block: readonly CodeLine[]): string {
  return block.map((line) => `${line.code.replaceAll(/\s+/g, '')}\0${line.strings.join('\0')}`).join('\n');
}

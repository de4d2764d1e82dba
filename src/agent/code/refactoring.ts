import { canonicalCode } from './canonical-code.ts';
import { type ChangedFile, type CodeHunk, type CodeLine, withHunks } from './changed-code.ts';
import { linesOfMovedBlocks } from './moved-blocks.ts';
import { localRenames, renamedLines } from './renames.ts';

/** A shorter run of equal lines may be equal by chance: closing brackets, a lone return. */
const MIN_MOVED_LINES = 3;

/**
 * The same files with lines set aside that only give a thing another name or another place in the diff: what was declared under
 * one name and now is under another, and blocks that were cut from one file and pasted into another as they were.
 */
export function withoutRefactoring(files: readonly ChangedFile[]): readonly ChangedFile[] {
  const renames = localRenames(files);
  const moved = new Set([...movedLines(files), ...linesOfMovedBlocks(files)]);
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
  const languages = new Map(
    files.flatMap((file) =>
      file.hunks.flatMap((hunk) => [...hunk.before, ...hunk.after].map((line) => [line, file] as const)),
    ),
  );
  const keys = new Map<CodeLine, string>();
  const keyOf = (block: readonly CodeLine[]): string =>
    block
      .map((line) => {
        const key = keys.get(line) ?? keyOfLine(line, languages.get(line) as ChangedFile);
        keys.set(line, key);
        return key;
      })
      .join('\n');
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
  for (const [line, other] of lonePairs(files, partner)) partner.set(line, other).set(other, line);
  return new Set(partner.keys());
}

/** A shorter line may be equal by chance. */
const LONE_CHARS = 30;
/** Where it is done matters as much as that it is done. */
const PLACED =
  /\b(?:n?ack|acknowledge|commit|rollback|publish|enqueue|dispatch|invalidate|delete|del|evict|emit|lock|unlock|send|flush|await|yield)/i;

/** Long lines that stand once among the removed and once among the added ones, in another file, and do the same wherever they are. */
function lonePairs(
  files: readonly ChangedFile[],
  taken: ReadonlyMap<CodeLine, CodeLine>,
): readonly (readonly [CodeLine, CodeLine])[] {
  const linesOf = (side: 'before' | 'after') =>
    Map.groupBy(
      files.flatMap((file) =>
        file.hunks.flatMap((hunk) =>
          hunk[side].flatMap((line) => {
            const isOpen = line.kind !== 'context' && line.novelty === 'code' && !taken.has(line);
            const key = isOpen && !PLACED.test(line.code) ? keyOfLine(line, file) : '';
            return key.length >= LONE_CHARS ? [{ line, file, key }] : [];
          }),
        ),
      ),
      ({ key }) => key,
    );
  const before = linesOf('before');
  return [...linesOf('after')].flatMap(([key, added]) => {
    const removed = before.get(key) ?? [];
    const [from, to] = [removed[0], added[0]];
    const isOne = removed.length === 1 && added.length === 1 && from?.file !== to?.file;
    return isOne && from !== undefined && to !== undefined ? [[from.line, to.line] as const] : [];
  });
}

function keyOfLine(line: CodeLine, file: ChangedFile): string {
  const code = file.language === null ? line.code : canonicalCode(line.code, file.language);
  return `${code}\0${line.strings.join('\0')}`;
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

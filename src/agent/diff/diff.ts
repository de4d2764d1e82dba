import {
  barePath,
  gitHeaderPaths,
  headerPath,
  isDatedAtEpoch,
  type PathPair,
  pathPair,
} from './diff-path.ts';

type FileStatus = 'added' | 'deleted' | 'renamed' | 'modified' | 'binary';

/** One line of a hunk, without its marker and line ending. The side it does not exist on has no number. */
export interface DiffLine {
  readonly kind: 'added' | 'removed' | 'context';
  readonly text: string;
  readonly oldLine: number | null;
  readonly newLine: number | null;
}

export interface DiffHunk {
  readonly oldStart: number;
  readonly newStart: number;
  /** What git prints after the counts: the line that opens the block the hunk is in. Often empty. */
  readonly heading: string;
  readonly lines: readonly DiffLine[];
}

/** A copied file is `added`, with the file it was copied from as `oldPath`. */
export interface DiffFile {
  readonly oldPath: string | null;
  readonly newPath: string | null;
  readonly status: FileStatus;
  readonly hunks: readonly DiffHunk[];
}

/** What could not be read, at which line of the diff, counted from 1. */
interface DiffFault {
  readonly line: number;
  readonly what: string;
}

export interface DiffReading {
  readonly files: readonly DiffFile[];
  readonly faults: readonly DiffFault[];
  /** Where reading stopped because the diff is larger than the cap; null when all of it was read. */
  readonly truncation: { readonly line: number; readonly limit: string } | null;
}

/** Beyond these nobody reviews a diff, and memory must stay bounded. */
export const MAX_DIFF_LINES = 100_000;
const MAX_DIFF_CHARS = 16_000_000;
const MAX_FAULTS = 20;

interface FileDraft {
  readonly isGit: boolean;
  paths: PathPair;
  status: FileStatus;
  hasHunks: boolean;
  isSkipped: boolean;
  readonly hunks: DiffHunk[];
}

interface HunkDraft {
  readonly at: number;
  readonly lines: DiffLine[];
  oldLine: number;
  newLine: number;
  oldLeft: number;
  newLeft: number;
}

interface Reader {
  readonly drafts: FileDraft[];
  readonly faults: DiffFault[];
  file: FileDraft | null;
  hunk: HunkDraft | null;
  /** A `--- ` line that waits for its `+++ `. */
  oldHeader: { readonly rest: string; readonly line: number } | null;
  isBinaryPatch: boolean;
}

/**
 * Reads a unified diff: git's own (renames, copies, modes, binary, quoted paths), plain `diff -u`, and mailed patches.
 *
 * Never throws: what is malformed becomes a fault naming its line and reading goes on at the next header. Hunk counts
 * decide where a hunk ends, so that a removed "-- x" is no file header. Paths come out safe to show.
 */
export function readDiff(text: string): DiffReading {
  const reader: Reader = {
    drafts: [],
    faults: [],
    file: null,
    hunk: null,
    oldHeader: null,
    isBinaryPatch: false,
  };
  let line = 0;
  let truncation: DiffReading['truncation'] = null;
  for (let start = 0; start < text.length; ) {
    if (line >= MAX_DIFF_LINES || start >= MAX_DIFF_CHARS) {
      const limit = line >= MAX_DIFF_LINES ? `${MAX_DIFF_LINES} lines` : `${MAX_DIFF_CHARS} characters`;
      truncation = { line: line + 1, limit };
      break;
    }
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    line += 1;
    readLine(reader, text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end), line);
    start = end + 1;
  }
  if (truncation === null) endOfDiff(reader, text.trim() === '');
  return { files: reader.drafts.map(fileOf), faults: reader.faults, truncation };
}

/** The path people know a file by: the new one, or the old one of a deleted file. */
export function pathOf(file: Pick<DiffFile, 'oldPath' | 'newPath'>): string {
  return file.newPath ?? file.oldPath ?? '';
}

function readLine(reader: Reader, line: string, at: number): void {
  if (reader.hunk !== null && readHunkLine(reader, reader.hunk, line)) return;
  if (line.startsWith('diff --git ')) startGitFile(reader, line.slice(11), at);
  else if (line.startsWith('diff --cc ') || line.startsWith('diff --combined ')) {
    reader.file = null;
    fault(reader, at, 'a combined diff of a merge is not read');
  } else if (reader.isBinaryPatch) return;
  else if (reader.oldHeader !== null) readNewHeader(reader, reader.oldHeader, line, at);
  else if (line.startsWith('--- ')) reader.oldHeader = { rest: line.slice(4), line: at };
  else if (line.startsWith('@@')) startHunk(reader, line, at);
  else if (line.startsWith('Only in ')) fault(reader, at, 'names a file whose content is not shown');
  else if (line.startsWith('Binary files ')) binaryFile(reader, line);
  else if (reader.file !== null) readOtherLine(reader, reader.file, line, at);
}

function readOtherLine(reader: Reader, file: FileDraft, line: string, at: number): void {
  if (!file.hasHunks) {
    readExtendedHeader(reader, file, line);
    return;
  }
  // "-- " opens the signature of a mailed patch; any other marked line belongs to a hunk whose counts are wrong.
  if (/^[+\- ]/.test(line) && line.trimEnd() !== '--' && !file.isSkipped) {
    file.isSkipped = true;
    fault(reader, at, 'a changed line stands outside any hunk');
  }
}

function startGitFile(reader: Reader, rest: string, at: number): void {
  const halves = gitHeaderPaths(rest);
  if (reader.oldHeader !== null) dropOldHeader(reader, reader.oldHeader);
  const paths = halves === null ? { oldPath: null, newPath: null } : pathPair(halves[0], halves[1], true);
  startFile(reader, true, paths);
  if (halves === null) fault(reader, at, 'the two paths of the header cannot be told apart');
}

function startFile(reader: Reader, isGit: boolean, paths: PathPair): FileDraft {
  const isMoved = isGit && paths.oldPath !== paths.newPath;
  const file: FileDraft = {
    isGit,
    paths,
    status: isMoved ? 'renamed' : 'modified',
    hasHunks: false,
    isSkipped: false,
    hunks: [],
  };
  reader.file = file;
  reader.hunk = null;
  reader.oldHeader = null;
  reader.isBinaryPatch = false;
  reader.drafts.push(file);
  return file;
}

function readExtendedHeader(reader: Reader, file: FileDraft, line: string): void {
  if (!file.isGit) return;
  if (line.startsWith('new file mode ')) file.status = 'added';
  else if (line.startsWith('deleted file mode ')) file.status = 'deleted';
  else if (line === 'GIT binary patch') {
    file.status = 'binary';
    reader.isBinaryPatch = true;
  } else {
    const moved = /^(rename|copy) (from|to) (.*)$/.exec(line);
    if (moved?.[3] === undefined) return;
    file.status = moved[1] === 'rename' ? 'renamed' : 'added';
    const path = barePath(moved[3]);
    file.paths = moved[2] === 'from' ? { ...file.paths, oldPath: path } : { ...file.paths, newPath: path };
  }
}

function binaryFile(reader: Reader, line: string): void {
  const body = line.slice('Binary files '.length).replace(/ differ$/, '');
  const split = body.indexOf(' and ');
  if (split < 0) return;
  const current = reader.file;
  if (current?.isGit === true && !current.hasHunks) {
    current.status = 'binary';
    return;
  }
  const paths = pathPair(headerPath(body.slice(0, split)), headerPath(body.slice(split + 5)), false);
  startFile(reader, false, paths).status = 'binary';
}

function readNewHeader(
  reader: Reader,
  old: NonNullable<Reader['oldHeader']>,
  line: string,
  at: number,
): void {
  reader.oldHeader = null;
  if (!line.startsWith('+++ ')) {
    dropOldHeader(reader, old);
    readLine(reader, line, at);
    return;
  }
  const rest = line.slice(4);
  const current = reader.file;
  const isGit = current?.isGit === true && !current.hasHunks;
  const paths = pathPair(headerPath(old.rest), headerPath(rest), isGit);
  const file = isGit && current !== null ? current : startFile(reader, false, paths);
  // With one side gone only the `diff --git` line can tell a prefix from a folder called "a" or "b".
  file.paths = {
    oldPath: isGit && paths.newPath === null ? (file.paths.oldPath ?? paths.oldPath) : paths.oldPath,
    newPath: isGit && paths.oldPath === null ? (file.paths.newPath ?? paths.newPath) : paths.newPath,
  };
  if (paths.oldPath === null || (!isGit && isDatedAtEpoch(old.rest))) file.status = 'added';
  else if (paths.newPath === null || (!isGit && isDatedAtEpoch(rest))) file.status = 'deleted';
}

function dropOldHeader(reader: Reader, old: NonNullable<Reader['oldHeader']>): void {
  reader.oldHeader = null;
  fault(reader, old.line, 'a "---" header has no "+++" header after it');
}

function startHunk(reader: Reader, line: string, at: number): void {
  const counts = /^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(.*)$/.exec(line);
  if (counts === null || reader.file === null) {
    const what = counts === null ? 'the hunk header cannot be read' : 'a hunk comes before any file header';
    fault(reader, at, what);
    return;
  }
  const oldStart = Number(counts[1]);
  const newStart = Number(counts[3]);
  const lines: DiffLine[] = [];
  reader.file.hunks.push({ oldStart, newStart, heading: (counts[5] ?? '').trim().slice(0, 200), lines });
  reader.file.hasHunks = true;
  reader.file.isSkipped = false;
  const oldLeft = Number(counts[2] ?? 1);
  const newLeft = Number(counts[4] ?? 1);
  if (oldLeft + newLeft === 0) return;
  reader.hunk = { at, lines, oldLine: oldStart, newLine: newStart, oldLeft, newLeft };
}

/** True when the line belongs to the open hunk. A line that cannot ends it, with a fault. */
function readHunkLine(reader: Reader, hunk: HunkDraft, line: string): boolean {
  const marker = line[0] ?? ' ';
  if (marker === '\\') return true;
  const text = line.slice(1);
  if (marker === '+' && hunk.newLeft > 0) {
    hunk.lines.push({ kind: 'added', text, oldLine: null, newLine: hunk.newLine });
    hunk.newLine += 1;
    hunk.newLeft -= 1;
  } else if (marker === '-' && hunk.oldLeft > 0) {
    hunk.lines.push({ kind: 'removed', text, oldLine: hunk.oldLine, newLine: null });
    hunk.oldLine += 1;
    hunk.oldLeft -= 1;
  } else if (marker === ' ' && hunk.oldLeft > 0 && hunk.newLeft > 0) {
    hunk.lines.push({ kind: 'context', text, oldLine: hunk.oldLine, newLine: hunk.newLine });
    hunk.oldLine += 1;
    hunk.newLine += 1;
    hunk.oldLeft -= 1;
    hunk.newLeft -= 1;
  } else {
    reader.hunk = null;
    fault(reader, hunk.at, 'the hunk ends before the lines its header counts');
    return false;
  }
  if (hunk.oldLeft + hunk.newLeft === 0) reader.hunk = null;
  return true;
}

function endOfDiff(reader: Reader, isBlank: boolean): void {
  if (reader.hunk !== null) fault(reader, reader.hunk.at, 'the diff ends inside this hunk');
  if (reader.oldHeader !== null) dropOldHeader(reader, reader.oldHeader);
  if (reader.drafts.length === 0 && reader.faults.length === 0 && !isBlank) {
    fault(reader, 1, 'no file header in it: this is no unified diff');
  }
}

function fault(reader: Reader, line: number, what: string): void {
  if (reader.faults.length < MAX_FAULTS) reader.faults.push({ line, what });
}

function fileOf(draft: FileDraft): DiffFile {
  const { oldPath, newPath } = draft.paths;
  const status = draft.status;
  return {
    oldPath: status === 'added' && oldPath === newPath ? null : oldPath,
    newPath: status === 'deleted' && oldPath === newPath ? null : newPath,
    status,
    hunks: draft.hunks,
  };
}

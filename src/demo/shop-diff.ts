/** One file of a unified diff, as git writes it. */
export interface FileDiff {
  /** Null when the file is new. */
  readonly oldPath: string | null;
  /** Null when the file is deleted. */
  readonly newPath: string | null;
  readonly hunks: readonly Hunk[];
}

export interface Hunk {
  /** As in the header: 1-based, or the line before when there is nothing old. */
  readonly oldStart: number;
  readonly oldCount: number;
  readonly lines: readonly HunkLine[];
}

export interface HunkLine {
  readonly kind: 'context' | 'removed' | 'added';
  /** With its line break, unless it is a file's last line without one. */
  readonly text: string;
}

/** The diff cannot be read, or does not fit the files. `line` counts from 1: in `file`, or in the diff if that is null. */
export class DiffError extends Error {
  override readonly name = 'DiffError';
  readonly code = 'diff_does_not_apply';
  readonly file: string | null;
  readonly line: number;
  constructor(details: { readonly file: string | null; readonly line: number; readonly what: string }) {
    super(`${details.file ?? 'the diff'}, line ${details.line}: ${details.what}`);
    this.file = details.file;
    this.line = details.line;
  }
}

/** What git writes before a file's hunks that changes nothing but its text. */
const PLAIN_HEADER = /^(index |new file mode 100644$|deleted file mode )/;
const HUNK_HEADER = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const KINDS = { ' ': 'context', '-': 'removed', '+': 'added' } as const;

/** The files of a unified diff. Throws `DiffError` on anything but changed, new and deleted text files. */
export function parseDiff(text: string): readonly FileDiff[] {
  const lines = linesOf(text);
  const files: FileDiff[] = [];
  let announced = 0;
  let at = 0;
  while (at < lines.length) {
    const line = chomp(lines[at] ?? '');
    const next = chomp(lines[at + 1] ?? '');
    if (line.startsWith('--- ') && next.startsWith('+++ ')) {
      const oldPath = pathOf(line, 'a/', at);
      const newPath = pathOf(next, 'b/', at + 1);
      const { hunks, end } = readHunks(lines, at + 2);
      files.push({ oldPath, newPath, hunks });
      at = end;
    } else {
      if (line.startsWith('diff --git ')) announced++;
      else if (!PLAIN_HEADER.test(line)) throw unreadable(at, `cannot apply "${line}"`);
      at++;
    }
  }
  // An empty file, new or deleted, is announced and has no hunks.
  if (files.length === 0 || files.length < announced) throw unreadable(lines.length, 'a file has no hunks');
  return files;
}

/** A text's lines, each with its line break. */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

function readHunks(lines: readonly string[], from: number): { hunks: readonly Hunk[]; end: number } {
  const hunks: Hunk[] = [];
  let at = from;
  for (;;) {
    const header = HUNK_HEADER.exec(lines[at] ?? '');
    if (header === null) break;
    const oldCount = Number(header[2] ?? 1);
    const body = readHunkLines(lines, at + 1, { old: oldCount, new: Number(header[4] ?? 1) });
    hunks.push({ oldStart: Number(header[1]), oldCount, lines: body.lines });
    at = body.end;
  }
  if (hunks.length === 0) throw unreadable(from, 'a file has no hunks');
  return { hunks, end: at };
}

function readHunkLines(
  lines: readonly string[],
  from: number,
  counts: { old: number; new: number },
): { lines: readonly HunkLine[]; end: number } {
  const read: HunkLine[] = [];
  let at = from;
  for (; counts.old > 0 || counts.new > 0 || lines[at]?.startsWith('\\'); at++) {
    const line = lines[at] ?? '';
    const last = read.at(-1);
    if (line.startsWith('\\') && last !== undefined) {
      read[read.length - 1] = { kind: last.kind, text: chomp(last.text) };
      continue;
    }
    const kind = kindOf(line);
    if (kind === null) throw unreadable(at, 'the hunk ends before its header says');
    if (kind !== 'added') counts.old--;
    if (kind !== 'removed') counts.new--;
    if (counts.old < 0 || counts.new < 0) throw unreadable(at, 'the hunk goes on after its header says');
    read.push({ kind, text: line.slice(1) });
  }
  return { lines: read, end: at };
}

function kindOf(line: string): HunkLine['kind'] | null {
  const mark = line[0];
  return mark === ' ' || mark === '-' || mark === '+' ? KINDS[mark] : null;
}

/** The path in a `---` or `+++` line; null for /dev/null. Never one that leaves the directory. */
function pathOf(line: string, prefix: string, at: number): string | null {
  const [name = ''] = line.slice('--- '.length).split('\t', 1);
  if (name === '/dev/null') return null;
  const path = name.slice(prefix.length);
  const plain = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  if (!name.startsWith(prefix) || !plain || path.includes('\\'))
    throw unreadable(at, `cannot apply to ${name}`);
  return path;
}

function chomp(line: string): string {
  return line.endsWith('\n') ? line.slice(0, -1) : line;
}

function unreadable(at: number, what: string): DiffError {
  return new DiffError({ file: null, line: at + 1, what });
}

import type { Lexis, Quote } from './language.ts';

/** A line with comments gone and every string emptied to `''`; what the strings held stands beside it. */
export interface ScannedLine {
  readonly code: string;
  readonly strings: readonly string[];
}

type BlockComment = Lexis['blockComments'][number];

/** Where the scanner is when a line begins. */
export type ScanStart =
  | { readonly kind: 'code' }
  | { readonly kind: 'comment'; readonly block: BlockComment }
  | { readonly kind: 'string'; readonly quote: Quote };

export interface Scan {
  readonly lines: readonly ScannedLine[];
  /** The line, counted from 0, at which a block comment closed that nothing had opened; null when none did. */
  readonly strayCloseAt: number | null;
  /** The string that was still open at the end, and the line it opened on. */
  readonly openString: { readonly quote: Quote; readonly line: number; readonly before: string } | null;
}

interface Scanner {
  readonly lexis: Lexis;
  mode:
    | { readonly kind: 'code' }
    | { readonly kind: 'comment'; readonly block: BlockComment; depth: number }
    | { readonly kind: 'string'; readonly quote: Quote; readonly line: number; readonly before: string }
    | { readonly kind: 'heredoc'; readonly end: string };
  /** Template literals we are inside the `${}` of, with the braces open in each. */
  readonly templates: { readonly quote: Quote; braces: number }[];
  pendingHeredoc: string | null;
  strayCloseAt: number | null;
  readonly code: string[];
  /** The end of `code`, kept so that nobody has to join it to look back. */
  tail: string;
  strings: string[];
}

/** How far back the start of a regular expression is judged from, and how long one may be. */
const TAIL_CHARS = 24;
const MAX_REGEX_CHARS = 200;

/**
 * Strips comments and string contents, one pass, linear in the text. Line N of the result is line N of the input.
 * `start` says what the first line begins inside of, for a hunk that starts in the middle of a comment or string.
 */
export function scanCode(lines: readonly string[], lexis: Lexis, start: ScanStart): Scan {
  const scanner: Scanner = {
    lexis,
    mode: startMode(start),
    templates: [],
    pendingHeredoc: null,
    strayCloseAt: null,
    code: [],
    tail: '',
    strings: [],
  };
  const scanned = lines.map((line, number) => scanLine(scanner, line, number));
  const { mode } = scanner;
  return {
    lines: scanned,
    strayCloseAt: scanner.strayCloseAt,
    openString: mode.kind === 'string' && mode.line >= 0 ? mode : null,
  };
}

function startMode(start: ScanStart): Scanner['mode'] {
  if (start.kind === 'comment') return { ...start, depth: 1 };
  if (start.kind === 'string') return { ...start, line: -1, before: '' };
  return start;
}

function scanLine(scanner: Scanner, line: string, number: number): ScannedLine {
  scanner.code.length = 0;
  scanner.tail = '';
  scanner.strings = [];
  let at = 0;
  if (scanner.mode.kind === 'heredoc') {
    const isEnd = line.trim().replace(/[;,)]+$/, '') === scanner.mode.end;
    if (isEnd) scanner.mode = { kind: 'code' };
    else scanner.strings.push(line);
    at = line.length;
  }
  while (at < line.length) {
    if (scanner.mode.kind === 'comment') at = inComment(scanner, scanner.mode, line, at);
    else if (scanner.mode.kind === 'string') at = inString(scanner, scanner.mode.quote, line, at);
    else at = inCode(scanner, line, at, number);
  }
  if (scanner.mode.kind === 'string' && !scanner.mode.quote.spansLines) scanner.mode = { kind: 'code' };
  if (scanner.pendingHeredoc !== null) {
    scanner.mode = { kind: 'heredoc', end: scanner.pendingHeredoc };
    scanner.pendingHeredoc = null;
  }
  return { code: scanner.code.join('').trimEnd(), strings: scanner.strings };
}

function inComment(
  scanner: Scanner,
  mode: { block: BlockComment; depth: number },
  line: string,
  at: number,
): number {
  const { open, close, nests } = mode.block;
  for (let end = at; end < line.length; end += 1) {
    if (line.startsWith(close, end)) {
      mode.depth -= 1;
      end += close.length - 1;
      if (mode.depth > 0) continue;
      scanner.mode = { kind: 'code' };
      return end + 1;
    }
    if (nests && line.startsWith(open, end)) {
      mode.depth += 1;
      end += open.length - 1;
    }
  }
  return line.length;
}

function inString(scanner: Scanner, quote: Quote, line: string, at: number): number {
  for (let end = at; end < line.length; end += 1) {
    if (quote.escape === 'backslash' && line[end] === '\\') {
      end += 1;
    } else if (quote.isTemplate === true && line.startsWith('${', end)) {
      scanner.strings.push(line.slice(at, end));
      scanner.templates.push({ quote, braces: 0 });
      scanner.mode = { kind: 'code' };
      emit(scanner, ' ');
      return end + 2;
    } else if (line.startsWith(quote.close, end)) {
      const after = end + quote.close.length;
      if (quote.escape === 'doubled' && line.startsWith(quote.close, after)) {
        end = after;
        continue;
      }
      scanner.strings.push(line.slice(at, end));
      scanner.mode = { kind: 'code' };
      return after;
    }
  }
  scanner.strings.push(line.slice(at));
  return line.length;
}

/** Reads one thing of code at `at`, or a run of characters that can start nothing, and returns where it ends. */
function inCode(scanner: Scanner, line: string, at: number, number: number): number {
  const { lexis } = scanner;
  const isAttribute = line.startsWith('#[', at);
  if (!isAttribute && lexis.lineComments.some((open) => line.startsWith(open, at))) return line.length;
  const block = lexis.blockComments.find(({ open }) => line.startsWith(open, at));
  if (block !== undefined) {
    scanner.mode = { kind: 'comment', block, depth: 1 };
    return at + block.open.length;
  }
  if (lexis.blockComments.some(({ close }) => line.startsWith(close, at))) scanner.strayCloseAt ??= number;
  const quote = lexis.quotes.find(({ open }) => line.startsWith(open, at));
  if (quote !== undefined) {
    scanner.mode = { kind: 'string', quote, line: number, before: line.slice(0, at) };
    emit(scanner, "''");
    return at + quote.open.length;
  }
  const literalEnd = endOfLiteral(scanner, line, at);
  if (literalEnd > at) {
    emit(scanner, "''");
    return literalEnd;
  }
  if (scanner.templates.length > 0 && closesTemplate(scanner, line[at], number)) return at + 1;
  const end = endOfPlainRun(line, at);
  emit(scanner, line.slice(at, end));
  return end;
}

/** No comment, string or literal starts with one of these. "r" is left out because of Rust's `r"`. */
const PLAIN_CODE = /[a-qs-zA-Z0-9_\s.,;:()=+&|>?[\]]*/y;

/** Where the run of plain characters ends that begins after the one at `at`. */
function endOfPlainRun(line: string, at: number): number {
  PLAIN_CODE.lastIndex = at + 1;
  PLAIN_CODE.exec(line);
  return PLAIN_CODE.lastIndex;
}

function emit(scanner: Scanner, code: string): void {
  scanner.code.push(code);
  scanner.tail = (scanner.tail + code.slice(-TAIL_CHARS)).slice(-TAIL_CHARS);
}

function endOfLiteral(scanner: Scanner, line: string, at: number): number {
  const { heredoc, literal, hasRegexLiterals } = scanner.lexis;
  const char = line[at];
  if (char === '<' && heredoc !== null) {
    heredoc.lastIndex = at;
    const found = heredoc.exec(line);
    if (found?.[1] !== undefined) {
      scanner.pendingHeredoc = found[1];
      return heredoc.lastIndex;
    }
  }
  if (literal !== null && (char === '%' || char === "'")) {
    literal.lastIndex = at;
    if (literal.exec(line) !== null) return literal.lastIndex;
  }
  return char === '/' && hasRegexLiterals && startsRegex(scanner.tail) ? endOfRegex(line, at) : at;
}

/** After a value a slash divides; after an operator, a bracket, a keyword or nothing it starts a regular expression. */
function startsRegex(codeBefore: string): boolean {
  const before = codeBefore.trimEnd();
  if (before === '' || /[(,=:[!&|?{};+\-*%~^<>]$/.test(before)) return true;
  return /\b(?:return|typeof|case|in|of|when|if|unless|and|or)$/.test(before.slice(-8));
}

function endOfRegex(line: string, at: number): number {
  let isInClass = false;
  for (let end = at + 1; end < Math.min(line.length, at + MAX_REGEX_CHARS); end += 1) {
    const char = line[end];
    if (char === '\\') end += 1;
    else if (char === '[') isInClass = true;
    else if (char === ']') isInClass = false;
    else if (char === '/' && !isInClass) return end + 1;
  }
  return at;
}

/** Follows the braces of the innermost `${}`; true when this one closes it and the template goes on. */
function closesTemplate(scanner: Scanner, char: string | undefined, number: number): boolean {
  const template = scanner.templates.at(-1);
  if (template === undefined) return false;
  if (char === '{') template.braces += 1;
  if (char !== '}') return false;
  if (template.braces > 0) {
    template.braces -= 1;
    return false;
  }
  scanner.templates.pop();
  emit(scanner, ' ');
  scanner.mode = { kind: 'string', quote: template.quote, line: number, before: '=' };
  return true;
}

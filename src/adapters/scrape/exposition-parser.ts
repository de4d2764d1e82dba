/** One line of an exposition. The value may be NaN or infinite: what that means is for the reader of the metric to say. */
export interface Series {
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** A body that is an exposition in whole. */
export interface Exposition {
  readonly kind: 'exposition';
  /** By sample name (`…_total`, `…_bucket`), in the order of the text. */
  readonly series: ReadonlyMap<string, readonly Series[]>;
  /** `# TYPE` lines. A metric may be declared and have no series yet: nothing was counted so far. */
  readonly types: ReadonlyMap<string, string>;
}

/** A body that is not one. `line` counts from 1; `why` goes on from "line 3 …", quoting it where that helps. */
export interface Broken {
  readonly kind: 'broken';
  readonly line: number;
  readonly why: string;
}

/** Longest piece of a broken line that is quoted to people. */
const MAX_QUOTED = 40;

const TAB = 0x09;
const CR = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const HASH = 0x23;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;

/** Ambiguous quantifiers would make this quadratic; each digit here can belong to one of them only. */
const DECIMAL = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A position in one line: [at, end) of `text`. */
interface Cursor {
  readonly text: string;
  readonly end: number;
  at: number;
}

/**
 * Reads a body in the Prometheus text format 0.0.4, or in the parts of OpenMetrics 1.0 that carry counts: escapes,
 * timestamps, `+Inf`, `NaN`, comments, `# EOF`, CRLF. Timestamps and exemplars are checked or skipped, never kept.
 *
 * One line that is no sample makes the whole body `broken`: half an exposition would read as counters that vanished.
 * `needsEof` (an OpenMetrics content type) makes a body without `# EOF` broken too, because it was cut off.
 * Linear in the length of the text, and it never throws.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, https://prometheus.io/docs/specs/om/.
 */
export function parseExposition(text: string, { needsEof = false } = {}): Exposition | Broken {
  const series = new Map<string, Series[]>();
  const types = new Map<string, string>();
  let sawEof = false;
  let line = 0;
  for (let from = 0; from < text.length; ) {
    line += 1;
    const feed = text.indexOf('\n', from);
    const stop = feed === -1 ? text.length : feed;
    const end = stop > from && text.charCodeAt(stop - 1) === CR ? stop - 1 : stop;
    const cursor = { text, at: from, end };
    from = stop + 1;
    skipBlanks(cursor);
    if (cursor.at === end) continue;
    if (sawEof) return { kind: 'broken', line, why: 'comes after # EOF' };
    if (text.charCodeAt(cursor.at) === HASH) {
      sawEof = readComment(cursor, types) === 'eof';
      continue;
    }
    const start = cursor.at;
    const why = readSample(cursor, series);
    if (why !== null) return { kind: 'broken', line, why: `${why}: ${quoted(text.slice(start, end))}` };
  }
  if (needsEof && !sawEof) return { kind: 'broken', line, why: 'is the last, and is not # EOF' };
  return { kind: 'exposition', series, types };
}

/** Adds the sample of one line; null, or why the line is not one. */
function readSample(cursor: Cursor, into: Map<string, Series[]>): string | null {
  const name = readName(cursor, isNameCode);
  if (name === '') return 'does not start with a metric name';
  skipBlanks(cursor);
  const labels = new Map<string, string>();
  if (cursor.at < cursor.end && cursor.text.charCodeAt(cursor.at) === BRACE_OPEN) {
    const why = readLabels(cursor, labels);
    if (why !== null) return why;
    skipBlanks(cursor);
  }
  const value = readNumber(readToken(cursor));
  if (value === null) return 'has no number for a value';
  skipBlanks(cursor);
  if (cursor.at < cursor.end && cursor.text.charCodeAt(cursor.at) !== HASH) {
    if (readNumber(readToken(cursor)) === null) return 'has something other than a timestamp after the value';
    skipBlanks(cursor);
  }
  // What is left may be an exemplar, which is never evidence.
  if (cursor.at < cursor.end && cursor.text.charCodeAt(cursor.at) !== HASH)
    return 'goes on after the timestamp';
  const known = into.get(name);
  if (known === undefined) into.set(name, [{ labels, value }]);
  else known.push({ labels, value });
  return null;
}

/** `{name="value",…}` with an optional trailing comma. */
function readLabels(cursor: Cursor, into: Map<string, string>): string | null {
  const { text, end } = cursor;
  cursor.at += 1;
  for (;;) {
    skipBlanks(cursor);
    if (cursor.at >= end) return 'has labels that do not end';
    if (text.charCodeAt(cursor.at) === BRACE_CLOSE) {
      cursor.at += 1;
      return null;
    }
    const name = readName(cursor, isLabelCode);
    skipBlanks(cursor);
    if (name === '' || cursor.at >= end || text.charCodeAt(cursor.at) !== EQUALS)
      return 'has a label without a name';
    cursor.at += 1;
    skipBlanks(cursor);
    const value = readQuoted(cursor);
    if (value === null) return 'has a label without a quoted value';
    if (into.has(name)) return 'names a label twice';
    into.set(name, value);
    skipBlanks(cursor);
    if (cursor.at >= end) return 'has labels that do not end';
    const code = text.charCodeAt(cursor.at);
    if (code === COMMA) cursor.at += 1;
    else if (code !== BRACE_CLOSE) return 'has labels without a comma between';
  }
}

/** A quoted string with `\\`, `\"` and `\n`. Any other backslash stands for itself, as Prometheus itself reads it. */
function readQuoted(cursor: Cursor): string | null {
  const { text, end } = cursor;
  if (cursor.at >= end || text.charCodeAt(cursor.at) !== QUOTE) return null;
  const pieces: string[] = [];
  let from = cursor.at + 1;
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      cursor.at = at + 1;
      const last = text.slice(from, at);
      return pieces.length === 0 ? last : pieces.join('') + last;
    }
    if (code !== BACKSLASH || at + 1 >= end) continue;
    const escaped = text[at + 1];
    if (escaped === '"' || escaped === '\\' || escaped === 'n') {
      pieces.push(text.slice(from, at), escaped === 'n' ? '\n' : escaped);
      from = at + 2;
    }
    at += 1;
  }
  return null;
}

/** `# TYPE name kind` is kept, `# EOF` ends the text, every other comment says nothing about counts. */
function readComment(cursor: Cursor, types: Map<string, string>): 'eof' | 'comment' {
  const { text, at, end } = cursor;
  if (end - at === 5 && text.startsWith('# EOF', at)) return 'eof';
  cursor.at = at + 1;
  skipBlanks(cursor);
  if (readToken(cursor) !== 'TYPE') return 'comment';
  skipBlanks(cursor);
  const name = readToken(cursor);
  skipBlanks(cursor);
  const type = readToken(cursor);
  types.set(name, type);
  // OpenMetrics declares a counter by its family name; its samples carry the suffix.
  if (type === 'counter' && !name.endsWith('_total')) types.set(`${name}_total`, type);
  return 'comment';
}

/** Decimal numbers and the words Go's parser takes; null for anything else. */
export function readNumber(token: string): number | null {
  if (DECIMAL.test(token)) return Number(token);
  switch (token.length <= 9 ? token.toLowerCase() : '') {
    case 'inf':
    case '+inf':
    case 'infinity':
    case '+infinity':
      return Number.POSITIVE_INFINITY;
    case '-inf':
    case '-infinity':
      return Number.NEGATIVE_INFINITY;
    case 'nan':
    case '+nan':
    case '-nan':
      return Number.NaN;
    default:
      return null;
  }
}

function skipBlanks(cursor: Cursor): void {
  while (cursor.at < cursor.end && isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
}

function readToken(cursor: Cursor): string {
  const from = cursor.at;
  while (cursor.at < cursor.end && !isBlank(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
  return cursor.text.slice(from, cursor.at);
}

function readName(cursor: Cursor, isPart: (code: number) => boolean): string {
  const from = cursor.at;
  if (isDigit(cursor.text.charCodeAt(from))) return '';
  while (cursor.at < cursor.end && isPart(cursor.text.charCodeAt(cursor.at))) cursor.at += 1;
  return cursor.text.slice(from, cursor.at);
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLabelCode(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || isDigit(code);
}

function isNameCode(code: number): boolean {
  return isLabelCode(code) || code === 0x3a;
}

/** A piece of an outside text, fit to be shown to people: printable ASCII, cut short, in quotes. */
export function quoted(text: string, maxLength: number = MAX_QUOTED): string {
  const piece = text.slice(0, maxLength).replace(/[^\x20-\x7e]/g, '?');
  return `"${piece}${text.length > maxLength ? '…' : ''}"`;
}

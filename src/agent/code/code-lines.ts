import { type Scan, type ScannedLine, type ScanStart, scanCode } from './code-scanner.ts';
import { documentingLines } from './documenting-lines.ts';
import { importedLines } from './import-lines.ts';
import { type Language, LEXES, type Lexis } from './language.ts';
import { settingLines } from './setting-lines.ts';

export interface StrippedLine extends ScannedLine {
  readonly isImport: boolean;
}

/** Longer lines are minified code or data: nobody wrote them, and no detector reads them. */
export const MAX_CODE_LINE_CHARS = 4_000;

/**
 * Strips comments, what only documents, and string contents from consecutive lines of one side of a hunk; line N in, line N out.
 *
 * A hunk is a fragment and may begin inside a comment or a multi-line string. That shows when something closes that
 * was never opened, and then the lines are read again from the right start.
 */
export function strippedLines(lines: readonly string[], language: Language): readonly StrippedLine[] {
  if (language === 'settings') return settingLines(lines).map((line) => ({ ...line, isImport: false }));
  if (language === 'manifest') return lines.map(asText);
  const readable = lines.map((line) => (line.length > MAX_CODE_LINE_CHARS ? '' : line));
  const scanned = scanFragment(readable, LEXES[language]);
  const codes = scanned.map(({ code }) => code);
  const imports = importedLines(codes, language);
  const documenting = documentingLines(codes, language);
  return scanned.map((line, at) =>
    documenting.has(at) ? { code: '', strings: [], isImport: false } : { ...line, isImport: imports.has(at) },
  );
}

/** Only strings: the name of a package must not read like code that uses it. */
function asText(line: string): StrippedLine {
  const text = line.length > MAX_CODE_LINE_CHARS || /^\s*(?:#|<!--|\/\/)/.test(line) ? '' : line.trim();
  return { code: '', strings: [text], isImport: false };
}

function scanFragment(lines: readonly string[], lexis: Lexis): readonly ScannedLine[] {
  const [block] = lexis.blockComments;
  const start: ScanStart =
    block?.open === '/*' && beginsInDocComment(lines) ? { kind: 'comment', block } : { kind: 'code' };
  const scan = scanCode(lines, lexis, start);
  if (block !== undefined && start.kind === 'code' && scan.strayCloseAt !== null) {
    return scanCode(lines, lexis, { kind: 'comment', block }).lines;
  }
  return beganInString(scan, lines) && scan.openString !== null
    ? scanCode(lines, lexis, { kind: 'string', quote: scan.openString.quote }).lines
    : scan.lines;
}

/** The leading star of a documentation comment whose opening lies above the hunk. */
function beginsInDocComment(lines: readonly string[]): boolean {
  const first = lines.find((line) => line.trim() !== '')?.trim();
  if (first === undefined || !/^\*(?:\s|\/|$)/.test(first)) return false;
  // Without a close in the hunk only stars may follow, else a line of arithmetic would hide the code after it.
  return lines.some((line) => line.includes('*/')) || lines.every((line) => /^\s*(?:\*|$)/.test(line));
}

/**
 * A multi-line string still open at the end was either opened in the hunk and runs on, or was closed where we took it
 * to open. What stands before the quote decides: an opening follows an operator, a bracket or nothing after a colon.
 */
function beganInString(scan: Scan, lines: readonly string[]): boolean {
  if (scan.openString === null) return false;
  const before = scan.openString.before.trim();
  if (before !== '')
    return !/(?:[=([{,:+?&|>]|\b(?:return|sql|gql|html|css|r|f|b|u))$/i.test(before.slice(-12));
  const above = lines.slice(0, scan.openString.line).findLast((line) => line.trim() !== '');
  return above !== undefined && !/[:=([{,+]$/.test(above.slice(-200).trimEnd().slice(-1));
}

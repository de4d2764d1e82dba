import type { ChangedFile, CodeHunk, CodeLine } from '../changed-code.ts';
import { type DetectedCheck, type Detector, guard, placesOf } from '../detector.ts';

const CATCH = /(?:^|[\s}])(?:catch|except|rescue)\b(?!\()|(?:^|[\s}])catch\s?\(/;
const EMPTY_CATCH =
  /\.catch\(\s?(?:\(\w{0,40}\)|\w{1,40})\s?=>\s?(?:\{\s?\}|null|undefined|\[\]|\(\{\}\)|''|false|0)\s?\)|\bcatch\s?(?:\([^)]{0,80}\)\s?)?\{\s?\}|\bexcept\b[^:]{0,80}:\s?pass\b|\brescue\s+nil\b/;
const THROWS = /\b(?:throw|raise|panic|reject|abort|rethrow)\b|\bnext\((?!\))/;
const ANSWERS =
  /\b(?:status|statusCode|writeHead|WriteHeader|http_status|send_error|sendError|HttpResponse|HTTPException)\b/;
/** How far below its head the body of a catch block is followed. */
const MAX_CATCH_LINES = 20;

/** Errors that are now swallowed, or now thrown on: the first make a broken release look healthy. */
export const errorHandlingDetector: Detector = {
  id: 'error-handling',
  subject: 'error handling',
  risk: 'medium',
  detect(file) {
    if (file.language === null || file.language === 'settings' || file.language === 'sql') return [];
    const swallowing = file.hunks.flatMap((hunk) => blocksOf(hunk).filter(isNewlySwallowing).map(headOf));
    const throwing = file.hunks.flatMap((hunk) => blocksOf(hunk).filter(isNewlyThrowing).map(headOf));
    return [...swallowChecks(file, swallowing), ...throwChecks(file, throwing)];
  },
};

interface CatchBlock {
  readonly head: CodeLine;
  readonly body: readonly CodeLine[];
  /** Removed lines of the same hunk. */
  readonly removed: readonly CodeLine[];
}

function swallowChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${file.path} goes on after an error that it does not pass on`;
  const evidence = placesOf(lines);
  return [
    guard('business.core_action_rate', {
      why: `${why}, so requests may succeed without doing their work`,
      evidence,
    }),
    guard('log.error_volume', { why, evidence }),
  ];
}

function throwChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${file.path} now passes on an error that it used to handle`;
  return [guard('http.error_rate', { why, evidence: placesOf(lines) })];
}

function blocksOf(hunk: CodeHunk): readonly CatchBlock[] {
  const removed = hunk.before.filter((line) => line.novelty === 'code');
  return hunk.after.flatMap((head, at) => {
    if (!CATCH.test(head.code) && !EMPTY_CATCH.test(head.code)) return [];
    const below = hunk.after.slice(at + 1, at + 1 + MAX_CATCH_LINES);
    const end = below.findIndex((line) => line.code.trim() !== '' && indentOf(line) <= indentOf(head));
    // A body that runs out of the hunk may still throw below it, so nothing is said of it.
    if (end < 0 && !EMPTY_CATCH.test(head.code)) return [];
    return [{ head, body: EMPTY_CATCH.test(head.code) ? [] : below.slice(0, end), removed }];
  });
}

function isNewlySwallowing({ head, body, removed }: CatchBlock): boolean {
  if ([head, ...body].some((line) => THROWS.test(line.code) || ANSWERS.test(line.code))) return false;
  const isNewHead = head.novelty === 'code' && !removed.some((line) => CATCH.test(line.code));
  const wasThrowing = removed.some((line) => THROWS.test(line.code));
  return (
    isNewHead || (wasThrowing && [head, ...body].some((line) => line.novelty !== 'nothing' || isEmpty(body)))
  );
}

function isNewlyThrowing({ head, body, removed }: CatchBlock): boolean {
  const isOldBlock = head.kind === 'context' || removed.some((line) => CATCH.test(line.code));
  const throwsNow = body.some((line) => line.novelty === 'code' && THROWS.test(line.code));
  return isOldBlock && throwsNow && !removed.some((line) => THROWS.test(line.code));
}

function isEmpty(body: readonly CodeLine[]): boolean {
  return body.every((line) => line.code.trim() === '');
}

function headOf(block: CatchBlock): CodeLine {
  return block.head;
}

function indentOf(line: CodeLine): number {
  return line.code.search(/\S|$/);
}

import type { ChangedFile, CodeHunk, CodeLine } from '../code/changed-code.ts';
import type { Language } from '../code/language.ts';
import { type DetectedCheck, type Detector, expectChange, guard, placesOf, secondary } from '../detector.ts';

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
    if (
      file.language === null ||
      file.pathClass !== 'code' ||
      file.language === 'settings' ||
      file.language === 'sql'
    )
      return [];
    const swallowing = [
      ...file.hunks.flatMap((hunk) => blocksOf(hunk).filter(isNewlySwallowing).map(headOf)),
      ...droppedErrors(file),
      ...(file.language === 'typescript' ? noLongerAwaited(file) : []),
    ];
    const crashing =
      file.language === 'rust' || file.language === 'go' || file.language === 'java' ? newCrashes(file) : [];
    const unwatched =
      file.language === 'typescript' ? file.added.filter((line) => UNWATCHED.test(line.code)) : [];
    const throwing = [
      ...file.hunks.flatMap((hunk) => blocksOf(hunk).filter(isNewlyThrowing).map(headOf)),
      ...file.hunks.flatMap(narrowedIn),
    ];
    return [
      ...swallowChecks(swallowing),
      ...throwChecks(throwing),
      ...crashChecks(crashing),
      ...unwatchedChecks(unwatched),
    ];
  },
};

/** Nobody waits for what these start, so that nobody catches its errors. */
const UNWATCHED = /\.forEach\(\s?async\b/;

function unwatchedChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${lines[0]?.at} starts work that nobody waits for, and an error in it ends the process`;
  return [guard('process.restart_rate', { why, evidence: placesOf(lines) })];
}

interface CatchBlock {
  readonly head: CodeLine;
  readonly body: readonly CodeLine[];
  /** Removed lines of the same hunk. */
  readonly removed: readonly CodeLine[];
}

function swallowChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${lines[0]?.at} goes on after an error that it does not pass on`;
  const evidence = placesOf(lines);
  return [
    guard('http.error_rate', { why, evidence, direction: 'either' }),
    secondary(
      guard('business.core_action_rate', {
        why: `${why}, so requests may succeed without doing their work`,
        evidence,
      }),
    ),
    secondary(guard('log.error_volume', { why, evidence, direction: 'either' })),
  ];
}

/** Calls that were waited for and now are only begun: what goes wrong in them is seen by nobody. */
function noLongerAwaited(file: ChangedFile): readonly CodeLine[] {
  const waitedFor = new Set(
    file.removed.flatMap(({ code }) => [...code.matchAll(AWAITED)].map(([, name]) => name ?? '')),
  );
  const stillIs = new Set(
    file.added.flatMap(({ code }) => [...code.matchAll(AWAITED)].map(([, name]) => name ?? '')),
  );
  return file.added.filter(({ code }) => {
    const name = BEGUN.exec(code)?.[1];
    return name !== undefined && waitedFor.has(name) && !stillIs.has(name);
  });
}

const AWAITED = /\bawait\s(?:[\w$]{1,60}\.){0,4}([\w$]{1,60})\(/g;
const BEGUN = /^\s*(?:void\s)?(?:[\w$]{1,60}\.){0,4}([\w$]{1,60})\(/;

/** Errors that are given back as values, and now are left lying: Go's `_ =` and `return nil`, Rust's `.ok()`. */
function droppedErrors(file: ChangedFile): readonly CodeLine[] {
  if (file.language === 'go' && file.hunks.length > 0) {
    const lost = file.hunks.flatMap(lostReturns);
    if (lost.length > 0) return lost;
  }
  const pattern = DROPPED[file.language ?? 'sql'];
  if (pattern === undefined) return [];
  const dropped = file.added.filter((line) => pattern.test(line.code));
  const handledBefore = file.removed.some((line) => HANDLED.test(line.code));
  return handledBefore || file.language === 'php'
    ? dropped
    : dropped.filter((line) => !/^\s*let _ =|_ = /.test(line.code) || line.calls.length > 0);
}

/** Go's `return err` below `if err != nil`, where the branch is still there and returns no error any more. */
function lostReturns(hunk: CodeHunk): readonly CodeLine[] {
  const returned = (line: CodeLine): boolean => /\breturn\b.*(?:\berr\b|Err\w*|Errorf\()/.test(line.code);
  const removed = hunk.before.filter((line) => line.novelty === 'code' && returned(line));
  const added = hunk.after.filter((line) => line.novelty === 'code' && returned(line));
  const stillAsks = hunk.after.some((line) => /\berr != nil\b/.test(line.code));
  return stillAsks && removed.length > added.length ? removed : [];
}

const DROPPED: Readonly<Partial<Record<Language, RegExp>>> = {
  go: /^\s*_(?:, _)* = [\w.]+\(|, _ :?= [\w.]*(?:Unmarshal|Exec|Query|Do|Commit|Write|Save|Publish)\w*\(/,
  rust: /\.ok\(\);|^\s*let _ = .*\(|\.unwrap_or_default\(\)/,
  php: /(?:^|[=(\s])@\$?\w+(?:->\w+)?\(/,
  csharp: /^\s*catch\s?(?:\([^)]{0,80}\)\s?)?\{\s?\}/,
};
const HANDLED = /\bif err\b|\breturn\b.*\berr\b|\?;?$|\bmatch\b|\bErr\(/;

/** `unwrap`, `expect` and `panic` end the process or the request where an error was passed on. */
function newCrashes(file: ChangedFile): readonly CodeLine[] {
  const pattern = CRASHING[file.language ?? 'sql'];
  if (pattern === undefined) return [];
  const count = (lines: readonly CodeLine[]): number =>
    lines.filter((line) => pattern.test(line.code)).length;
  return count(file.added) > count(file.removed) ? file.added.filter((line) => pattern.test(line.code)) : [];
}

const CRASHING: Readonly<Partial<Record<Language, RegExp>>> = {
  rust: /\.unwrap\(\)|\.expect\(|\bpanic!\(/,
  go: /\bpanic\(|\blog\.Fatal/,
  java: /!!/,
};

function crashChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${lines[0]?.at} ends what it does at an error that it could pass on`;
  const reason = { why, evidence: placesOf(lines) };
  return [guard('http.error_rate', reason), guard('process.restart_rate', reason)];
}

function throwChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const why = `${lines[0]?.at} now passes on an error that it used to handle`;
  return [
    guard('http.error_rate', { why, evidence: placesOf(lines) }),
    expectChange('log.error_volume', 'increase', { why, evidence: placesOf(lines) }),
  ];
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

/** Catches everything: a narrower catch lets the rest through to the caller. */
const CATCHES_ALL =
  /\bexcept(?:\s+(?:Base)?Exception\b[^:]{0,40})?\s?:|\bcatch\s?\(\s?(?:final\s)?(?:\w+\s?:\s?)?(?:\\?Exception|\\?Throwable|System\.Exception)\b|\brescue(?:\s+(?:StandardError|Exception))?\s*(?:=>\s?\w+)?$|\bcatch\s?\{/;

function narrowedIn(hunk: CodeHunk): readonly CodeLine[] {
  const isAll = (line: CodeLine): boolean => CATCHES_ALL.test(line.code.trim());
  const wasAll = hunk.before.filter((line) => line.novelty === 'code' && isAll(line)).length;
  const isNow = hunk.after.filter((line) => line.novelty === 'code' && isAll(line)).length;
  if (wasAll <= isNow) return [];
  return hunk.after.filter((line) => line.novelty === 'code' && CATCH.test(line.code) && !isAll(line));
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

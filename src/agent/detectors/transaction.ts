import type { Call } from '../code/calls.ts';
import type { ChangedFile, CodeHunk, CodeLine } from '../code/changed-code.ts';
import { helpersThat } from '../code/helper-functions.ts';
import { because, type DetectedCheck, type Detector, guard, hasAny, vocabulary } from '../detector.ts';
import { outboundCallsOf } from './outbound-names.ts';
import { isQueryCall } from './query.ts';

/** `db.transaction(`, `transaction {`, `BeginTransactionAsync(`, `@Transactional`, `with transaction.atomic():`, `Tx(func(tx`. */
const OPENS =
  /\b(?:(?:new_?suspended_?|with_?|in_?|run_?in_?|execute_?in_?|begin_?|start_?)?transaction(?:_?async)?|atomic|begin_?tx|db_?query|transactionTemplate)\s?(?:<[\w<>, ]{1,60}>)?\s?[({]|@Transactional\b|\.transaction(?:\s|\()|\btransaction\.atomic\b|\.begin\(\)/i;
const CLOSES = /\b(?:commit|rollback)(?:_?async)?\s?\(/i;
/** What a transaction works with, and what costs it no time. */
const OWN = vocabulary(
  `db database tx trx transaction repo repository repositories em entitymanager session context dbcontext conn connection log logger metrics
   statsd console assert math json time date array object promise list map set string fmt errors context strategy cursor stmt query
   uow unitofwork this self clock event events outbox`,
);
const MOST_LINES = 60;

/** What is held for as long as a transaction lasts: a connection and its locks. Waiting for somebody else inside holds them longer. */
export const transactionDetector: Detector = {
  id: 'transaction',
  subject: 'what a transaction holds',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'settings' || file.language === 'sql') return [];
    const isOutbound = outboundCallsOf(file);
    const helpers = helpersThat(file, isOutbound);
    const leaves = (call: Call): boolean =>
      isOutbound(call) || (call.chain.length <= 2 && helpers.has(call.name));
    const held = file.hunks.flatMap((hunk) => heldIn(hunk, file, leaves));
    if (held.length > 0) return heldChecks(held);
    const opened = file.hunks.flatMap(openedIn);
    if (opened.length === 0) return [];
    const reason = because(opened, 'puts work into one transaction that was outside of it', {
      flags: ['shared_by_both_fleets'],
    });
    return [guard('db.lock_wait', reason)];
  },
};

function heldChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const text = 'waits for somebody else while a transaction holds its connection and its locks';
  const shared = because(lines, text, { flags: ['shared_by_both_fleets'] });
  return [
    guard('db.pool_saturation', because(lines, text)),
    guard('db.lock_wait', shared),
    guard('http.latency_p95', because(lines, `${text}, and others wait behind it`)),
  ];
}

function openedIn(hunk: CodeHunk): readonly CodeLine[] {
  const opens = (line: CodeLine): boolean => OPENS.test(line.code);
  const before = hunk.before.filter(opens).length;
  const after = hunk.after.filter(opens);
  // A function that is new puts nothing in that was outside.
  const wasOutside = hunk.before.some((line) => line.kind === 'removed' && line.novelty === 'code');
  return after.length > before && wasOutside ? after.filter((line) => line.novelty === 'code') : [];
}

/** Calls that leave the process inside a transaction, where the transaction or the call was not there before. */
function heldIn(hunk: CodeHunk, file: ChangedFile, leaves: (call: Call) => boolean): readonly CodeLine[] {
  const opened = new Set(openedIn(hunk));
  const known = new Set(slowIn(hunk.before, file, leaves).map((line) => line.code.trim()));
  return slowIn(hunk.after, file, leaves).filter(
    (line) => opened.size > 0 || (line.kind === 'added' && !known.has(line.code.trim())),
  );
}

/** Lines below an opened transaction, up to its end, that wait for something that is not the database. */
function slowIn(
  lines: readonly CodeLine[],
  file: ChangedFile,
  leaves: (call: Call) => boolean,
): readonly CodeLine[] {
  const slow: CodeLine[] = [];
  let from = -1;
  let indent = 0;
  lines.forEach((line, at) => {
    if (OPENS.test(line.code)) {
      from = at;
      indent = indentOf(line);
      return;
    }
    // An annotation stands above what it opens, at the same depth.
    const isOver = line.code.trim() !== '' && indentOf(line) < indent;
    if (from < 0 || isOver || at - from > MOST_LINES || CLOSES.test(line.code)) from = -1;
    else if (waits(line, file, leaves)) slow.push(line);
  });
  return slow;
}

function waits(line: CodeLine, file: ChangedFile, leaves: (call: Call) => boolean): boolean {
  if (line.calls.some(leaves)) return true;
  const isAwaited =
    /\bawait\b|\brunBlocking\b/.test(line.code) || (file.language === 'go' && /\(ctx\b/.test(line.code));
  return (
    isAwaited &&
    line.calls.some(
      (call) =>
        call.chain.length >= 2 &&
        !isQueryCall(call) &&
        !hasAny(call.receiver, OWN) &&
        !/^(?:for|to)/.test(call.name),
    )
  );
}

function indentOf(line: CodeLine): number {
  return line.code.search(/\S|$/);
}

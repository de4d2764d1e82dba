import type { CheckFlag } from '../../core/plan/proposal.ts';
import type { Call } from '../code/calls.ts';
import type { ChangedFile, CodeLine } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  type Reason,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isQueryCall } from './query.ts';

const STATEMENT =
  /^\s*(?:(?:alter|create|drop|rename|truncate)\s+(?:unique\s+|materialized\s+|or\s+replace\s+){0,2}(?:table|index|column|type|view|constraint|sequence|schema|extension|trigger|function|policy)|(?:add|drop|alter|rename|modify)\s+(?:column|constraint|primary|foreign|index)|truncate\s+\w)\b/i;
const BACKFILL =
  /^\s*(?:update\s+\S{1,200}\s+set|update\s+[\w."]{1,100}(?:\s+(?:as\s+)?\w{1,30})?\s*$|delete\s+from|insert\s+into)\b|^\s*update\s+[\w."]{1,100}(?:\s+(?:as\s+)?\w{1,30})?\s*$/i;
const DESTRUCTIVE =
  /\b(?:drop\s+(?:table|column|type|view|constraint|schema|not)|rename|truncate|set\s+not\s+null|alter\s+column|\btype\s+\w|modify|change\s+column|delete\s+from|update\s+\S{1,200}\s+set|removeColumn|dropColumn|drop_column|remove_column|rename_column|renameColumn|renameTable|rename_table|dropTable|drop_table|RemoveField|DeleteModel|RenameField|RenameModel|AlterField|alterColumn|alter_column|change_column\w*|dropIfExists|RunPython|RunSQL|update_all|updateMany|DropColumn|DropTable|RenameColumn|AlterColumn|remove_columns|migrateData)\b/i;
/** A new column that old code cannot fill. */
const UNFILLED = /\badd\s+(?:column\s+)?\S{1,100}\s+.{1,200}\bnot\s+null\b/i;
const DEFAULTED = /\bdefault\b|\bnullable\b|null=True/i;
/** Indexes take and keep locks unless they are made beside running writes. */
const INDEX =
  /\b(?:create|drop)\s+(?:unique\s+)?index\b|\badd_?index\b|\bcreate_?index\b|\bAddIndex\b|\bremove_?index\b|\bdrop_?index\b|\.index\(/i;
const DROPPED_INDEX = /\b(?:drop\s+index|drop_?index|remove_?index|RemoveIndex)\b/i;
const CONCURRENT = /\bconcurrently\b|algorithm:|AddIndexConcurrently|algorithm\s*=\s*(?:inplace|instant)/i;
/** What migration libraries call the same statements, joined and lower-cased. */
const SCHEMA_CALLS = vocabulary(
  `
    createtable droptable altertable renametable addcolumn dropcolumn removecolumn renamecolumn
    changecolumn altercolumn addindex createindex dropindex removeindex addforeignkey addconstraint
    dropconstraint createmodel deletemodel addfield removefield alterfield renamefield runsql runpython
    changecolumnnull addreference schemacreate notnullable dropforeignkey addindexconcurrently changecolumndefault
    addcheckconstraint validateforeignkey renameindex addtimestamps removereference createuniqueconstraint
    modifycolumn dropifexists dropcolumns removecolumns createforeignkey renamemodel removeindexconcurrently
`,
);
const BACKFILL_CALLS = vocabulary(
  'runpython updateall updatemany bulkupdate findeach inbatches findinbatches insertall',
);
const UNSAFE: readonly CheckFlag[] = ['unsafe_to_roll_back', 'shared_by_both_fleets'];
const SHARED: readonly CheckFlag[] = ['shared_by_both_fleets'];

/** Schema and data migrations: both fleets use the one database, and old code does not bring the old schema back. */
export const migrationDetector: Detector = {
  id: 'migration',
  subject: 'the database schema',
  risk: 'high',
  isAlwaysNew: true,
  detect(file) {
    const lines = migrationLines(file);
    if (lines.length === 0) return [];
    const said = lines.map(saidBy);
    const isDestructive = lines.some(takesAway);
    const isIndex = said.every((text) => INDEX.test(text));
    const isUnlocked = said.some((text) => CONCURRENT.test(text)) || hasConcurrent(file);
    // What cannot be taken back is the most telling; otherwise the order of the file.
    const telling = lines.toSorted((a, b) => Number(takesAway(b)) - Number(takesAway(a)));
    const verb = isDestructive ? 'drops, alters or rewrites' : isIndex ? 'changes an index of' : 'adds to';
    const flags = isDestructive ? UNSAFE : SHARED;
    const reason = because(telling, `${verb} what both fleets keep in the one database`, { flags });
    const lockWait = guard('db.lock_wait', reason);
    const latency = guard('db.query_latency_p95', reason);
    const errors = guard('db.error_rate', {
      ...reason,
      why: `${reason.why}, and the old code still runs against it`,
    });
    const isBackfill = lines.some(
      (line) => textOf(file, line).some((text) => BACKFILL.test(text)) || backfills(line),
    );
    const checks = [
      (isIndex && isUnlocked) || isNewTable(file, lines) || (!isDestructive && !isIndex && !isBackfill)
        ? secondary(lockWait)
        : lockWait,
      isIndex || isBackfill ? latency : secondary(latency),
      ...timeoutChecks(said, isDestructive || isBackfill, reason),
      isDestructive ? errors : secondary(errors),
      ...(isDestructive
        ? [
            guard('http.error_rate', {
              ...reason,
              flags: isDestructive ? ['unsafe_to_roll_back'] : [],
              why: `${reason.why}, and a request of either side that needs the old form fails`,
            }),
          ]
        : []),
      ...(isBackfill
        ? [
            guard('db.replication_lag', {
              ...reason,
              why: `${telling[0]?.at} rewrites rows, which every replica has to follow`,
            }),
          ]
        : []),
      ...(isIndex && !said.some((text) => DROPPED_INDEX.test(text))
        ? [secondary(guard('db.replication_lag', reason))]
        : []),
    ];
    const isQuiet = !isDestructive && (isIndex ? isUnlocked : !isBackfill);
    return isQuiet ? checks.map((check) => ({ ...check, risk: 'medium' as const })) : checks;
  },
};

/** To forbid empty values every row is looked at, under a lock, and what waits for it runs into its own limit. */
function timeoutChecks(said: readonly string[], isHeavy: boolean, reason: Reason): readonly DetectedCheck[] {
  const check = guard('db.timeout_rate', reason);
  if (said.some((text) => LOOKS_AT_EVERY_ROW.test(text))) return [check];
  return isHeavy ? [secondary(check)] : [];
}

const LOOKS_AT_EVERY_ROW =
  /\bset\s+not\s+null\b|change_column_null|validate\s+constraint|nullable=False|\balter_column\b|AlterField|AlterColumn|notNullable|add\s+constraint\b.*\b(?:check|foreign)/i;

/** Only tables that nobody uses yet, and what belongs to them: nothing waits for their locks. */
function isNewTable(file: ChangedFile, lines: readonly CodeLine[]): boolean {
  const texts = lines.flatMap((line) => [line.code, ...textOf(file, line)]);
  const creates = texts.some((text) => /\bcreate_?\s?table\b|\bCreateModel\b|Schema::create/i.test(text));
  return (
    creates &&
    !texts.some(
      (text) =>
        /\balter\b|\badd_?(?:column|reference|index|field|foreign)|\bdrop|\brename|\bchange_|Schema::table|AddField|AlterField/i.test(
          text,
        ) && !/\bon\s+\w/i.test(text),
    )
  );
}

function migrationLines(file: ChangedFile): readonly CodeLine[] {
  const changed = file.hunks
    .flatMap((hunk) => [...hunk.after, ...hunk.before])
    .filter((line) => line.novelty === 'code' || line.novelty === 'text');
  const found = changed.filter((line) => isSchemaLine(file, line));
  // The way back is written beside the way there, and is not what this change does.
  const back = linesOfWayBack(file);
  const forward = found.filter((line) => !back.has(line));
  // A new migration in words we do not know is still a migration.
  const isNewMigration = file.pathClass === 'migration' && file.status === 'added';
  return found.length === 0 && isNewMigration
    ? changed.filter((line) => line.novelty === 'code').slice(0, 1)
    : forward;
}

/** Lines below the head of `down`, `downgrade` or `rollback`; all of a file that holds nothing else. */
function linesOfWayBack(file: ChangedFile): ReadonlySet<CodeLine> {
  const isWhole =
    /[._-](?:down|rollback|undo)\.sql$/i.test(file.path) || /(?:^|\/)U\d[\w.]*__/.test(file.path);
  const back = new Set<CodeLine>();
  for (const hunk of file.hunks) {
    for (const side of [hunk.before, hunk.after]) {
      let isBack = isWhole || BACK_HEAD.test(hunk.heading);
      for (const line of side) {
        if (!isWhole && BACK_HEAD.test(line.code)) isBack = true;
        else if (!isWhole && FORTH_HEAD.test(line.code)) isBack = false;
        if (isBack) back.add(line);
      }
    }
  }
  return back;
}

const BACK_HEAD =
  /\b(?:function|def|async|public|override|void)\b.{0,80}\b(?:down|downgrade|Down)\b|^\s*(?:exports\.|async\s+)?down\s*[=(]/;
const FORTH_HEAD =
  /\b(?:function|def|async|public|override|void)\b.{0,80}\b(?:up|upgrade|change|Up)\b|^\s*(?:exports\.|async\s+)?up\s*[=(]/;

function isSchemaLine(file: ChangedFile, line: CodeLine): boolean {
  const isMigration = file.pathClass === 'migration';
  const texts = textOf(file, line);
  if (isMigration && (line.calls.some(isSchemaCall) || texts.some((text) => BACKFILL.test(text))))
    return true;
  if (isMigration && isTableStep(line)) return true;
  if (!texts.some((text) => STATEMENT.test(text))) return false;
  // Elsewhere a string is a statement only where it is handed to a database.
  return isMigration || file.language === 'sql' || line.calls.some(isQueryCall);
}

/** `t.string :name`, `table.dropColumn('x')`, `$table->string('x')`. */
function isTableStep(line: CodeLine): boolean {
  return line.calls.some(
    (call) =>
      /^\$?(?:t|table|blueprint|migrationBuilder)$/i.test(call.chain[0] ?? '') && call.chain.length > 1,
  );
}

/** Where statements stand: in the code of an SQL file, in the strings of any other. */
function textOf(file: ChangedFile, line: CodeLine): readonly string[] {
  return file.language === 'sql' ? [line.code] : line.strings;
}

function isSchemaCall(call: Call): boolean {
  return SCHEMA_CALLS.has(call.verbs.join('')) || (call.receiver.includes('op') && call.name === 'execute');
}

function backfills(line: CodeLine): boolean {
  return line.calls.some((call) => BACKFILL_CALLS.has(call.verbs.join('')));
}

function saidBy(line: CodeLine): string {
  return [line.code, ...line.strings].join(' ').slice(0, 2_000);
}

function takesAway(line: CodeLine): boolean {
  const said = saidBy(line);
  return DESTRUCTIVE.test(said) || (UNFILLED.test(said) && !DEFAULTED.test(said)) || backfills(line);
}

function hasConcurrent(file: ChangedFile): boolean {
  return file.hunks.some((hunk) =>
    hunk.after.some((line) => CONCURRENT.test(saidBy(line)) || /disable_ddl_transaction/.test(line.code)),
  );
}

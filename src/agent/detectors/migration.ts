import type { CheckFlag } from '../../core/plan/proposal.ts';
import type { Call } from '../calls.ts';
import type { ChangedFile, CodeLine } from '../changed-code.ts';
import { type Detector, guard, placesOf, vocabulary } from '../detector.ts';
import { isQueryCall } from './query.ts';

const STATEMENT =
  /^\s*(?:(?:alter|create|drop|rename|truncate)\s+(?:unique\s+|materialized\s+|or\s+replace\s+){0,2}(?:table|index|column|type|view|constraint|sequence|schema|extension|trigger|function|policy)|(?:add|drop|alter|rename|modify)\s+(?:column|constraint|primary|foreign|index))\b/i;
const BACKFILL = /^\s*(?:update\s+\S{1,200}\s+set|delete\s+from|insert\s+into)\b/i;
const DESTRUCTIVE =
  /\b(?:drop|rename|truncate|not\s+null|type|modify|delete|removeColumn|dropColumn|drop_column|remove_column|rename_column|renameColumn|dropTable|drop_table|RemoveField|DeleteModel|RenameField|AlterField|alterColumn|change_column)\b/i;
/** What migration libraries call the same statements, joined and lower-cased. */
const SCHEMA_CALLS = vocabulary(
  `
    createtable droptable altertable renametable addcolumn dropcolumn removecolumn renamecolumn
    changecolumn altercolumn addindex createindex dropindex removeindex addforeignkey addconstraint
    dropconstraint createmodel deletemodel addfield removefield alterfield renamefield runsql runpython
    changecolumnnull addreference schemacreate notnullable dropforeignkey
`,
);
const BACKFILL_CALLS = vocabulary('runpython updateall updatemany bulkupdate findeach');
const FLAGS: readonly CheckFlag[] = ['unsafe_to_roll_back', 'shared_by_both_fleets'];

/** Schema and data migrations: both fleets use the one database, and old code does not bring the old schema back. */
export const migrationDetector: Detector = {
  id: 'migration',
  subject: 'the database schema',
  risk: 'high',
  detect(file) {
    const lines = migrationLines(file);
    if (lines.length === 0) return [];
    // What cannot be taken back is the most telling; otherwise the order of the file.
    const telling = lines.toSorted((a, b) => Number(isDestructive(b)) - Number(isDestructive(a)));
    const why = `${file.path} ${isDestructive(telling[0]) ? 'drops or alters' : 'adds to'} the database schema or its rows`;
    const reason = { why: `${why}, which both fleets share`, evidence: placesOf(telling), flags: FLAGS };
    const checks = [
      guard('db.lock_wait', reason),
      guard('db.error_rate', { ...reason, why: `${why}, and the old code still runs against it` }),
      guard('db.query_latency_p95', reason),
    ];
    const isBackfill = lines.some(
      (line) => textOf(file, line).some((text) => BACKFILL.test(text)) || backfills(line),
    );
    if (!isBackfill) return checks;
    const whyLag = `${file.path} rewrites rows, which every replica has to follow`;
    return [...checks, guard('db.replication_lag', { ...reason, why: whyLag })];
  },
};

function migrationLines(file: ChangedFile): readonly CodeLine[] {
  const changed = file.hunks
    .flatMap((hunk) => [...hunk.after, ...hunk.before])
    .filter((line) => line.novelty === 'code' || line.novelty === 'text');
  const found = changed.filter((line) => isSchemaLine(file, line));
  // A new migration in words we do not know is still a migration.
  const isNewMigration = file.pathClass === 'migration' && file.status === 'added';
  return found.length === 0 && isNewMigration
    ? changed.filter((line) => line.novelty === 'code').slice(0, 1)
    : found;
}

function isSchemaLine(file: ChangedFile, line: CodeLine): boolean {
  const isMigration = file.pathClass === 'migration';
  const texts = textOf(file, line);
  if (isMigration && (line.calls.some(isSchemaCall) || texts.some((text) => BACKFILL.test(text))))
    return true;
  if (!texts.some((text) => STATEMENT.test(text))) return false;
  // Elsewhere a string is a statement only where it is handed to a database.
  return isMigration || file.language === 'sql' || line.calls.some(isQueryCall);
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

function isDestructive(line: CodeLine | undefined): boolean {
  return line !== undefined && DESTRUCTIVE.test([line.code, ...line.strings].join(' '));
}

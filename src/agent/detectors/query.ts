import type { Call } from '../calls.ts';
import type { ChangedFile, CodeLine } from '../changed-code.ts';
import {
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  namesOf,
  placesOf,
  vocabulary,
} from '../detector.ts';

const DATABASES = vocabulary(
  `
    db database pool knex prisma sequelize pg mysql mongo mongoose collection repository repo conn
    connection cursor tx trx transaction em entitymanager jdbctemplate datasource stmt sqlx gorm orm dao
    objects querybuilder qb model sql drizzle
`,
);
const COMMANDS = vocabulary(
  `
    query execute exec raw find insert update upsert delete remove select aggregate count save create
    fetch transaction begin prepare scan get where join joins filter exclude order includes pluck bulk
    destroy first paginate all
`,
);
/** Rails and its kin query through the model's own name. */
const MODEL_COMMANDS = vocabulary(
  `
    where find_by find_each includes joins pluck update_all delete_all insert_all find_or_create_by
`,
);
const ORM_SESSION = vocabulary('execute query scalars scalar commit flush');
const LOCKING = vocabulary('transaction begin begintransaction lock forupdate advisory isolation savepoint');
const POOL = vocabulary('pool connections connection');
const POOL_SETTINGS = vocabulary('size max min limit idle acquire timeout lifetime');
const STATEMENT_LIMITS = vocabulary('statement query lock');
const SQL =
  /^\s*(?:select|insert\s+into|update|delete\s+from|with|merge\s+into|join|left\s+join|where|order\s+by)\b/i;

/** Queries, transactions, connection pools and statement limits. Schema changes have a detector of their own. */
export const queryDetector: Detector = {
  id: 'query',
  subject: 'database queries',
  risk: 'medium',
  detect(file) {
    if (file.pathClass === 'migration') return [];
    const lines = [...file.added, ...file.removed];
    return [...queryChecks(file, lines), ...lockChecks(file, lines), ...poolChecks(file, lines)];
  },
};

/** True for a call that asks a database, by what it is called on and what it is called. */
export function isQueryCall(call: Call): boolean {
  if (call.isAnnotation || call.isNew) return false;
  const [verb = ''] = call.verbs;
  if (call.chain.length === 2 && /^[A-Z]/.test(call.chain[0] ?? '') && MODEL_COMMANDS.has(call.name))
    return true;
  const near = call.receiver.slice(-4);
  if (near.at(-1) === 'session') return ORM_SESSION.has(verb);
  return hasAny(near, DATABASES) && COMMANDS.has(verb);
}

function queryChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(lines, isQueryCall);
  const statements = file.hunks
    .flatMap((hunk) => [...hunk.after, ...hunk.before])
    .filter((line) => isChangedStatement(file, line));
  if (hits.length + statements.length === 0) return [];
  const what = hits.length > 0 ? ` (${namesOf(hits)})` : '';
  const why = `${file.path} changes what it asks the database${what}`;
  const reason = { why, evidence: placesOf([...hits.map((hit) => hit.line), ...statements]) };
  return [guard('db.query_latency_p95', reason), guard('db.error_rate', reason)];
}

/** A query whose text alone changed: SQL in a string beside the call or on its own line, or a line of a query file. */
function isChangedStatement(file: ChangedFile, line: CodeLine): boolean {
  if (line.novelty === 'nothing' || line.novelty === 'place') return false;
  if (file.language === 'sql') return SQL.test(line.code);
  return line.novelty === 'text' && line.strings.some((text) => SQL.test(text)) && isQueryText(line);
}

function isQueryText(line: CodeLine): boolean {
  const isAlone = line.code.replaceAll("''", '').trim() === '';
  return (
    line.calls.some(isQueryCall) || (isAlone && line.strings.some((text) => /^\s*[A-Z]{4,}\b/.test(text)))
  );
}

function lockChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(
    lines,
    (call) => LOCKING.has(call.verbs.join('')) && (isQueryCall(call) || /^for_?update$/i.test(call.name)),
  );
  if (hits.length === 0) return [];
  const why = `${file.path} changes what is locked together in the database (${namesOf(hits)})`;
  const evidence = placesOf(hits.map((hit) => hit.line));
  return [guard('db.lock_wait', { why, evidence, flags: ['shared_by_both_fleets'] })];
}

function poolChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const assigns = lines.filter((line) => /[:=]\s?['\d]|[:=]\s*[\w$.]+,?;?$/.test(line.code));
  const pool = assigns.filter((line) => hasAny(line.words, POOL) && hasAny(line.words, POOL_SETTINGS));
  const limits = assigns.filter((line) => hasAny(line.words, STATEMENT_LIMITS) && line.words.has('timeout'));
  const checks: DetectedCheck[] = [];
  if (pool.length > 0) {
    const why = `${file.path} changes the database connection pool`;
    checks.push(guard('db.pool_saturation', { why, evidence: placesOf(pool) }));
  }
  if (limits.length > 0) {
    const why = `${file.path} changes how long a statement may take`;
    checks.push(guard('db.timeout_rate', { why, evidence: placesOf(limits) }));
  }
  return checks;
}

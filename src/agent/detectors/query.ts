import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const DATABASES = vocabulary(
  `
   
    db database pool knex prisma sequelize pg mysql mongo mongoose collection repository repo conn
    connection cursor tx trx transaction em entitymanager jdbctemplate datasource stmt sqlx gorm orm dao
    objects querybuilder qb model sql drizzle jdbc jooq dsl eloquent diesel queryset dbcontext dbset
`,
);
const COMMANDS = vocabulary(
  `
    query execute exec raw find insert update upsert delete remove select aggregate count save create
    fetch transaction begin prepare scan get where join joins filter exclude order includes pluck bulk
    destroy first paginate all table queryrow limit having preload flush persist orderby findall exists
    annotate values prefetch with
`,
);
/** Rails, Laravel and their kin query through the model's own name. */
const MODEL_COMMANDS = vocabulary(
  `
    where find_by find_each includes joins pluck update_all delete_all insert_all find_or_create_by
    findOne findAll findAndCountAll findById findByPk query bulkCreate findOrFail whereIn eager_load preload order
    aggregate updateMany updateOne insertMany deleteMany find_by! find_in_batches in_batches upsert_all
`,
);
const ENTITY_CALLS = vocabulary(
  `tolistasync firstordefaultasync singleordefaultasync savechangesasync savechanges fromsqlraw fromsqlinterpolated executesqlrawasync
   asnotracking executeupdateasync executedeleteasync queryasync queryfirstordefaultasync createquerybuilder createnativequery createquery
   queryforlist queryforobject findbyid findallbyid saveall getresultlist`,
);
const ORM_SESSION = vocabulary('execute query scalars scalar commit flush get');
const LOCKING = vocabulary(
  'transaction begin begintransaction lock forupdate advisory isolation savepoint begintx withlock selectforupdate lockforupdate setlock',
);
/** What fetches related rows at once; without it every row asks for its own. */
const EAGER = vocabulary(
  'includes include theninclude preload eagerload prefetchrelated selectrelated joinedload selectinload subqueryload populate leftjoinandselect entitygraph with fetch joinfetch',
);
/** Nothing but a query is told to fetch so. */
const EAGER_ONLY = vocabulary(
  'eagerload prefetchrelated selectrelated joinedload selectinload theninclude leftjoinandselect leftjoinandmapone',
);
const BOUNDING = vocabulary(
  'limit take top first paginate page slice fetchsize setmaxresults findinbatches findeach chunk',
);
const SQL =
  /^\s*(?:select|insert\s+into|update|delete\s+from|with|merge\s+into|join|left\s+join|inner\s+join|where|order\s+by|group\s+by|having|limit|and\s+\w|on\s+\w)\b/i;
const ROW_LOCK = /\bfor\s+(?:no\s+key\s+)?update\b|\bskip\s+locked\b|\block\s+in\s+share\b|\bnowait\b/i;

/** What the database is asked. Pools, schema changes and calls in loops have detectors of their own. */
export const queryDetector: Detector = {
  id: 'query',
  subject: 'database queries',
  risk: 'medium',
  detect(file) {
    if (file.pathClass === 'migration' || file.language === 'manifest' || file.language === 'settings')
      return [];
    const lines = [...file.added, ...file.removed];
    return [
      ...shapeChecks(file),
      ...fetchChecks(lines),
      ...queryChecks(file, lines),
      ...lockChecks(file, lines),
    ];
  },
};

/** True for a call that asks a database, by what it is called on and what it is called. */
export function isQueryCall(call: Call): boolean {
  // A command of Redis, put together step by step.
  if (call.name === 'query_async') return false;
  if (call.isAnnotation || call.isNew) return false;
  const [verb = ''] = call.verbs;
  if (call.chain.length >= 2 && /^[A-Z][a-z]/.test(call.chain[0] ?? '') && MODEL_COMMANDS.has(call.name)) {
    return !NOT_MODELS.has((call.chain[0] ?? '').toLowerCase());
  }
  if ((ENTITY_CALLS.has(call.verbs.join('')) || EAGER_ONLY.has(call.verbs.join(''))) && call.chain.length > 1)
    return true;
  const near = call.receiver.slice(-4);
  if (hasAny(near, RELATIONS)) return RELATION_COMMANDS.has(call.name);
  if (near.at(-1) === 'session') return ORM_SESSION.has(verb);
  if (hasAny(near, NOT_DATABASES)) return false;
  return hasAny(near, DATABASES) && COMMANDS.has(verb);
}

/** What Rails and its kin build a query of. */
const RELATIONS = vocabulary('scope scopes relation visible');
const RELATION_COMMANDS = vocabulary(
  'where order joins includes eager_load preload left_joins merge limit group having find_by pluck',
);
/** Other things with a capital that can be found, ordered or included. */
const NOT_MODELS = vocabulary(
  'array object promise math json collections arrays stream enumerable optional list map set uri url path',
);
const NOT_DATABASES = vocabulary(
  'redis kafka queue websocket socket http amqp rabbit thread git cache metrics log logger',
);

function queryChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(lines, isQueryCall);
  const statements = file.hunks
    .flatMap((hunk) => [...hunk.after, ...hunk.before])
    .filter((line) => isChangedStatement(file, line));
  if (hits.length + statements.length === 0) return [];
  const what = hits.length > 0 ? ` (${namesOf(hits)})` : '';
  const reason = because([...linesOf(hits), ...statements], `changes what it asks the database${what}`);
  return [
    guard('db.query_latency_p95', reason),
    secondary(guard('db.error_rate', reason)),
    secondary(guard('http.latency_p95', reason)),
  ];
}

/** Rows that are now fetched one by one, or without an end. */
function shapeChecks(file: ChangedFile): readonly DetectedCheck[] {
  const eager = [...dropped(file, EAGER), ...gained(file)];
  const bounds = [...dropped(file, BOUNDING), ...droppedLimits(file)];
  return [...eagerChecks(eager), ...boundChecks(bounds)];
}

function eagerChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text =
    'changes which related rows are fetched with the first, so that there are more of them or each row asks for its own';
  return [
    guard('db.query_latency_p95', because(lines, text)),
    guard('http.latency_p95', because(lines, text)),
    secondary(guard('db.pool_saturation', because(lines, text))),
    secondary(guard('process.memory', because(lines, text))),
  ];
}

function boundChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'no longer bounds how many rows come back';
  return [
    guard('db.query_latency_p95', because(lines, text)),
    guard('process.memory', because(lines, text)),
    guard('http.latency_p95', because(lines, text)),
  ];
}

/** Related rows that are fetched with the first and were not. */
function gained(file: ChangedFile): readonly CodeLine[] {
  const has = (line: CodeLine): boolean =>
    line.calls.some((call) => EAGER_ONLY.has(call.verbs.join('')) && call.chain.length > 1);
  const added = file.added.filter(has);
  return added.length > file.removed.filter(has).length ? added : [];
}

/** What an entity fetches with it, told by annotations: a graph that grows brings more rows with every one. */
function fetchChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const marked = lines.filter(
    (line) =>
      line.calls.some((call) => call.isAnnotation && FETCH_PLANS.has(call.name.toLowerCase())) ||
      /\bFetchType\.(?:EAGER|LAZY)\b|\b(?:lazy|eager)(?:Load)?\s?[:=]\s?(?:true|false|'')/.test(line.code),
  );
  if (marked.length === 0) return [];
  const text = 'changes what is fetched together with an entity';
  return [
    guard('db.query_latency_p95', because(marked, text)),
    guard('http.latency_p95', because(marked, text)),
    guard('process.memory', because(marked, text)),
  ];
}

const FETCH_PLANS = vocabulary('entitygraph namedentitygraph batchsize fetch');

/** Removed calls of a kind that no added line makes any more, in a file that asks a database. */
function dropped(file: ChangedFile, wanted: ReadonlySet<string>): readonly CodeLine[] {
  const has = (line: CodeLine): boolean =>
    line.calls.some((call) => wanted.has(call.verbs.join('')) && call.chain.length > 1);
  const removed = file.removed.filter(has);
  const added = file.added.filter(has);
  const asks = [...file.added, ...file.hunks.flatMap((hunk) => hunk.before)].some((line) =>
    line.calls.some(isQueryCall),
  );
  return !asks || removed.length <= added.length ? [] : removed;
}

/** `LIMIT 50` gone from the text of a query. */
function droppedLimits(file: ChangedFile): readonly CodeLine[] {
  const limited = (line: CodeLine): boolean =>
    statementsOf(file, line).some((text) => /\blimit\s+[$:?\d]|\bfetch\s+first\b|\btop\s*\(?\d/i.test(text));
  const changed = changedLines(file);
  const removed = changed.filter((line) => line.kind === 'removed' && limited(line));
  return changed.some((line) => line.kind === 'added' && limited(line)) ? [] : removed;
}

function statementsOf(file: ChangedFile, line: CodeLine): readonly string[] {
  return file.language === 'sql' ? [line.code] : line.strings;
}

/** A query whose text alone changed: SQL in a string beside the call or on its own line, or a line of a query file. */
function isChangedStatement(file: ChangedFile, line: CodeLine): boolean {
  if (line.novelty === 'nothing' || line.novelty === 'place') return false;
  if (file.language === 'sql') return SQL.test(line.code);
  const isMarked = line.calls.some((call) => call.isAnnotation && /query/i.test(call.name));
  if (isMarked) return true;
  return line.novelty === 'text' && line.strings.some((text) => SQL.test(text)) && isQueryText(line);
}

function isQueryText(line: CodeLine): boolean {
  const isAlone = line.code.replaceAll("''", '').trim() === '';
  return (
    line.calls.some(isQueryCall) ||
    (isAlone &&
      line.strings.some(
        (text) => /^\s*(?:[A-Z]{4,}\b|(?:AND|OR|ON)\s+\w)/.test(text) || STATEMENT.test(text),
      ))
  );
}

/** Lower-case SQL is taken for such only where no sentence would read the same. */
const STATEMENT =
  /^\s*(?:select\s.{1,300}\sfrom\s|insert\s+into\s+\w+\s*\(|update\s+\w+\s+set\s|delete\s+from\s+\w+\s|(?:left |inner )?join\s+\w+(?:\s+\w+)?\s+on\s|(?:where|and)\s+[\w.]{1,80}\s*(?:=|<|>|in\b|is\b)|order\s+by\s+[\w.]+|group\s+by\s+[\w.]+|limit\s+[$:?\d])/i;

function lockChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(
    lines,
    (call) =>
      LOCKING.has(call.verbs.join('')) &&
      (isQueryCall(call) || /^(?:select_?)?(?:lock_?)?for_?update$|^with_lock$/i.test(call.name)),
  );
  const marked = callsOn(
    lines,
    (call) => call.isAnnotation && /^(?:transactional|transaction|lock)$/i.test(call.name),
  );
  const texts = changedLines(file).filter((line) =>
    statementsOf(file, line).some((text) => ROW_LOCK.test(text)),
  );
  const all = [...linesOf(hits), ...linesOf(marked), ...texts];
  if (all.length === 0) return [];
  const what = hits.length > 0 ? namesOf(hits) : 'rows';
  return [
    guard(
      'db.lock_wait',
      because(all, `changes what is locked together in the database (${what})`, {
        flags: ['shared_by_both_fleets'],
      }),
    ),
    secondary(guard('db.timeout_rate', because(all, `changes how long rows stay locked (${what})`))),
  ];
}

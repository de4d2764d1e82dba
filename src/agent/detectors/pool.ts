import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  isUnder,
  secondary,
  vocabulary,
} from '../detector.ts';

const POOL = vocabulary('pool pooled hikari pgbouncer connections connection conns conn datasource');
const SETTINGS = vocabulary(
  'size max min limit idle acquire timeout lifetime overflow recycle maximum minimum open maxsize checkout wait count eviction prepare ping',
);
const EXACT =
  /set_?max_?(?:open|idle)_?conns|set_?conn_?max_?(?:lifetime|idle_?time)|max_?overflow|pool_?(?:size|timeout|recycle|max|min)|connection_?limit|max_?pool_?size|min_?pool_?size|maximum_?pool_?size|connection_?timeout_?millis|idle_?timeout_?millis|max_?connections|conn_max_age|acquire_?timeout/i;
const STATEMENTS =
  /(?:statement|query|lock|command|transaction|idle_in_transaction_session|deadlock|socket|max_execution)_?(?:timeout|time)\w*|max_?time_?ms/i;
const DATABASE_PATH = vocabulary(
  'db database databases datasource pool knexfile ormconfig sql postgres mysql data',
);
/** Connections and pools of another trade. */
const OTHERS = vocabulary(
  'thread threads worker workers http socket websocket ws redis kafka queue agent memory object rabbit executor client host transport idleconn retry faraday failed error exception',
);

/** How many connections to the database there are, how long one waits for one, and how long a statement may take. */
export const poolDetector: Detector = {
  id: 'pool',
  subject: 'the database connection pool',
  risk: 'medium',
  detect(file) {
    if (file.pathClass === 'migration' || file.language === 'manifest') return [];
    const worded = changedLines(file).filter((line) => line.kind !== 'context');
    const changed = worded.filter((line) => line.novelty === 'code');
    const limits = worded.filter(
      (line) => limitsInOptions(line) || (line.novelty === 'code' && isStatementLimit(line)),
    );
    const isLimit = new Set(limits);
    const pools = changed.filter((line) => !isLimit.has(line) && isPoolSetting(file, line));
    return [...poolChecks(pools), ...limitChecks(limits)];
  },
};

function poolChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes the database connection pool';
  return [
    guard('db.pool_saturation', because(lines, text)),
    secondary(guard('http.latency_p95', because(lines, `${text}, and requests wait for a connection`))),
    secondary(guard('db.error_rate', because(lines, text))),
  ];
}

function limitChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how long a statement may take';
  return [
    guard('db.timeout_rate', because(lines, text)),
    secondary(guard('db.error_rate', because(lines, text))),
    secondary(guard('http.error_rate', because(lines, `${text}, and one that is cut off fails its request`))),
  ];
}

function isStatementLimit(line: CodeLine): boolean {
  const isSet = /[:=(,]\s?['"\d\w]/.test(line.code) || /\bset\b/i.test(line.code);
  if (!isSet) return false;
  if (line.names.some((name) => STATEMENTS.test(name) && isGiven(line, name)))
    return !/redis|client/i.test(line.names.join(' '));
  return (
    line.calls.length > 0 &&
    line.strings.some((text) => /\bset\s+(?:local\s+)?(?:statement|lock)_timeout/i.test(text))
  );
}

/** The name gets a value here: it is not merely used, nor the name of an error. */
function isGiven({ code }: CodeLine, name: string): boolean {
  if (/(?:Error|Exception)$/.test(name)) return false;
  const at = code.indexOf(name);
  return /^["'\]]*\s?(?:[:=](?![=])|\()/.test(code.slice(at + name.length)) || /\bset\b/i.test(code);
}

/** `options: '-c statement_timeout=2000'`: what a connection is opened with, written as one text. */
function limitsInOptions(line: CodeLine): boolean {
  return line.strings.some((text) => OPTION.test(text));
}

const OPTION =
  /(?:^|\s)-c\s?(?:statement|lock|idle_in_transaction_session)_timeout\s?=\s?\d|^\w+:\/\/\S*[?&](?:statement|lock)_timeout=\d/i;

function isPoolSetting(file: ChangedFile, line: CodeLine): boolean {
  if (/(?:^|\.)(?:description|comment)\s?=/.test(line.code)) return false;
  if (hasAny(line.words, OTHERS) || !/[:=(]\s?['"\d\w]/.test(line.code)) return false;
  if (line.names.some((name) => EXACT.test(name))) return !/server|http/i.test(line.names.join(' '));
  const isNamed = hasAny(line.words, POOL) && hasAny(line.words, SETTINGS);
  const isPlain = /(?:[:=]\s?['\d]|[:=]\s*[\w$.]+,?;?$)/.test(line.code);
  if (isNamed && isPlain && !/=>|function/.test(line.code))
    return line.calls.length === 0 || /\d/.test(line.code);
  // `max: 20` stands below the word that names it.
  return isUnder(file, DATABASE_PATH) && /^\s*["']?(?:max|min|pool|idle)["']?\s?[:=]\s?\d/.test(line.code);
}

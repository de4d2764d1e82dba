import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, isLooped } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  expectChange,
  guard,
  type Hit,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const LOGGERS = vocabulary(
  'log logger console logging slog zap logrus zerolog winston pino bunyan sugar loguru tracing log4j rails klog',
);
const ERRORS = vocabulary(
  'error errorf errorw exception critical fatal fatalf crit severe logerror err errorln errorcontext logcritical alert emergency',
);
const OTHERS = vocabulary(
  'info infof infow debug debugf debugw trace log warn warning warnf print printf println notice verbose loginformation logdebug logwarning logtrace infocontext debugcontext warncontext',
);
/** Rust and Go log with bare names. */
const BARE = vocabulary('error warn info debug trace error_log');
const LEVEL =
  /(?:log|logging|logger|loglevel|rust|root)[\w.]*level\b|\blevel\b.*\blog|log_level|RUST_LOG|logging\.level/i;

/** What is written to the log: errors that are meant to show, and lines that cost by being many. */
export const loggingDetector: Detector = {
  id: 'logging',
  subject: 'what is logged',
  risk: 'low',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    if (file.language === 'settings') return levelChecks(file);
    const logging = (lines: readonly CodeLine[]): readonly Hit[] =>
      callsOn(
        // Rust's `#[error("…")]` is the text of an error.
        lines.filter((line) => !/^\s*#\[/.test(line.code)),
        (call) => isLogging(call, file),
      );
    const added = logging(file.added);
    const removed = logging(file.removed);
    return [...errorChecks(added, removed), ...volumeChecks(file, added, removed), ...levelChecks(file)];
  },
};

function errorChecks(added: readonly Hit[], removed: readonly Hit[]): readonly DetectedCheck[] {
  const [now, before] = [added.filter(isError), removed.filter(isError)];
  const [more, fewer] = [now.length > before.length, now.length < before.length];
  if (!more && !fewer) return [];
  const hits = more ? now : before;
  const text = more
    ? `logs an error where it logged none (${namesOf(hits)})`
    : `no longer logs an error (${namesOf(hits)})`;
  return [expectChange('log.error_volume', more ? 'increase' : 'decrease', because(linesOf(hits), text))];
}

function volumeChecks(
  file: ChangedFile,
  added: readonly Hit[],
  removed: readonly Hit[],
): readonly DetectedCheck[] {
  const now = added.filter((hit) => !isError(hit) && !QUIET.test(hit.call.name));
  if (now.length <= removed.filter((hit) => !isError(hit)).length) return [];
  const looped = now.filter(({ line, call }) => isLooped(line, call));
  const text =
    looped.length > 0 ? `logs a line per item (${namesOf(looped)})` : `logs more lines (${namesOf(now)})`;
  // A line or two that were not there before are what logs are for.
  const isPerRequest = isUnder(file, EVERY_REQUEST) && !isUnder(file, FAILING);
  if (looped.length === 0 && now.length <= (isPerRequest ? 0 : MANY)) return [];
  const volume = guard(
    'log.volume',
    because(linesOf(looped.length > 0 ? looped : now), text, { flags: ['expected_to_move'] }),
  );
  // Of what takes part in no request there are seldom many.
  const isMuch = isPerRequest || now.length > MANY;
  const work = guard(
    'process.cpu',
    because(linesOf(now), `${text}, each of which is put together and written`),
  );
  return isMuch ? [volume, secondary(work)] : [secondary(volume)];
}

/** What lies here is run for every request. */
const EVERY_REQUEST = vocabulary(
  'middleware middlewares filter filters interceptor interceptors logging exchange accesslog',
);
const FAILING = vocabulary('error errors exception exceptions');
/** Seldom switched on where people are served. */
const QUIET = /^(?:debug|trace|verbose|logdebug|logtrace)/i;
/** More new log lines than this in one file are felt wherever they are. */
const MANY = 3;

function levelChecks(file: ChangedFile): readonly DetectedCheck[] {
  const isLevel = (line: CodeLine): boolean => LEVEL.test(line.names.join('.')) && /[:=]/.test(line.code);
  const lines = [...file.added, ...file.removed, ...file.reworded].filter(
    (line) => isLevel(line) && line.calls.length === 0,
  );
  return lines.length === 0
    ? []
    : [guard('log.volume', because(lines, 'changes from which level on lines are logged'))];
}

function isError({ call }: Hit): boolean {
  return ERRORS.has(call.verbs.join('')) || ERRORS.has(call.name.toLowerCase());
}

function isLogging(call: Call, file: ChangedFile): boolean {
  if (call.isAnnotation) return false;
  const name = call.name.toLowerCase();
  if (call.chain.length === 1) return (file.language === 'rust' || file.language === 'php') && BARE.has(name);
  if (!hasAny(call.receiver.slice(-2), LOGGERS)) return false;
  return (
    ERRORS.has(name) || OTHERS.has(name) || ERRORS.has(call.verbs[0] ?? '') || OTHERS.has(call.verbs[0] ?? '')
  );
}

import { type Call, wordsOf } from '../code/calls.ts';
import {
  type ChangedFile,
  type CodeHunk,
  type CodeLine,
  linesAfter,
  linesBefore,
} from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isOutboundCall } from './outbound-names.ts';
import { isProducing } from './queue.ts';

const LIMITS = vocabulary(
  'timeout timeouts retry retries retrying backoff deadline attempts keepalive hedge retryable jitter tries',
);
const RETRIES = vocabulary('retry retries retrying attempts hedge retryable tries backoff jitter');
const WAITS = vocabulary('timeout timeouts deadline');
const TIMERS = vocabulary('setTimeout clearTimeout setInterval sleep');
/** A limit on one of these is not a limit on an outbound call. */
const OTHER_LIMITS = vocabulary(
  `db database statement query lock pool session idle test cache sql transaction job jobs queue worker debounce ui probe shutdown visibility lease
   hikari datasource redis login readiness liveness startup consumer drain grace termination lambda probe probes lease renew election leader`,
);
const CALLING_PATH = vocabulary(
  'client clients http gateway gateways api upstream upstreams provider providers integrations fetcher proxy retry',
);
const RETRY_CALLS = vocabulary(
  'pretry retry retrying withretry retrywithbackoff asyncretry retryable onexception waitandretry waitandretryasync backoff retrytemplate retryon exponentialbackoff withretries fetchretry axiosretry addretry newexponentialbackoff dowithretry retryasync',
);
const BREAKER_CALLS = vocabulary(
  'circuitbreaker opossum newcircuitbreaker hystrixcommand circuitbreakerasync fallback addcircuitbreaker breaker circuitbox stoplight gobreaker',
);
/** Jobs are tried again by their queue, migrations and transactions by the database. */
const OTHER_RETRIES = vocabulary('job jobs queue db transaction test tests lock migration consumer');
const SERVER_LIMITS =
  /\b(?:server\.(?:setTimeout|timeout|requestTimeout|headersTimeout|keepAliveTimeout)|(?:Read|Write|Idle|ReadHeader)Timeout\s*:|keepAliveTimeout|proxy_(?:read|send|connect)_timeout|server\.(?:connection|servlet\.session)[-.]timeout|request_?timeout|RequestTimeout)\b/i;

/** How long a call to another service may take, how often it is tried, and when it is no longer tried at all. */
export const callLimitDetector: Detector = {
  id: 'call-limit',
  subject: 'how long and how often calls are tried',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    if (isUnder(file, WORK_PATH) || handsOver(file)) return [];
    const changed = [...file.added, ...file.removed];
    const breakers = callsOn(changed, isBreakerCall);
    const breakerSettings = changed.filter(
      (line) =>
        BREAKER_SETTINGS.test(line.code) ||
        (hasAny(line.words, BREAKER_WORDS) && /\d|true|false/.test(line.code) && line.calls.length === 0),
    );
    const retried = isOutbound(file) ? callsOn(changed, isRetryCall) : [];
    const server = changed.filter(
      (line) => SERVER_LIMITS.test(line.code) && /\d/.test(line.code) && !hasAny(line.words, OTHER_LIMITS),
    );
    const isServer = new Set(server);
    const lines = file.hunks.flatMap((hunk) => limitLines(file, hunk)).filter((line) => !isServer.has(line));
    return [
      ...breakerChecks([...linesOf(breakers), ...breakerSettings]),
      ...limitChecks([...lines, ...linesOf(retried)], retried.length > 0 ? namesOf(retried) : null),
      ...serverChecks(server),
    ];
  },
};

/** Where work is put into a queue, how often it is tried is the queue's. */
function handsOver(file: ChangedFile): boolean {
  return linesAfter(file).some((line) =>
    line.calls.some((call) => isProducing(call) || /^Queue$/.test(call.name)),
  );
}

/** Where work is tried again by its queue. */
const WORK_PATH = vocabulary(
  'messenger horizon sidekiq celery job jobs worker workers consumer consumers consume task tasks queue queues',
);
const BREAKER_SETTINGS =
  /\b(?:failureRateThreshold|slidingWindowSize|slowCallRateThreshold|waitDurationInOpenState|permittedNumberOfCallsInHalfOpenState|errorThresholdPercentage|volumeThreshold|sleepWindow\w*|failuresBeforeBreaking|exceptionsAllowedBeforeBreaking|durationOfBreak|minimumThroughput|failureRatio|breakDuration)\b/i;
const BREAKER_WORDS = vocabulary('breaker circuitbreaker hystrix');

function breakerChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes when another service is no longer asked';
  return [
    guard('dependency.error_rate', because(lines, text)),
    guard('http.error_rate', because(lines, `${text}, and a circuit that is open fails at once`)),
    secondary(guard('dependency.call_rate', because(lines, text))),
  ];
}

function limitChecks(lines: readonly CodeLine[], called: string | null): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const isRetry = called !== null || lines.some((line) => hasAny(line.words, RETRIES));
  const text = `changes how ${isRetry ? 'often' : 'long'} a call to another service is tried`;
  const error = guard('dependency.error_rate', because(lines, text));
  const waiting = guard('http.latency_p95', because(lines, `${text}, and its own callers wait meanwhile`));
  if (!isRetry) return [error, guard('dependency.latency_p95', because(lines, text)), waiting];
  const waits = lines.filter((line) => hasAny(line.words, WAITS) && !hasAny(line.words, RETRIES));
  return [
    guard(
      'dependency.call_rate',
      because(lines, text, { direction: 'increase', flags: ['expected_to_move'] }),
    ),
    error,
    ...(waits.length === 0
      ? []
      : [guard('dependency.latency_p95', because(waits, 'changes how long one try may take'))]),
    waiting,
  ];
}

function serverChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how long a request may take before it is cut off';
  return [guard('http.error_rate', because(lines, text)), guard('http.latency_p95', because(lines, text))];
}

function isRetryCall(call: Call): boolean {
  if (hasAny([...call.receiver, ...call.verbs], OTHER_RETRIES)) return false;
  return (
    RETRY_CALLS.has(call.verbs.join('')) || (call.receiver.at(-1) === 'retry' && call.chain.length === 2)
  );
}

function isBreakerCall(call: Call): boolean {
  return BREAKER_CALLS.has(call.verbs.join(''))
    ? call.verbs.join('') !== 'fallback' || hasAny(call.receiver, BREAKER_WORDS)
    : hasAny(call.receiver.slice(-1), BREAKER_WORDS);
}

/** A file where calls leave the process, as its path, its code or its being a file of settings says. */
function isOutbound(file: ChangedFile): boolean {
  return (
    hasAny(file.path.toLowerCase().split(/[^a-z]+/), CALLING_PATH) ||
    [...file.added, ...linesBefore(file)].some((line) => line.calls.some(isOutboundCall))
  );
}

function limitLines(file: ChangedFile, hunk: CodeHunk): readonly CodeLine[] {
  const isAboutCalls =
    hasAny(file.path.toLowerCase().split(/[^a-z]+/), CALLING_PATH) ||
    [...hunk.before, ...hunk.after].some((line) =>
      line.calls.some((call) => isOutboundCall(call) || isRetryCall(call)),
    ) ||
    (file.language === 'settings' && hunk.after.every((line) => !ORCHESTRATED.test(line.code)));
  if (!isAboutCalls) return [];
  const lines = [...hunk.after, ...hunk.before].filter(isLimitLine);
  const settingsOf = (kind: CodeLine['kind']): ReadonlySet<string> =>
    new Set(lines.filter((line) => line.kind === kind).flatMap(limitSettings));
  const [added, removed] = [settingsOf('added'), settingsOf('removed')];
  const calledBefore = hunk.before.some((old) => old.calls.some(isOutboundCall));
  // A limit that is on both sides with the same value stood on a line that changed for another reason; one that comes with a
  // call that is itself new is part of that call.
  return lines.filter((line) => {
    const settings = limitSettings(line);
    const isOfNewCall =
      removed.size === 0 && line.calls.some(isOutboundCall) && line.kind === 'added' && !calledBefore;
    return !isOfNewCall && settings.some((setting) => !added.has(setting) || !removed.has(setting));
  });
}

/** Where an orchestrator is told how to run something, a deadline is that of a run. */
const ORCHESTRATED =
  /(?:^|[._])(?:schedule|concurrencyPolicy|jobTemplate|backoffLimit|stopTimeout|stop_timeout) =/;

/** What an orchestrator calls the times of its probes. */
const PROBE_TIMES =
  /(?:^|[._])(?:timeout|period|initialDelay)Seconds\b|failureThreshold|successThreshold|activeDeadlineSeconds|stop_?timeout|gracePeriod/i;

function isLimitLine(line: CodeLine): boolean {
  if (PROBE_TIMES.test(line.code)) return false;
  if (line.novelty !== 'code' || !hasAny(line.words, LIMITS) || hasAny(line.words, OTHER_LIMITS))
    return false;
  if (line.calls.some((call) => TIMERS.has(call.name))) return false;
  return (
    limitSettings(line).length > 0 &&
    !/^\s*(?:throw|raise)\b/.test(line.code) &&
    !/\b(?:class|interface|catch|except|rescue)\b/.test(line.code)
  );
}

/** A value may be a number behind a unit: `Duration::from_secs(5`, `TimeSpan.FromSeconds(2`, `time.Second * 5`. */
const SETTING =
  /([A-Za-z_$][\w$]{0,80})(?=(?:\s?[:=(,]\s?([\w.]{1,80}(?:(?:::|\(|\s?\*\s?)[\w.]{1,40}){0,3}))?)/g;

/** "timeout 2", "maxRetries 5": each limit on the line with its value. A name without a value sets nothing. */
function limitSettings(line: CodeLine): readonly string[] {
  return [...line.code.matchAll(SETTING)]
    .filter(([, name, value]) => value !== undefined && hasAny(wordsOf(name ?? ''), LIMITS))
    .map(([, name, value]) => `${name} ${value ?? ''}`);
}

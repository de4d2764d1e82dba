import type { Call } from '../code/calls.ts';
import {
  type ChangedFile,
  type CodeLine,
  changedLines,
  isLooped,
  linesAfter,
  linesBefore,
} from '../code/changed-code.ts';
import {
  assigns,
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  type Hit,
  hasAny,
  isUnder,
  linesOf,
  mainIf,
  namesOf,
  notObservable,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isOutboundCall } from './outbound-names.ts';

const QUEUES = vocabulary(
  `queue queues topic topics producer publisher publishers bus exchange channel kafka sqs sns rabbit rabbitmq amqp jobs job broker stream
   outbox pubsub nats eventbus messagebus servicebus kafkatemplate rabbittemplate sender celery sidekiq bull bullmq worker task tasks mediator
   eventbridge kinesis jetstream`,
);
const PRODUCING = vocabulary(
  'publish enqueue send produce emit add dispatch push schedule delay convert perform xadd put later basic',
);
/** These hand work over whatever they are called on. */
const PRODUCING_CALLS = vocabulary(
  `performlater performasync performin performat applyasync enqueue enqueueat enqueuein publishevent sendmessage sendtoqueue produceasync
   publishasync sendmessagebatch convertandsend basicpublish publishmessage enqueuejob dispatchafterresponse deliverlater xadd sendmessagecommand
   publishcommand writemessages pushbulk performbulk addbulk publishbatch sendbatch enqueueall`,
);
const CONSUMING_CALLS = vocabulary(
  `kafkalistener rabbitlistener sqslistener jmslistener sharedtask eachmessage eachbatch receivemessage pollmessages basicconsume sidekiqoptions
   retryon discardon queueas celerytask consumemessages receivemessagecommand streamlistener queuelistener processor`,
);
const CONSUMING = vocabulary('consume subscribe process poll receive work run reserve');
const SETTLING = vocabulary(
  'ack nack acknowledge commit reject requeue basicack basicnack commitoffsets commitsync commitasync storeoffset deletemessage setackmode nak nakwithdelay term inprogress ackdelay doubleack',
);
const SETTLERS = vocabulary(
  'channel consumer message msg delivery ch ctx record context ack acknowledgment acknowledgement job sqs receiver event heartbeat',
);
const JOB_PATH = vocabulary(
  'job jobs worker workers consumer consumers subscriber subscribers listener listeners task tasks queue queues',
);
const SETTINGS = vocabulary(
  `concurrency prefetch batch visibility attempts retry retries dead dlq maxreceivecount backoff poll partitions acks lag redrive redelivery
   retention inflight parallelism receive processes`,
);
const PACE = vocabulary('concurrency prefetch batch poll partitions parallelism inflight pending processes');
/** Timers, browser workers and asynchronous tasks of a language are no queue. */
const OTHERS = vocabulary(
  'service web animation microtask micro request render res response reply socket email mail mailer sms ws session input form array list',
);
const SHARED = ['shared_by_both_fleets'] as const;

/** Work that is handed over and done later: who hands over, who does it, how often it is tried, and when it is settled. */
export const queueDetector: Detector = {
  id: 'queue',
  subject: 'background work',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const changed = changedLines(file);
    const settled = callsOn(changed, isSettling);
    const consumed = callsOn(changed, (call) => isConsuming(call));
    const settings = changed.filter((line) => isSetting(file, line));
    return [
      ...settlingChecks(settled),
      ...settingChecks(
        settings,
        linesAfter(file).some((line) => line.calls.some(isOutboundCall)),
      ),
      ...(settled.length + settings.length > 0 ? [] : workChecks(file, linesOf(consumed))),
      ...producingChecks(file, callsOn(changed, isProducing).filter(handsSomething)),
      ...onceChecks(file, changed),
      ...lineChecks(
        file,
        changed.filter((line) => isLine(file, line)),
      ),
      ...callbackChecks(changed.filter((line) => CALLBACK.test(line.code))),
      ...claimChecks(changed.filter((line) => line.strings.some((text) => /\bskip\s+locked\b/i.test(text)))),
      ...rareChecks(changed.filter(isRare)),
    ];
  },
};

/** What keeps work from being done twice: a key, a record of what was handled, a promise to be the only one. */
function onceChecks(file: ChangedFile, changed: readonly CodeLine[]): readonly DetectedCheck[] {
  const isWork = isUnder(file, JOB_PATH) || linesAfter(file).some((line) => line.calls.some(isConsuming));
  const lines = isWork || changed.some((line) => line.calls.some(isProducing)) ? changed.filter(isOnce) : [];
  if (lines.length === 0) return [];
  return [guard('queue.duplicate_rate', because(lines, 'changes what keeps work from being done twice'))];
}

/** `request.send()` sends what was put together before, and mostly to somebody who answers. */
function handsSomething({ line, call }: Hit): boolean {
  return call.name !== 'send' || !line.code.startsWith('()', call.column + call.name.length);
}

/** In which line work stands, and who takes from it: `onQueue('slow')`, `queue_as :mail`, `queue: ['a', 'b']`. */
function isLine(file: ChangedFile, line: CodeLine): boolean {
  if (line.calls.some((call) => /^(?:onqueue|onconnection|queueas|setqueue)$/.test(call.verbs.join(''))))
    return true;
  return (
    isUnder(file, LINES) &&
    line.names.concat(line.strings).some((name) => /^(?:queues?|queue_as)$/i.test(name))
  );
}

const LINES = vocabulary('horizon sidekiq celery queue queues jobs job workers worker');

function lineChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const told = (kind: CodeLine['kind']): string =>
    lines
      .filter((line) => line.kind === kind)
      .flatMap(({ code, strings }) => [code.trim(), ...strings])
      .sort()
      .join();
  // The same line on both sides stood beside what changed.
  if (lines.length === 0 || (file.status !== 'added' && told('added') === told('removed'))) return [];
  const reason = because(lines, 'changes in which line work stands, and who takes from it', {
    flags: SHARED,
  });
  return [guard('queue.oldest_age', reason), guard('queue.depth', reason)];
}

/** When a model's changes are told to others: in the transaction, or after it. */
const CALLBACK =
  /^\s*after_(?:save|create|update|commit|create_commit|update_commit|save_commit|destroy)\b|@TransactionalEventListener|\bafterCommit\b|\bon_commit\(/;

function callbackChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes when work is handed over: within a transaction or after it, once or at every change';
  return [
    guard('queue.duplicate_rate', because(lines, text)),
    guard('queue.depth', because(lines, text, { flags: SHARED })),
    secondary(guard('queue.job_failure_rate', because(lines, text))),
  ];
}

function isOnce(line: CodeLine): boolean {
  // A key that can be added once is a lock.
  if (line.calls.some((call) => call.name === 'add' && call.receiver.at(-1) === 'cache')) return true;
  return (
    (line.names.some((name) =>
      /unique|idempoten|dedup|processed|already|firstTime|^seen(?:_?(?:ids?|events?|keys?))?$/i.test(name),
    ) ||
      /\b(?:jobId|job_id|messageId|message_id)\s?(?:[:=](?!=)|,$)/.test(line.code)) &&
    !/\b(?:unique_index|isUnique|uniqueIndex|uniqBy)\b/.test(line.code)
  );
}

/** `for update skip locked`: work that stands in a table, and who takes which of it. */
function claimChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how work is claimed from a table';
  return [
    guard('queue.duplicate_rate', because(lines, text)),
    guard('queue.oldest_age', because(lines, text, { flags: SHARED })),
  ];
}

/** What runs once a month or less does not run while the ladder is climbed. */
function rareChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes a job that runs once a month or less, most likely after the last stage';
  return [notObservable('queue.job_failure_rate', because(lines, text))];
}

function isRare(line: CodeLine): boolean {
  const names = new Set(line.names.map((name) => name.toLowerCase()));
  if (names.has('crontab')) return names.has('day_of_month') || names.has('month_of_year');
  return (
    line.names.some((name) => /cron|schedule/i.test(name)) &&
    line.strings.some((text) => MONTHLY.test(text.trim()))
  );
}

/** Five or six fields of which the day of the month is one number. */
const MONTHLY = /^(?:[\d*/,-]+\s)?[\d*/,-]+\s[\d*/,-]+\s(?:\d{1,2}|L)\s[\d*/,-]+\s[\d*?/,-]+$/;

function producingChecks(file: ChangedFile, hits: readonly Hit[]): readonly DetectedCheck[] {
  if (hits.length === 0) return [];
  const lines = linesOf(hits);
  const isMore = hits.some(({ line, call }) => line.kind === 'added' && isLooped(line, call));
  const isNew = !linesBefore(file).some((line) => line.calls.some(isProducing));
  const text = `changes what work is handed over (${namesOf(hits)})`;
  return [
    guard('queue.depth', because(lines, isMore ? `${text}, once per item` : text, { flags: SHARED })),
    guard('queue.job_failure_rate', because(lines, `${text}, and whoever does it must understand it`)),
    ...(isNew ? [secondary(guard('queue.oldest_age', because(lines, text, { flags: SHARED })))] : []),
  ];
}

function workChecks(file: ChangedFile, heads: readonly CodeLine[]): readonly DetectedCheck[] {
  const body =
    isWorkFile(file) && file.pathClass === 'code' && file.language !== 'settings'
      ? [...file.added, ...file.removed].filter((line) => line.calls.length > 0 && !line.calls.every(isQuiet))
      : [];
  const lines = [...heads, ...body];
  if (lines.length === 0) return [];
  const text = 'changes what a background job does';
  return [
    guard('queue.job_failure_rate', because(lines, text)),
    secondary(guard('queue.job_duration_p95', because(lines, text))),
    secondary(guard('queue.oldest_age', because(lines, text, { flags: SHARED }))),
  ];
}

/** A consumer is a caller as well, and a task may be anybody's: such names count behind what they consume or do. */
function isWorkFile(file: ChangedFile): boolean {
  return (
    isUnder(file, SURE_JOB_PATH) ||
    /[A-Za-z](?:[_-]?)(?:consumer|listener|subscriber|task)s?\.[a-z]+$/i.test(file.path)
  );
}

const SURE_JOB_PATH = vocabulary(
  'job jobs worker workers tasks queue queues consumers listeners subscribers',
);

function settlingChecks(hits: readonly Hit[]): readonly DetectedCheck[] {
  if (hits.length === 0) return [];
  const lines = linesOf(hits);
  const text = `changes when a message counts as done (${namesOf(hits)})`;
  return [
    guard('queue.duplicate_rate', because(lines, text)),
    guard('queue.job_failure_rate', because(lines, text)),
    guard('queue.oldest_age', because(lines, text, { flags: SHARED })),
  ];
}

/** Where each piece of work asks somebody else, more of it at once is more questions at once. */
function aroundChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const reason = because(lines, 'changes how many at once ask another service');
  return [guard('dependency.error_rate', reason), guard('dependency.call_rate', reason)];
}

function settingChecks(lines: readonly CodeLine[], leaves: boolean): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const paced = lines.filter((line) => hasAny(line.words, PACE));
  const tried = lines.filter((line) => !hasAny(line.words, PACE));
  return [
    ...(paced.length === 0
      ? []
      : [
          guard(
            'queue.oldest_age',
            because(paced, 'changes how much work is taken at once', { flags: SHARED }),
          ),
          guard('queue.job_duration_p95', because(paced, 'changes how much work is taken at once')),
          guard(
            'queue.throughput',
            because(paced, 'changes how much work is taken at once', { direction: 'either' }),
          ),
          guard('process.memory', because(paced, 'changes how much work is held at once')),
          secondary(
            guard('queue.job_failure_rate', because(paced, 'changes how much work is taken at once')),
          ),
          ...(leaves ? aroundChecks(paced) : []),
        ]),
    ...(tried.length === 0
      ? []
      : [
          guard('queue.job_failure_rate', because(tried, 'changes how often failed work is tried again')),
          mainIf(
            tried.some((line) => /acks_?late|autoretry|retry_on/i.test(line.code)),
            guard('queue.duplicate_rate', because(tried, 'changes how often failed work is tried again')),
          ),
          secondary(
            guard(
              'queue.depth',
              because(tried, 'changes how long failed work stays in line', { flags: SHARED }),
            ),
          ),
          secondary(
            guard(
              'queue.oldest_age',
              because(tried, 'changes how long failed work stays', { flags: SHARED }),
            ),
          ),
        ]),
  ];
}

export function isProducing(call: Call): boolean {
  if (call.isAnnotation || call.isNew) return PRODUCING_CALLS.has(call.verbs.join(''));
  const words = [...call.receiver.slice(-3), ...call.verbs];
  if (hasAny(words, OTHERS)) return false;
  if (PRODUCING_CALLS.has(call.verbs.join(''))) return true;
  if (call.name === 'delay' && /^[a-z_]+$/.test(call.chain.at(-2) ?? '') && call.chain.length === 2) {
    return /_|task|job/.test(call.chain[0] ?? '');
  }
  // A list that is called queue, as in walking a graph.
  if (/^(?:push|pop|shift)$/.test(call.name) && call.chain.length === 2) return false;
  return hasAny(call.receiver.slice(-2), QUEUES) && PRODUCING.has(call.verbs[0] ?? '');
}

function isConsuming(call: Call): boolean {
  if (CONSUMING_CALLS.has(call.verbs.join(''))) return true;
  if (call.isAnnotation)
    return (
      /^(?:task|dramatiqactor|actor|processor|process|consumer|kafka|subscribe)$/.test(call.verbs.join('')) &&
      !hasAny(call.receiver, OTHERS)
    );
  if (hasAny(call.receiver, OTHERS)) return false;
  if (call.isNew && /^(?:worker|consumer)$/.test(call.verbs.at(-1) ?? '')) return true;
  return hasAny(call.receiver.slice(-1), CONSUMERS) && CONSUMING.has(call.verbs[0] ?? '');
}

const CONSUMERS = vocabulary('consumer queue kafka subscription broker channel subscriber receiver poller');

function isSettling(call: Call): boolean {
  if (!SETTLING.has(call.verbs.join('')) && !SETTLING.has(call.verbs[0] ?? '')) return false;
  // A transaction that is committed settles no message.
  if (hasAny(call.receiver, TRANSACTIONS)) return false;
  if (call.verbs[0] === 'commit' || call.verbs[0] === 'reject') {
    return hasAny(call.receiver, COMMITTERS) || /offset|sync/.test(call.verbs.join(''));
  }
  return hasAny(call.receiver.slice(-2), SETTLERS) || call.verbs.length > 1;
}

const TRANSACTIONS = vocabulary('tx trx transaction unit uow');
const COMMITTERS = vocabulary('consumer channel delivery message msg reader kafka');

function isSetting(file: ChangedFile, line: CodeLine): boolean {
  // Django's, which fetches rows ahead.
  if (line.calls.some((call) => /^prefetch/i.test(call.name))) return false;
  if (line.novelty === 'code' && line.names.some((name) => QUEUE_NAMES.test(name))) return true;
  if (
    line.novelty !== 'code' ||
    !hasAny(line.words, SETTINGS) ||
    !assigns(line) ||
    !/[:=(,\s]\s?-?\d|true|false/.test(line.code)
  )
    return false;
  const names = line.names.join(' ').toLowerCase();
  if (/maxreceivecount|visibility_?timeout|dead_?letter|dlq|prefetch|redrive/.test(names)) return true;
  return hasAny(line.words, NAMED) || isUnder(file, JOB_PATH);
}

/** These can be nothing else, whatever they are set to. */
const QUEUE_NAMES =
  /^(?:ack_?wait|max_?ack_?pending|max_?deliver(?:ies)?|prefetch_?(?:count|size)?|max_?poll_?records|visibility_?timeout|lock_?duration|stalled_?interval|max_?stalled_?count|max_?receive_?count|ack_?mode|enable_?auto_?commit|unique_?for)$/i;
const NAMED = vocabulary('queue job jobs worker workers consumer sidekiq celery kafka sqs rabbit bull');

/** Calls that say or measure, and do no work. */
function isQuiet(call: Call): boolean {
  return /^(?:log|logger|console|metrics?|statsd|span|tracer|slog|logging)$/.test(call.receiver.at(-1) ?? '');
}

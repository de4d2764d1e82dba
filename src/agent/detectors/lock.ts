import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines, linesAfter } from '../code/changed-code.ts';
import {
  assigns,
  because,
  callsOn,
  type Detector,
  guard,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const LOCKS = vocabulary(
  'lock locks locker mutex mu rwmutex semaphore sem redlock redisson lease leases rwlock mtx latch',
);
const VERBS = vocabulary(
  'acquire release lock unlock try with using run extend renew rlock runlock wait enter exit tryenter using withlock read write obtain hold forcelock synchronize',
);
const MAKERS = vocabulary(
  'mutex redlock semaphore semaphoreslim reentrantlock readwritelock rwlock reentrantreadwritelock asynclock redislock lockmanager rlock stampedlock',
);
const HELPERS = vocabulary(
  `withlock withadvisorylock withadvisorylockresult trylock acquirelock releaselock getlock obtainlock withlease acquirelease schedulerlock runexclusive
   pgadvisorylock pgtryadvisorylock pgadvisoryxactlock synchronizedlock setnx withdistributedlock runwithlock lockkey`,
);
const DISTRIBUTED = vocabulary(
  'redis redlock redisson advisory lease leases distributed nx setnx zookeeper etcd consul schedulerlock dynamodb ttl leader election cluster key',
);
const LOCK_PATH = vocabulary('lock locks locking mutex lease leases');
const LOCK_TIMES = vocabulary(
  'ttl timeout lease expiry expires wait retry renew interval duration ms seconds',
);

/** What only one may do at a time, among all instances or within one. Row locks of the database are with the queries. */
export const lockDetector: Detector = {
  id: 'lock',
  subject: 'locks',
  risk: 'medium',
  detect(file) {
    if (file.pathClass === 'migration' || file.language === 'manifest' || file.language === 'sql') return [];
    const changed = changedLines(file);
    const hits = callsOn(changed, isLockCall);
    const blocks = changed.filter((line) => /\bsynchronized\s?\(|^\s*lock\s?\(/.test(line.code));
    const nx = changed.filter(isSetIfAbsent);
    const times = changed.filter((line) => isLockTime(file, line));
    const lines = [...linesOf(hits), ...blocks, ...nx, ...times];
    if (lines.length === 0) return [];
    const what = hits.length > 0 ? namesOf(hits) : times.length > 0 ? 'its times' : 'a block';
    const isShared = nx.length > 0 || times.length > 0 || isDistributed(file);
    const text = `changes what is locked ${isShared ? 'among all instances' : 'within one instance'} (${what})`;
    if (!isShared) {
      return [guard('http.latency_p95', because(lines, `${text}, and whoever asks waits for it`))];
    }
    const twice = guard(
      'queue.duplicate_rate',
      because(lines, `${text}, and work done twice is what it is there to prevent`),
    );
    return [
      guard('lock.acquire_failure_rate', because(lines, text)),
      // What a job or a lease keeps apart is run twice when it does not.
      isUnder(file, WORK_PATH) ? twice : secondary(twice),
    ];
  },
};

function isLockCall(call: Call): boolean {
  const joined = call.verbs.join('');
  if (HELPERS.has(joined)) return true;
  if (MAKERS.has(joined)) return true;
  if (call.chain.length >= 2 && call.chain[0] === 'sync' && /Mutex$/.test(call.name)) return true;
  return hasAny(call.receiver.slice(-2), LOCKS) && VERBS.has(call.verbs[0] ?? '');
}

/** `SET key value NX`, however the client spells it. */
function isSetIfAbsent(line: CodeLine): boolean {
  if (line.words.has('nx') && line.calls.some((call) => call.verbs[0] === 'set')) return true;
  return (
    line.calls.some((call) => call.verbs[0] === 'set') && line.strings.some((text) => /^NX$/i.test(text))
  );
}

function isLockTime(file: ChangedFile, line: CodeLine): boolean {
  if (line.novelty !== 'code' || !hasAny(line.words, LOCK_TIMES) || !assigns(line) || !/\d/.test(line.code))
    return false;
  if (/statement|deadlock|row|table|db|database|stalled|duration|file/.test([...line.words].join(' ')))
    return false;
  return hasAny(line.words, NAMED_LOCKS) || isUnder(file, LOCK_PATH);
}

const WORK_PATH = vocabulary('job jobs worker workers lease leases schedule scheduler cron run settlement');
const NAMED_LOCKS = vocabulary('lock lease mutex redlock');

function isDistributed(file: ChangedFile): boolean {
  const names = linesAfter(file).flatMap((line) => [...line.words]);
  return hasAny(names, DISTRIBUTED) || isUnder(file, DISTRIBUTED);
}

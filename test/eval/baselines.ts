import type { ProposedCheck } from '../../src/core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../src/core/plan/signal-kinds.ts';
import type { Answer, Answering } from './answer.ts';

/** What most rollouts watch today, whatever the change. */
export function fixedWatch(): Answering {
  return watching('always 5xx and p95', () => ['http.error_rate', 'http.latency_p95']);
}

/** Every kind one of whose words stands anywhere in the patch. */
export function keywordScan(): Answering {
  return watching('keyword scan of the patch', (diff) =>
    WORDS.filter(([words]) => words.test(diff)).flatMap(([, kinds]) => kinds),
  );
}

function watching(name: string, kindsOf: (diff: string) => readonly SignalKind[]): Answering {
  return { name, answer: async ({ diff }) => answerOf([...new Set(kindsOf(diff))]) };
}

function answerOf(kinds: readonly SignalKind[]): Answer {
  return {
    watched: kinds.map((signalKind) => ({
      signalKind,
      intent: 'guard',
      direction: SIGNAL_KINDS[signalKind].worse satisfies ProposedCheck['direction'],
      flags: [],
      why: 'a word',
    })),
    checks: kinds.length,
    risk: 'medium',
    riskReasons: [],
    rollbackSafe: 'unknown',
  };
}

const WORDS: readonly (readonly [RegExp, readonly SignalKind[]])[] = [
  [/cache|redis|memcache/i, ['cache.hit_ratio', 'cache.error_rate', 'cache.latency_p95']],
  [
    /auth|token|session|jwt|login/i,
    ['auth.unauthorized_rate', 'auth.login_failure_rate', 'auth.session_loss_rate'],
  ],
  [/permission|role|policy|forbidden/i, ['auth.forbidden_rate']],
  [/limit|throttle|bucket/i, ['ratelimit.rejected_rate']],
  [/select|query|where|sql/i, ['db.query_latency_p95', 'db.error_rate']],
  [/pool|connection/i, ['db.pool_saturation']],
  [/lock|mutex/i, ['lock.acquire_failure_rate', 'db.lock_wait']],
  [/alter|index|migrat/i, ['db.lock_wait', 'db.error_rate']],
  [/replica/i, ['db.replication_lag']],
  [/queue|job|kafka|worker|consumer/i, ['queue.job_failure_rate', 'queue.depth', 'queue.oldest_age']],
  [
    /retry|retries|timeout|breaker/i,
    ['dependency.error_rate', 'dependency.latency_p95', 'dependency.call_rate'],
  ],
  [/fetch|http|client|request/i, ['dependency.error_rate', 'dependency.latency_p95', 'http.error_rate']],
  [
    /payment|charge|refund|capture|amount/i,
    ['payment.failure_rate', 'payment.duplicate_rate', 'payment.amount_mismatch_rate'],
  ],
  [/s3|bucket|upload|storage/i, ['storage.error_rate', 'storage.upload_failure_rate']],
  [/json|serial|parse|schema/i, ['serialization.error_rate']],
  [/webhook/i, ['webhook.delivery_failure_rate']],
  [/mail|push|notif/i, ['notification.delivery_failure_rate']],
  [/log/i, ['log.volume', 'log.error_volume']],
  [/error|catch|throw|raise|err/i, ['http.error_rate', 'log.error_volume']],
  [/metric|label|counter|span/i, ['telemetry.cardinality']],
  [/ready|health|probe/i, ['process.readiness_failure_rate']],
  [/memory|map|loop|for /i, ['process.memory', 'process.cpu']],
];

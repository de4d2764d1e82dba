/**
 * What a signal is made of: a share of counted events, events per unit of exposure, a quantile of a histogram, a mean (with what each unit did before, where that is known: CUPED) or a ratio
 * of sums over units, or a level that has no sampling model.
 */
export type SignalShape = 'share' | 'count' | 'quantile' | 'mean' | 'cuped' | 'ratio' | 'level';

export interface SignalKindFacts {
  /** What is measured, in one phrase. */
  readonly text: string;
  readonly shape: SignalShape;
  /** The direction that is bad. */
  readonly worse: 'increase' | 'decrease' | 'either';
}

const share = (text: string, worse: SignalKindFacts['worse'] = 'increase'): SignalKindFacts => ({
  text,
  shape: 'share',
  worse,
});
const quantile = (text: string): SignalKindFacts => ({ text, shape: 'quantile', worse: 'increase' });
const count = (text: string, worse: SignalKindFacts['worse'] = 'increase'): SignalKindFacts => ({
  text,
  shape: 'count',
  worse,
});
const level = (text: string, worse: SignalKindFacts['worse'] = 'increase'): SignalKindFacts => ({
  text,
  shape: 'level',
  worse,
});

/** The closed list: a check names one of these, or an operator's own `custom:` signal. Nothing else parses. */
export const SIGNAL_KINDS = {
  'http.error_rate': share('share of server responses that are 5xx'),
  'http.latency_p95': quantile('p95 server request duration'),
  'http.client_error_rate': share('share of server responses that are 4xx other than 401, 403 and 429'),
  'http.throughput': level('server requests per second', 'either'),
  'auth.unauthorized_rate': share('share of responses that are 401'),
  'auth.forbidden_rate': share('share of authorization decisions that deny'),
  'auth.login_failure_rate': share('failed sign-ins over attempted sign-ins'),
  'auth.token_refresh_failure_rate': share('failed token refreshes over attempted'),
  'auth.session_loss_rate': share('unexpected sign-outs over active users'),
  'ratelimit.rejected_rate': share('share of requests answered 429'),
  'cache.hit_ratio': share('cache hits over lookups', 'decrease'),
  'cache.error_rate': share('failed cache commands over commands'),
  'cache.latency_p95': quantile('p95 duration of cache commands'),
  'cache.evictions': level('evictions, key count or memory growth in the cache store'),
  'db.query_latency_p95': quantile('p95 duration of database operations'),
  'db.error_rate': share('failed database operations over operations'),
  'db.timeout_rate': share('statements cancelled or timed out'),
  'db.pool_saturation': level('in-use over maximum connections, or pool wait time'),
  'db.lock_wait': level('time or count of waits on database locks'),
  'db.replication_lag': level('lag of read replicas'),
  'lock.acquire_failure_rate': share('failed or timed-out distributed lock acquisitions'),
  'queue.depth': level('jobs waiting'),
  'queue.oldest_age': level('age of the oldest waiting job'),
  'queue.job_failure_rate': share('failed jobs over processed jobs'),
  'queue.job_duration_p95': quantile('p95 duration of a job kind'),
  'queue.throughput': level('jobs completed per minute', 'decrease'),
  'queue.duplicate_rate': share('same logical job or event handled more than once'),
  'notification.delivery_failure_rate': share('failed e-mail or push sends over attempted'),
  'webhook.delivery_failure_rate': share('failed outbound webhook deliveries over attempted'),
  'dependency.error_rate': share('failed outbound calls over calls'),
  'dependency.latency_p95': quantile('p95 duration of outbound calls'),
  'dependency.call_rate': count('outbound calls per inbound request', 'either'),
  'payment.failure_rate': share('failed authorize, capture or refund calls over attempted'),
  'payment.duplicate_rate': share('more than one capture or charge for one payment intent'),
  'payment.amount_mismatch_rate': share('recorded amount differs from provider amount'),
  'storage.error_rate': share('failed object-store operations over operations'),
  'storage.upload_failure_rate': share('failed user uploads over attempted'),
  'storage.egress': level('bytes or requests served from object storage'),
  'serialization.error_rate': share('payload parse or validation failures at a boundary'),
  'process.memory': level('resident or heap memory per instance'),
  'process.cpu': level('cpu utilisation per instance'),
  'process.event_loop_lag': level('event-loop delay per instance'),
  'process.restart_rate': level('instance restarts or crashes'),
  'process.readiness_failure_rate': level('readiness probe failures, or time from start to ready'),
  'log.error_volume': count('error-level log lines per request'),
  'log.volume': level('bytes or lines logged per request'),
  'frontend.js_error_rate': share('uncaught browser errors per page view'),
  'frontend.web_vitals': level('LCP, INP and CLS percentiles'),
  'telemetry.cardinality': level('active time series or spans emitted'),
  'business.core_action_rate': share("completions of the surface's main user action per session", 'decrease'),
} as const satisfies Readonly<Record<string, SignalKindFacts>>;

export type SignalKind = keyof typeof SIGNAL_KINDS;

export function isSignalKind(name: string): name is SignalKind {
  return Object.hasOwn(SIGNAL_KINDS, name);
}

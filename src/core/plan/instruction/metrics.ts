import { isSignalKind, SIGNAL_KINDS, type SignalKindFacts } from '../signal-kinds.ts';
import type { Metric } from './token.ts';

/**
 * How people name what is measured, separated by `|`. A phrase of no known kind keeps its own words as `custom:`, because
 * an operator may have defined that signal, and nobody else can say what it is.
 */
const SPOKEN: readonly (readonly [Metric, string])[] = [
  [
    'error_rate',
    'error rate|error rates|errors rate|error ratio|errors|error percentage|http error rate|http errors|5xx|5xxs|5xx rate|5xx errors|5xx error rate|' +
      '5xx responses|500s|500 errors|server errors|server error rate|http 5xx|http 5xx rate|request error rate|failure rate|request failure rate|failed requests|requests fail|requests failing|requests that fail|' +
      'rate of errors|rate of 5xx|share of 5xx|share of errors|percentage of errors|error budget share|request errors|eror rate|erorr rate|err rate',
  ],
  [
    'http.client_error_rate',
    '4xx|4xxs|4xx rate|4xx errors|4xx error rate|4xx responses|400s|http 4xx|client errors|client error rate|client error|rate of 4xx|share of 4xx',
  ],
  [
    'http.throughput',
    'throughput|request rate|requests per second|rps|qps|request volume|traffic volume|request throughput|volume of requests|request count',
  ],
  [
    'auth.unauthorized_rate',
    '401s|401 rate|401 errors|401 responses|http 401|http 401s|unauthorized rate|unauthorised rate|unauthorized responses|unauthorised responses|' +
      'unauthorized errors|unauthorised errors|rate of 401s|share of 401s',
  ],
  [
    'auth.forbidden_rate',
    '403s|403 rate|403 errors|403 responses|http 403|forbidden rate|forbidden responses|forbidden errors|permission denials|permission denied|' +
      'authorization denials|authorisation denials|authorization failures|authorisation failures|access denied|access denials|denied requests',
  ],
  [
    'auth.login_failure_rate',
    'login failures|login failure rate|login failure|failed logins|failed login rate|login errors|login error rate|sign in failures|sign in failure rate|' +
      'failed sign ins|signin failures|authentication failures|authentication failure rate|auth failures|auth failure rate|log in failures|failed log ins|auth errors|auth error rate',
  ],
  [
    'auth.token_refresh_failure_rate',
    'token refresh failures|token refresh failure rate|failed token refreshes|refresh token failures|token refresh errors',
  ],
  [
    'auth.session_loss_rate',
    'session loss|session losses|session loss rate|unexpected sign outs|unexpected logouts|lost sessions|forced logouts|unexpected log outs|session drops',
  ],
  [
    'ratelimit.rejected_rate',
    '429s|429 rate|429 errors|429 responses|http 429|rate of 429s|share of 429s|rate limit rejections|rate limited requests|rate limiting|throttled requests|' +
      'throttling rate|throttling|throttle rate|rate limit errors|rate limit hits|too many requests errors',
  ],
  [
    'cache.hit_ratio',
    'cache hit rate|cache hit ratio|cache hits|cache hit|hit rate|hit ratio|cache hit percentage|cachehit rate',
  ],
  [
    'cache.error_rate',
    'cache errors|cache error rate|redis errors|redis error rate|cache failures|memcached errors',
  ],
  [
    'cache.latency_p95',
    'cache latency|redis latency|cache response time|memcached latency|latency of cache|cache command latency',
  ],
  ['cache.evictions', 'cache evictions|evictions|cache eviction rate|eviction rate|evicted keys'],
  [
    'db.query_latency_p95',
    'db latency|database latency|query latency|db query latency|database query latency|query time|db query time|database query time|query duration|' +
      'db response time|database response time|sql latency|slow queries|postgres latency|mysql latency|db queries latency|latency of db queries',
  ],
  [
    'db.error_rate',
    'db errors|database errors|db error rate|database error rate|query errors|query error rate|sql errors|failed queries|db failures|database failures',
  ],
  [
    'db.timeout_rate',
    'db timeouts|database timeouts|query timeouts|statement timeouts|db timeout rate|database timeout rate|query timeout rate|sql timeouts',
  ],
  [
    'db.pool_saturation',
    'connection pool|connection pool usage|connection pool saturation|connection pool utilisation|connection pool utilization|pool saturation|pool usage|' +
      'db connections|database connections|db pool|db pool usage|db pool saturation|database pool usage|pool utilisation|pool utilization|connection usage|db connection pool usage',
  ],
  [
    'db.lock_wait',
    'lock waits|lock wait|lock wait time|db lock waits|database lock waits|db locks|lock contention|deadlocks',
  ],
  [
    'db.replication_lag',
    'replication lag|replica lag|db replication lag|database replication lag|read replica lag',
  ],
  [
    'lock.acquire_failure_rate',
    'lock acquire failures|lock acquisition failures|lock failures|lock acquisition failure rate',
  ],
  [
    'queue.depth',
    'queue backlog|queue depth|queue length|queue size|queue backlog|backlog|jobs waiting|waiting jobs|queued jobs|queue|job backlog|pending jobs|message backlog|consumer lag|queue lag',
  ],
  [
    'queue.oldest_age',
    'queue age|oldest job|oldest message|oldest job age|oldest message age|age of the oldest job|age of the oldest message|age of the oldest waiting job|queue wait time|queue wait|queue delay|message age',
  ],
  [
    'queue.job_failure_rate',
    'job failures|job failure rate|failed jobs|job errors|job error rate|worker errors|worker failures|task failures|task failure rate|worker error rate|worker failure rate',
  ],
  [
    'queue.job_duration_p95',
    'job duration|job latency|job time|job run time|job runtime|task duration|job processing time|processing time',
  ],
  [
    'queue.throughput',
    'jobs per minute|job throughput|queue throughput|jobs completed|jobs processed|worker throughput',
  ],
  [
    'queue.duplicate_rate',
    'duplicate jobs|duplicate job rate|duplicate messages|duplicate events|duplicated jobs|duplicate rate',
  ],
  [
    'notification.delivery_failure_rate',
    'email failures|email failure rate|e mail failures|failed emails|email delivery failures|notification failures|notification failure rate|push failures|' +
      'bounced emails|failed notifications|notification delivery failures|email bounces|email bounce rate',
  ],
  [
    'webhook.delivery_failure_rate',
    'webhook failures|webhook failure rate|failed webhooks|webhook delivery failures|webhook errors|webhook error rate|webhook delivery failure rate',
  ],
  [
    'dependency.error_rate',
    'dependency errors|dependency error rate|upstream errors|upstream error rate|downstream errors|downstream error rate|outbound errors|outbound error rate|' +
      'failed outbound calls|third party errors|dependency failures|downstream failures|upstream failures|third party error rate',
  ],
  [
    'dependency.latency_p95',
    'dependency latency|upstream latency|downstream latency|outbound latency|third party latency|outbound call latency',
  ],
  [
    'dependency.call_rate',
    'outbound calls|outbound call rate|calls per request|downstream calls|dependency calls|outbound calls per request',
  ],
  [
    'payment.failure_rate',
    'payment failures|payment failure rate|failed payments|payment errors|payment error rate|declined payments|failed charges|charge failures|capture failures|' +
      'payment failure|payments failure rate|payments failing|failed captures|charge failure rate|payment authorization failures',
  ],
  [
    'payment.duplicate_rate',
    'duplicate charges|duplicate payments|double charges|duplicate captures|double payments|duplicate charge rate',
  ],
  [
    'payment.amount_mismatch_rate',
    'amount mismatches|amount mismatch|payment mismatches|amount mismatch rate|payment amount mismatches',
  ],
  [
    'storage.error_rate',
    'storage errors|storage error rate|s3 errors|s3 error rate|object storage errors|bucket errors',
  ],
  [
    'storage.upload_failure_rate',
    'upload failures|upload failure rate|failed uploads|upload errors|upload error rate',
  ],
  ['storage.egress', 'egress|storage egress|bandwidth|data egress'],
  [
    'serialization.error_rate',
    'serialization errors|serialisation errors|parse errors|parsing errors|validation errors|schema errors|deserialization errors|deserialisation errors|' +
      'validation failures|parse failures|serialization error rate|serialisation error rate|validation error rate|parse error rate',
  ],
  [
    'process.memory',
    'memory|memory usage|memory use|memory consumption|heap|heap usage|heap size|rss|resident memory|ram|ram usage|memory utilisation|memory utilization|heap memory',
  ],
  [
    'process.cpu',
    'cpu|cpu usage|cpu use|cpu load|cpu utilisation|cpu utilization|processor load|processor usage|cpu percentage',
  ],
  ['process.event_loop_lag', 'event loop lag|event loop delay|event loop latency|loop lag'],
  [
    'process.restart_rate',
    'restarts|restart rate|restart count|crashes|crash rate|pod restarts|container restarts|instance restarts|process restarts|crash loops|oom kills|crash looping pods',
  ],
  [
    'process.readiness_failure_rate',
    'readiness failures|readiness probe failures|failed readiness probes|startup time|start up time|readiness',
  ],
  [
    'log.error_volume',
    'error logs|error log volume|logged errors|error log lines|error level logs|exceptions|exception rate|error log rate',
  ],
  ['log.volume', 'log volume|log lines|logging volume|logs volume'],
  [
    'frontend.js_error_rate',
    'js errors|javascript errors|js error rate|javascript error rate|browser errors|frontend errors|front end errors|frontend error rate|client side errors|console errors|front end error rate',
  ],
  [
    'frontend.web_vitals',
    'web vitals|core web vitals|lcp|inp|cls|largest contentful paint|page load time|page load times',
  ],
  ['telemetry.cardinality', 'cardinality|metric cardinality|active series|time series count'],
  [
    'business.core_action_rate',
    'conversion|conversion rate|conversions|checkout conversion|checkout completion|checkout completions|checkout completion rate|order completion rate|' +
      'checkout conversion rate|conversion ratio|core action rate|completion rate',
  ],
  ['custom:success rate', 'success rate|success ratio'],
  ['custom:availability', 'availability|uptime'],
];

/** Words for how long the target's own requests take. They need a percentile to be a signal. */
const LATENCY =
  'latency|latencies|response time|response times|request duration|request latency|response latency|http latency|tail latency|request time|request times|server latency|latancy|duration|page latency';

/** Names of the target's own signals in the catalogue, and what an instruction calls them. */
const OWN: Readonly<Record<string, Metric>> = {
  'http.error_rate': 'error_rate',
  'http.latency_p95': 'latency_p95',
};

/** A phrase that names a metric. `isAssumed` marks a latency with no percentile, for which p95 is assumed. */
export interface SpokenMetric {
  readonly metric: Metric;
  readonly isAssumed: boolean;
}

const BY_PHRASE: ReadonlyMap<string, SpokenMetric> = new Map<string, SpokenMetric>([
  ...SPOKEN.flatMap(([metric, listed]) =>
    listed
      .split('|')
      .map((phrase) => [phrase, { metric: keepWords(metric, phrase), isAssumed: false }] as const),
  ),
  ...LATENCY.split('|').map((phrase) => [phrase, { metric: 'latency_p95', isAssumed: true }] as const),
]);

export function spokenMetric(phrase: string): SpokenMetric | undefined {
  return BY_PHRASE.get(phrase);
}

export function metricPhrases(): Iterable<string> {
  return BY_PHRASE.keys();
}

/** A metric by its name in the catalogue: "cache.hit_ratio", "http.error_rate", "error_rate", "latency_p99". */
export function namedMetric(name: string): Metric | null {
  if (Object.hasOwn(OWN, name)) return OWN[name] ?? null;
  if (isSignalKind(name)) return name;
  if (name === 'error_rate') return name;
  const quantile = /^latency_p(\d{2})$/.exec(name);
  return quantile === null ? null : `latency_p${Number(quantile[1])}`;
}

/** What the gate can do with a metric. A custom one is a share when its own words say so. */
export function factsOf(metric: Metric): SignalKindFacts & { readonly isPercent: boolean } {
  if (metric === 'error_rate') return { ...SIGNAL_KINDS['http.error_rate'], isPercent: true };
  if (metric.startsWith('latency_p')) return { ...SIGNAL_KINDS['http.latency_p95'], isPercent: false };
  if (isSignalKind(metric)) {
    const facts = SIGNAL_KINDS[metric];
    return { ...facts, isPercent: facts.shape === 'share' || PERCENT_LEVELS.has(metric) };
  }
  const isShare = /rate|ratio|share|percent|availability/i.test(metric);
  return { text: metric, shape: isShare ? 'share' : 'level', worse: 'either', isPercent: isShare };
}

/** Levels that people read off in percent, so that "rises 2%" has two readings. */
const PERCENT_LEVELS: ReadonlySet<string> = new Set(['process.cpu', 'process.memory', 'db.pool_saturation']);

/** Metrics a duration can be the value of. */
const TIMED: ReadonlySet<string> = new Set([
  'queue.oldest_age',
  'db.lock_wait',
  'db.replication_lag',
  'process.event_loop_lag',
  'process.readiness_failure_rate',
  'frontend.web_vitals',
]);

/** True when the metric is a length of time. */
export function isTimed(metric: Metric): boolean {
  return factsOf(metric).shape === 'quantile' || TIMED.has(metric) || metric.startsWith('custom:');
}

/**
 * A latency with its percentile: "p99" with "latency" is `latency_p99`. A signal kind has p95 only, so any other
 * percentile of it becomes `custom:` with the words as written.
 */
export function atQuantile(metric: Metric, quantile: number, written: string): Metric | null {
  if (metric.startsWith('latency_p')) return `latency_p${quantile}`;
  if (factsOf(metric).shape !== 'quantile') return null;
  return quantile === 95 ? metric : `custom:${written}`;
}

function keepWords(metric: Metric, phrase: string): Metric {
  return metric.startsWith('custom:') ? `custom:${phrase}` : metric;
}

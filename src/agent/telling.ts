import type { SignalKind } from '../core/plan/signal-kinds.ts';

/** What many changes can move, and what guardrails mostly watch already: of one change they tell less than what it is about. */
const GENERAL: ReadonlySet<SignalKind> = new Set<SignalKind>([
  'http.error_rate',
  'http.latency_p95',
  'http.client_error_rate',
  'http.throughput',
  'db.query_latency_p95',
  'dependency.error_rate',
  'dependency.latency_p95',
  'queue.depth',
  'queue.throughput',
  'queue.oldest_age',
  'queue.job_duration_p95',
  'queue.job_failure_rate',
  'serialization.error_rate',
  'business.core_action_rate',
  'process.cpu',
  'log.error_volume',
]);
/** What seldom shows harm first where it is only touched in passing. */
const FAINT: ReadonlySet<SignalKind> = new Set<SignalKind>([
  'log.volume',
  'log.error_volume',
  'http.client_error_rate',
  'serialization.error_rate',
  'db.timeout_rate',
  'db.pool_saturation',
  'db.error_rate',
  'queue.job_duration_p95',
  'process.cpu',
  'storage.egress',
]);

/** 0 tells most. */
export function rankOf(kind: SignalKind, isSecondary: boolean): number {
  if (isSecondary) return FAINT.has(kind) ? 1 : 0;
  return GENERAL.has(kind) ? 1 : 0;
}

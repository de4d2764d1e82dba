import type { SignalKind } from '../core/plan/signal-kinds.ts';
import { type DetectedCheck, guard, secondary } from './detector.ts';

interface Effect {
  readonly kind: SignalKind;
  /** The end of "…, and ". */
  readonly text: string;
  /** Follows so surely that it is watched whether a plan has room or not. */
  readonly isSure?: boolean;
}

const turnedAway: Effect = {
  kind: 'business.core_action_rate',
  text: 'people who are turned away do not get done what they came for',
};

/** What suffers next where a signal does, as far as it shows while a ladder is climbed. */
const NEXT: { readonly [Kind in SignalKind]?: readonly Effect[] } = {
  'auth.forbidden_rate': [
    turnedAway,
    { kind: 'http.client_error_rate', text: 'what somebody may not see is often answered as not there' },
  ],
  'auth.unauthorized_rate': [turnedAway],
  'auth.session_loss_rate': [
    { kind: 'auth.login_failure_rate', text: 'whoever loses a session signs in again' },
  ],
  'ratelimit.rejected_rate': [turnedAway],
  'http.client_error_rate': [turnedAway],
  'frontend.js_error_rate': [
    { kind: 'business.core_action_rate', text: 'a page that breaks keeps people from what they came for' },
  ],
  'db.pool_saturation': [
    { kind: 'http.error_rate', text: 'a request that gets no connection fails', isSure: true },
    { kind: 'http.latency_p95', text: 'requests wait for a connection', isSure: true },
  ],
  'lock.acquire_failure_rate': [
    { kind: 'http.error_rate', text: 'what cannot take the lock fails', isSure: true },
    { kind: 'http.latency_p95', text: 'whoever needs the lock waits for it', isSure: true },
  ],
  'webhook.delivery_failure_rate': [
    {
      kind: 'queue.job_duration_p95',
      text: 'whatever delivers them takes longer over those that fail',
      isSure: true,
    },
  ],
  'cache.evictions': [{ kind: 'db.query_latency_p95', text: 'what is not found is asked of the database' }],
};

/** The checks that follow from one, for plans that have room. */
export function knockOnOf(check: DetectedCheck, isHint: boolean): readonly DetectedCheck[] {
  if (check.isSecondary === true || check.intent !== 'guard') return [];
  return (NEXT[check.signalKind] ?? []).map(({ kind, text, isSure = false }) => {
    const reason = { why: `${check.why}, and ${text}`, evidence: check.evidence };
    const next: DetectedCheck = { ...guard(kind, reason), risk: 'low' };
    return isSure && !isHint ? next : secondary(next);
  });
}

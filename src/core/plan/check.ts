import type { CheckFlag, CheckIntent } from './proposal.ts';
import type { SignalShape } from './signal-kinds.ts';

/**
 * Where a check's edge lies, in the signal's own direction. Shares are fractions (0.005 is half a point), latencies ms.
 * For a signal whose decrease is bad, `difference.by` is the size of the fall and `ratio.times` lies below 1.
 */
export type Line =
  | { readonly compare: 'difference'; readonly by: number }
  | { readonly compare: 'ratio'; readonly times: number }
  /** A ratio that also has to differ by `floor`: ten percent of a 0.05 % error rate is nobody's emergency. */
  | { readonly compare: 'band'; readonly times: number; readonly floor: number }
  | { readonly compare: 'absolute'; readonly at: number };

export type Measure =
  | { readonly kind: 'share' }
  /** Events per unit of exposure, which may exceed one: retries per request. */
  | { readonly kind: 'count' }
  /** `p` in (0, 1): 0.95 is p95. */
  | { readonly kind: 'quantile'; readonly p: number }
  /** The share slower than `edgeMs`: what a quantile becomes where its buckets are too wide for its line. */
  | { readonly kind: 'share_over'; readonly edgeMs: number; readonly p: number }
  /** A mean per unit (user, session); `cuped` takes out what the unit did before the rollout. */
  | { readonly kind: 'mean'; readonly cuped: boolean }
  /** A ratio of two sums over units: revenue per order, where the unit is the user. */
  | { readonly kind: 'ratio' }
  | { readonly kind: 'level' };

/** The measure a signal of this shape is judged by; `p` matters to quantiles alone. */
export function measureOf(shape: SignalShape, p = 0.95): Measure {
  switch (shape) {
    case 'quantile':
      return { kind: 'quantile', p };
    case 'mean':
    case 'cuped':
      return { kind: 'mean', cuped: shape === 'cuped' };
    default:
      return { kind: shape };
  }
}

/** What the canary is held against. Absent on a check means the stable side at the same moment. */
export type Against =
  /** What the canary itself showed in the stage before, carried forward by how stable has moved since. */
  | { readonly kind: 'previous_stage' }
  /**
   * What an A/B test predicted: stable times `times`, known to within a standard error of `se` on the log scale. A canary
   * that does as predicted is no surprise, in either direction.
   */
  | { readonly kind: 'ab_prediction'; readonly times: number; readonly se: number };

/** `critical` may roll back, `major` may hold, `advisory` only informs. */
export type Severity = 'critical' | 'major' | 'advisory';

/** Where a plan line comes from; people see it beside the line. */
export interface Provenance {
  readonly source: 'policy' | 'instruction' | 'rule' | 'model';
  /** The surface, the phrase, or the rule or prompt version. */
  readonly from: string;
  /** Diff places ("path:line") a rule or model pointed at. */
  readonly evidence: readonly string[];
}

/** Signal + comparison + lines + severity: what the gate watches. */
export interface Check {
  /** Unique in its plan: "http.error_rate", "http.latency_p95/decrease", "rule:cache.hit_ratio". */
  readonly id: string;
  /** A signal kind, or "custom:…"; the operator's configuration says how it is measured. */
  readonly signal: string;
  readonly measure: Measure;
  readonly against?: Against;
  readonly worse: 'increase' | 'decrease';
  readonly hold: Line | null;
  readonly rollback: Line | null;
  readonly severity: Severity;
  readonly intent: CheckIntent;
  /** `tight` rules out the hold line at every stage (non-inferiority); absent, early stages may use the wide margin. */
  readonly margin?: 'tight';
  readonly flags: readonly CheckFlag[];
  readonly why: string;
  readonly provenance: readonly Provenance[];
}

/** Required checks come from policy or the instruction; nothing proposed can loosen or dilute them. */
export function isRequired(check: Check): boolean {
  return check.provenance.some((line) => line.source === 'policy' || line.source === 'instruction');
}

/** Whether an approver may waive its hold: what a planner proposed, never a critical check nor the watch over a required one. */
export function isWaivable(check: Check): boolean {
  return !isRequired(check) && check.severity !== 'critical' && check.intent !== 'watch';
}

/** The signal as people say it: "error rate", "p99 latency", "cache hit ratio". */
export function signalName(check: Pick<Check, 'signal' | 'measure'>): string {
  if (check.signal === 'http.error_rate') return 'error rate';
  if (check.measure.kind === 'share_over') {
    return `share of ${check.signal.split('.')[0]} requests over ${check.measure.edgeMs} ms`;
  }
  if (check.measure.kind === 'quantile') {
    const percentile = `p${formatPercentile(check.measure.p)}`;
    const [subject = ''] = check.signal.split('.');
    return subject === 'http' ? `${percentile} latency` : `${subject} ${percentile} latency`;
  }
  return check.signal
    .replace(/^custom:/, '')
    .replace('.', ' ')
    .replaceAll('_', ' ');
}

/** A check by its signal, and by its baseline where that is not stable itself. */
export function checkName(check: Pick<Check, 'signal' | 'measure' | 'intent' | 'against'>): string {
  if (check.intent === 'expect_change') return `${signalName(check)}, expected`;
  switch (check.against?.kind) {
    case 'previous_stage':
      return `${signalName(check)} since the last stage`;
    case 'ab_prediction':
      return `${signalName(check)} as predicted`;
    default:
      return signalName(check);
  }
}

function formatPercentile(p: number): string {
  return String(Math.round(p * 1e6) / 1e4);
}

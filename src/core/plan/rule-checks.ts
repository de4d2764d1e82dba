import { type Against, type Check, type Line, type Measure, measureOf, signalName } from './check.ts';
import type { InstructionRule } from './instruction.ts';
import { percentLine } from './line-text.ts';
import { isSignalKind, SIGNAL_KINDS, type SignalShape } from './signal-kinds.ts';

/** What the operator's configuration can measure, by signal; null when nothing is known and everything is taken on trust. */
export type Measurable = ReadonlyMap<string, SignalShape> | null;

export interface CompiledRules {
  readonly checks: readonly Check[];
  /** What cannot be watched as written: a person must settle it. */
  readonly questions: readonly string[];
}

/**
 * Rules of a standing instruction as checks. Lines of one signal and direction that can share an evidence process become one
 * check with both lines. User-written checks are critical: they may roll back alone; `notify` alone only informs.
 */
export function checksOfRules(
  rules: readonly InstructionRule[],
  measurable: Measurable,
  predictions: Predictions = {},
): CompiledRules {
  const checks: Check[] = [];
  const questions: string[] = [];
  for (const rule of rules) {
    const subject = subjectOf(rule.metric, measurable);
    if (subject === null) {
      questions.push(`"${rule.phrase}" needs ${rule.metric}, and no signal is configured for it.`);
      continue;
    }
    const against = againstOf(rule, subject, predictions);
    if (typeof against === 'string') {
      questions.push(against);
      continue;
    }
    const lines = directedLines(rule, subject.measure);
    if (lines.length === 0) {
      questions.push(
        `"${rule.phrase}": ${rule.value} ${rule.unit} is no line for ${signalName(subject)}. Which unit is meant?`,
      );
    }
    for (const { line, worse } of lines) addLine(checks, rule, { ...subject, ...against }, line, worse);
  }
  return { checks, questions };
}

/** What A/B tests predicted of signals, from the operator's configuration: how many times stable's value, and how well known. */
export type Predictions = Readonly<Record<string, { readonly times: number; readonly se: number }>>;

interface Subject {
  readonly signal: string;
  readonly measure: Measure;
  readonly against?: Against;
}

/** The baseline a rule names, or the question it leaves. */
function againstOf(
  rule: InstructionRule,
  { signal, measure }: Subject,
  predictions: Predictions,
): { readonly against?: Against } | string {
  switch (rule.against) {
    case 'stable':
    case 'fixed':
      return {};
    case 'previous_stage':
      return measure.kind === 'level' || measure.kind === 'mean' || measure.kind === 'ratio'
        ? `"${rule.phrase}" compares ${signalName({ signal, measure })} with the previous stage, and only shares, counts and latencies are kept by stage. Is a comparison with the stable fleet enough?`
        : { against: { kind: 'previous_stage' } };
    case 'ab_prediction': {
      const prediction = Object.hasOwn(predictions, signal) ? predictions[signal] : undefined;
      return prediction === undefined
        ? `"${rule.phrase}" compares with an A/B test's prediction, and none is configured for ${signalName({ signal, measure })} (predictions in sluice.yaml). Is a comparison with the stable fleet enough?`
        : { against: { kind: 'ab_prediction', ...prediction } };
    }
  }
}

/** The signal a metric is measured by. Every latency quantile reads the one request-duration histogram. */
function subjectOf(metric: string, measurable: Measurable): Subject | null {
  const quantile = /^latency_p(\d+(?:\.\d+)?)$/.exec(metric);
  const signal =
    metric === 'error_rate' ? 'http.error_rate' : quantile !== null ? 'http.latency_p95' : metric;
  if (measurable !== null && !measurable.has(signal)) return null;
  const shape = measurable?.get(signal) ?? (isSignalKind(signal) ? SIGNAL_KINDS[signal].shape : 'share');
  // 99.9 / 100 is not 0.999: rounded, so that a guardrail's p and a rule's are one measure.
  const p = quantile === null ? 0.95 : Math.round(Number(quantile[1]) * 1e4) / 1e6;
  return { signal, measure: measureOf(shape, p) };
}

function directedLines(
  rule: InstructionRule,
  measure: Measure,
): readonly { readonly line: Line; readonly worse: Check['worse'] }[] {
  const directions: readonly Check['worse'][] =
    rule.direction === 'either'
      ? ['increase', 'decrease']
      : [rule.direction === 'above' ? 'increase' : 'decrease'];
  return directions.flatMap((worse) => {
    const line = lineOf(rule, worse, measure);
    return line === null ? [] : [{ line, worse }];
  });
}

function lineOf(rule: InstructionRule, worse: Check['worse'], measure: Measure): Line | null {
  const { value } = rule;
  switch (rule.compare) {
    case 'points':
      return differenceLine(rule, measure);
    case 'percent':
      return percentLine(value, worse, measure)?.line ?? null;
    case 'times':
      return worse === 'increase' && value > 1
        ? { compare: 'ratio', times: value }
        : worse === 'decrease' && value > 0 && value < 1
          ? { compare: 'ratio', times: value }
          : null;
    case 'absolute':
      return absoluteLine(rule, worse, measure);
  }
}

/** "More than 0.5 points", "more than 50 ms": a difference in the signal's own unit; null for another one. */
function differenceLine({ value, unit }: InstructionRule, measure: Measure): Line | null {
  if (value <= 0) return null;
  switch (measure.kind) {
    case 'share':
      return unit === 'points' ? { compare: 'difference', by: value / 100 } : null;
    case 'quantile':
      if (unit !== 'ms' && unit !== 's') return null;
      return { compare: 'difference', by: unit === 's' ? value * 1000 : value };
    case 'share_over':
      return null;
    case 'count':
    case 'mean':
    case 'ratio':
    case 'level':
      return unit === 'count' ? { compare: 'difference', by: value } : null;
  }
}

/**
 * A fixed limit in the signal's own unit: percent or a fraction of a share, ms or s of a latency, a bare number or a share of a
 * level. A unit whose scale the binding does not say (MB, minutes) is null, and a person is asked: it must not be guessed.
 */
function absoluteLine(
  { unit, value }: InstructionRule,
  worse: Check['worse'],
  measure: Measure,
): Line | null {
  const at = (limit: number): Line => ({ compare: 'absolute', at: limit });
  switch (measure.kind) {
    case 'share':
      if (unit === 'percent') return value <= 100 ? at(value / 100) : null;
      return unit === 'share' && value <= 1 ? at(value) : null;
    case 'quantile':
      // Below a fixed latency is nobody's harm, and the process has no form for it.
      if (worse === 'decrease' || (unit !== 'ms' && unit !== 's')) return null;
      return at(unit === 's' ? value * 1000 : value);
    case 'share_over':
      return null;
    case 'count':
      return unit === 'count' || unit === 'share' ? at(value) : null;
    case 'mean':
    case 'ratio':
      return unit === 'count' ? at(value) : null;
    case 'level':
      if (unit === 'percent') return at(value / 100);
      return unit === 'count' || unit === 'share' ? at(value) : null;
  }
}

function addLine(
  checks: Check[],
  rule: InstructionRule,
  subject: Subject,
  line: Line,
  worse: Check['worse'],
): void {
  const slot = rule.action === 'rollback' ? 'rollback' : 'hold';
  const severity = severityOf(rule, subject.measure);
  const from = rule.readBy === undefined ? rule.phrase : `${rule.phrase} (read by ${rule.readBy})`;
  const provenance = { source: 'instruction' as const, from, evidence: [] };
  const at = checks.findIndex(
    (check) =>
      check.signal === subject.signal &&
      sameMeasure(check.measure, subject.measure) &&
      isSameBaseline(check, subject) &&
      check.worse === worse &&
      check.severity === severity &&
      check[slot] === null &&
      canShare(check, line),
  );
  const existing = checks[at];
  if (existing !== undefined) {
    checks[at] = { ...existing, [slot]: line, provenance: [...existing.provenance, provenance] };
    return;
  }
  checks.push({
    id: uniqueId(checkId(subject, worse), checks),
    ...subject,
    worse,
    hold: slot === 'hold' ? line : null,
    rollback: slot === 'rollback' ? line : null,
    severity,
    intent: 'guard',
    flags: [],
    why: `the standing instruction says so: "${rule.phrase}"`,
    provenance: [provenance],
  });
}

/** A level follows no sampling model: what the words hold on it may hold, and only a written rollback makes it critical. */
function severityOf(rule: InstructionRule, measure: Measure): Check['severity'] {
  if (rule.action === 'notify') return 'advisory';
  return measure.kind === 'level' && rule.action === 'hold' ? 'major' : 'critical';
}

/** Two lines share one process when both are fixed limits or neither is. */
function canShare(check: Check, line: Line): boolean {
  const other = check.hold ?? check.rollback;
  return other === null || (other.compare === 'absolute') === (line.compare === 'absolute');
}

/** Whether two checks are held against the same thing. */
export function isSameBaseline(a: Pick<Check, 'against'>, b: Pick<Check, 'against'>): boolean {
  return a.against?.kind === b.against?.kind;
}

export function sameMeasure(a: Measure, b: Measure): boolean {
  return a.kind === b.kind && (a.kind !== 'quantile' || b.kind !== 'quantile' || a.p === b.p);
}

/** "http.latency_p99/decrease": the signal with its quantile, and the direction where it is not the usual one. */
export function checkId(subject: Subject, worse: Check['worse']): string {
  const base =
    subject.measure.kind === 'quantile'
      ? subject.signal.replace(/p95$/, `p${Math.round(subject.measure.p * 1e6) / 1e4}`)
      : subject.signal;
  const usual =
    isSignalKind(subject.signal) && SIGNAL_KINDS[subject.signal].worse === 'decrease'
      ? 'decrease'
      : 'increase';
  const baseline = subject.against === undefined ? '' : `/${subject.against.kind}`;
  return worse === usual ? `${base}${baseline}` : `${base}/${worse}${baseline}`;
}

export function uniqueId(id: string, checks: readonly Check[]): string {
  const taken = new Set(checks.map((check) => check.id));
  let candidate = id;
  for (let suffix = 2; taken.has(candidate); suffix++) candidate = `${id}#${suffix}`;
  return candidate;
}

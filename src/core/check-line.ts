import { formatDuration } from './duration.ts';
import type { Finding } from './gate/finding.ts';
import { type Check, checkName } from './plan/check.ts';
import { formatDelta, formatLine, formatValue } from './plan/line-text.ts';

/** One check as a row: texts carry their units. */
export interface CheckLine {
  readonly checkId: string;
  readonly name: string;
  readonly outcome: Finding['outcome'];
  readonly canary: string;
  readonly baseline: string;
  readonly difference: string;
  readonly lines: string;
  /** Plausible range of the difference, for people: a fixed-sample 95 % interval, on which no decision rests. */
  readonly interval: string | null;
  /** What both sides showed in this stage: "12 of 3,000 against 90 of 60,000". */
  readonly samples: string;
  /** How far evidence of harm and of safety are from what they must reach. */
  readonly evidence: string;
  /** What would change the answer, and when: "clear expected in 3m at this traffic if it is as good as stable". */
  readonly expected: string | null;
  readonly note: string;
}

/** Why a finding is what it is, as the end of a sentence. */
export function reasonText(finding: Finding): string {
  switch (finding.reason) {
    case 'within_lines':
      return 'is clear';
    case 'over_line_confirmed':
      return 'is over its line';
    case 'over_line_unconfirmed':
      return 'is over its line, unconfirmed';
    case 'not_enough_evidence':
      return `has not enough evidence yet (${percentOfThreshold(finding)} of what is needed${soon(finding)})`;
    case 'resolution_limited':
      return 'is measured in buckets too wide for its line';
    case 'one_cluster_explains':
      return 'is over its line, and one pod or host alone explains it';
    case 'no_previous_stage':
      return 'has no previous stage yet';
    case 'thin':
      return `has too little data (${Math.floor(finding.canary.units)} canary units)`;
    case 'unreadable':
      return `cannot be read: ${finding.blind?.detail ?? ''}`;
    case 'stale':
      return 'has no fresh reading';
    case 'canary_silent':
      return 'hears nothing from the canary';
    case 'informs_only':
      return 'informs only';
    case 'expected_change_confirmed':
      return 'moved as the change meant it to';
    case 'expected_change_not_seen':
      return 'has not moved as the change meant it to yet';
    case 'expected_change_opposite':
      return 'moves against what the change meant';
  }
}

function percentOfThreshold(finding: Finding): string {
  const share = Math.max(0, finding.safety.log / finding.safety.threshold);
  return `${Math.min(99, Math.floor(share * 100))} %`;
}

export function checkLine(check: Check, finding: Finding): CheckLine {
  const { canary, baseline } = finding;
  const value = (arm: Finding['canary']) =>
    arm.value === null ? '–' : formatValue(arm.value, check.measure);
  return {
    checkId: check.id,
    name: checkName(check),
    outcome: finding.outcome,
    canary: value(canary),
    baseline: value(baseline),
    difference: differenceText(check, canary.value, baseline.value),
    lines: linesText(check),
    interval: intervalText(check, finding),
    samples: `${sampleText(canary)} against ${sampleText(baseline)}`,
    evidence: evidenceText(check, finding),
    expected: expectedText(finding),
    note: reasonText(finding),
  };
}

function differenceText(check: Check, canary: number | null, baseline: number | null): string {
  if (canary === null || baseline === null) return '–';
  const compare =
    (check.hold ?? check.rollback)?.compare ?? (check.measure.kind === 'share' ? 'difference' : 'band');
  const hasOwnUnit =
    compare === 'difference' && ['count', 'mean', 'ratio', 'level'].includes(check.measure.kind);
  const isRelative =
    compare === 'ratio' || compare === 'band' || (check.measure.kind !== 'share' && !hasOwnUnit);
  const size =
    isRelative && baseline !== 0
      ? `${Math.abs(Math.round((canary / baseline - 1) * 1000) / 10)} %`
      : formatDelta(Math.abs(canary - baseline), check.measure);
  // What rounds to nothing has no direction.
  if (/^0( |$)/.test(size)) return size;
  return `${canary >= baseline ? '+' : '−'}${size}`;
}

function linesText(check: Check): string {
  if (check.intent === 'expect_change') return `meant to ${check.worse === 'increase' ? 'fall' : 'rise'}`;
  const parts = [
    check.hold === null ? null : `hold ${formatLine(check.hold, check.measure, check.worse)}`,
    check.rollback === null ? null : `roll back ${formatLine(check.rollback, check.measure, check.worse)}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? 'informs' : parts.join(', ');
}

function soon(finding: Finding): string {
  const expected = expectedText(finding);
  return expected === null ? '' : `; ${expected}`;
}

function expectedText({ outcome, clearInMs }: Finding): string | null {
  const isOpen = outcome === 'ambiguous' || outcome === 'no_data';
  if (!isOpen || clearInMs === null || clearInMs === 0) return null;
  const rounded = Math.max(1_000, Math.ceil(clearInMs / 1_000) * 1_000);
  return `clear expected in ${formatDuration(rounded < 120_000 ? rounded : Math.ceil(rounded / 60_000) * 60_000)} at this traffic if it is as good as its baseline`;
}

function intervalText(check: Check, { interval }: Finding): string | null {
  if (interval === null) return null;
  const signed = (value: number) => `${value < 0 ? '−' : '+'}${formatDelta(Math.abs(value), check.measure)}`;
  return `${signed(interval.low)} to ${signed(interval.high)} (95 %)`;
}

function sampleText({ units, events }: Finding['canary']): string {
  const whole = (value: number) => Math.round(value).toLocaleString('en-US');
  return events === null ? whole(units) : `${whole(events)} of ${whole(units)}`;
}

/** Evidence as a share of what it must reach, on the log scale it adds up on. */
function evidenceText(check: Check, { harm, safety }: Finding): string {
  const share = (log: number, threshold: number) => `${Math.max(0, Math.round((100 * log) / threshold))} %`;
  const parts = [`harm ${share(harm.log, harm.holdThreshold)} of a hold`];
  if (check.rollback !== null && check.severity === 'critical') {
    parts.push(`${share(harm.log, harm.rollbackThreshold)} of a rollback`);
  }
  parts.push(`safety ${share(safety.log, safety.threshold)} of clear`);
  return parts.join(', ');
}

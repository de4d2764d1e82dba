import { type CheckLine, checkLine, reasonText } from './check-line.ts';
import { formatDuration } from './duration.ts';
import { type Decision, isWaived, type Waiver } from './gate/decision.ts';
import type { Finding } from './gate/finding.ts';
import { type Check, checkName } from './plan/check.ts';
import { formatLine } from './plan/line-text.ts';
import { isLastStage, type Plan, stageAt } from './plan/plan.ts';
import { isForPerson, type Summary, summaryOf } from './summary.ts';

/** A decision in words and numbers, before any surface dresses it. Every surface renders this and nothing else. */
export interface Explanation {
  readonly urgency: 'info' | 'alert' | 'needs_person';
  /** The verdict with the numbers of both sides, in one line. */
  readonly headline: string;
  /** What happens next and when, and how to override. */
  readonly next: string;
  /** For a case that a person has to weigh: what it is, how sure, what would settle it, what can be done. Null for clear cases. */
  readonly summary: Summary | null;
  readonly checks: readonly CheckLine[];
  /** What does not vote in this stage, on whose word and why: a line each. */
  readonly waived: readonly string[];
}

export function explain(plan: Plan, decision: Decision): Explanation {
  const checks = decision.findings.flatMap((finding) => {
    const check = plan.checks.find((candidate) => candidate.id === finding.checkId);
    if (check === undefined) return [];
    const line = checkLine(check, finding);
    return isWaived(decision, check.id) ? [{ ...line, note: `${line.note}, waived` }] : [line];
  });
  const { waived = [] } = decision;
  const names = waived.map(({ checkId, by }) => `${checkId} waived by ${by}`).join(', ');
  return {
    urgency: urgencyOf(decision),
    headline: `${plan.target}: ${verdictText(plan, decision)}${names === '' ? '' : ` (${names})`}`,
    next: nextText(plan, decision),
    summary: summaryOf(plan, decision),
    checks,
    waived: waived.map(waiverText),
  };
}

/** On one line, whatever was typed. */
function waiverText({ checkId, by, reason }: Waiver): string {
  const why = reason.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  return `${checkId} does not vote in this stage: waived by ${by}, because: ${why}`;
}

function urgencyOf(decision: Decision): Explanation['urgency'] {
  if (decision.kind === 'rollback') return 'alert';
  return isForPerson(decision) ? 'needs_person' : 'info';
}

function verdictText(plan: Plan, decision: Decision): string {
  const at = decision.exposure;
  const to = decision.nextExposure ?? '100%';
  switch (decision.reason) {
    case 'breach_rollback':
      return `rolled back from ${at}: ${worstText(plan, decision, 'breach_rollback')}`;
    case 'person_rollback':
      return `rolled back from ${at} by ${decision.by ?? 'a person'}`;
    case 'breach_hold':
    case 'breach_hold_persisted':
      return `holding at ${at}: ${worstText(plan, decision, 'breach_hold')}`;
    case 'telemetry_blind':
      return `holding at ${at}: ${blindText(decision)}`;
    case 'canary_silent':
      return `holding at ${at}: the canary reports no requests while stable goes on`;
    case 'exposure_unreadable':
      return `holding at ${at}: the exposure backend cannot be read`;
    case 'overlap':
    case 'sample_ratio':
    case 'canary_restarting':
    case 'shared_incident':
      return `holding at ${at}: ${decision.detail ?? decision.reason}`;
    case 'person_hold':
      return `held at ${at} by ${decision.by ?? 'a person'}`;
    case 'evidence_not_clear':
      return `asking at ${at}: ${unclearText(plan, decision)}`;
    case 'approval_required':
      return `asking at ${at}: everything is clear, and ${to} needs a person's word`;
    case 'awaiting_person':
      return `waiting at ${at} for a person`;
    case 'not_clear_yet':
    case 'nearly_clear':
      return `staying longer at ${at}: ${unclearText(plan, decision)}`;
    case 'small_next_step':
      return `widening from ${at} to ${to}: no harm seen, and few are exposed`;
    case 'exposure_unconfirmed':
      return `waiting for the backend to confirm ${at}`;
    case 'stage_minimum':
      return `watching ${at}`;
    case 'gathering':
      return `watching ${at} longer: ${unclearText(plan, decision)}`;
    case 'watched_at_full':
      return `complete at ${at}`;
    case 'all_clear':
      return `promoted from ${at} to ${to}: ${clearCount(decision)}`;
    case 'person_promoted':
      return `promoted from ${at} to ${to} by ${decision.by ?? 'a person'}`;
  }
}

function nextText(plan: Plan, decision: Decision): string {
  const { holdMs } = stageAt(plan, decision.stageIndex);
  switch (decision.kind) {
    case 'rollback':
      return 'Exposure goes to 0 now and is asserted until it stays there. Nothing is left for you to stop.';
    case 'hold':
      return decision.reason === 'person_hold'
        ? `It stays here ${heldText(decision)}. Harm still rolls it back.`
        : 'Exposure stays as it is; nothing promotes while this lasts, and harm still rolls it back. You may roll back, or keep watching.';
    case 'ask':
      return 'Exposure stays as it is until someone answers: promote, resume (watch this stage again) or roll back. Without an answer it never promotes.';
    case 'extend':
      return `It watches for another ${formatDuration(holdMs)} at the most, then asks a person.`;
    case 'promote':
    case 'widen':
      return `The next stage lasts at least ${formatDuration(stageAt(plan, Math.min(decision.stageIndex + 1, plan.ladder.length - 1)).holdMs)}.`;
    case 'complete':
      return 'The rollout is over.';
    case 'wait':
      return isLastStage(plan, decision.stageIndex)
        ? 'It is complete when this watch ends without a breach.'
        : 'It promotes when the minimum has passed and every check is clear.';
  }
}

function heldText({ until, at }: Decision): string {
  return until === null
    ? 'until it is resumed'
    : `for another ${formatDuration(Math.max(1_000, Math.ceil((until - at) / 1000) * 1000))}`;
}

function worstText(plan: Plan, decision: Decision, outcome: Finding['outcome']): string {
  const finding = decision.findings.find(
    (candidate) =>
      candidate.outcome === outcome &&
      (outcome === 'breach_rollback' || !isWaived(decision, candidate.checkId)),
  );
  const check = plan.checks.find((candidate) => candidate.id === finding?.checkId);
  if (finding === undefined || check === undefined) return 'a check is over its line';
  const line = checkLine(check, worseWindow(finding, check));
  const limit = outcome === 'breach_rollback' ? check.rollback : (check.hold ?? check.rollback);
  const limitText = limit === null ? '' : `, line ${formatLine(limit, check.measure, check.worse)}`;
  return `${line.name} ${line.canary} against ${line.baseline} on stable (${line.difference}${limitText})`;
}

/** A breach may rest on the trailing window alone; the numbers shown are those of the worse window. */
function worseWindow(finding: Finding, check: Check): Finding {
  const { canary, baseline } = finding.trailing;
  if (canary === null || baseline === null) return finding;
  const sign = check.worse === 'increase' ? 1 : -1;
  const stageGap = sign * ((finding.canary.value ?? 0) - (finding.baseline.value ?? 0));
  if (sign * (canary - baseline) <= stageGap) return finding;
  return {
    ...finding,
    canary: { ...finding.canary, value: canary },
    baseline: { ...finding.baseline, value: baseline },
  };
}

function blindText(decision: Decision): string {
  const finding = decision.findings.find(({ outcome, blind }) => outcome === 'no_data' && blind !== null);
  return `telemetry cannot be read (${finding?.blind?.detail ?? 'no reading'})`;
}

function unclearText(plan: Plan, decision: Decision): string {
  const unclear = decision.findings.filter(
    ({ checkId, outcome, intent, severity }) =>
      intent === 'guard' && severity !== 'advisory' && outcome !== 'clear' && !isWaived(decision, checkId),
  );
  const names = unclear.flatMap((finding) => {
    const check = plan.checks.find((candidate) => candidate.id === finding.checkId);
    return check === undefined ? [] : [`${checkName(check)} ${reasonText(finding)}`];
  });
  return names.length === 0 ? 'nothing is judged yet' : names.join('; ');
}

function clearCount(decision: Decision): string {
  const votes = decision.findings.filter(
    (f) => f.intent === 'guard' && f.severity !== 'advisory' && !isWaived(decision, f.checkId),
  );
  return votes.length === 1 ? 'its check is clear' : `all ${votes.length} checks are clear`;
}

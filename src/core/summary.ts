import { type CheckLine, checkLine } from './check-line.ts';
import { formatDuration } from './duration.ts';
import { type Decision, type DecisionReason, isWaived } from './gate/decision.ts';
import { type Finding, OUTCOMES } from './gate/finding.ts';
import { type Check, isWaivable } from './plan/check.ts';
import { isLastStage, type Plan, stageAt } from './plan/plan.ts';

/** What a person who has to weigh an unclear case asks first, answered from the decision record alone. */
export interface Summary {
  /** What it is: the checks that stand in the way, with both sides' numbers. */
  readonly what: string;
  /** How sure we are: evidence for harm and for safety, samples, the plausible range. */
  readonly howSure: string;
  /** What would settle it, and when. */
  readonly settle: string;
  /** What can be done, and what each would mean. */
  readonly options: string;
}

/** More checks than this are counted, not told. */
const MOST_TOLD = 3;

/** Whether a decision leaves something to a person's judgement: it asks, or it holds for a reason of its own. */
export function isForPerson(decision: Decision): boolean {
  return decision.kind === 'ask' || (decision.kind === 'hold' && decision.reason !== 'person_hold');
}

/** The summary of a decision that a person has to weigh; null for any other. */
export function summaryOf(plan: Plan, decision: Decision): Summary | null {
  if (!isForPerson(decision)) return null;
  const told = unsettled(plan, decision);
  return {
    what: whatText(decision, told),
    howSure: howSureText(decision, told),
    settle: settleText(decision, told),
    options: optionsText(plan, decision),
  };
}

interface Told {
  readonly check: Check;
  readonly finding: Finding;
  readonly line: CheckLine;
}

/** The checks that keep the gate shut, worst first. */
function unsettled(plan: Plan, decision: Decision): readonly Told[] {
  return decision.findings
    .flatMap((finding): readonly Told[] => {
      const check = plan.checks.find(({ id }) => id === finding.checkId);
      const isQuiet = check === undefined || finding.severity === 'advisory' || finding.outcome === 'clear';
      if (isWaived(decision, finding.checkId)) return [];
      return isQuiet || (finding.intent !== 'guard' && finding.outcome !== 'breach_hold')
        ? []
        : [{ check, finding, line: checkLine(check, finding) }];
    })
    .toSorted((a, b) => rank(b.finding) - rank(a.finding));
}

function rank({ outcome }: Finding): number {
  return OUTCOMES.indexOf(outcome);
}

/** Said where something other than a check stands in the way. */
const CAUSES: Readonly<Partial<Record<DecisionReason, string>>> = {
  approval_required: 'Every check is clear, and the instruction wants a person’s word before the next stage.',
  exposure_unreadable: 'The exposure backend cannot be read, so nobody knows for certain who has the change.',
  overlap: 'Another rollout is under way on the same surface.',
  sample_ratio: 'Units reach the two sides in another ratio than designed, so the sides cannot be compared.',
  canary_restarting: 'Instances of the canary keep restarting.',
  shared_incident: 'Both sides are worse than before, which blames neither.',
};

function whatText(decision: Decision, told: readonly Told[]): string {
  const cause = CAUSES[decision.reason];
  const detail = decision.detail === null ? '' : ` ${capital(decision.detail)}.`;
  if (cause !== undefined) return `${cause}${detail}`;
  if (isAllClear(decision, told)) {
    const which = (decision.waived ?? []).length > 0 ? 'Every check that votes' : 'Every check';
    return `${which} is clear, and a person was asked before it goes on.`;
  }
  if (told.length === 0) return 'No check has a reading to go by yet.';
  const shown = told.slice(0, MOST_TOLD).map(({ line }) => {
    const numbers = line.canary === '–' ? line.note : `${line.canary} against ${line.baseline}`;
    const gap = line.difference === '–' ? '' : ` (${line.difference}; ${line.lines})`;
    return `${line.name} ${numbers}${gap}`;
  });
  const more = told.length > MOST_TOLD ? `, and ${told.length - MOST_TOLD} more` : '';
  return `${capital(shown.join('; '))}${more}.`;
}

/** Nothing keeps the gate shut but the answer that is waited for. */
function isAllClear({ reason, findings }: Decision, told: readonly Told[]): boolean {
  if (reason === 'approval_required') return true;
  const isWaiting = reason === 'awaiting_person' && told.length === 0;
  return isWaiting && findings.some(({ intent, outcome }) => intent === 'guard' && outcome === 'clear');
}

function howSureText(decision: Decision, told: readonly Told[]): string {
  const [first] = told;
  if (isAllClear(decision, told)) return 'As sure as this stage can make it: the gate is open.';
  if (first === undefined) return 'Nothing has been measured that could be weighed.';
  const { line, finding } = first;
  if (finding.outcome === 'no_data') {
    return `Not at all of ${line.name}: it ${line.note}. What is not seen is never taken for health.`;
  }
  const range = line.interval === null ? '' : `, a difference of ${line.interval} being plausible`;
  return `Of ${line.name}: ${line.samples}; evidence of ${line.evidence}${range}.`;
}

function settleText(decision: Decision, told: readonly Told[]): string {
  if (isAllClear(decision, told)) return 'A person’s word; nothing more is waited for.';
  switch (decision.reason) {
    case 'telemetry_blind':
    case 'exposure_unreadable':
      return 'A source that answers again: the next readable look carries on by itself.';
    case 'canary_silent':
      return 'Requests that reach the canary, or word from whoever runs it why there are none.';
    case 'shared_incident':
      return 'The incident’s end, or a person who knows that it has nothing to do with this change.';
    case 'sample_ratio':
      return 'An assignment as designed; look at what chooses a side before trusting any number here.';
    case 'overlap':
      return 'The other rollout’s end.';
    case 'canary_restarting':
      return 'Instances that stay up, or a look at why they do not.';
    case 'breach_hold':
    case 'breach_hold_persisted':
      return 'More of the same confirms it; a difference that falls back under the line ends it by itself.';
    default:
      return clearText(told);
  }
}

function clearText(told: readonly Told[]): string {
  const known = told.flatMap(({ line }) =>
    line.expected === null ? [] : [`${line.name}: ${line.expected}`],
  );
  if (known.length > 0) return `${capital(known.slice(0, MOST_TOLD).join('; '))}.`;
  return 'More traffic at this exposure; at the present rate nothing here says when it would be enough.';
}

function optionsText(plan: Plan, decision: Decision): string {
  const { holdMs } = stageAt(plan, decision.stageIndex);
  const breached = decision.findings.filter(
    ({ outcome, checkId }) => outcome === 'breach_hold' && !isWaived(decision, checkId),
  );
  const next = isLastStage(plan, decision.stageIndex) ? null : decision.nextExposure;
  const held = breached.flatMap(({ checkId }) => plan.checks.find(({ id }) => id === checkId) ?? []);
  const waivable = held.filter(isWaivable);
  const promote = next === null ? [] : [promotionText(decision, next, held)];
  return `${capital(
    [
      ...promote,
      ...waivable.map(({ id }) => `waive ${id} for this stage, if you know why it moved`),
      `resume, and watch this stage again for ${formatDuration(holdMs)} at the least`,
      'roll back: exposure goes to 0 at once',
    ].join('; '),
  )}. Without an answer it stays at ${decision.exposure}.`;
}

/** Reasons that no word of a person overrules: what is not seen is not promoted. */
const NOT_OVERRULED: Readonly<Partial<Record<DecisionReason, string>>> = {
  telemetry_blind: 'telemetry cannot be read',
  canary_silent: 'the canary reports nothing',
  exposure_unreadable: 'the exposure backend cannot be read',
  overlap: 'the other rollout is under way',
  canary_restarting: 'the canary’s instances keep restarting',
};

function promotionText({ reason }: Decision, next: string, held: readonly Check[]): string {
  if (held.length > 0) {
    return `promoting is refused while ${held.map(({ id }) => id).join(' and ')} is over its line`;
  }
  const why = NOT_OVERRULED[reason];
  return why === undefined ? `promote to ${next} on your word` : `promoting is refused while ${why}`;
}

/** A sentence's first letter; an id stays what it is. */
function capital(text: string): string {
  return /^\w+[.:]\w/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

import { formatDuration } from '../duration.ts';
import { type Check, isRequired } from '../plan/check.ts';
import {
  approvalBefore,
  exposedShare,
  exposureText,
  isAlone,
  isLastStage,
  marginAt,
  type Plan,
  stageAt,
} from '../plan/plan.ts';
import { isSameExposure, type RolloutState, watchedAt } from '../rollout/state.ts';
import { type Decision, type DecisionKind, type DecisionReason, isWaived } from './decision.ts';
import type { Evidence } from './evidence.ts';
import { breachedCritical, type Finding } from './finding.ts';
import { absorb, type GateState, settingsFor } from './gate-state.ts';
import { absorbIntegrity, type IntegrityFault, type IntegrityState, integrityFault } from './integrity.ts';
import { judge, thresholdsAmong } from './judge.ts';
import { isOverHold } from './outcome.ts';

/** A decision, and what the gate remembers after the look it was made at. */
export interface Judgement {
  readonly decision: Decision;
  readonly gate: GateState;
  readonly integrity: IntegrityState;
  readonly stageSince: number | null;
}

/**
 * The whole authority over exposure: the one place where a Decision is made. Pure; the same arguments give the same bytes.
 *
 * The order is total: rollback > hold > ask > extend > wait > promote, first match wins, in every state. Positive evidence is
 * the only way to promote; missing, thin, stale or impossible data never is.
 */
export function decide(plan: Plan, state: RolloutState, evidence: Evidence, now: number): Judgement {
  const isConfirmed = evidence.actual !== null && isSameExposure(evidence.actual, state.desired);
  const stageSince = state.stageSince ?? (isConfirmed ? now : null);
  const background = plan.background === undefined ? {} : { background: plan.background };
  const gate = absorb(plan.checks, state.gate, evidence, {
    settings: plan.settings,
    alone: isAlone(plan, state.stageIndex),
    looks: Math.max(1, Math.ceil(stageAt(plan, state.stageIndex).holdMs / plan.tickMs)),
    stages: plan.ladder.length,
    margin: marginAt(plan, state.stageIndex),
    ...background,
    frozenAt: (state.startedAt + state.enteredAt) / 2,
  });
  const share = exposedShare(plan, state.stageIndex);
  const integrity = absorbIntegrity(state.integrity, plan.checks, evidence, {
    settings: plan.settings,
    ...background,
    exposedShare: share,
    assignment: plan.assignment ?? null,
  });
  const findings = judgeAll(plan, state, gate, now);
  const fault = integrityFault(integrity, evidence, share);
  const look: Look = { plan, state, findings, fault, stageSince, isReadable: evidence.actual !== null, now };
  const order = orderStanding(look);
  const verdict = chooseFirst(look, order);
  const isLast = isLastStage(plan, state.stageIndex);
  return {
    gate,
    integrity,
    stageSince,
    decision: {
      ...verdict,
      detail: fault !== null && verdict.reason === fault.kind ? fault.detail : null,
      at: now,
      stageIndex: state.stageIndex,
      stageEpoch: state.stageEpoch,
      exposure: exposureText(plan, state.stageIndex),
      nextExposure: isLast ? null : exposureText(plan, state.stageIndex + 1),
      findings,
      by: personBehind(verdict, state),
      refusedOrder: refusalOf(look, order, verdict),
      ...(state.waived === undefined ? {} : { waived: state.waived }),
    },
  };
}

/** Whose word a decision follows. An order that a person's hold stopped is not the holder's. */
function personBehind({ reason }: Verdict, state: RolloutState): string | null {
  if (reason === 'person_hold') return state.personHold?.by ?? null;
  return reason.startsWith('person_') ? (state.order?.by ?? null) : null;
}

interface Look {
  readonly plan: Plan;
  readonly state: RolloutState;
  readonly findings: readonly Finding[];
  readonly fault: IntegrityFault | null;
  readonly stageSince: number | null;
  readonly isReadable: boolean;
  readonly now: number;
}

interface Verdict {
  readonly kind: DecisionKind;
  readonly reason: DecisionReason;
  readonly until: number | null;
}

function judgeAll(plan: Plan, state: RolloutState, gate: GateState, now: number): readonly Finding[] {
  const margin = marginAt(plan, state.stageIndex);
  const thresholdsOf = thresholdsAmong(plan.checks, plan.settings);
  const stage = {
    now,
    alone: isAlone(plan, state.stageIndex),
    exposedShare: exposedShare(plan, state.stageIndex),
    stages: plan.ladder.length,
  };
  return plan.checks.flatMap((check) => {
    const remembered = gate[check.id];
    if (remembered === undefined) return [];
    return judge(check, remembered, {
      ...stage,
      settings: settingsFor(plan.settings, plan.background, check.signal),
      margin: check.margin ?? margin,
      thresholds: thresholdsOf(check),
    });
  });
}

/** The combination table, row by row. */
function chooseFirst(look: Look, order: OrderStanding): Verdict {
  const { state, plan, now } = look;
  const guards = look.findings.filter((f) => f.intent === 'guard' && f.severity !== 'advisory');
  const watches = look.findings.filter((f) => f.intent === 'watch');
  const voting = guards.filter((f) => !isWaived(state, f.checkId));
  const over = (outcome: Finding['outcome'], among: readonly Finding[]) =>
    [...among, ...watches].some((finding) => finding.outcome === outcome);

  if (state.order?.verb === 'rollback') return open('rollback', 'person_rollback');
  // A waiver takes a hold away and nothing more.
  if (over('breach_rollback', guards)) return open('rollback', 'breach_rollback');

  const stage = stageAt(plan, state.stageIndex);
  const minimum = minimumEnd(look);
  const extension = minimum === null ? null : minimum + stage.holdMs * Math.max(1, state.extensions);
  if (over('breach_hold', voting)) {
    const isUsedUp = extension !== null && now >= extension;
    return isUsedUp ? open('ask', 'breach_hold_persisted') : open('hold', 'breach_hold');
  }
  const blindness = blindHold(look, voting);
  if (blindness !== null) return open('hold', blindness);
  // Told of a mismatch, or of an incident that may never end, a person may still promote; the other faults end by themselves.
  const mayBeOverruled = look.fault?.kind === 'sample_ratio' || look.fault?.kind === 'shared_incident';
  const isOverruled = mayBeOverruled && order.kind === 'stands';
  if (look.fault !== null && !isOverruled) return open('hold', look.fault.kind);
  if (isHeld(look)) return { kind: 'hold', reason: 'person_hold', until: state.personHold?.until ?? null };

  if (minimum === null) return open('wait', 'exposure_unconfirmed');
  if (now < minimum) return { kind: 'wait', reason: 'stage_minimum', until: minimum };
  if (order.kind === 'stands') return open('promote', 'person_promoted');
  if (state.asked !== null) return open('ask', 'awaiting_person');

  // With nobody left to compare with, safety evidence is not to be had: the watch ends on readable data without a breach.
  const isEvidenced = isAlone(plan, state.stageIndex)
    ? voting.length > 0 && !voting.some((finding) => finding.outcome === 'no_data')
    : voting.length > 0 && voting.every((finding) => finding.outcome === 'clear');
  if (isEvidenced) return onward(look);
  const isLate = extension !== null && now >= extension;
  if (state.extendedAt === null && !isLate) {
    return canWiden(look, voting)
      ? open('widen', 'small_next_step')
      : { kind: 'extend', reason: 'not_clear_yet', until: extension };
  }
  if (extension !== null && now < extension) return { kind: 'wait', reason: 'gathering', until: extension };
  if (canWiden(look, voting)) return open('widen', 'small_next_step');
  const left = (MOST_EXTENSIONS - state.extensions) * stage.holdMs;
  if (extension !== null && left > 0 && isPromising(voting, left)) {
    return { kind: 'extend', reason: 'nearly_clear', until: extension + stage.holdMs };
  }
  return open('ask', 'evidence_not_clear');
}

/** A stage is extended at most this often: the first time in any case, then only while it is promising. */
const MOST_EXTENSIONS = 4;
/** Harm evidence beyond this share of what a hold needs is no promise. */
const PROMISING_HARM = 0.5;

/**
 * Whether the extensions that are left would clear what is not clear yet, at this traffic, if the canary is as good as the
 * baseline; and whether nothing speaks against that. Asking a person to wait is no use of a person.
 */
function isPromising(voting: readonly Finding[], leftMs: number): boolean {
  return voting.every(
    ({ outcome, clearInMs, harm }) =>
      outcome === 'clear' ||
      (outcome !== 'no_data' &&
        clearInMs !== null &&
        clearInMs <= leftMs &&
        harm.log < PROMISING_HARM * harm.holdThreshold),
  );
}

/** When the stage minimum is over, by the wall clock and by how long the stage was really watched; null before it began. */
function minimumEnd({ plan, state, stageSince, now }: Look): number | null {
  if (stageSince === null) return null;
  const { holdMs } = stageAt(plan, state.stageIndex);
  const unwatched = holdMs - watchedAt(plan, state, now);
  return Math.max(stageSince + holdMs, unwatched > 0 ? now + unwatched : 0);
}

function open(kind: DecisionKind, reason: DecisionReason): Verdict {
  return { kind, reason, until: null };
}

/** The gate is open: go on, unless the plan wants a person's word first. The watch at full exposure ends the rollout. */
function onward(look: Look): Verdict {
  if (isLastStage(look.plan, look.state.stageIndex)) return open('complete', 'watched_at_full');
  const needsApproval = approvalBefore(look.plan, look.state.stageIndex + 1) !== null;
  return needsApproval ? open('ask', 'approval_required') : open('promote', 'all_clear');
}

/**
 * Nothing readable for longer than a reading stays fresh, or a canary that has gone quiet: hold and say so. Only required
 * checks hold so; a proposed one that sees nothing extends and asks in their time, and can never put an ask off.
 */
function blindHold(look: Look, voting: readonly Finding[]): DecisionReason | null {
  const { staleMs } = look.plan.settings;
  const required = voting.filter((finding) => isRequired(checkOf(look.plan, finding)));
  if (required.some((finding) => finding.reason === 'canary_silent')) return 'canary_silent';
  const isBlind = required.some(
    ({ outcome, blind }) =>
      outcome === 'no_data' && blind !== null && (blind.why === 'stale' || look.now - blind.since >= staleMs),
  );
  if (isBlind) return 'telemetry_blind';
  return !look.isReadable && look.now - look.state.enteredAt > staleMs ? 'exposure_unreadable' : null;
}

function isHeld(look: Look): boolean {
  const { personHold } = look.state;
  return personHold !== null && (personHold.until === null || look.now < personHold.until);
}

type OrderStanding =
  | { readonly kind: 'none' }
  | { readonly kind: 'stands' }
  | { readonly kind: 'refused'; readonly why: string };

/** Whether a person's promotion may stand: never over a breach of a required critical check, and never early. */
function orderStanding(look: Look): OrderStanding {
  const { state, plan } = look;
  if (state.order?.verb !== 'promote') return { kind: 'none' };
  const refused = (why: string): OrderStanding => ({ kind: 'refused', why });
  if (isLastStage(plan, state.stageIndex)) return refused('this is the last stage');
  const breached = breachedCritical(plan.checks, look.findings);
  if (breached !== undefined) return refused(`${breached.id} is critical and over its line`);
  const held = look.findings.find(
    (f) => f.severity !== 'advisory' && f.outcome === 'breach_hold' && !isWaived(state, f.checkId),
  );
  if (held !== undefined) return refused(`${held.checkId} is over its hold line`);
  if (look.stageSince === null) return refused('the backend has not confirmed this stage yet');
  const earliest = minimumEnd(look) ?? look.now;
  if (look.now < earliest)
    return refused(
      `the stage minimum has ${formatDuration(Math.ceil((earliest - look.now) / 1000) * 1000)} to run`,
    );
  return { kind: 'stands' };
}

/** A promotion that was ordered and not made is refused in so many words; nobody's click vanishes. */
function refusalOf(look: Look, order: OrderStanding, verdict: Verdict): string | null {
  if (look.state.order?.verb !== 'promote' || verdict.reason === 'person_promoted') return null;
  if (order.kind === 'refused') return order.why;
  return verdict.reason === 'person_hold'
    ? 'it is held by a person: resume first'
    : `the gate says ${verdict.reason}`;
}

/**
 * Opt-in: step on without full evidence while hardly anyone is exposed. Only with no breach, an estimate under the hold line
 * (or at most one bad event), data from every voting check, no approval due, and a next exposure of at most 25 %.
 */
function canWiden(look: Look, voting: readonly Finding[]): boolean {
  const { plan, state } = look;
  if (!plan.allowWiden || voting.length === 0 || isLastStage(plan, state.stageIndex)) return false;
  if (marginAt(plan, state.stageIndex) !== 'wide') return false;
  if (approvalBefore(plan, state.stageIndex + 1) !== null) return false;
  return voting.every((finding) => {
    const check = checkOf(plan, finding);
    switch (finding.reason) {
      case 'within_lines':
        return true;
      case 'not_enough_evidence':
        return finding.canary.units > 0;
      case 'thin': {
        const isOver = isOverHold(check, finding, plan.settings.kappa);
        return isOver === false || (isOver === true && hasFewBadEvents(check, finding));
      }
      case 'over_line_unconfirmed':
        return hasFewBadEvents(check, finding);
      default:
        return false;
    }
  });
}

/** At most one bad event, of a canary that was seen. */
function hasFewBadEvents(check: Check, { canary }: Finding): boolean {
  if (canary.events === null || canary.units === 0) return false;
  return (check.worse === 'increase' ? canary.events : canary.units - canary.events) <= 1;
}

function checkOf(plan: Plan, finding: Finding): Check {
  const check = plan.checks.find((candidate) => candidate.id === finding.checkId);
  if (check === undefined) throw new RangeError(`no check ${finding.checkId}`);
  return check;
}

import { type Decision, isWaived } from './gate/decision.ts';
import { type Finding, OUTCOMES } from './gate/finding.ts';
import { type Check, isRequired } from './plan/check.ts';
import { formatLine } from './plan/line-text.ts';
import type { Plan } from './plan/plan.ts';

/** A decision as numbers, enums and check ids: all that a model is given to write about it. No word of anybody's is in it. */
export interface SummaryFacts {
  readonly decision: Decision['kind'];
  readonly reason: Decision['reason'];
  /** From 1. */
  readonly stage: number;
  readonly stages: number;
  /** "25%"; an audience or a side has a name that somebody gave it, and stands without. */
  readonly exposure: string;
  readonly nextExposure: string | null;
  readonly checks: readonly CheckFacts[];
}

export interface CheckFacts {
  readonly id: string;
  readonly isRequired: boolean;
  /** Set aside by a person for this stage; left out where it votes. */
  readonly isWaived?: true;
  readonly severity: Check['severity'];
  readonly outcome: Finding['outcome'];
  readonly reason: Finding['reason'];
  readonly worse: Check['worse'];
  readonly measure: Check['measure']['kind'];
  /** A share as a fraction, a quantile in ms, or a level; null where there is none. */
  readonly canary: number | null;
  readonly baseline: number | null;
  readonly canaryUnits: number;
  readonly baselineUnits: number;
  /** "+0.5 points"; null for none. */
  readonly holdLine: string | null;
  readonly rollbackLine: string | null;
  /** Percent of the evidence of harm that a hold needs, and of the evidence of safety that "clear" needs. */
  readonly harmPercent: number;
  readonly safetyPercent: number;
  /** Until it is clear at this traffic if the canary is as good as the baseline; null for unknown or never. */
  readonly clearInMs: number | null;
}

/** Ids that only we can have made; anything else stands as "check 3". */
const OWN_ID = /^[a-z][a-z0-9_.:/@+-]{0,79}$/;
const MOST_CHECKS = 24;

/** What is known of a decision, for a model that writes a paragraph about it. Where checks are many, those that matter stay. */
export function summaryFacts(plan: Plan, decision: Decision): SummaryFacts {
  const worst = decision.findings
    .toSorted((a, b) => OUTCOMES.indexOf(b.outcome) - OUTCOMES.indexOf(a.outcome))
    .slice(0, MOST_CHECKS);
  return {
    decision: decision.kind,
    reason: decision.reason,
    stage: decision.stageIndex + 1,
    stages: plan.ladder.length,
    exposure: nameless(decision.exposure),
    nextExposure: decision.nextExposure === null ? null : nameless(decision.nextExposure),
    checks: decision.findings.flatMap((finding, at) => {
      const check = plan.checks.find(({ id }) => id === finding.checkId);
      return check === undefined || !worst.includes(finding)
        ? []
        : [
            {
              ...checkFacts(check, finding, at),
              ...(isWaived(decision, check.id) ? { isWaived: true as const } : {}),
            },
          ];
    }),
  };
}

function nameless(exposure: string): string {
  return /^[\d.]{1,12}%$/.test(exposure) ? exposure : exposure.startsWith('switch:') ? 'switch' : 'audience';
}

function checkFacts(check: Check, finding: Finding, at: number): CheckFacts {
  const { harm, safety } = finding;
  const lineOf = (line: Check['hold']) =>
    line === null ? null : formatLine(line, check.measure, check.worse);
  return {
    id: OWN_ID.test(check.id) && !check.id.includes('custom:') ? check.id : `check ${at + 1}`,
    isRequired: isRequired(check),
    severity: check.severity,
    outcome: finding.outcome,
    reason: finding.reason,
    worse: check.worse,
    measure: check.measure.kind,
    canary: finding.canary.value,
    baseline: finding.baseline.value,
    canaryUnits: Math.round(finding.canary.units),
    baselineUnits: Math.round(finding.baseline.units),
    holdLine: lineOf(check.hold),
    rollbackLine: lineOf(check.rollback),
    harmPercent: percentOf(harm.log, harm.holdThreshold),
    safetyPercent: percentOf(safety.log, safety.threshold),
    clearInMs: finding.clearInMs,
  };
}

/** Evidence adds up on the log scale; a threshold that is not there is not reached. */
function percentOf(log: number, threshold: number): number {
  const share = (100 * log) / threshold;
  return Number.isFinite(share) ? Math.min(100, Math.max(0, Math.round(share))) : 0;
}

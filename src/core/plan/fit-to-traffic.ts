import { type Check, isRequired, signalName } from './check.ts';
import type { Plan } from './plan.ts';
import { preflight, type TrafficReading } from './preflight.ts';

/**
 * The plan with those proposed checks demoted to informing that this traffic could never clear: series that only the new
 * version has, and signals too thin for the ladder. Each is named under what cannot be seen. Required checks stay as they are:
 * if the traffic cannot clear one of them, preflight refuses the plan.
 */
export function fitToTraffic(plan: Plan, traffic: TrafficReading): Plan {
  const tooThin = plan.checks.filter(
    (check) =>
      !isRequired(check) &&
      check.intent === 'guard' &&
      check.severity !== 'advisory' &&
      !preflight({ ...plan, checks: [check] }, traffic).isClearable,
  );
  if (tooThin.length === 0) return plan;
  return {
    ...plan,
    checks: plan.checks.map((check) => (tooThin.includes(check) ? demoted(check) : check)),
    unobservable: [
      ...plan.unobservable,
      ...tooThin.map((check) => ({
        what: signalName(check),
        why: `stable shows too little of it for this ladder, so it informs and does not vote: ${check.why}`,
      })),
    ],
  };
}

function demoted(check: Check): Check {
  return {
    ...check,
    severity: 'advisory',
    hold: null,
    rollback: null,
    flags: [...check.flags, 'low_volume'],
  };
}

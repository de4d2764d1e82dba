import { type Check, isRequired, signalName } from './check.ts';
import type { Plan } from './plan.ts';
import { resolvable } from './preflight/coarse-buckets.ts';
import { adapted } from './preflight/ladder-proposal.ts';
import type { TrafficReading } from './preflight/traffic.ts';
import { isVoting } from './preflight/units-needed.ts';
import { preflight } from './preflight.ts';

/**
 * The plan fitted to what the target really shows. A quantile that the histogram's buckets cannot resolve is watched as the
 * share over a bucket edge; an adaptive ladder is chosen for the required checks. A proposed check whose metric nobody exposes
 * is left out; one that this traffic could never clear (a series that only the new version has, a signal too thin for the
 * ladder) informs and does not vote. Each is named under what cannot be seen. Required checks stay: preflight refuses a plan it
 * cannot clear.
 */
export function fitToTraffic(given: Plan, traffic: TrafficReading): Plan {
  const resolved = given.checks.map((check) => resolvable(check, traffic, given.settings));
  const plan = adapted({ ...given, checks: resolved }, traffic);
  const proposed = plan.checks.filter((check) => !isRequired(check));
  const absent = proposed.filter((check) => isAbsent(check, traffic));
  const tooThin = proposed.filter(
    (check) =>
      isVoting(check) &&
      !absent.includes(check) &&
      !preflight({ ...plan, checks: [check] }, traffic).isClearable,
  );
  return {
    ...plan,
    checks: plan.checks.flatMap((check) =>
      absent.includes(check) ? [] : [tooThin.includes(check) ? demoted(check) : check],
    ),
    unobservable: [
      ...plan.unobservable,
      ...absent.map((check) => unseen(check, 'the target exposes no such metric')),
      ...tooThin.map((check) =>
        unseen(check, 'stable shows too little of it for this ladder, so it only informs'),
      ),
    ],
  };
}

/** Neither side has the metric, though the new code runs there already, behind its flag. */
function isAbsent(check: Check, traffic: TrafficReading): boolean {
  const samples = traffic.samples.filter((sample) => sample.signal === check.signal);
  return samples.length > 0 && samples.every((sample) => sample.quality.unusable === 'metric_missing');
}

function unseen(check: Check, why: string): Plan['unobservable'][number] {
  return { what: signalName(check), why: `${why}: ${check.why}` };
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

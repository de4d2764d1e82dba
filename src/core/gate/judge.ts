import { type Check, isRequired } from '../plan/check.ts';
import type { CheckState } from './check-state.ts';
import type { Finding, JudgeContext } from './finding.ts';
import { judgeLevel } from './judge-level.ts';
import { judgeMoments } from './judge-moments.ts';
import { judgeQuantile } from './judge-quantile.ts';
import { judgeShare } from './judge-share.ts';
import type { GateSettings } from './settings.ts';

/**
 * Evidence thresholds for each check of a plan, as logs. Rolling back is a union over critical checks, so alpha is split over
 * them; holding likewise over all guards. A required check splits over the required ones only: proposed checks must never blunt it.
 */
export function thresholdsAmong(
  checks: readonly Check[],
  settings: GateSettings,
): (check: Check) => JudgeContext['thresholds'] {
  const guards = checks.filter((other) => isVote(other) || other.intent === 'watch');
  const required = guards.filter((other) => isVote(other) && isRequired(other));
  const critical = required.filter((other) => other.severity === 'critical' && other.rollback !== null);
  const among = (family: readonly Check[]): JudgeContext['thresholds'] => ({
    hold: Math.log(Math.max(family.length, 1) / settings.alphaHold),
    rollback: Math.log(Math.max(critical.length, 1) / settings.alphaRollback),
    safe: Math.log(1 / settings.alphaSafe),
  });
  const [ofRequired, ofGuards] = [among(required), among(guards)];
  return (check) => (isRequired(check) ? ofRequired : ofGuards);
}

/** The same for one check of a plan. */
export function thresholdsFor(
  check: Check,
  checks: readonly Check[],
  settings: GateSettings,
): JudgeContext['thresholds'] {
  return thresholdsAmong(checks, settings)(check);
}

/** Whether a check must be clear before anything is promoted. */
function isVote(check: Check): boolean {
  return check.intent === 'guard' && check.severity !== 'advisory';
}

export function judge(check: Check, state: CheckState, context: JudgeContext): Finding {
  switch (state.kind) {
    case 'share':
      return judgeShare(check, state, context);
    case 'quantile':
      return judgeQuantile(check, state, context);
    case 'moments':
      return judgeMoments(check, state, context);
    case 'level':
      return judgeLevel(check, state, context);
  }
}

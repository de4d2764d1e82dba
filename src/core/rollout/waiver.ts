import { breachedCritical } from '../gate/finding.ts';
import { type Check, isWaivable } from '../plan/check.ts';
import type { Plan } from '../plan/plan.ts';
import type { Command } from './command.ts';
import type { RolloutState } from './state.ts';

/**
 * Why a check may not be waived, in words that say what to do instead; null when it may (B8). Only a proposed check's hold can be,
 * with a reason, and while no critical check is over its line.
 */
export function waiverRefusal(
  plan: Plan,
  state: Pick<RolloutState, 'last'>,
  { check: id = '', reason }: Pick<Command, 'check' | 'reason'>,
): string | null {
  const check = plan.checks.find((candidate) => candidate.id === id);
  if (check === undefined) return `this plan has no check "${id}"; ${waivableText(plan)}`;
  if (!isWaivable(check)) {
    return `${id} ${whyNot(check)}, and no word waives it: fix what it shows, watch the stage again (resume), or roll back; ${waivableText(plan)}`;
  }
  const breached = breachedCritical(plan.checks, state.last?.findings ?? []);
  if (breached !== undefined) {
    return `${breached.id} is critical and over its line; nothing is waived meanwhile: roll back, or try again once it is under its line`;
  }
  return reason.trim() === '' ? `a waiver needs a reason: say why ${id} may be set aside` : null;
}

function whyNot(check: Check): string {
  const line = check.provenance.find(({ source }) => source === 'policy' || source === 'instruction');
  if (line !== undefined) return `is required by the ${line.source} (${line.from})`;
  return check.intent === 'watch' ? 'watches a required check' : 'is critical';
}

function waivableText({ checks }: Plan): string {
  const ids = checks.filter(isWaivable).map(({ id }) => id);
  return ids.length === 0 ? 'none of its checks may be waived' : `what may be waived: ${ids.join(', ')}`;
}

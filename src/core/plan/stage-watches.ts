import { type Check, isRequired } from './check.ts';
import { bandFloor } from './line-text.ts';

/** A canary that got this much worse from one stage to the next, beyond what stable did, is worth a hold. */
const WORSE_TIMES = 1.25;

/**
 * Beside every required check of a share or count, a watch on the canary's own previous stage: it holds when the canary has
 * confirmedly got worse with exposure, and is never needed for promoting. So a slow decay from stage to stage is caught, and
 * "was always so" is told from "got worse at 25 %".
 */
export function stageWatches(required: readonly Check[]): readonly Check[] {
  return required.filter(isWatched).map((check) => ({
    id: `${check.id}/previous_stage`,
    signal: check.signal,
    measure: check.measure,
    against: { kind: 'previous_stage' },
    worse: check.worse,
    hold: { compare: 'band', times: WORSE_TIMES, floor: bandFloor(check.measure) },
    rollback: null,
    severity: 'major',
    intent: 'watch',
    flags: [],
    why: 'a change that gets worse as exposure grows shows against its own previous stage first',
    provenance: [{ source: 'rule', from: 'previous stage', evidence: [] }],
  }));
}

/** One watch a signal and direction: of checks on the same one, the first. */
function isWatched(check: Check, at: number, checks: readonly Check[]): boolean {
  const isFirst =
    checks.findIndex((other) => other.signal === check.signal && other.worse === check.worse) === at;
  const isCounted = check.measure.kind === 'share' || check.measure.kind === 'count';
  return (
    isFirst &&
    isCounted &&
    isRequired(check) &&
    check.intent === 'guard' &&
    check.severity !== 'advisory' &&
    check.worse === 'increase' &&
    check.against === undefined
  );
}

import type { Line } from '../../../src/core/plan/check.ts';
import { type Brief, type Judge, shownValue } from './judge.ts';

/**
 * The last interval's value against the line, as an Argo Rollouts analysis step with a relative query does it: each
 * interval beyond the rollback line is one failed measurement, and more than `failureLimit` of them in a stage roll back,
 * whether or not there were good ones between. (Flagger's counter lasts for the whole rollout: more false rollbacks, fewer
 * misses.) At the end of a stage the last interval must not be beyond the hold line; it may try again for one more stage.
 *
 * An interval without requests divides nothing by nothing, and a comparison with NaN is not a failure: with neither condition
 * met, no evidence reads as a pass. Sources: argo-rollouts docs/features/analysis.md (failureLimit defaults to 0, its examples
 * say 3), utils/evaluate/evaluate.go; flagger docs, how it works (threshold).
 */
export function rawDifference({ check }: Brief, failureLimit: number): Judge {
  let failures = 0;
  let last = { canary: Number.NaN, stable: Number.NaN };
  return {
    look: ({ canary, stable }) => {
      last = { canary: shownValue(canary, check), stable: shownValue(stable, check) };
      if (isBeyond(last, check.rollback)) failures += 1;
      return failures > failureLimit ? 'rollback' : 'go_on';
    },
    stageEnd: () => (isBeyond(last, check.hold) ? 'wait' : 'promote'),
    enterStage: () => {
      failures = 0;
    },
  };
}

function isBeyond(
  { canary, stable }: { readonly canary: number; readonly stable: number },
  line: Line | null,
) {
  if (line?.compare === 'difference') return canary - stable > line.by;
  if (line?.compare === 'ratio') return canary > line.times * stable;
  throw new TypeError('a raw rule needs a difference or a ratio');
}

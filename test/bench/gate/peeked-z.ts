import { normalQuantile } from '../../../src/core/gate/distributions.ts';
import { type Counts, countsOf, type Judge, NO_COUNTS, plusCounts } from './judge.ts';

/** Two-sided 5 %. */
const CRITICAL = normalQuantile(0.975);

/**
 * The pooled two-proportion z test of any textbook on what the stage has counted so far, looked at after every interval as if
 * each look were the only one: rolls back when the canary is significantly worse, promotes when it is not.
 */
export function peekedZ(): Judge {
  let stage = { canary: NO_COUNTS, stable: NO_COUNTS };
  return {
    look: ({ canary, stable }) => {
      stage = {
        canary: plusCounts(stage.canary, countsOf(canary)),
        stable: plusCounts(stage.stable, countsOf(stable)),
      };
      return pooledZ(stage.canary, stage.stable) > CRITICAL ? 'rollback' : 'go_on';
    },
    stageEnd: () => 'promote',
    enterStage: () => {
      stage = { canary: NO_COUNTS, stable: NO_COUNTS };
    },
  };
}

/** Difference of two shares in standard errors of the pooled share; 0 when either side or all events are missing. */
export function pooledZ(a: Counts, b: Counts): number {
  const pooled = (a.x + b.x) / (a.n + b.n);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / a.n + 1 / b.n));
  return error > 0 && Number.isFinite(error) ? (a.x / a.n - b.x / b.n) / error : 0;
}

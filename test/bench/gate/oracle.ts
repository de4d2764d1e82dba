import { logGamma } from '../../../src/core/gate/distributions.ts';
import {
  addedRate,
  ERROR_RATE,
  incidentTimes,
  type Moment,
  type World,
} from '../../../src/simulate/world.ts';
import { type Brief, countsOf, type Interval, type Judge, pointLines } from './judge.ts';

const ALPHA = 0.01;
const BETA = 0.05;

/** Wald's thresholds on the log likelihood ratio: at or above `upper` the effect is accepted, at or below `lower` none is. */
export const WALD = { upper: Math.log((1 - BETA) / ALPHA), lower: Math.log(BETA / (1 - ALPHA)) };

/**
 * The bound nobody can reach in practice: Wald's sequential probability ratio test (1945) of the world's own effect against
 * none, told the effect at each minute, the stable rate and every source of noise. Without an effect it tests against the
 * rollback line. Failures of an interval are negative binomial: Poisson counts under gamma noise. The shared level of the
 * minute is what the stable side shows, shrunk to the rate it should be. A decided test for "none" stays at its threshold, so that what
 * begins later is not diluted.
 */
export function oracle({ check }: Brief, world: World): Judge {
  const { rollback } = pointLines(check);
  let log = 0;
  return {
    look: (interval) => {
      const moment = { elapsedMs: interval.fromMinutes * 60_000, percent: PERCENT_UNUSED };
      const effect = addedRate(world.effects, ERROR_RATE, moment) || rollback;
      log = Math.max(WALD.lower, log + logRatio(interval, effect, { world, moment }));
      return log >= WALD.upper ? 'rollback' : 'go_on';
    },
    stageEnd: () => (log <= WALD.lower ? 'promote' : 'wait'),
    enterStage: () => {},
  };
}

/** No effect of the main tables depends on exposure. */
const PERCENT_UNUSED = 100;

function logRatio(
  { canary, stable }: Interval,
  effect: number,
  { world, moment }: { readonly world: World; readonly moment: Moment },
): number {
  const { sharedSd, canaryCv, stableCv } = world.noise;
  const treated = countsOf(canary);
  const reference = countsOf(stable);
  const expected = world.errorRate * incidentTimes(world.effects, moment);
  const weight = 1 / (sharedSd ** 2 + stableCv ** 2);
  const level = (weight + reference.x) / (weight / expected + reference.n);
  const shape = 1 / (canaryCv ** 2 + stableCv ** 2 + 1 / (weight + reference.x));
  const under = (rate: number) => logNegativeBinomial(treated.x, treated.n * rate, shape);
  return treated.n === 0 ? 0 : under(level + effect) - under(level);
}

/** ln P(X = x) for a Poisson count whose mean is gamma distributed around `mean` with this shape. */
export function logNegativeBinomial(x: number, mean: number, shape: number): number {
  return (
    logGamma(x + shape) -
    logGamma(shape) -
    logGamma(x + 1) +
    shape * Math.log(shape / (shape + mean)) +
    x * Math.log(mean / (shape + mean))
  );
}

import { EARLY_PERCENT } from '../../../src/core/plan/plan.ts';
import { type Brief, type Judge, pointLines } from './judge.ts';
import { differenceOf, NO_STAGE, type Pair, type StageCounts, withInterval } from './stage-counts.ts';

/** Units for which the sequence is tuned: GrowthBook's default. */
const TUNED_FOR = 5_000;

/**
 * A plain one-sided asymptotic confidence sequence on the difference of rates (Waudby-Smith et al., arXiv 2103.06476; the
 * formulas GrowthBook ships in gbstats/frequentist/tests.py), begun anew at each stage, under the user's lines and Sluice's error
 * rates, margins and evidence line. Plain: it knows of counting noise only, and judges by the stage's own estimate.
 */
export function asymptoticSequence({ check, settings }: Brief): Judge {
  const { hold, rollback } = pointLines(check);
  let seen: StageCounts = NO_STAGE;
  let isAlarmed = false;
  return {
    look: (interval) => {
      seen = withInterval(seen, interval);
      const difference = differenceOf(seen.stage);
      if (difference === null) return 'go_on';
      const lower = (alpha: number) => difference - halfWidth(seen.stage, alpha);
      isAlarmed = difference >= hold && lower(settings.alphaHold) > settings.kappa * hold;
      const isBreach = difference >= rollback && lower(settings.alphaRollback) > settings.kappa * hold;
      return isBreach ? 'rollback' : isAlarmed ? 'alarm' : 'go_on';
    },
    stageEnd: (nextPercent) => {
      const difference = differenceOf(seen.stage);
      if (isAlarmed || difference === null || seen.stage.canary.n < settings.minUnits) return 'wait';
      const margin = nextPercent <= EARLY_PERCENT ? rollback : hold;
      const upper = difference + halfWidth(seen.stage, settings.alphaSafe);
      return difference <= hold && upper < margin ? 'promote' : 'wait';
    },
    enterStage: () => {
      seen = NO_STAGE;
      isAlarmed = false;
    },
  };
}

function halfWidth({ canary, stable }: Pair, alpha: number): number {
  const variance = smoothed(canary) + smoothed(stable);
  return oneSidedHalfWidth(canary.n + stable.n, variance, alpha);
}

/** Variance of a rate; with one event of each kind added, so that a side without errors is not taken for certain. */
function smoothed({ n, x }: { readonly n: number; readonly x: number }): number {
  const rate = (x + 1) / (n + 2);
  return (rate * (1 - rate)) / n;
}

/** How far the one-sided sequence reaches after `n` units of both sides, for an estimate with this variance. */
export function oneSidedHalfWidth(n: number, variance: number, alpha: number): number {
  const tuned = 2 * alpha;
  const rho2 = (-2 * Math.log(tuned) + Math.log(1 - 2 * Math.log(tuned))) / TUNED_FOR;
  const grown = n * rho2 + 1;
  return Math.sqrt(
    n * variance * ((2 * grown) / (n * n * rho2)) * Math.log(1 + Math.sqrt(grown) / (2 * alpha)),
  );
}

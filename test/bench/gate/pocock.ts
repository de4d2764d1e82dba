import { normalQuantile } from '../../../src/core/gate/distributions.ts';
import { EARLY_PERCENT } from '../../../src/core/plan/plan.ts';
import { type Brief, type Judge, pointLines } from './judge.ts';
import { pocockConstant } from './pocock-constant.ts';
import { differenceOf, NO_STAGE, type StageCounts, withInterval, worstDifference } from './stage-counts.ts';

/**
 * A group-sequential design with Pocock's boundary for the looks of one stage (Pocock 1977; Jennison & Turnbull 2000, §2.4),
 * under the user's lines and Sluice's own error rates, margins, evidence line and noise model, so that what differs is the
 * statistics alone. Each line is tested with at least the variance it implies (Farrington & Manning 1990), so
 * that no errors at all are not taken for certainty. Looks of an extension stand under the same constant, which the design does
 * not cover: it has a fixed number of looks.
 */
export function pocock({ check, settings, looksPerStage }: Brief): Judge {
  const { hold, rollback } = pointLines(check);
  const critical = {
    rollback: pocockConstant(looksPerStage, settings.alphaRollback),
    hold: pocockConstant(looksPerStage, settings.alphaHold),
    // Safety is tested where it is used, at the end of a stage: an ordinary test.
    safe: normalQuantile(1 - settings.alphaSafe),
  };
  let seen: StageCounts = NO_STAGE;
  let isAlarmed = false;
  return {
    look: (interval) => {
      seen = withInterval(seen, interval);
      const worst = worstDifference(seen);
      const harm = scoreZ(seen, settings.kappa * hold, settings.tau);
      isAlarmed = worst !== null && worst >= hold && harm >= critical.hold;
      if (worst !== null && worst >= rollback && harm >= critical.rollback) return 'rollback';
      return isAlarmed ? 'alarm' : 'go_on';
    },
    stageEnd: (nextPercent) => {
      const margin = nextPercent <= EARLY_PERCENT ? rollback : hold;
      const isSafe =
        !isAlarmed &&
        seen.stage.canary.n >= settings.minUnits &&
        (differenceOf(seen.stage) ?? Number.POSITIVE_INFINITY) <= hold &&
        -scoreZ(seen, margin, settings.tau) >= critical.safe;
      return isSafe ? 'promote' : 'wait';
    },
    enterStage: () => {
      seen = NO_STAGE;
      isAlarmed = false;
    },
  };
}

/**
 * How far the stage's difference is above `line`, in standard errors; 0 while a side is empty. The canary's variance is taken at
 * the line or at what was seen, whichever is larger: normal tails are too thin for a handful of events.
 */
export function scoreZ(
  { stage, intervals }: Pick<StageCounts, 'stage' | 'intervals'>,
  line: number,
  tau: number,
): number {
  const difference = differenceOf(stage);
  if (difference === null) return 0;
  const stableRate = stage.stable.x / stage.stable.n;
  const canaryRate = Math.min(1, stableRate + Math.max(line, difference));
  const counting =
    binomialVariance(canaryRate, stage.canary.n) + binomialVariance(stableRate, stage.stable.n);
  const noise = (tau ** 2 * (canaryRate ** 2 + stableRate ** 2)) / intervals;
  return (difference - line) / Math.sqrt(counting + noise);
}

function binomialVariance(rate: number, n: number): number {
  return (rate * (1 - rate)) / n;
}

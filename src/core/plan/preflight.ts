import type { Ladder } from './ladder.ts';
import type { Plan } from './plan.ts';
import { type Advice, adviceFor } from './preflight/advice.ts';
import { workableLadder } from './preflight/ladder-proposal.ts';
import { forecastLadder, type StageForecast } from './preflight/stage-forecast.ts';
import { type TrafficReading, unitsPerMinute } from './preflight/traffic.ts';
import { isVoting } from './preflight/units-needed.ts';

export interface Preflight {
  readonly stages: readonly StageForecast[];
  readonly isClearable: boolean;
  readonly unitsPerMinute: number;
  /** A ladder this traffic can clear; null when the one given can, or when none would do. */
  readonly workable: Ladder | null;
  /** What would do where no ladder does; empty otherwise. */
  readonly advice: readonly Advice[];
}

/**
 * Whether the traffic there is can clear every stage in its time, what harm a regression could do before it is found, and a
 * ladder that works where this one does not. The forecast runs the gate's own evidence on the counts to be expected of a release
 * without effect. Evidence adds up over the ladder, because safety evidence does.
 */
export function preflight(plan: Plan, traffic: TrafficReading): Preflight {
  const voting = plan.checks.filter(isVoting);
  const perMinute = unitsPerMinute(voting, traffic);
  const stages = forecastLadder(plan, voting, traffic);
  const isClearable = stages.every((stage) => stage.verdict !== 'not_clearable');
  const isLost = isClearable || perMinute === 0;
  const workable = isLost ? null : workableLadder(plan, voting, traffic);
  return {
    stages,
    isClearable,
    unitsPerMinute: perMinute,
    workable,
    advice: isLost || workable !== null ? [] : adviceFor(plan, voting, traffic),
  };
}

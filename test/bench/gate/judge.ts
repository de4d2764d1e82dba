import { quantileOf } from '../../../src/core/gate/exceedance.ts';
import type { Stat } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';

/** What a rule sees at one look: raw statistics of both sides over the last interval. */
export interface Interval {
  /** Minutes since the start at which the interval began. */
  readonly fromMinutes: number;
  readonly canary: Stat;
  readonly stable: Stat;
}

/** What a rule says at a look. An alarm stops promotion and is put before a person; it can pass. */
export type LookVerdict = 'go_on' | 'alarm' | 'rollback';

/**
 * What a rule says once the stage's minimum is over. `wait`: look again next time, for one more stage at the most.
 * `ask`: hand it to a person now.
 */
export type StageVerdict = 'promote' | 'wait' | 'ask' | 'rollback';

/** A competitor during one rollout: stateful, told of every look in order. */
export interface Judge {
  look(interval: Interval): LookVerdict;
  /** After a look at or past the stage's minimum. `nextPercent` is the exposure a promotion would lead to. */
  stageEnd(nextPercent: number): StageVerdict;
  enterStage(): void;
}

/** What every competitor is told of the task: the user's two lines and how long a stage is. */
export interface Brief {
  readonly check: Check;
  readonly settings: Plan['settings'];
  readonly looksPerStage: number;
}

export interface Counts {
  readonly n: number;
  readonly x: number;
}

export const NO_COUNTS: Counts = { n: 0, x: 0 };

export function plusCounts(a: Counts, b: Counts): Counts {
  return { n: a.n + b.n, x: a.x + b.x };
}

export function countsOf(stat: Stat): Counts {
  if (stat.kind !== 'share') throw new TypeError(`a rule on counts was given a ${stat.kind}`);
  return { n: stat.n, x: stat.x };
}

/** The one number a dashboard would show of an interval: a rate, or the check's quantile. NaN when nothing was counted. */
export function shownValue(stat: Stat, check: Check): number {
  if (stat.kind === 'histogram' && check.measure.kind === 'quantile') {
    return quantileOf(stat, check.measure.p) ?? Number.NaN;
  }
  const { n, x } = countsOf(stat);
  return x / n;
}

/** The user's lines as points of difference. Throws for any other comparison: rules on counts know no other here. */
export function pointLines(check: Check): { readonly hold: number; readonly rollback: number } {
  const { hold, rollback } = check;
  if (hold?.compare !== 'difference' || rollback?.compare !== 'difference') {
    throw new TypeError(`${check.id} has no lines in points`);
  }
  return { hold: hold.by, rollback: rollback.by };
}

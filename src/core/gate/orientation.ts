import type { Check } from '../plan/check.ts';

/**
 * How a check is turned so that "worse" means "the treated arm is above the line":
 * `asIs` where an increase is bad; `failures` where a fall in points is bad (a hit becomes a miss, which keeps power at high
 * shares); `swapped` where a fall by a ratio is bad (stable against canary).
 */
export type Oriented = 'asIs' | 'failures' | 'swapped';

export function orient(check: Pick<Check, 'worse' | 'hold' | 'rollback' | 'measure' | 'intent'>): Oriented {
  if (check.intent === 'expect_change') return check.worse === 'increase' ? 'swapped' : 'asIs';
  if (check.worse === 'increase') return 'asIs';
  const compares = [check.hold, check.rollback].map((line) => line?.compare);
  const byRatio = compares.some((compare) => compare === 'ratio' || compare === 'band');
  return byRatio || check.measure.kind === 'quantile' ? 'swapped' : 'failures';
}

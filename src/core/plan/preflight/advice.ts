import { type Check, type Line, type Measure, signalName } from '../check.ts';
import { EARLY_PERCENT, type Plan } from '../plan.ts';
import { workableLadder } from './ladder-proposal.ts';
import type { TrafficReading } from './traffic.ts';

/** What a person could change where no ladder can be cleared within a day a stage. */
export type Advice =
  /** Lines this many times as wide are the nearest that can be cleared. */
  | {
      readonly kind: 'coarser_lines';
      readonly checkId: string;
      readonly signal: string;
      readonly measure: Measure;
      readonly worse: Check['worse'];
      readonly times: number;
      readonly hold: Line | null;
      readonly rollback: Line | null;
    }
  /** This check cannot be cleared however wide its lines. */
  | { readonly kind: 'never'; readonly checkId: string; readonly signal: string }
  /** Steps up to this exposure may be taken without full evidence. */
  | { readonly kind: 'widen'; readonly upToPercent: number };

/** How much wider lines are tried, nearest first. */
const WIDER = [1.5, 2, 3, 4, 6, 8, 10, 20] as const;

/** For each check that no ladder clears by itself: the nearest lines that would do; and `widen`, where it is not on yet. */
export function adviceFor(plan: Plan, voting: readonly Check[], traffic: TrafficReading): readonly Advice[] {
  const isWorkable = (check: Check) => workableLadder(plan, [check], traffic) !== null;
  const advice = voting.flatMap((check): readonly Advice[] => {
    if (isWorkable(check)) return [];
    const { id: checkId, measure, worse } = check;
    const signal = signalName(check);
    for (const times of WIDER) {
      const [hold, rollback] = [widened(check.hold, times), widened(check.rollback, times)];
      if (isWorkable({ ...check, hold, rollback })) {
        return [{ kind: 'coarser_lines', checkId, signal, measure, worse, times, hold, rollback }];
      }
    }
    return [{ kind: 'never', checkId, signal }];
  });
  return plan.allowWiden ? advice : [...advice, { kind: 'widen', upToPercent: EARLY_PERCENT }];
}

/** The line `times` as far from no effect, rounded to three digits; a fixed limit has no such distance. */
function widened(line: Line | null, times: number): Line | null {
  const round = (value: number) => Number(value.toPrecision(3));
  switch (line?.compare) {
    case undefined:
      return null;
    case 'difference':
      return { compare: 'difference', by: round(line.by * times) };
    case 'ratio':
      return { compare: 'ratio', times: round(line.times ** times) };
    case 'band':
      return { compare: 'band', times: round(line.times ** times), floor: round(line.floor * times) };
    case 'absolute':
      return line;
  }
}

import type { Check, Line } from '../plan/check.ts';
import { type NullLine, RATE_FLOOR } from './evidence-process.ts';

/**
 * The three edges a check is judged by, all worse than no effect:
 * `hold` and `rollback` are the user's (on the estimate), `evidence` is where harm evidence is measured from, and `wide` and
 * `tight` are the margins that safety evidence must rule out before an early or a late promotion.
 */
export interface Edges {
  readonly evidence: Line;
  readonly wide: Line;
  readonly tight: Line;
}

/**
 * Derives the edges a user did not write: only a rollback line puts the hold half-way to no effect (square root for a
 * ratio); only a hold line makes the early margin twice as wide. An absolute limit has no "half-way": evidence and margins are
 * the limit itself. Null for a check without any line, which informs and is never judged.
 */
export function edgesOf(check: Pick<Check, 'hold' | 'rollback'>, kappa: number): Edges | null {
  const tight = check.hold ?? (check.rollback === null ? null : scaled(check.rollback, 0.5));
  if (tight === null) return null;
  const wide = check.rollback ?? scaled(tight, 2);
  return { evidence: kappa > 1 ? wide : scaled(tight, kappa), tight, wide };
}

/** The line at `share` of its distance from no effect; a ratio moves on the log scale, so that twice is the square. */
function scaled(line: Line, share: number): Line {
  switch (line.compare) {
    case 'difference':
      return { compare: 'difference', by: line.by * share };
    case 'ratio':
      return { compare: 'ratio', times: line.times ** share };
    case 'band':
      return { compare: 'band', times: line.times ** share, floor: line.floor * share };
    case 'absolute':
      return line;
  }
}

/**
 * The line as null lines for a process whose treated arm must not exceed it. A band is over only when both its lines are.
 *
 * `oriented` says how a check whose decrease is bad was turned around: `asIs` for an increase, `failures` when counts were
 * turned into failures (an absolute floor becomes a ceiling), `swapped` when the arms changed places (a fall of the canary is a
 * rise of stable against it).
 */
export function nullLines(line: Line, oriented: 'asIs' | 'failures' | 'swapped'): readonly NullLine[] {
  switch (line.compare) {
    case 'difference':
      return [{ times: 1, plus: line.by }];
    case 'absolute':
      // "Above 0 %" and "below 100 %" leave no room for any event; a rate of nothing has no likelihood.
      return [{ times: 0, plus: Math.max(oriented === 'failures' ? 1 - line.at : line.at, RATE_FLOOR) }];
    case 'ratio':
      return [{ times: oriented === 'swapped' ? 1 / line.times : line.times, plus: 0 }];
    case 'band': {
      const times = oriented === 'swapped' ? 1 / line.times : line.times;
      return [
        { times, plus: 0 },
        { times: 1, plus: line.floor },
      ];
    }
  }
}

/** Two values of one signal: shares are fractions, latencies ms. */
export interface Pair {
  readonly canary: number;
  readonly baseline: number;
}

/** Whether the pair is at or over the line, on the side that is worse. */
export function isOver(line: Line, worse: Check['worse'], pair: Pair): boolean {
  const sign = worse === 'increase' ? 1 : -1;
  const difference = sign * (pair.canary - pair.baseline);
  const isWorseRatio = (times: number) =>
    worse === 'increase' ? pair.canary >= times * pair.baseline : pair.canary <= times * pair.baseline;
  switch (line.compare) {
    case 'difference':
      return difference >= line.by;
    case 'absolute':
      return sign * (pair.canary - line.at) >= 0;
    case 'ratio':
      // Nothing against nothing is no ratio: without events on either side no line is reached.
      return pair.canary !== pair.baseline && isWorseRatio(line.times);
    case 'band':
      return difference >= line.floor && isWorseRatio(line.times);
  }
}

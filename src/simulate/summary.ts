import { wilson as wilsonInterval } from '../core/gate/interval.ts';
import type { EngineRun } from './engine-run.ts';
import type { Look, Run } from './run-tally.ts';
import { isActive, type World } from './world.ts';

/** A share of counted runs with its 95 % interval. */
export interface Share {
  readonly count: number;
  readonly of: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/** How long it took, over those runs in which it happened; ms. */
export interface Times {
  readonly count: number;
  readonly medianMs: number;
  readonly p90Ms: number;
}

/** What came of many rollouts of one plan in worlds that differ by their seed alone. */
export interface Summary {
  readonly rollouts: number;
  /** Starts that preflight, or a signal that could not be read, refused; they are in no share below. */
  readonly refused: number;
  readonly rolledBack: Share;
  /** A person was needed: asked, or told that it is held until they answered. */
  readonly person: Share;
  readonly complete: Share;
  /** Neither an end nor an answer before the simulation stopped looking. */
  readonly unfinished: Share;
  /** Runs that went to everyone all the same, after they had been held or asked about. */
  readonly paused: number;
  /** From when the effect first reached the canary to the first hold, ask or rollback; null when it never happened. */
  readonly firstAction: Times | null;
  /** Runs that held, asked or rolled back before there was anything to act on. */
  readonly early: number;
  /** Mean failed requests that the change caused, per rollout. */
  readonly harmedRequests: number;
  /** Runs in which a stage was entered on little evidence, as the operator allows. */
  readonly widened: number;
  /** Promotions without clear evidence. Must be none. */
  readonly blindPromotions: number;
}

/** One run, and when its effect first reached the canary: ms after the start, 0 where there is none, null for never. */
export interface Outcome {
  readonly run: EngineRun;
  readonly onsetMs: number | null;
}

/** Watches the looks of one run for the moment when an effect is first in force on somebody. */
export function onsetWatch(world: World): {
  readonly onLook: (look: Look) => void;
  readonly onsetMs: () => number | null;
} {
  let onset: number | null = world.effects.length === 0 ? 0 : null;
  let before = 0;
  return {
    onLook: ({ elapsedMs, percent }) => {
      const moment = { elapsedMs: before, percent };
      if (onset === null && percent > 0 && world.effects.some((effect) => isActive(effect, moment)))
        onset = before;
      before = elapsedMs;
    },
    onsetMs: () => onset,
  };
}

export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const ran = outcomes.flatMap(({ run, onsetMs }) => (run.kind === 'ran' ? [{ run: run.run, onsetMs }] : []));
  const ended = (end: Run['end']) => wilson(ran.filter(({ run }) => run.end === end).length, ran.length);
  const acted = ran.flatMap(({ run, onsetMs }) =>
    run.firstActionMs === null ? [] : [run.firstActionMs - (onsetMs ?? Number.POSITIVE_INFINITY)],
  );
  const sum = (of: (run: Run) => number) => ran.reduce((total, { run }) => total + of(run), 0);
  return {
    rollouts: outcomes.length,
    refused: outcomes.filter(({ run }) => run.kind === 'refused').length,
    rolledBack: ended('rolled_back'),
    person: ended('person'),
    complete: ended('complete'),
    unfinished: ended('unfinished'),
    paused: ran.filter(({ run }) => run.end === 'complete' && run.firstActionMs !== null).length,
    firstAction: timesOf(acted.filter((ms) => ms >= 0)),
    early: acted.filter((ms) => ms < 0).length,
    harmedRequests: ran.length === 0 ? 0 : sum((run) => run.badRequests) / ran.length,
    widened: ran.filter(({ run }) => run.widened > 0).length,
    blindPromotions: sum((run) => run.blindPromotions),
  };
}

function timesOf(times: readonly number[]): Times | null {
  if (times.length === 0) return null;
  const sorted = times.toSorted((a, b) => a - b);
  return { count: sorted.length, medianMs: nearestRank(sorted, 0.5), p90Ms: nearestRank(sorted, 0.9) };
}

/** The smallest value that at least this share of them does not exceed: always one that was seen. */
function nearestRank(sorted: readonly number[], p: number): number {
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? 0;
}

/**
 * A binomial share with Wilson's 95 % interval, which stays inside 0 to 1 and says something when the count is 0 or all.
 * Of nothing, the interval is all there is. Source: Wilson (1927); Brown, Cai and DasGupta (2001) on why this one.
 */
export function wilson(count: number, of: number): Share {
  const { low, high } = wilsonInterval({ n: of, x: count }) ?? { low: 0, high: 1 };
  return {
    count,
    of,
    share: of === 0 ? 0 : count / of,
    low: count === 0 ? 0 : low,
    high: count === of ? 1 : high,
  };
}

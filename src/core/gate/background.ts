import type { Check } from '../plan/check.ts';
import { noiseFloor } from './noise-floor.ts';
import type { Sample } from './sample.ts';
import { type Season, seasonOf } from './season.ts';
import { countsIn } from './share-counts.ts';

/** What was learned of each signal from stable's past when the rollout began, fixed from then on. */
export type Background = Readonly<Record<string, SignalBackground>>;

export interface SignalBackground {
  /** Coefficient of variation of one side from look to look. */
  readonly tau: number;
  readonly season: Season | null;
}

/**
 * The noise of each counted signal, from windows that each last `perWindow` looks, and how its rate goes with the hour, from hourly ones. A signal
 * without counts (a latency, a level) has no such noise, and a single look says nothing of it.
 */
export function backgroundOf(
  checks: readonly Check[],
  windows: readonly Sample[],
  hours: readonly Sample[],
  perWindow: number,
): Background {
  return Object.fromEntries(
    checks.flatMap((check) => {
      const seen = stableCounts(check, windows);
      if (seen.length < 2) return [];
      return [
        [check.signal, { tau: noiseFloor(seen, perWindow), season: seasonOf(stableCounts(check, hours)) }],
      ];
    }),
  );
}

function stableCounts(check: Check, samples: readonly Sample[]) {
  return samples.flatMap((sample) => {
    if (sample.signal !== check.signal || sample.cohort !== 'stable') return [];
    const counts = sample.quality.unusable === null ? countsIn(check, sample.stat) : null;
    return counts === null ? [] : [{ ...counts, from: sample.from }];
  });
}

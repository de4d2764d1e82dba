import type { Effect } from '../../../src/simulate/world.ts';
import { MINUTE_MS, P99 } from './bench-plan.ts';

/** What a change does in a cell, under the name its column has. Sizes are shares: 0.007 is 0.7 points. */
export interface NamedEffect {
  readonly name: string;
  readonly effects: readonly Effect[];
  /** When it begins, ms after the start. */
  readonly onsetMs: number;
}

export function step(points: number): NamedEffect {
  return { name: `+${points}`, effects: [{ kind: 'step', by: points / 100 }], onsetMs: 0 };
}

export const NONE: NamedEffect = { name: 'none', effects: [], onsetMs: 0 };
export const PLUS_07 = step(0.7);
export const PLUS_2 = step(2);
export const PLUS_3 = step(3);
export const PLUS_10 = step(10);

const LATE_MS = 38 * MINUTE_MS;
const DRIFT_MS = 12 * MINUTE_MS;

/** The nine worlds of the main tables. */
export const MAIN_EFFECTS: readonly NamedEffect[] = [
  NONE,
  {
    name: 'none + incident',
    effects: [{ kind: 'incident', times: 6, fromMs: 20 * MINUTE_MS, forMs: 8 * MINUTE_MS }],
    onsetMs: 0,
  },
  step(0.3),
  PLUS_07,
  PLUS_2,
  PLUS_3,
  PLUS_10,
  {
    name: 'drift',
    effects: [{ kind: 'drift', perMinute: 0.001, fromMs: DRIFT_MS }],
    onsetMs: DRIFT_MS,
  },
  { name: 'late +3', effects: [{ kind: 'step', by: 0.03, fromMs: LATE_MS }], onsetMs: LATE_MS },
];

function stretch(times: number): NamedEffect {
  return {
    name: `p99 ×${times}`,
    effects: [{ kind: 'stretch', signal: P99, times, above: 0.9 }],
    onsetMs: 0,
  };
}

export const LATENCY_EFFECTS: readonly NamedEffect[] = [
  { ...NONE, name: 'p99 none' },
  stretch(1.2),
  stretch(2),
];

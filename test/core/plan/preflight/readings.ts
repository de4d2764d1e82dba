import type { Moments, Stat } from '../../../../src/core/gate/sample.ts';
import type { Ladder } from '../../../../src/core/plan/ladder.ts';
import type { TrafficReading } from '../../../../src/core/plan/preflight/traffic.ts';
import { ERROR_RATE } from '../../../support/rollout-rig.ts';
import { sample } from '../../gate/looks.ts';

export const MINUTE = 60_000;
const READ_MINUTES = 10;

/** Ten minutes of stable's traffic, one statistic for each signal. */
export function reading(stats: Readonly<Record<string, Stat>>): TrafficReading {
  return {
    overMs: READ_MINUTES * MINUTE,
    samples: Object.entries(stats).map(([signal, stat]) => sample(signal, 'stable', stat)),
  };
}

/** So many requests a minute, of which this share fails. */
export function traffic(perMinute: number, share: number, signal = ERROR_RATE.signal): TrafficReading {
  const n = perMinute * READ_MINUTES;
  return reading({ [signal]: { kind: 'share', n, x: n * share } });
}

/** Durations with the shares of these buckets; `bounds` has one entry fewer. */
export function durations(perMinute: number, bounds: readonly number[], shares: readonly number[]): Stat {
  return { kind: 'histogram', bounds, counts: shares.map((share) => share * perMinute * READ_MINUTES) };
}

/** Durations whose tail thins out evenly on the log scale, in buckets a twentieth wide; p95 lies near 220 ms. */
export function fineDurations(perMinute: number): Stat {
  const bounds = Array.from({ length: 80 }, (_, at) => 10 * 1.05 ** at);
  const over = (ms: number) => Math.min(1, (ms / 10) ** -0.97);
  const edges = [0, ...bounds];
  const shares = edges.map((edge, at) => over(edge) - (at < bounds.length ? over(bounds[at] ?? 0) : 0));
  return durations(perMinute, bounds, shares);
}

/** Values of mean 10 with this coefficient of variation; the companion is 1 for every unit. */
export function values(perMinute: number, cv: number): Stat {
  const n = perMinute * READ_MINUTES;
  const sums: Moments = { n, y: 10 * n, yy: 100 * n * (1 + cv ** 2), z: n, zz: n, yz: 10 * n };
  return { kind: 'moments', ...sums };
}

export function ladderOf(holdMs: number, percents: readonly number[] = [1, 5, 25, 100]): Ladder {
  return percents.map((percent) => ({ exposure: { kind: 'percent', percent }, holdMs }));
}

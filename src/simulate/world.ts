import type { Sample, Stat, Unusable } from '../core/gate/sample.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredExposure } from '../ports/exposure.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { type Random, randomFrom } from './random.ts';

/** A target that does not exist: traffic on a clock, errors and latency by exposure, and telemetry that can fail. */
export interface WorldSettings {
  readonly seed: number;
  readonly requestsPerSecond: number;
  readonly stableErrorRate: number;
  /** Extra canary error share, given percent exposed and ms since the world began. */
  readonly extraErrors: (at: { readonly percent: number; readonly elapsedMs: number }) => number;
  /** Canary latency as a multiple of stable's, likewise. */
  readonly slowdown: (at: { readonly percent: number; readonly elapsedMs: number }) => number;
  /** Whether the canary is dead: it still has its exposure, and emits nothing. */
  readonly isDead: (at: { readonly percent: number; readonly elapsedMs: number }) => boolean;
  /** What is wrong with the telemetry now, if anything. */
  readonly telemetryFault: (elapsedMs: number) => Unusable | null;
}

export const CALM: Omit<WorldSettings, 'seed'> = {
  requestsPerSecond: 1_000,
  stableErrorRate: 0.002,
  extraErrors: () => 0,
  slowdown: () => 1,
  isDead: () => false,
  telemetryFault: () => null,
};

/** Lognormal latency: median 20 ms, and this spread on the log scale. */
const MEDIAN_MS = 20;
const SPREAD = 0.4;
/** Log buckets of ten percent from 2 ms to about 2 s. */
const BOUNDS: readonly number[] = Array.from(
  { length: 73 },
  (_, at) => Math.round(2 * 1.1 ** at * 1e6) / 1e6,
);
/** Latencies drawn per cohort and look; counts are scaled up beyond it. */
const MOST_DRAWN = 5_000;

/**
 * Telemetry of such a world: each read counts what happened since the last committed one, by Poisson arrivals and binomial
 * errors. Signals named `*.latency_*` are histograms, everything else shares.
 */
export function simulatedTelemetry(
  settings: WorldSettings,
  clock: Pick<Clock, 'now'>,
  exposure: () => DesiredExposure,
): Telemetry {
  const random = randomFrom(settings.seed);
  const begunAt = clock.now();
  return {
    read: async ({ signals, cursor }) => {
      const to = clock.now();
      const from = cursor === null ? to : Number(cursor);
      const fault = cursor === null ? 'first_read' : settings.telemetryFault(to - begunAt);
      const { percent } = exposure();
      const at = { percent, elapsedMs: to - begunAt };
      const seconds = (to - from) / 1000;
      const requests = {
        canary: settings.isDead(at)
          ? 0
          : random.poisson((settings.requestsPerSecond * seconds * percent) / 100),
        stable: random.poisson((settings.requestsPerSecond * seconds * (100 - percent)) / 100),
      };
      const samples = signals.flatMap((signal) =>
        (['canary', 'stable'] as const).map((cohort): Sample => {
          const isCanary = cohort === 'canary';
          const p = Math.min(1, settings.stableErrorRate + (isCanary ? settings.extraErrors(at) : 0));
          const stat = (): Stat =>
            signal.includes('latency')
              ? latencies(random, requests[cohort], isCanary ? settings.slowdown(at) : 1)
              : { kind: 'share', n: requests[cohort], x: random.binomial(requests[cohort], p) };
          return {
            signal,
            cohort,
            from,
            to,
            stat: fault === null ? stat() : null,
            quality: {
              unusable: fault,
              detail: fault === null ? null : `simulated ${fault}`,
              resets: 0,
              born: 0,
            },
          };
        }),
      );
      // What could not be read stays uncounted, as with a scrape that failed.
      return { samples, cursor: String(fault === null || cursor === null ? to : from) };
    },
  };
}

function latencies(random: Random, n: number, factor: number): Stat {
  const counts = new Array<number>(BOUNDS.length + 1).fill(0);
  const drawn = Math.min(n, MOST_DRAWN);
  for (let draw = 0; draw < drawn; draw++) {
    const ms = MEDIAN_MS * factor * Math.exp(SPREAD * random.normal());
    const found = BOUNDS.findIndex((bound) => ms <= bound);
    const bucket = found === -1 ? BOUNDS.length : found;
    counts[bucket] = (counts[bucket] ?? 0) + 1;
  }
  const scale = drawn === 0 ? 1 : n / drawn;
  return { kind: 'histogram', bounds: BOUNDS, counts: counts.map((count) => Math.round(count * scale)) };
}

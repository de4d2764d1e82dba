import type { Sample } from '../core/gate/sample.ts';
import type { Clock } from '../ports/clock.ts';
import type { DesiredExposure } from '../ports/exposure.ts';
import type { HistoryRequest, Telemetry } from '../ports/telemetry.ts';
import { worldTraffic } from './traffic.ts';
import type { World } from './world.ts';

/** Added to a world's seed for its past, which is drawn apart: asking for it leaves what happens next as it is. */
const PAST_SEED = 0x9a57;

/** A month of minutes. */
const MAX_WINDOWS = 50_000;

/**
 * A world behind the telemetry port: each read counts what happened since the last one that was kept. What could not be read
 * stays uncounted and comes with the next reading, as with a scrape that failed. Its past is what its traffic would have been
 * with nobody exposed: the same request always gives the same past.
 */
export function simulatedTelemetry(
  world: World,
  clock: Pick<Clock, 'now'>,
  exposure: () => DesiredExposure,
): Telemetry {
  const begunAt = clock.now();
  const traffic = worldTraffic(world, begunAt);
  return {
    read: async ({ signals, cursor }) => {
      const to = clock.now();
      const from = cursor === null ? to : Number(cursor);
      const counted = traffic.count({ from, to, percent: exposure().percent, signals });
      const samples =
        cursor === null
          ? counted.map((sample) => ({
              ...sample,
              stat: null,
              quality: { ...sample.quality, unusable: 'first_read' as const, detail: 'simulated first_read' },
            }))
          : counted;
      const isLost = samples.some((sample) => sample.quality.unusable !== null);
      return { samples, cursor: String(isLost && cursor !== null ? from : to) };
    },
    history: (request) => pastOf(world, begunAt, { ...request, to: Math.min(request.to, clock.now()) }),
  };
}

async function pastOf(world: World, begunAt: number, request: HistoryRequest): Promise<readonly Sample[]> {
  const { signals, from, to, windowMs, abort } = request;
  const windows = Math.floor((to - from) / windowMs);
  if (!(windowMs > 0) || windows > MAX_WINDOWS) {
    throw new RangeError(`a history of ${windows} windows of ${windowMs} ms: at most ${MAX_WINDOWS}`);
  }
  const past = worldTraffic({ ...world, seed: world.seed + PAST_SEED }, begunAt);
  const samples: Sample[] = [];
  for (let at = 0; at < windows; at++) {
    // Whoever gives up does so between two windows.
    await null;
    if (abort.aborted) break;
    const window = { from: from + at * windowMs, to: from + (at + 1) * windowMs };
    const counted = past.count({ ...window, percent: 0, signals });
    samples.push(...counted.filter(({ cohort }) => cohort === 'stable'));
  }
  return samples;
}

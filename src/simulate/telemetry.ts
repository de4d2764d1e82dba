import type { Clock } from '../ports/clock.ts';
import type { DesiredExposure } from '../ports/exposure.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { worldTraffic } from './traffic.ts';
import type { World } from './world.ts';

/**
 * A world behind the telemetry port: each read counts what happened since the last one that was kept. What could not be read
 * stays uncounted and comes with the next reading, as with a scrape that failed.
 */
export function simulatedTelemetry(
  world: World,
  clock: Pick<Clock, 'now'>,
  exposure: () => DesiredExposure,
): Telemetry {
  const traffic = worldTraffic(world, clock.now());
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
  };
}

import { sizeOf } from '../../gate/exceedance.ts';
import type { Sample, Stat } from '../../gate/sample.ts';
import type { Check } from '../check.ts';

/** What the target showed before anything moved. */
export interface TrafficReading {
  /** Length of the reading, ms. */
  readonly overMs: number;
  /** Stable-side samples, one per signal at the most. */
  readonly samples: readonly Sample[];
}

const MINUTE_MS = 60_000;

/** What stable showed of the signal; null when it showed nothing, as with a series that only the new version has. */
export function stableStat(check: Check, traffic: TrafficReading): Stat | null {
  const stat = traffic.samples.find((s) => s.signal === check.signal && s.cohort === 'stable')?.stat ?? null;
  return (sizeOfStat(stat) ?? 0) > 0 ? stat : null;
}

/** Units seen over the reading. For a series that stable never showed, the target's own traffic stands in. */
export function unitsOf(check: Check, traffic: TrafficReading): number {
  const units = sizeOfStat(stableStat(check, traffic));
  return units ?? Math.max(0, ...traffic.samples.map((sample) => sizeOfStat(sample.stat) ?? 0));
}

/** Units of the busiest of these checks per minute. */
export function unitsPerMinute(checks: readonly Check[], traffic: TrafficReading): number {
  const counted = checks.filter((check) => check.measure.kind !== 'level');
  const most = Math.max(0, ...counted.map((check) => unitsOf(check, traffic)));
  return traffic.overMs > 0 ? (most * MINUTE_MS) / traffic.overMs : 0;
}

function sizeOfStat(stat: Stat | null): number | null {
  switch (stat?.kind) {
    case 'share':
    case 'count':
    case 'moments':
      return stat.n;
    case 'histogram':
      return sizeOf(stat);
    default:
      return null;
  }
}

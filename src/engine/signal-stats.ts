import type { Evidence } from '../core/gate/evidence.ts';
import { quantileOf, sizeOf, sumOf } from '../core/gate/exceedance.ts';
import type { Sample, Stat } from '../core/gate/sample.ts';
import type { SignalKind } from '../core/plan/signal-kinds.ts';
import type { SignalStats, SignalStatsOf, StatsWindow } from '../ports/change-reads.ts';
import type { EngineParts } from './parts.ts';

const MINUTE_MS = 60_000;
const WINDOWS_MS: Readonly<Record<StatsWindow, number>> = {
  '1h': 60 * MINUTE_MS,
  '1d': 24 * 60 * MINUTE_MS,
  '7d': 7 * 24 * 60 * MINUTE_MS,
};
/** Of one window, this many parts are asked of a source that keeps a past. */
const PARTS = 12;
/** Rollouts whose looks are added up, and looks of each, the newest first. */
const MOST_ROLLOUTS = 10;
const MOST_LOOKS = 300;
/** What a latency is told by. */
const TOLD_QUANTILE = 0.95;

/**
 * How much of a signal a target shows: from its telemetry where that keeps a past, else from what earlier rollouts counted on the
 * stable side, over the time they looked. Null where neither has counted any.
 */
export function signalStatsOf({
  store,
  targetFor,
  clock,
}: Pick<EngineParts, 'store' | 'targetFor' | 'clock'>): SignalStatsOf {
  return async (target, signal, window, abort) => {
    const [to, windowMs] = [clock.now(), WINDOWS_MS[window]];
    const from = to - windowMs;
    const request = { signals: [signal], from, to, windowMs: windowMs / PARTS, abort };
    const past = (await targetFor(target)?.telemetry.history(request)) ?? [];
    return statsOf(past, signal) ?? statsOf(await countedSince(from), signal);

    async function countedSince(since: number): Promise<readonly Sample[]> {
      const rows = await store.list({
        unfinishedOnly: false,
        limit: MOST_ROLLOUTS,
        on: { target, surface: null },
      });
      const samples: Sample[] = [];
      for (const { id } of rows.filter((row) => row.target === target)) {
        const entries = (await store.readLog(id, 1)).filter(({ at }) => at >= since).slice(-MOST_LOOKS);
        for (const { evidence } of entries) {
          const body = evidence === null ? null : await store.evidence(evidence);
          if (body !== null) samples.push(...(JSON.parse(body) as Evidence).samples);
        }
      }
      return samples;
    }
  };
}

function statsOf(samples: readonly Sample[], signal: SignalKind): SignalStats | null {
  const counted = samples.filter(
    (sample) => sample.signal === signal && sample.cohort === 'stable' && sample.quality.unusable === null,
  );
  const stats = counted.flatMap(({ stat }) => stat ?? []);
  const events = stats.reduce((sum, stat) => sum + eventsOf(stat), 0);
  const minutes = counted.reduce((sum, { from, to }) => sum + (to - from), 0) / MINUTE_MS;
  if (stats.length === 0 || minutes <= 0) return null;
  return { events, perMinute: events / minutes, value: toldBy(stats) };
}

/** Counted events, units or observations; a level has readings. */
function eventsOf(stat: Stat): number {
  if (stat.kind === 'level') return 1;
  return stat.kind === 'histogram' ? sizeOf(stat) : stat.n;
}

/** Over all of them: a share, events a unit, the 95th percentile, a mean or ratio, the last level. Null when nothing was counted. */
function toldBy(stats: readonly Stat[]): number | null {
  const last = stats.at(-1);
  if (last === undefined) return null;
  if (last.kind === 'level') return last.value;
  if (last.kind === 'histogram') {
    const same = stats.filter(
      (stat) => stat.kind === 'histogram' && stat.bounds.join() === last.bounds.join(),
    );
    return quantileOf(sumOf(same as (typeof last)[]), TOLD_QUANTILE);
  }
  let [over, under] = [0, 0];
  for (const stat of stats) {
    if (stat.kind === 'share' || stat.kind === 'count') [over, under] = [over + stat.x, under + stat.n];
    else if (stat.kind === 'moments') [over, under] = [over + stat.y, under + stat.n];
  }
  return under === 0 ? null : over / under;
}

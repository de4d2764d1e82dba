import { type Histogram, quantileOf, resolutionAt, sizeOf } from '../../gate/exceedance.ts';
import type { GateSettings } from '../../gate/settings.ts';
import { type Check, type Line, signalName } from '../check.ts';
import { shareOver } from './histogram-shape.ts';
import { isTooCoarse } from './quantile-forecast.ts';
import { stableStat, type TrafficReading } from './traffic.ts';

/**
 * A quantile check whose line the buckets cannot resolve, as a check of the share over the bucket edge just above stable's
 * quantile, which is exact. Each line becomes what that share would be if every duration were as much longer (log-linear inside
 * stable's buckets). Id, severity and provenance stay. The check comes back as it is where the buckets are fine enough, where
 * the quantile lies in the overflow, where stable was not seen, and where a line is a fixed limit: nothing but the limit's own
 * share could stand for it.
 */
export function resolvable(check: Check, traffic: TrafficReading, settings: GateSettings): Check {
  const stat = stableStat(check, traffic);
  const { measure } = check;
  if (measure.kind !== 'quantile' || stat?.kind !== 'histogram') return check;
  if (!isTooCoarse(check, 'tight', stat, settings)) return check;
  const edge = edgeBeside(stat, measure.p);
  const quantile = quantileOf(stat, measure.p);
  if (edge === null || quantile === null || edge.share <= 0) return check;
  const lines = [check.hold, check.rollback].map((line) =>
    line === null ? null : overEdge(line, check.worse, stat, edge),
  );
  const [hold = null, rollback = null] = lines;
  if (hold?.compare === 'absolute' || rollback?.compare === 'absolute') return check;
  return {
    ...check,
    measure: { kind: 'share_over', edgeMs: edge.ms, p: measure.p },
    hold,
    rollback,
    flags: [...check.flags, 'coarse_buckets'],
    why: `${unstopped(check.why)}. ${whyText(check, { hold: hold ?? rollback, edgeMs: edge.ms, stat })}`,
  };
}

/** The edge above the quantile, or the one below where nothing at all was seen beyond it. */
function edgeBeside(histogram: Histogram, p: number): { readonly ms: number; readonly share: number } | null {
  const quantile = quantileOf(histogram, p);
  const overflow = histogram.counts[histogram.bounds.length] ?? 0;
  if (quantile === null || overflow > (1 - p) * sizeOf(histogram)) return null;
  const above = histogram.bounds.findIndex((bound) => bound >= quantile);
  for (const ms of [histogram.bounds[above], histogram.bounds[above - 1]]) {
    if (ms === undefined) continue;
    const share = shareOver(histogram, ms);
    if (share > 0) return { ms, share };
  }
  return null;
}

/** The line translated: the share over the edge of durations that lie exactly on it. */
function overEdge(
  line: Line,
  worse: Check['worse'],
  histogram: Histogram,
  edge: { readonly ms: number; readonly share: number },
): Line {
  const sign = worse === 'increase' ? 1 : -1;
  const timesLonger = (times: number) => round(shareOver(histogram, edge.ms / times) / edge.share);
  const moreBy = (ms: number) =>
    round(Math.abs(shareOver(histogram, Math.max(edge.ms - sign * ms, 0)) - edge.share));
  switch (line.compare) {
    case 'ratio':
      return { compare: 'ratio', times: timesLonger(line.times) };
    case 'band':
      return { compare: 'band', times: timesLonger(line.times), floor: moreBy(line.floor) };
    case 'difference':
      return { compare: 'difference', by: moreBy(line.by) };
    case 'absolute':
      return line;
  }
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** "p95 latency within 10 % is watched as the share over 250 ms, at most ×1.31, because the buckets are 2.5× wide there." */
function whyText(
  check: Check,
  to: { readonly hold: Line | null; readonly edgeMs: number; readonly stat: Histogram },
): string {
  const line = check.hold ?? check.rollback;
  const { measure } = check;
  if (line?.compare !== 'ratio' && line?.compare !== 'band') return '';
  if (to.hold?.compare !== 'ratio' && to.hold?.compare !== 'band') return '';
  if (measure.kind !== 'quantile') return '';
  const percent = Math.round(Math.abs(line.times - 1) * 1000) / 10;
  const most = check.worse === 'increase' ? 'at most' : 'at least';
  const wide = resolutionAt(to.stat, measure.p);
  const because = Number.isFinite(wide)
    ? `the buckets are ${Math.round(wide * 10) / 10}× wide there`
    : 'it lies in the lowest bucket';
  return `${signalName(check)} within ${percent} % is watched as the share over ${to.edgeMs} ms, ${most} ×${Math.round(to.hold.times * 100) / 100}, because ${because}.`;
}

function unstopped(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

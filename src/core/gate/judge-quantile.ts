import type { Check, Line } from '../plan/check.ts';
import { NO_HISTOGRAMS, type QuantileState } from './check-state.ts';
import { type Histogram, quantileOf, resolutionAt, sizeOf, sumOf } from './exceedance.ts';
import type { Arm, Finding, JudgeContext } from './finding.ts';
import { clearInMs } from './forecast.ts';
import { quantileDifference } from './interval.ts';
import { edgesOf } from './lines.ts';
import { outcomeOf, SILENT_WINDOWS } from './outcome.ts';
import { logOppositeOf, logSafetyOf, logTrailingOf, quantileFactor } from './quantile-evidence.ts';
import type { Sides } from './share-counts.ts';

/** A latency quantile check: exceedance evidence on histograms, never a percentile of percentiles. */
export function judgeQuantile(check: Check, state: QuantileState, context: JudgeContext): Finding {
  const p = check.measure.kind === 'quantile' ? check.measure.p : 0.95;
  const stage = state.stages.at(-1) ?? NO_HISTOGRAMS;
  const trailing = {
    canary: sumOf(state.trailing.map((window) => window.canary)),
    stable: sumOf(state.trailing.map((window) => window.stable)),
  };
  const { times } = quantileFactor(check, state.stages);
  const baseline = (histogram: Histogram) => {
    const value = quantileOf(histogram, p);
    return value === null ? null : value * times;
  };
  const safetyLog = logSafetyOf(check, state, context.margin, context.settings);
  return outcomeOf(
    check,
    state,
    {
      canary: armOf(stage.canary, quantileOf(stage.canary, p)),
      baseline: armOf(stage.stable, baseline(stage.stable)),
      trailing: { canary: quantileOf(trailing.canary, p), baseline: baseline(trailing.stable) },
      interval: times === 1 ? quantileDifference(stage.canary, stage.stable, p) : null,
      clearInMs: () => forecast(state, safetyLog, context),
      oppositeLog: logOppositeOf(check, state, context.settings),
      ...(context.settings.isLiteral === true
        ? { before: beforeLast(stage, state.trailing.at(-1), p, times) }
        : {}),
      trailingLog: logTrailingOf(check, trailing, context.settings),
      harmLog: state.peak,
      safetyLog,
      recent: state.trailing.slice(-SILENT_WINDOWS).map((window) => ({
        canary: sizeOf(window.canary),
        stable: sizeOf(window.stable),
      })),
      tooCoarse: isTooCoarse(check, stage.stable, p, context),
    },
    context,
  );
}

/** Buckets wider than the square root of the margin cannot tell within it. */
function isTooCoarse(check: Check, stable: Histogram, p: number, context: JudgeContext): boolean {
  const edges = edgesOf(check, context.settings.kappa);
  if (edges === null || sizeOf(stable) === 0) return false;
  const times = timesOf(edges[context.margin]);
  return times !== null && resolutionAt(stable, p) > Math.sqrt(times);
}

function timesOf(line: Line): number | null {
  if (line.compare !== 'ratio' && line.compare !== 'band') return null;
  return line.times >= 1 ? line.times : 1 / line.times;
}

function armOf(histogram: Histogram, value: number | null): Arm {
  return { units: sizeOf(histogram), events: null, value };
}

function beforeLast(
  stage: Sides<Histogram>,
  last: Sides<Histogram> | undefined,
  p: number,
  times: number,
): Finding['trailing'] {
  const value = (side: 'canary' | 'stable') => {
    const { bounds, counts } = stage[side];
    return quantileOf(
      { bounds, counts: counts.map((count, at) => count - (last?.[side].counts[at] ?? 0)) },
      p,
    );
  };
  const stable = value('stable');
  return { canary: value('canary'), baseline: stable === null ? null : stable * times };
}

/** Safety evidence of exceedances grows with the requests: what they brought so far is what they go on bringing. */
function forecast(state: QuantileState, safetyLog: number, context: JudgeContext): number | null {
  const seen = state.stages.reduce((sum, stage) => sum + sizeOf(stage.canary), 0);
  const recent = state.trailing;
  const perLook = recent.reduce((sum, { canary }) => sum + sizeOf(canary), 0) / Math.max(recent.length, 1);
  const growth = seen === 0 ? 0 : (Math.max(0, safetyLog) / seen) * perLook;
  const outlook = {
    missing: context.thresholds.safe - safetyLog,
    recent,
    looksOwed: context.settings.minIntervals - state.intervals,
  };
  return clearInMs(outlook, growth, 0);
}

import type { Check, Line } from '../plan/check.ts';
import { NO_HISTOGRAMS, plusHistograms, type QuantileState } from './check-state.ts';
import { type Histogram, quantileOf, resolutionAt, sizeOf } from './exceedance.ts';
import type { Arm, Finding, JudgeContext } from './finding.ts';
import { edgesOf } from './lines.ts';
import { outcomeOf } from './outcome.ts';
import { logSafetyOf, logTrailingOf } from './quantile-evidence.ts';

/** A latency quantile check: exceedance evidence on histograms, never a percentile of percentiles. */
export function judgeQuantile(check: Check, state: QuantileState, context: JudgeContext): Finding {
  const p = check.measure.kind === 'quantile' ? check.measure.p : 0.95;
  const stage = state.stages.at(-1) ?? NO_HISTOGRAMS;
  const trailing = state.trailing.reduce((sum, window) => plusHistograms(sum, window), NO_HISTOGRAMS);
  return outcomeOf(
    check,
    state,
    {
      canary: armOf(stage.canary, p),
      baseline: armOf(stage.stable, p),
      trailing: { canary: quantileOf(trailing.canary, p), baseline: quantileOf(trailing.stable, p) },
      trailingLog: logTrailingOf(check, trailing, context.settings),
      harmLog: state.peak,
      safetyLog: logSafetyOf(check, state, context.margin, context.settings),
      recent: state.trailing.map((window) => ({
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

function armOf(histogram: Histogram, p: number): Arm {
  return { units: sizeOf(histogram), events: null, value: quantileOf(histogram, p) };
}

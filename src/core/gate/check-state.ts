import type { Check } from '../plan/check.ts';
import { added, EMPTY_HISTOGRAM, type Histogram, sameBounds } from './exceedance.ts';
import { NO_MOMENTS } from './moments.ts';
import type { Moments, Sample, Unusable } from './sample.ts';
import type { Parts, Sides } from './share-counts.ts';
import { nextShareStage, type ShareState, startShare } from './share-state.ts';

/** What the gate remembers of one check: a fold of its samples, so that it can always be recomputed from the log. */
export type CheckState = ShareState | QuantileState | MomentsState | LevelState;

export interface Seen {
  /** Intervals of this stage in which both sides were readable and the canary was seen. */
  readonly intervals: number;
  readonly lastUsableAt: number | null;
  /** Why the last reading could not be used, and since when it is so. Null after a usable one. */
  readonly blind: { readonly since: number; readonly why: Unusable; readonly detail: string } | null;
}

export interface QuantileState extends Seen {
  readonly kind: 'quantile';
  /** Requests by segment over the rollout. */
  readonly mix: Sides<Parts>;
  /** Totals of each stage so far, the current one last. */
  readonly stages: readonly Sides<Histogram>[];
  readonly trailing: readonly (Sides<Histogram> & { readonly to: number })[];
  /** Highest ln E of harm so far. */
  readonly peak: number;
}

export interface MomentsState extends Seen {
  readonly kind: 'moments';
  /** What stable showed before the rollout: what CUPED's slope is learned from until a stage has closed. */
  readonly before: Moments;
  /** What whole windows of each stage summed to, the current one last. */
  readonly stages: readonly Sides<Moments>[];
  /** What partial windows of the current stage add: for estimates and harm, never for safety. */
  readonly partial: Sides<Moments>;
  readonly trailing: readonly (Sides<Moments> & { readonly to: number })[];
  /** Highest ln E of harm so far. */
  readonly peak: number;
}

export interface LevelState extends Seen {
  readonly kind: 'level';
  readonly last: Sides<number> | null;
  /** Looks in a row at or over the hold line, and over the rollback line. */
  readonly overHold: number;
  readonly overRollback: number;
}

const UNSEEN: Seen = { intervals: 0, lastUsableAt: null, blind: null };
export const NO_SUMS: Sides<Moments> = { canary: NO_MOMENTS, stable: NO_MOMENTS };
export const NO_HISTOGRAMS: Sides<Histogram> = { canary: EMPTY_HISTOGRAM, stable: EMPTY_HISTOGRAM };

export function startState(check: Check, kappa: number): CheckState {
  switch (check.measure.kind) {
    case 'share':
    case 'count':
    case 'share_over':
      return startShare(check, kappa, UNSEEN);
    case 'quantile':
      return {
        ...UNSEEN,
        kind: 'quantile',
        mix: { canary: {}, stable: {} },
        stages: [NO_HISTOGRAMS],
        trailing: [],
        peak: 0,
      };
    case 'mean':
    case 'ratio':
      return {
        ...UNSEEN,
        kind: 'moments',
        before: NO_MOMENTS,
        stages: [NO_SUMS],
        partial: NO_SUMS,
        trailing: [],
        peak: 0,
      };
    case 'level':
      return { ...UNSEEN, kind: 'level', last: null, overHold: 0, overRollback: 0 };
  }
}

/** Closes the stage: its totals start anew, what was learned over the rollout stays. */
export function nextStage(state: CheckState): CheckState {
  switch (state.kind) {
    case 'share':
      return nextShareStage(state);
    case 'quantile':
      return { ...state, stages: [...state.stages, NO_HISTOGRAMS], trailing: [], intervals: 0 };
    case 'moments':
      return { ...state, stages: [...state.stages, NO_SUMS], partial: NO_SUMS, trailing: [], intervals: 0 };
    case 'level':
      return { ...state, intervals: 0, overHold: 0, overRollback: 0 };
  }
}

/** One window's samples of a check's signal. */
export interface Window {
  readonly canary: Sample;
  readonly stable: Sample;
}

/** Why this window cannot be trusted as evidence of health, if so. An absolute check needs only the canary. */
export function unusableIn(window: Window, needsStable: boolean): Sample | null {
  const canary = unusable(window.canary);
  if (canary !== null) return canary;
  return needsStable ? unusable(window.stable) : null;
}

/** A sample that says nothing and names no reason is missing all the same. */
function unusable(sample: Sample): Sample | null {
  if (sample.quality.unusable !== null) return sample;
  if (sample.stat !== null) return null;
  const quality = {
    ...sample.quality,
    unusable: 'metric_missing' as const,
    detail: `${sample.signal} has no reading`,
  };
  return { ...sample, quality };
}

export function seenAfter(state: Seen, window: Window, bad: Sample | null, canaryUnits: number): Seen {
  const at = window.canary.to;
  if (bad !== null && bad.quality.unusable !== null) {
    return {
      intervals: state.intervals,
      lastUsableAt: state.lastUsableAt,
      blind: {
        since: state.blind?.since ?? at,
        why: bad.quality.unusable,
        detail: bad.quality.detail ?? bad.quality.unusable,
      },
    };
  }
  return { intervals: state.intervals + (canaryUnits > 0 ? 1 : 0), lastUsableAt: at, blind: null };
}

/** Folds one window of a histogram. The caller has made sure that all bounds agree. */
export function absorbQuantile(
  state: QuantileState,
  window: Sides<Histogram>,
  at: number,
  trailingMs: number,
): QuantileState {
  const current = state.stages.at(-1) ?? NO_HISTOGRAMS;
  return {
    ...state,
    stages: [...state.stages.slice(0, -1), plusHistograms(current, window)],
    trailing: [...state.trailing, { ...window, to: at }].filter((entry) => entry.to > at - trailingMs),
  };
}

export function plusHistograms(a: Sides<Histogram>, b: Sides<Histogram>): Sides<Histogram> {
  return { canary: added(a.canary, b.canary), stable: added(a.stable, b.stable) };
}

/** Whether a histogram can be added to what was seen before: the same bounds, or nothing seen yet. */
export function fits(state: QuantileState, histogram: Histogram): boolean {
  return state.stages.every(({ canary, stable }) =>
    [canary, stable].every((seen) => seen.counts.length === 0 || sameBounds(seen, histogram)),
  );
}

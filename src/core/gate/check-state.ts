import type { Check } from '../plan/check.ts';
import {
  type Counts,
  HARM_START,
  type HarmState,
  RATE_FLOOR,
  SAFETY_START,
  type SafetyState,
  stepHarm,
  stepSafety,
} from './evidence-process.ts';
import { added, EMPTY_HISTOGRAM, type Histogram, sameBounds } from './exceedance.ts';
import { edgesOf, nullLines } from './lines.ts';
import { NO_MOMENTS } from './moments.ts';
import { type Oriented, orient } from './orientation.ts';
import type { Moments, Sample, Unusable } from './sample.ts';
import type { GateSettings } from './settings.ts';

/** What the gate remembers of one check: a fold of its samples, so that it can always be recomputed from the log. */
export type CheckState = ShareState | QuantileState | MomentsState | LevelState;

interface Seen {
  /** Intervals of this stage in which both sides were readable and the canary was seen. */
  readonly intervals: number;
  readonly lastUsableAt: number | null;
  /** Why the last reading could not be used, and since when it is so. Null after a usable one. */
  readonly blind: { readonly since: number; readonly why: Unusable; readonly detail: string } | null;
}

/** Both sides of one window. */
export interface Sides<T> {
  readonly canary: T;
  readonly stable: T;
}

export interface ShareState extends Seen {
  readonly kind: 'share';
  /** One process per null line of the evidence edge; a band has two. */
  readonly harm: readonly HarmState[];
  readonly wide: readonly SafetyState[];
  readonly tight: readonly SafetyState[];
  /** Decayed past counts: what predicts the next interval's rates. */
  readonly predicted: Sides<Counts>;
  readonly stage: Sides<Counts>;
  readonly rollout: Sides<Counts>;
  readonly trailing: readonly (Sides<Counts> & { readonly to: number })[];
}

export interface QuantileState extends Seen {
  readonly kind: 'quantile';
  /** Totals of each stage so far, the current one last. */
  readonly stages: readonly Sides<Histogram>[];
  readonly trailing: readonly (Sides<Histogram> & { readonly to: number })[];
  /** Highest ln E of harm so far. */
  readonly peak: number;
}

export interface MomentsState extends Seen {
  readonly kind: 'moments';
  readonly stage: Sides<Moments>;
  readonly rollout: Sides<Moments>;
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
const NO_COUNTS: Sides<Counts> = { canary: { n: 0, x: 0 }, stable: { n: 0, x: 0 } };
const NO_SUMS: Sides<Moments> = { canary: NO_MOMENTS, stable: NO_MOMENTS };
export const NO_HISTOGRAMS: Sides<Histogram> = { canary: EMPTY_HISTOGRAM, stable: EMPTY_HISTOGRAM };

export function startState(check: Check, kappa: number): CheckState {
  switch (check.measure.kind) {
    case 'share':
    case 'count':
    case 'share_over': {
      const edges = edgesOf(check, kappa);
      const lines = edges === null ? 1 : nullLines(edges.evidence, orient(check)).length;
      const repeat = <T>(start: T) => Array.from({ length: lines }, () => start);
      return {
        ...UNSEEN,
        kind: 'share',
        harm: repeat(HARM_START),
        wide: repeat(SAFETY_START),
        tight: repeat(SAFETY_START),
        predicted: NO_COUNTS,
        stage: NO_COUNTS,
        rollout: NO_COUNTS,
        trailing: [],
      };
    }
    case 'quantile':
      return { ...UNSEEN, kind: 'quantile', stages: [NO_HISTOGRAMS], trailing: [], peak: 0 };
    case 'mean':
    case 'ratio':
      return { ...UNSEEN, kind: 'moments', stage: NO_SUMS, rollout: NO_SUMS, trailing: [], peak: 0 };
    case 'level':
      return { ...UNSEEN, kind: 'level', last: null, overHold: 0, overRollback: 0 };
  }
}

/** Closes the stage: its totals start anew, what was learned over the rollout stays. */
export function nextStage(state: CheckState): CheckState {
  switch (state.kind) {
    case 'share':
      return { ...state, stage: NO_COUNTS, trailing: [], intervals: 0 };
    case 'quantile':
      return { ...state, stages: [...state.stages, NO_HISTOGRAMS], trailing: [], intervals: 0 };
    case 'moments':
      return { ...state, stage: NO_SUMS, trailing: [], intervals: 0 };
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
  if (window.canary.quality.unusable !== null) return window.canary;
  return needsStable && window.stable.quality.unusable !== null ? window.stable : null;
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

/**
 * Folds one window of shares. A `partial` window feeds harm and the estimates, never safety: missing data may raise an
 * alarm, it can never clear one.
 */
export function absorbShare(
  state: ShareState,
  check: Check,
  counts: Sides<Counts>,
  context: { readonly at: number; readonly partial: boolean; readonly settings: GateSettings },
): ShareState {
  const { settings } = context;
  const oriented = orient(check);
  const arms = orientedCounts(counts, oriented);
  const past = orientedCounts(state.predicted, oriented);
  const noise = { tau: settings.tau };
  const stepped = (edge: 'evidence' | 'wide' | 'tight') => {
    const edges = edgesOf(check, settings.kappa);
    return edges === null ? [] : nullLines(edges[edge], oriented);
  };
  const evidenceLines = check.intent === 'expect_change' ? [{ times: 1, plus: 0 }] : stepped('evidence');
  const harm = evidenceLines.map((line, at) => {
    const before = state.harm[at] ?? HARM_START;
    const ls = predictedRate(line.times === 0 ? past.treated : past.reference, line);
    return ls === null
      ? before
      : stepHarm(before, arms, line, ls, { noise, plannedLooks: settings.plannedLooks });
  });
  const safety = (states: readonly SafetyState[], edge: 'wide' | 'tight') =>
    stepped(edge).map((line, at) => {
      const before = states[at] ?? SAFETY_START;
      const ls = predictedRate(line.times === 0 ? past.treated : past.reference, line);
      return ls === null || context.partial ? before : stepSafety(before, arms, line, ls, noise);
    });
  return {
    ...state,
    harm,
    wide: safety(state.wide, 'wide'),
    tight: safety(state.tight, 'tight'),
    predicted: {
      canary: decayed(state.predicted.canary, counts.canary, settings.predictionDecay),
      stable: decayed(state.predicted.stable, counts.stable, settings.predictionDecay),
    },
    stage: plus(state.stage, counts),
    rollout: plus(state.rollout, counts),
    trailing: [...state.trailing, { ...counts, to: context.at }].filter(
      (entry) => entry.to > context.at - settings.trailingMs,
    ),
  };
}

/** A rate predicted from earlier counts only; null before there are any. Absolute lines need one strictly below the limit. */
function predictedRate(past: Counts, line: { readonly times: number; readonly plus: number }): number | null {
  if (past.n <= 0) return line.times === 0 ? line.plus / 2 : null;
  const rate = Math.max(past.x / past.n, RATE_FLOOR);
  return line.times === 0 ? Math.min(rate, 0.9 * line.plus) : rate;
}

export function orientedCounts(
  counts: Sides<Counts>,
  oriented: Oriented,
): { readonly treated: Counts; readonly reference: Counts } {
  switch (oriented) {
    case 'asIs':
      return { treated: counts.canary, reference: counts.stable };
    case 'failures':
      return { treated: failures(counts.canary), reference: failures(counts.stable) };
    case 'swapped':
      return { treated: counts.stable, reference: counts.canary };
  }
}

function failures(counts: Counts): Counts {
  return { n: counts.n, x: counts.n - counts.x };
}

function decayed(past: Counts, now: Counts, keep: number): Counts {
  return { n: past.n * keep + now.n, x: past.x * keep + now.x };
}

function plus(a: Sides<Counts>, b: Sides<Counts>): Sides<Counts> {
  return {
    canary: { n: a.canary.n + b.canary.n, x: a.canary.x + b.canary.x },
    stable: { n: a.stable.n + b.stable.n, x: a.stable.x + b.stable.x },
  };
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

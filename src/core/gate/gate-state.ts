import type { Check } from '../plan/check.ts';
import type { Background } from './background.ts';
import { isMixDifferent } from './baseline.ts';
import {
  absorbQuantile,
  type CheckState,
  fits,
  type LevelState,
  type MomentsState,
  NO_HISTOGRAMS,
  nextStage,
  plusHistograms,
  type QuantileState,
  seenAfter,
  startState,
  unusableIn,
  type Window,
} from './check-state.ts';
import type { Evidence } from './evidence.ts';
import type { Counts } from './evidence-process.ts';
import { type Histogram, sameBounds, sizeOf } from './exceedance.ts';
import { frozenCounts, frozenHistogram } from './frozen-baseline.ts';
import { isOver } from './lines.ts';
import { arePossible, NO_MOMENTS, timesMoments } from './moments.ts';
import { absorbMoments } from './moments-state.ts';
import { orient } from './orientation.ts';
import { logHarmOf } from './quantile-evidence.ts';
import type { Part, Sample, Stat } from './sample.ts';
import { seasonBetween } from './season.ts';
import { inMixOf, segmentSizes } from './segment-histogram.ts';
import type { GateSettings } from './settings.ts';
import { clustersIn, countsIn, type Parts, plusParts, segmentsIn, withRateTimes } from './share-counts.ts';
import { absorbShare, type ShareState } from './share-state.ts';

/** What the gate remembers of a rollout, by check id: a fold of its evidence. */
export type GateState = Readonly<Record<string, CheckState>>;

/** The settings a signal is judged under: its own noise floor where one was learned. */
export function settingsFor(
  settings: GateSettings,
  background: Background | undefined,
  signal: string,
): GateSettings {
  const learned = background?.[signal];
  return learned === undefined ? settings : { ...settings, tau: learned.tau };
}

/** How this stage's windows are to be read. */
export interface StageContext {
  readonly settings: GateSettings;
  /** Nobody is left on the old side: the baseline is what stable showed earlier. */
  readonly alone: boolean;
  /** Looks over which a frozen baseline is spread. */
  readonly looks: number;
  /** Stages in the ladder: latency restarts share their weight over these. */
  readonly stages: number;
  readonly background?: Background;
  /** When the stable side that a frozen baseline is made of was seen, ms since the epoch. */
  readonly frozenAt?: number;
  /** The margin this stage is left by; both are proved where none is named. */
  readonly margin?: 'wide' | 'tight';
}

export function startGate(checks: readonly Check[], settings: GateSettings): GateState {
  return Object.fromEntries(checks.map((check) => [check.id, startState(check, settings.kappa)]));
}

export function enterStage(gate: GateState): GateState {
  return Object.fromEntries(Object.entries(gate).map(([id, state]) => [id, nextStage(state)]));
}

/** Folds one look into the gate's memory. */
export function absorb(
  checks: readonly Check[],
  gate: GateState,
  evidence: Evidence,
  context: StageContext,
): GateState {
  const windows = windowsBySignal(evidence);
  return Object.fromEntries(
    checks.map((check) => {
      const state = gate[check.id] ?? startState(check, context.settings.kappa);
      const window = windows.get(check.signal);
      if (window !== undefined) {
        const settings = settingsFor(context.settings, context.background, check.signal);
        const timed = withTimeFault(window, state, evidence.at, settings);
        return [check.id, absorbWindow(check, state, timed, { ...context, settings })];
      }
      // A look that read others and not this one knows less than it should; a look that read nothing was not for reading.
      return [
        check.id,
        evidence.samples.length === 0 ? state : { ...state, blind: unread(state, evidence.at) },
      ];
    }),
  );
}

function unread(state: CheckState, at: number): CheckState['blind'] {
  return {
    since: state.blind?.since ?? at,
    why: 'metric_missing',
    detail: 'the look did not read this signal',
  };
}

function windowsBySignal(evidence: Evidence): ReadonlyMap<string, Window> {
  const windows = new Map<string, Window>();
  for (const canary of evidence.samples) {
    if (canary.cohort !== 'canary') continue;
    const stable = evidence.samples.find((s) => s.cohort === 'stable' && s.signal === canary.signal);
    if (stable !== undefined) windows.set(canary.signal, { canary, stable });
  }
  return windows;
}

/**
 * A window whose time cannot be right counts for nothing: it ends in the future, its sides cover different times, or it reaches
 * back over time that was counted already, and its events would count twice.
 */
function withTimeFault(window: Window, state: CheckState, at: number, settings: GateSettings): Window {
  const { canary, stable } = window;
  if (canary.quality.unusable !== null || stable.quality.unusable !== null) return window;
  const fault =
    canary.to > at + settings.staleMs
      ? `the reading ends ${canary.to - at} ms after the look`
      : canary.from !== stable.from || canary.to !== stable.to
        ? 'the two sides were read over different times'
        : canary.from > canary.to || canary.from < (state.lastUsableAt ?? canary.from)
          ? 'the reading covers time that was counted before'
          : null;
  if (fault === null) return window;
  const quality = {
    ...canary.quality,
    unusable: 'clock_skew' as const,
    detail: `${canary.signal}: ${fault}`,
  };
  // Blind since this look, whatever the reading says of its own time: one from the future must not put the hold off.
  return { canary: { ...canary, to: at, stat: null, quality }, stable };
}

function absorbWindow(check: Check, state: CheckState, window: Window, context: StageContext): CheckState {
  switch (state.kind) {
    case 'share':
      return shareWindow(check, state, window, context);
    case 'quantile':
      return quantileWindow(check, state, window, context);
    case 'moments':
      return momentsWindow(check, state, window, context);
    case 'level':
      return levelWindow(check, state, window, context);
  }
}

function shareWindow(check: Check, state: ShareState, window: Window, context: StageContext): ShareState {
  const kind =
    check.measure.kind === 'count' ? 'count' : check.measure.kind === 'share' ? 'share' : 'histogram';
  // Impossible counts weigh more than being partial: a partial window is still used.
  const fault = misshapen(window, kind, context) ?? unusableIn(window, needsStable(check, context));
  const canary = countsIn(check, window.canary.stat);
  const stable = context.alone
    ? inSeason(check, frozenCounts(state.rollout.stable, context.looks), window.canary.to, context)
    : countsIn(check, window.stable.stat);
  const seen = { ...state, ...seenAfter(state, window, fault, canary?.n ?? 0) };
  if (canary === null || (fault !== null && fault.quality.unusable !== 'partial')) return seen;
  const segments = {
    canary: segmentsIn(check, window.canary.stat),
    stable: context.alone ? frozenParts(state.mix.stable) : segmentsIn(check, window.stable.stat),
  };
  return absorbShare(
    seen,
    check,
    { canary, stable: stable ?? { n: 0, x: 0 }, segments, clusters: clustersIn(window.canary.stat) },
    {
      at: window.canary.to,
      partial: fault !== null,
      settings: context.settings,
      frozen: context.alone,
      ...marginOf(check, context),
    },
  );
}

/** A frozen past at the rate it would have at this hour. */
function inSeason(check: Check, counts: Counts, now: number, context: StageContext): Counts {
  const season = context.background?.[check.signal]?.season ?? null;
  const times = seasonBetween(season, context.frozenAt ?? now, now);
  return withRateTimes(counts, times, orient(check) === 'failures' ? 'failures' : 'asIs');
}

function marginOf(check: Check, context: StageContext): Pick<StageContext, 'margin'> {
  const margin = check.margin ?? context.margin;
  return margin === undefined ? {} : { margin };
}

function frozenParts(parts: Parts): readonly Part[] {
  return Object.entries(parts).map(([key, counts]) => ({ key, ...counts }));
}

function quantileWindow(
  check: Check,
  state: QuantileState,
  window: Window,
  context: StageContext,
): QuantileState {
  const p = check.measure.kind === 'quantile' ? check.measure.p : 0.95;
  const canary = histogramOf(window.canary.stat);
  const measured = histogramOf(window.stable.stat);
  // While alone the current stage's stable side is frozen itself, and must not grow what it was made of.
  const past = state.stages.slice(0, -1).reduce(plusHistograms, NO_HISTOGRAMS).stable;
  const stable = context.alone ? frozenHistogram(past, p, context.looks) : measured;
  const changed =
    [canary, measured].some((seen) => seen !== null && !fits(state, seen)) ||
    (canary !== null && measured !== null && !sameBounds(canary, measured));
  const fault =
    unusableIn(window, needsStable(check, context)) ??
    misshapen(window, 'histogram', context) ??
    (changed
      ? inconsistent(
          window.canary,
          'the bucket bounds differ between the two sides, or changed during the rollout',
        )
      : null);
  const seen = { ...state, ...seenAfter(state, window, fault, canary === null ? 0 : sizeOf(canary)) };
  if (fault !== null || canary === null) return seen;
  const mix = {
    canary: plusParts(state.mix.canary, segmentSizes(window.canary.stat)),
    stable: plusParts(state.mix.stable, segmentSizes(window.stable.stat)),
  };
  const [own, other] = [window.canary.stat, window.stable.stat];
  const isMixed =
    !context.alone && own?.kind === 'histogram' && other?.kind === 'histogram' && isMixDifferent(mix);
  const baseline = isMixed ? inMixOf(own, other) : stable;
  const sides = { canary, stable: baseline ?? { bounds: canary.bounds, counts: canary.counts.map(() => 0) } };
  const absorbed = absorbQuantile({ ...seen, mix }, sides, window.canary.to, context.settings.trailingMs);
  return { ...absorbed, peak: Math.max(state.peak, logHarmOf(check, absorbed, context)) };
}

function momentsWindow(
  check: Check,
  state: MomentsState,
  window: Window,
  context: StageContext,
): MomentsState {
  const fault = misshapen(window, 'moments', context) ?? unusableIn(window, needsStable(check, context));
  const canary = window.canary.stat?.kind === 'moments' ? window.canary.stat : null;
  const seen = { ...state, ...seenAfter(state, window, fault, canary?.n ?? 0) };
  if (canary === null || (fault !== null && fault.quality.unusable !== 'partial')) return seen;
  const measured = !context.alone && window.stable.stat?.kind === 'moments' ? window.stable.stat : NO_MOMENTS;
  // What an A/B test predicted of the canary is stable's own value, so many times as large.
  const predicted = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const stable = predicted === 1 ? measured : timesMoments(measured, predicted);
  const at = window.canary.to;
  return absorbMoments(seen, check, { canary, stable }, { ...context, at, partial: fault !== null });
}

/** Levels have no sampling model: the rule is literal, and two looks in a row must agree. */
function levelWindow(check: Check, state: LevelState, window: Window, context: StageContext): LevelState {
  const fault = unusableIn(window, needsStable(check, context)) ?? misshapen(window, 'level', context);
  const canary = window.canary.stat?.kind === 'level' ? window.canary.stat.value : null;
  const seen = { ...state, ...seenAfter(state, window, fault, canary === null ? 0 : 1) };
  if (fault !== null || canary === null) return seen;
  const baseline =
    window.stable.stat?.kind === 'level' ? window.stable.stat.value : (state.last?.stable ?? canary);
  const pair = { canary, baseline };
  const over = (line: Check['hold']) => line !== null && isOver(line, check.worse, pair);
  if (check.intent === 'expect_change') {
    return {
      ...seen,
      last: { canary, stable: baseline },
      overHold: hasMoved(check.worse === 'increase' ? 'decrease' : 'increase', pair) ? state.overHold + 1 : 0,
      overRollback: hasMoved(check.worse, pair) ? state.overRollback + 1 : 0,
    };
  }
  return {
    ...seen,
    last: { canary, stable: baseline },
    overHold: over(check.hold) ? state.overHold + 1 : 0,
    overRollback: over(check.rollback) ? state.overRollback + 1 : 0,
  };
}

/** An expected change of a level has no line of its own: it has moved when it differs by a twentieth. */
const LEVEL_MOVE = 1.05;

function hasMoved(
  direction: Check['worse'],
  pair: { readonly canary: number; readonly baseline: number },
): boolean {
  const times = direction === 'increase' ? LEVEL_MOVE : 1 / LEVEL_MOVE;
  return isOver({ compare: 'ratio', times }, direction, pair);
}

function needsStable(check: Check, context: StageContext): boolean {
  if (context.alone) return false;
  return [check.hold, check.rollback].some((line) => line !== null && line.compare !== 'absolute');
}

/** A sample whose statistic is of another kind than the check's, or impossible, is no evidence. */
function misshapen(window: Window, kind: Stat['kind'], context: StageContext): Sample | null {
  const sides = context.alone ? [window.canary] : [window.canary, window.stable];
  for (const sample of sides) {
    if (sample.stat === null) continue;
    if (sample.stat.kind !== kind) {
      return inconsistent(sample, `${sample.signal} arrived as a ${sample.stat.kind}, not as a ${kind}`);
    }
    if (!isPossible(sample.stat)) return inconsistent(sample, `${sample.signal} has impossible counts`);
  }
  return null;
}

function isPossible(stat: Stat): boolean {
  switch (stat.kind) {
    case 'share':
      return stat.n <= Number.MAX_SAFE_INTEGER && stat.x >= 0 && stat.x <= stat.n && arePartsWhole(stat);
    case 'count':
      return (
        stat.n >= 0 &&
        stat.n <= Number.MAX_SAFE_INTEGER &&
        stat.x >= 0 &&
        stat.x <= Number.MAX_SAFE_INTEGER &&
        arePartsWhole(stat)
      );
    case 'moments':
      return arePossible(stat);
    case 'histogram':
      return (
        stat.counts.length === stat.bounds.length + 1 &&
        stat.counts.every((count) => count >= 0 && count <= Number.MAX_SAFE_INTEGER) &&
        stat.bounds.every((bound, at) => Number.isFinite(bound) && bound > (stat.bounds[at - 1] ?? 0)) &&
        (stat.segments ?? []).every(
          ({ counts }) => counts.length === stat.counts.length && counts.every(isCount),
        )
      );
    case 'level':
      return Number.isFinite(stat.value);
  }
}

/** Parts that do not add up to their whole were not counted from the same events. */
function arePartsWhole(stat: Extract<Stat, { kind: 'share' | 'count' }>): boolean {
  return [stat.segments, stat.clusters].every((parts) => {
    if (parts === undefined) return true;
    const n = parts.reduce((sum, part) => sum + part.n, 0);
    const x = parts.reduce((sum, part) => sum + part.x, 0);
    return n === stat.n && x === stat.x && parts.every((part) => part.n >= 0 && part.x >= 0);
  });
}

function isCount(count: number): boolean {
  return count >= 0 && count <= Number.MAX_SAFE_INTEGER;
}

function inconsistent(sample: Sample, detail: string): Sample {
  return { ...sample, stat: null, quality: { ...sample.quality, unusable: 'inconsistent', detail } };
}

function histogramOf(stat: Stat | null): Histogram | null {
  return stat?.kind === 'histogram' ? { bounds: stat.bounds, counts: stat.counts } : null;
}

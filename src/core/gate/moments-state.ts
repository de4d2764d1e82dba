import type { Check, Line, Measure } from '../plan/check.ts';
import { type MomentsState, NO_SUMS } from './check-state.ts';
import { DRIFT } from './frozen-baseline.ts';
import { edgesOf } from './lines.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { estimatesOf, NO_MOMENTS, plusMoments, plusSides, slopeOf } from './moments.ts';
import {
  type Contrast,
  contrastsOf,
  EXPECTED_UNITS,
  isThick,
  logMomentsEvidence,
  type Stratum,
} from './moments-evidence.ts';
import type { Moments } from './sample.ts';
import type { GateSettings } from './settings.ts';
import type { Sides } from './share-counts.ts';

interface HarmContext {
  readonly settings: GateSettings;
  /** Stages in the ladder: what begins with a stage shares its stake over these. */
  readonly stages: number;
  /** Nobody is left on the old side: the baseline is what stable showed in earlier stages. */
  readonly alone: boolean;
}

/**
 * Folds one window of sums. What a `partial` window counted is kept apart: it feeds the estimates and harm of this stage, never
 * safety, since missing data may raise an alarm and can never clear one.
 */
export function absorbMoments(
  state: MomentsState,
  check: Check,
  sides: Sides<Moments>,
  context: HarmContext & { readonly at: number; readonly partial: boolean },
): MomentsState {
  const { at, partial, settings } = context;
  const current = state.stages.at(-1) ?? NO_SUMS;
  const absorbed: MomentsState = {
    ...state,
    stages: partial ? state.stages : [...state.stages.slice(0, -1), plusSides(current, sides)],
    partial: partial ? plusSides(state.partial, sides) : state.partial,
    trailing: [...state.trailing, { ...sides, to: at }].filter(
      (entry) => entry.to > at - settings.trailingMs,
    ),
  };
  return { ...absorbed, peak: Math.max(state.peak, logHarmOf(check, absorbed, context)) };
}

/** Everything this stage showed, partial windows too; while alone, beside what stable showed before. */
export function stageSums(check: Check, state: MomentsState, alone: boolean): Stratum {
  const closed = state.stages.slice(0, -1);
  const seen = plusSides(state.stages.at(-1) ?? NO_SUMS, state.partial);
  const beta = isCuped(check) ? slopeOf([pastOf(state), ...closed]) : 0;
  return alone
    ? { ...seen, beta, stable: frozenMoments(pastStable(closed), seen.canary, check.measure) }
    : { ...seen, beta };
}

/**
 * ln E of harm now: half on the whole rollout, half spread over processes that begin with each stage of the ladder, so that what
 * begins at 25 % is not diluted by a clean 5 %. Only the current stage's process is added: those of closed stages are left out,
 * which makes E smaller, and their own highest value stays in the state's peak.
 */
export function logHarmOf(check: Check, state: MomentsState, context: HarmContext): number {
  const contrasts = harmContrasts(check, context.settings);
  if (contrasts === null) return 0;
  const needsStable = contrasts.some(({ times }) => times !== 0);
  const stage = stageSums(check, state, context.alone);
  const isFrozen = context.alone && needsStable;
  const closed = strataOf(check, { ...state, stages: state.stages.slice(0, -1) });
  const thick = (strata: readonly Stratum[]) =>
    strata.filter((stratum) => isThick(stratum, check.measure, needsStable));
  const log = (strata: readonly Stratum[], expectedUnits: number) =>
    logMomentsEvidence('harm', strata, contrasts, {
      measure: check.measure,
      alpha: context.settings.alphaHold,
      expectedUnits,
    });
  const whole = log(thick(isFrozen ? closed : [...closed, stage]), EXPECTED_UNITS);
  const since = isFrozen
    ? log(frozenThick(check, state), frozenUnits(check, state))
    : log(thick([stage]), EXPECTED_UNITS);
  const stake = Math.log(0.5 / Math.max(context.stages, state.stages.length));
  return logAdd(Math.log(0.5) + whole, stake + since);
}

/** The current stage beside the frozen baseline, if what that was made of is thick enough. */
function frozenThick(check: Check, state: MomentsState): readonly Stratum[] {
  const past = pastStable(state.stages.slice(0, -1));
  const stage = stageSums(check, state, true);
  return isThick({ ...stage, stable: past }, check.measure, true) && stage.stable.n > 0 ? [stage] : [];
}

/** A frozen baseline never grows: its sequence is narrowest at the little it is worth, known before the stage begins. */
function frozenUnits(check: Check, state: MomentsState): number {
  const past = pastStable(state.stages.slice(0, -1));
  return Math.min(EXPECTED_UNITS, 4 * Math.max(1, frozenMoments(past, past, check.measure).n));
}

/** ln E of safety with the given margin over all stages, each compared within itself, from whole windows alone. */
export function logSafetyOf(
  check: Check,
  state: MomentsState,
  margin: 'wide' | 'tight',
  settings: GateSettings,
): number {
  const edges = edgesOf(check, settings.kappa);
  if (edges === null) return LOG_FLOOR;
  return logMomentsEvidence('safe', safeStrata(check, state), contrastsOf(edges[margin], check, 'safe'), {
    measure: check.measure,
    alpha: settings.alphaSafe,
    expectedUnits: EXPECTED_UNITS,
  });
}

/** ln E of harm that the trailing window shows by itself, against the hold line; beside somebody only. */
export function logTrailingOf(
  check: Check,
  trailing: Sides<Moments>,
  context: { readonly beta: number; readonly settings: GateSettings },
): number {
  const edges = edgesOf(check, context.settings.kappa);
  if (edges === null || !isThick(trailing, check.measure, needsStable(check))) return LOG_FLOOR;
  return logMomentsEvidence(
    'harm',
    [{ ...trailing, beta: context.beta }],
    contrastsOf(edges.tight, check, 'harm'),
    { measure: check.measure, alpha: context.settings.alphaHold, expectedUnits: EXPECTED_UNITS },
  );
}

/** This stage, if it is thick enough to speak for safety: what was safe at 5 % says nothing of what begins at 25 %. */
export function safeStrata(check: Check, state: MomentsState): readonly Stratum[] {
  return strataOf(check, state)
    .slice(-1)
    .filter((stratum) => isThick(stratum, check.measure, needsStable(check)));
}

function strataOf(check: Check, state: MomentsState): readonly Stratum[] {
  return state.stages.map((sides, at) => ({
    ...sides,
    beta: isCuped(check) ? slopeOf([pastOf(state), ...state.stages.slice(0, at)]) : 0,
  }));
}

function isCuped({ measure }: Check): boolean {
  return measure.kind === 'mean' && measure.cuped;
}

function needsStable(check: Check): boolean {
  const isRelative = (line: Line | null) => line !== null && line.compare !== 'absolute';
  return isRelative(check.hold) || isRelative(check.rollback);
}

/** What evidence of harm is measured from: half-way to the hold line, or no effect where a change is expected to help. */
function harmContrasts(check: Check, settings: GateSettings): readonly Contrast[] | null {
  if (check.intent === 'expect_change') {
    // The line is "worse"; the change is meant to do the opposite.
    return [{ worse: check.worse === 'increase' ? -1 : 1, times: 1, plus: 0 }];
  }
  const edges = edgesOf(check, settings.kappa);
  return edges === null ? null : contrastsOf(edges.evidence, check, 'harm');
}

/** For an expected change, ln E that the value went the other way; nothing for any other check. */
export function logOppositeOf(check: Check, state: MomentsState, settings: GateSettings): number {
  if (check.intent !== 'expect_change') return LOG_FLOOR;
  const contrast: Contrast = { worse: check.worse === 'increase' ? 1 : -1, times: 1, plus: 0 };
  return logMomentsEvidence('harm', strataOf(check, state), [contrast], {
    measure: check.measure,
    alpha: settings.alphaHold,
    expectedUnits: EXPECTED_UNITS,
  });
}

/** Stable before the rollout, as a stage that closed before the first. */
function pastOf({ before }: MomentsState): Sides<Moments> {
  return { canary: NO_MOMENTS, stable: before };
}

function pastStable(closed: readonly Sides<Moments>[]): Moments {
  return closed.reduce((sum, { stable }) => plusMoments(sum, stable), NO_MOMENTS);
}

/**
 * The baseline while nobody runs beside the canary: stable's earlier sums, worth only as many units as a stable fleet drifts
 * from day to day, n* = v / (v/n + drift²). It is a total and not fed look by look, so it is never counted anew. The drift is
 * DRIFT of the geometric mean of both levels, which is what a drift by factors looks like: falling to nothing is no drift.
 */
function frozenMoments(past: Moments, canary: Moments, measure: Measure): Moments {
  const levels = estimatesOf({ canary, stable: past }, measure, 0);
  if (levels.stable === null || levels.stable.variance === 0) return NO_MOMENTS;
  const drift2 = Math.max(0, levels.stable.value * (levels.canary?.value ?? 0)) * DRIFT ** 2;
  // (v/n) / (v/n + drift²) is n*/n.
  const share = levels.stable.variance / (levels.stable.variance + drift2);
  const { n, y, yy, z, zz, yz } = past;
  return { n: n * share, y: y * share, yy: yy * share, z: z * share, zz: zz * share, yz: yz * share };
}

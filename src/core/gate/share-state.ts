import type { Check } from '../plan/check.ts';
import { type Factor, factorAgainst, lineAgainst, mixFactor, product, type StageTotals } from './baseline.ts';
import type { Seen } from './check-state.ts';
import { clusterPhi } from './clusters.ts';
import {
  type Counts,
  type HarmState,
  type NullLine,
  RATE_FLOOR,
  SAFETY_START,
  type SafetyState,
  STANDARD_MIXTURE,
  startHarm,
  stepHarm,
  stepSafety,
} from './evidence-process.ts';
import { edgesOf, nullLines } from './lines.ts';
import { type Oriented, orient } from './orientation.ts';
import type { Part } from './sample.ts';
import type { GateSettings } from './settings.ts';
import {
  decayed,
  NO_COUNTS,
  NONE,
  orientedCounts,
  type Parts,
  plusBoth,
  plusCounts,
  plusParts,
  type Sides,
  withRateTimes,
} from './share-counts.ts';

/** One window as it was judged: both arms, the canary's clusters, and when it ended. */
export interface JudgedWindow extends Sides<Counts> {
  readonly to: number;
  readonly clusters: readonly Part[];
}

export interface ShareState extends Seen {
  readonly kind: 'share';
  /** Held against its own previous stage: every stage is a comparison of its own. */
  readonly isPerStage: boolean;
  /** One process per null line of the evidence edge; a band has two. */
  readonly harm: readonly HarmState[];
  /** For an expected change, evidence that it went the other way. */
  readonly opposite: HarmState | null;
  readonly wide: readonly SafetyState[];
  readonly tight: readonly SafetyState[];
  /** Decayed past counts: what predicts the next interval's rates. */
  readonly predicted: Sides<Counts>;
  /** The stage so far as it is judged: the canary, and the baseline it is held against. */
  readonly stage: Sides<Counts>;
  /** The concurrent stable side of this stage, in the canary's mix of segments: what the next stage looks back at. */
  readonly concurrent: Counts;
  /** Raw counts of the whole rollout. */
  readonly rollout: Sides<Counts>;
  readonly previous: StageTotals | null;
  /** Segment totals over the rollout, and the canary's cluster totals over this stage. */
  readonly mix: Sides<Parts>;
  readonly clusters: Parts;
  readonly trailing: readonly JudgedWindow[];
}

/** The hold edge and the rollback edge. */
const TARGETS = 2;
const NO_EFFECT: NullLine = { times: 1, plus: 0 };

export function startShare(check: Check, kappa: number, unseen: Seen): ShareState {
  const edges = edgesOf(check, kappa);
  const lines = edges === null ? 1 : nullLines(edges.evidence, orient(check)).length;
  const repeat = <T>(start: T) => Array.from({ length: lines }, () => start);
  return {
    ...unseen,
    kind: 'share',
    isPerStage: check.against?.kind === 'previous_stage',
    harm: repeat(startHarm(TARGETS)),
    opposite: check.intent === 'expect_change' ? startHarm(TARGETS) : null,
    wide: repeat(SAFETY_START),
    tight: repeat(SAFETY_START),
    predicted: NO_COUNTS,
    stage: NO_COUNTS,
    concurrent: NONE,
    rollout: NO_COUNTS,
    previous: null,
    mix: { canary: {}, stable: {} },
    clusters: {},
    trailing: [],
  };
}

/**
 * Closes the stage: its totals become what the next one looks back at. Harm that was proved stays proved; safety must be proved
 * anew at every exposure, because what was safe at 5 % says nothing of what begins at 25 %.
 */
export function nextShareStage(state: ShareState): ShareState {
  const seen: StageTotals = { canary: state.stage.canary, stable: state.concurrent, looks: state.intervals };
  const harm = state.isPerStage ? state.harm.map(() => startHarm(TARGETS)) : state.harm;
  return {
    ...state,
    harm,
    wide: state.wide.map(() => SAFETY_START),
    tight: state.tight.map(() => SAFETY_START),
    previous: seen.canary.n > 0 ? seen : state.previous,
    stage: NO_COUNTS,
    concurrent: NONE,
    clusters: {},
    trailing: [],
    intervals: 0,
  };
}

/** One window of counts, as the sources told them apart. */
export interface ShareWindow extends Sides<Counts> {
  readonly segments?: Sides<readonly Part[]>;
  readonly clusters?: readonly Part[];
}

const NO_SEGMENTS: Sides<readonly Part[]> = { canary: [], stable: [] };

export interface ShareContext {
  readonly at: number;
  readonly partial: boolean;
  readonly settings: GateSettings;
  /** The margin this stage is left by: the other's process is left alone. Both are stepped where none is named. */
  readonly margin?: 'wide' | 'tight';
  /** The stable side is a frozen past: it must not grow what it was made of. */
  readonly frozen?: boolean;
}

/**
 * Folds one window of shares. A `partial` window feeds harm and the estimates, never safety: missing data may raise an
 * alarm, it can never clear one.
 */
export function absorbShare(
  state: ShareState,
  check: Check,
  window: ShareWindow,
  context: ShareContext,
): ShareState {
  const { settings } = context;
  const { segments = NO_SEGMENTS, clusters = [] } = window;
  const oriented = orient(check);
  const mix = {
    canary: plusParts(state.mix.canary, segments.canary),
    stable: context.frozen === true ? state.mix.stable : plusParts(state.mix.stable, segments.stable),
  };
  const mixed = mixFactor(segments, mix, oriented);
  const own = factorAgainst(check.against, state.previous, oriented, settings.tau);
  const factor = product(mixed, own);
  const judged: Sides<Counts> = {
    canary: window.canary,
    stable: withRateTimes(window.stable, factor.times, oriented),
  };
  const isEarlier = (entry: JudgedWindow) => entry.to > context.at - settings.trailingMs;
  return {
    ...state,
    ...(isTooEarly(check, state) ? {} : steppedEvidence(state, check, { window, factor }, context)),
    predicted: {
      canary: decayed(state.predicted.canary, window.canary, settings.predictionDecay),
      stable: decayed(state.predicted.stable, window.stable, settings.predictionDecay),
    },
    stage: plusBoth(state.stage, judged),
    concurrent: plusCounts(state.concurrent, withRateTimes(window.stable, mixed.times, oriented)),
    rollout:
      context.frozen === true
        ? { ...state.rollout, canary: plusCounts(state.rollout.canary, window.canary) }
        : plusBoth(state.rollout, window),
    mix,
    clusters: plusParts(state.clusters, clusters),
    trailing: [...state.trailing, { ...judged, to: context.at, clusters }].filter(isEarlier),
  };
}

/** A watch on the previous stage has nothing to say before there is one. */
export function isTooEarly(check: Check, state: ShareState): boolean {
  return check.intent === 'watch' && check.against?.kind === 'previous_stage' && state.previous === null;
}

/** Every process one window on, each on the line that the check's baseline puts it at. */
function steppedEvidence(
  state: ShareState,
  check: Check,
  { window, factor }: { readonly window: ShareWindow; readonly factor: Factor },
  context: ShareContext,
): Pick<ShareState, 'harm' | 'opposite' | 'wide' | 'tight'> {
  const { settings } = context;
  const oriented = orient(check);
  const edges = edgesOf(check, settings.kappa);
  const linesAt = (edge: 'evidence' | 'wide' | 'tight', side: 'harm' | 'safe') =>
    edges === null
      ? []
      : nullLines(edges[edge], oriented).map((line) => lineAgainst(line, factor, side, oriented));
  const arms = orientedCounts(window, oriented);
  const past = orientedCounts(state.predicted, oriented);
  const noise = { tau: settings.tau, phi: clusterPhi(state.clusters) };
  const [nearer, farther] = [linesAt('tight', 'harm'), linesAt('wide', 'harm')];
  const harmed = (before: HarmState, line: NullLine, at: number, turned: Oriented) => {
    const seen = turned === oriented ? arms : orientedCounts(window, turned);
    const known = turned === oriented ? past : orientedCounts(state.predicted, turned);
    const ls = predictedRate(line.times === 0 ? known.treated : known.reference, line);
    if (ls === null) return before;
    return stepHarm(before, seen, line, ls, {
      noise,
      plannedLooks: settings.plannedLooks,
      targets: [nearer[at] ?? line, farther[at] ?? line],
      mixture: STANDARD_MIXTURE,
    });
  };
  const safety = (states: readonly SafetyState[], edge: 'wide' | 'tight') => {
    // A watch is never needed for promoting: nobody asks it for safety.
    const isOther = context.margin !== undefined && context.margin !== edge;
    if (isOther || check.intent === 'watch') return states;
    return linesAt(edge, 'safe').map((line, at) => {
      const before = states[at] ?? SAFETY_START;
      const ls = predictedRate(line.times === 0 ? past.treated : past.reference, line);
      return ls === null || context.partial ? before : stepSafety(before, arms, line, ls, noise);
    });
  };
  const isExpected = check.intent === 'expect_change';
  const evidence = isExpected ? [NO_EFFECT] : linesAt('evidence', 'harm');
  const other: Oriented = oriented === 'swapped' ? 'asIs' : 'swapped';
  return {
    harm: evidence.map((line, at) => harmed(state.harm[at] ?? startHarm(TARGETS), line, at, oriented)),
    opposite: state.opposite === null ? null : harmed(state.opposite, NO_EFFECT, 0, other),
    wide: safety(state.wide, 'wide'),
    tight: safety(state.tight, 'tight'),
  };
}

/** A rate predicted from earlier counts only; null before there are any. Absolute lines need one strictly below the limit. */
function predictedRate(past: Counts, line: NullLine): number | null {
  if (past.n <= 0) return line.times === 0 ? line.plus / 2 : null;
  const rate = Math.max(past.x / past.n, RATE_FLOOR);
  return line.times === 0 ? Math.min(rate, 0.9 * line.plus) : rate;
}

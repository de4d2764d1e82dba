import type { Check } from '../plan/check.ts';
import { withoutWorst } from './clusters.ts';
import { type Counts, type HarmState, logEvidence, logSafety, RATE_FLOOR } from './evidence-process.ts';
import type { Arm, Finding, JudgeContext } from './finding.ts';
import { clearInMs, looksUntilUnder, shareGrowth } from './forecast.ts';
import { newcombe, rateDifference } from './interval.ts';
import { edgesOf, nullLines } from './lines.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { orient } from './orientation.ts';
import { outcomeOf, SILENT_WINDOWS, type WithoutWorst } from './outcome.ts';
import type { GateSettings } from './settings.ts';
import { orientedCounts, type Parts, plusParts, type Sides, sumOfSides } from './share-counts.ts';
import { isTooEarly, type ShareState } from './share-state.ts';

/** A share check: the two-arm evidence process against its lines. */
export function judgeShare(check: Check, state: ShareState, context: JudgeContext): Finding {
  const trailing = sumOfSides(state.trailing);
  const isRate = check.measure.kind === 'count';
  // A band is harmed only beyond both its lines (a union of nulls), and safe when either holds (an intersection).
  const safetyLog = meanOfE(state[context.margin].map(logSafety));
  const finding = outcomeOf(
    check,
    state,
    {
      canary: armOf(state.stage.canary),
      baseline: armOf(state.stage.stable),
      trailing: { canary: armOf(trailing.canary).value, baseline: armOf(trailing.stable).value },
      ...(context.settings.isLiteral === true ? { before: beforeLast(state) } : {}),
      trailingLog: logAlone(check, trailing, 'tight', context.settings),
      harmLog: leastPeak(state.harm) - (state.isPerStage ? Math.log(Math.max(context.stages, 1)) : 0),
      oppositeLog: state.opposite?.peak ?? LOG_FLOOR,
      safetyLog,
      withoutWorst: withoutWorstOf(check, state, trailing, context.settings),
      interval: (isRate ? rateDifference : newcombe)(state.stage.canary, state.stage.stable),
      clearInMs: () => forecast(check, { state, trailing, safetyLog }, context),
      recent: state.trailing.slice(-SILENT_WINDOWS).map(({ canary, stable }) => ({
        canary: canary.n,
        stable: stable.n,
      })),
      tooCoarse: false,
    },
    context,
  );
  const isUnfounded = isTooEarly(check, state) && finding.outcome !== 'no_data';
  return isUnfounded
    ? { ...finding, outcome: 'ambiguous', reason: 'no_previous_stage', clearInMs: null }
    : finding;
}

function beforeLast({ stage, trailing }: ShareState): Finding['trailing'] {
  const last = trailing.at(-1);
  const value = (side: 'canary' | 'stable') =>
    armOf({
      n: stage[side].n - (last?.[side].n ?? 0),
      x: stage[side].x - (last?.[side].x ?? 0),
    }).value;
  return { canary: value('canary'), baseline: value('stable') };
}

const NO_CLUSTERS: WithoutWorst = { stage: null, trailing: null };

/** The canary without its worst cluster, over the stage and over the trailing window: its rate, and what that says by itself. */
function withoutWorstOf(
  check: Check,
  state: ShareState,
  trailing: Sides<Counts>,
  settings: GateSettings,
): WithoutWorst {
  if (Object.keys(state.clusters).length < 2) return NO_CLUSTERS;
  const recent = state.trailing.reduce<Parts>((sum, window) => plusParts(sum, window.clusters), {});
  const rest = (clusters: Parts, stable: Counts, looks: number) => {
    const left = withoutWorst(clusters, check.worse);
    if (left === null || left.rest.n <= 0) return null;
    // What scatters a side from look to look averages out over them.
    const tau = settings.tau / Math.sqrt(Math.max(looks, 1));
    const log = logAlone(check, { canary: left.rest, stable }, 'evidence', { ...settings, tau });
    return { key: left.key, value: left.rest.x / left.rest.n, log };
  };
  return {
    stage: rest(state.clusters, state.stage.stable, state.intervals),
    trailing: rest(recent, trailing.stable, state.trailing.length),
  };
}

function forecast(
  check: Check,
  seen: { readonly state: ShareState; readonly trailing: Sides<Counts>; readonly safetyLog: number },
  context: JudgeContext,
): number | null {
  const { state, trailing, safetyLog } = seen;
  const edges = edgesOf(check, context.settings.kappa);
  if (edges === null) return null;
  const oriented = orient(check);
  const sums = orientedCounts(trailing, oriented);
  const looks = Math.max(state.trailing.length, 1);
  const average = [{ treated: sums.treated.n / looks, reference: sums.reference.n / looks }];
  const stage = orientedCounts(state.stage, oriented);
  const rate = stage.reference.n === 0 ? 0 : stage.reference.x / stage.reference.n;
  const outlook = {
    missing: context.thresholds.safe - safetyLog,
    recent: state.trailing,
    looksOwed: context.settings.minIntervals - state.intervals,
  };
  const growth = shareGrowth(average, rate, nullLines(edges[context.margin], oriented), {
    tau: context.settings.tau,
  });
  return clearInMs(outlook, growth, looksUntilUnder(stage, average, nullLines(edges.tight, oriented)));
}

/**
 * What these counts say alone: the likelihood of their own rates against an edge. It only narrows when an estimate may call a
 * breach; the evidence that bounds the error is the harm process.
 */
function logAlone(
  check: Check,
  sides: Sides<Counts>,
  edge: 'evidence' | 'tight',
  settings: GateSettings,
): number {
  const edges = edgesOf(check, settings.kappa);
  if (edges === null) return LOG_FLOOR;
  const oriented = orient(check);
  const { treated, reference } = orientedCounts(sides, oriented);
  if (treated.n === 0) return LOG_FLOOR;
  const lc = treated.x / treated.n;
  const ls = Math.max(reference.n === 0 ? 0 : reference.x / reference.n, RATE_FLOOR);
  const logs = nullLines(edges[edge], oriented).map((line) =>
    lc > line.times * ls + line.plus
      ? logEvidence(treated, reference, line, { lc, ls }, { tau: settings.tau })
      : LOG_FLOOR,
  );
  return Math.min(...logs);
}

/** A check without lines has no process, and so no evidence of harm. */
function leastPeak(harm: readonly HarmState[]): number {
  return harm.length === 0 ? LOG_FLOOR : Math.min(...harm.map((process) => process.peak));
}

function meanOfE(logs: readonly number[]): number {
  return logs.length === 0 ? LOG_FLOOR : logs.reduce(logAdd) - Math.log(logs.length);
}

function armOf(counts: Counts): Arm {
  return { units: counts.n, events: counts.x, value: counts.n > 0 ? counts.x / counts.n : null };
}

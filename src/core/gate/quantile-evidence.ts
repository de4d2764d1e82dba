import type { Check, Line } from '../plan/check.ts';
import { CONCURRENT, type Factor, lineAgainst } from './baseline.ts';
import { NO_HISTOGRAMS, plusHistograms, type QuantileState } from './check-state.ts';
import type { NullLine } from './evidence-process.ts';
import { type Histogram, logExceedance, quantileOf, sizeOf } from './exceedance.ts';
import { edgesOf, nullLines } from './lines.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { orient } from './orientation.ts';
import type { GateSettings } from './settings.ts';
import type { Sides } from './share-counts.ts';

/**
 * ln E of harm for a latency check, now: half on the process from the start of the rollout, half spread over processes that
 * start with each stage of the ladder, so that what begins at 25 % is not diluted by a clean 5 %. A stage not reached yet
 * contributes its stake unchanged, which keeps the mixture an e-process.
 */
export function logHarmOf(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  context: { readonly settings: GateSettings; readonly stages: number },
): number {
  const lines = evidenceLines(check, state, context.settings);
  if (lines === null) return 0;
  if (check.against?.kind === 'previous_stage') return logHarmSincePrevious(check, state, lines, context);
  const since = stagesSince(state.stages);
  const logs = since.map((pair) => exceedance('harm', check, pair, lines, context.settings));
  const stake = Math.log(0.5 / Math.max(context.stages, since.length));
  const waiting = Math.max(context.stages - since.length, 0);
  const staked = logs.reduce(
    (sum, log) => logAdd(sum, stake + log),
    waiting > 0 ? stake + Math.log(waiting) : Number.NEGATIVE_INFINITY,
  );
  return logAdd(Math.log(0.5) + (logs[0] ?? 0), staked);
}

/** For an expected change, ln E that the quantile went the other way; nothing for any other check. */
export function logOppositeOf(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  settings: GateSettings,
): number {
  const [whole] = stagesSince(state.stages);
  if (check.intent !== 'expect_change' || whole === undefined) return LOG_FLOOR;
  const turned: Check = { ...check, worse: check.worse === 'increase' ? 'decrease' : 'increase' };
  return exceedance('harm', turned, whole, [{ times: 1, plus: 0 }], settings);
}

/** Against the previous stage every stage is a comparison of its own: each has an equal stake. */
function logHarmSincePrevious(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  lines: readonly NullLine[],
  context: { readonly settings: GateSettings; readonly stages: number },
): number {
  const stage = state.stages.at(-1) ?? NO_HISTOGRAMS;
  return exceedance('harm', check, stage, lines, context.settings) - Math.log(Math.max(context.stages, 1));
}

/** What a quantile check's baseline is, as a multiple of stable's quantile now. */
export function quantileFactor(check: Check, stages: readonly Sides<Histogram>[]): Factor {
  const { against, measure } = check;
  if (against === undefined || measure.kind !== 'quantile') return CONCURRENT;
  if (against.kind === 'ab_prediction') return { times: against.times, se: against.se };
  const previous = stages.slice(0, -1).findLast(({ canary }) => sizeOf(canary) > 0);
  if (previous === undefined) return CONCURRENT;
  const logs = [previous.canary, previous.stable].map((side) => logQuantile(side, measure.p));
  const [canary, stable] = logs;
  if (canary == null || stable == null) return CONCURRENT;
  return { times: Math.exp(canary.log - stable.log), se: Math.hypot(canary.se, stable.se) };
}

/** A quantile on the log scale with its standard error, from the order statistics one standard error of its rank away. */
function logQuantile(histogram: Histogram, p: number): { readonly log: number; readonly se: number } | null {
  const n = sizeOf(histogram);
  if (n === 0) return null;
  const half = Math.sqrt((p * (1 - p)) / n);
  const [low, value, high] = [p - half, p, p + half].map((at) =>
    quantileOf(histogram, Math.min(1, Math.max(0, at))),
  );
  if (low == null || value == null || high == null || low <= 0 || value <= 0) return null;
  return { log: Math.log(value), se: Math.log(high / low) / 2 };
}

/** ln E of safety with the given margin, over this stage: what was safe at 5 % says nothing of what begins at 25 %. */
export function logSafetyOf(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  margin: 'wide' | 'tight',
  settings: GateSettings,
): number {
  const edges = edgesOf(check, settings.kappa);
  const stage = state.stages.at(-1);
  if (edges === null || stage === undefined) return 0;
  const lines = linesFor(check, state, edges[margin], 'safe');
  return exceedance('safe', check, stage, lines, settings);
}

/** ln E of the trailing window by itself against the hold line. */
export function logTrailingOf(check: Check, trailing: Sides<Histogram>, settings: GateSettings): number {
  const edges = edgesOf(check, settings.kappa);
  if (edges === null) return 0;
  return exceedance('harm', check, trailing, nullLines(edges.tight, orient(check)), settings);
}

function evidenceLines(check: Check, state: Pick<QuantileState, 'stages'>, settings: GateSettings) {
  if (check.intent === 'expect_change') return [{ times: 1, plus: 0 }];
  const edges = edgesOf(check, settings.kappa);
  return edges === null ? null : linesFor(check, state, edges.evidence, 'harm');
}

function linesFor(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  line: Line,
  side: 'harm' | 'safe',
): readonly NullLine[] {
  const oriented = orient(check);
  const factor = quantileFactor(check, state.stages);
  return nullLines(line, oriented).map((one) => lineAgainst(one, factor, side, oriented));
}

/** Entry i holds everything since stage i began; entry 0 is the whole rollout. */
function stagesSince(stages: readonly Sides<Histogram>[]): readonly Sides<Histogram>[] {
  let sum = NO_HISTOGRAMS;
  return stages
    .toReversed()
    .map((stage) => {
      sum = plusHistograms(sum, stage);
      return sum;
    })
    .toReversed();
}

function exceedance(
  side: 'harm' | 'safe',
  check: Check,
  pair: Sides<Histogram>,
  lines: Parameters<typeof logExceedance>[2],
  settings: GateSettings,
): number {
  const p = check.measure.kind === 'quantile' ? check.measure.p : 0.95;
  const [treated, reference] =
    orient(check) === 'swapped' ? [pair.stable, pair.canary] : [pair.canary, pair.stable];
  if (treated.counts.length === 0 || reference.counts.length === 0) return 0;
  return logExceedance(side, { treated, reference }, lines, { p, phi: settings.latencyPhi });
}

import type { Check } from '../plan/check.ts';
import { NO_HISTOGRAMS, plusHistograms, type QuantileState } from './check-state.ts';
import { type Histogram, logExceedance } from './exceedance.ts';
import { edgesOf, nullLines } from './lines.ts';
import { logAdd } from './log-sum.ts';
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
  const lines = evidenceLines(check, context.settings);
  if (lines === null) return 0;
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

/** ln E of safety with the given margin, over the whole rollout. */
export function logSafetyOf(
  check: Check,
  state: Pick<QuantileState, 'stages'>,
  margin: 'wide' | 'tight',
  settings: GateSettings,
): number {
  const edges = edgesOf(check, settings.kappa);
  const [whole] = stagesSince(state.stages);
  if (edges === null || whole === undefined) return 0;
  return exceedance('safe', check, whole, nullLines(edges[margin], orient(check)), settings);
}

/** ln E of the trailing window by itself against the hold line. */
export function logTrailingOf(check: Check, trailing: Sides<Histogram>, settings: GateSettings): number {
  const edges = edgesOf(check, settings.kappa);
  if (edges === null) return 0;
  return exceedance('harm', check, trailing, nullLines(edges.tight, orient(check)), settings);
}

function evidenceLines(check: Check, settings: GateSettings) {
  if (check.intent === 'expect_change') return [{ times: 1, plus: 0 }];
  const edges = edgesOf(check, settings.kappa);
  return edges === null ? null : nullLines(edges.evidence, orient(check));
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

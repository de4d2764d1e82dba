import { type Histogram, logExceedance, quantileOf, resolutionAt } from '../../gate/exceedance.ts';
import { edgesOf, nullLines } from '../../gate/lines.ts';
import { orient } from '../../gate/orientation.ts';
import { logHarmOf } from '../../gate/quantile-evidence.ts';
import type { GateSettings } from '../../gate/settings.ts';
import type { Check } from '../check.ts';
import { scaledTo, shareOver, stretched } from './histogram-shape.ts';
import { discounted, type ForecastContext, type Look, type Spell, totalOf } from './looks.ts';
import { stableStat } from './traffic.ts';

/** What stable's durations look like; for a fixed limit with no past, half of the allowed tail lies beyond the limit. */
export function durationsOf(check: Check, context: ForecastContext): Histogram | null {
  const stat = stableStat(check, context.traffic);
  if (stat !== null) return stat.kind === 'histogram' ? stat : null;
  const line = edgesOf(check, context.settings.kappa)?.tight;
  if (line?.compare !== 'absolute' || check.measure.kind !== 'quantile') return null;
  const tail = (1 - check.measure.p) / 2;
  return { bounds: [line.at], counts: [1 - tail, tail] };
}

/** Whether buckets around stable's quantile are too wide for this margin: the gate will never call the check clear. */
export function isTooCoarse(
  check: Check,
  margin: 'wide' | 'tight',
  histogram: Histogram,
  settings: GateSettings,
): boolean {
  const line = edgesOf(check, settings.kappa)?.[margin];
  if (check.measure.kind !== 'quantile' || (line?.compare !== 'ratio' && line?.compare !== 'band'))
    return false;
  const times = line.times >= 1 ? line.times : 1 / line.times;
  return resolutionAt(histogram, check.measure.p) > Math.sqrt(times);
}

/** Whether a release without effect has proved safety after these spells, on the expected path with headroom. */
export function isQuantileSafe(
  check: Check,
  margin: 'wide' | 'tight',
  spells: readonly Spell[],
  context: ForecastContext,
): boolean {
  const { settings } = context;
  const shape = durationsOf(check, context);
  const edges = edgesOf(check, settings.kappa);
  if (check.measure.kind !== 'quantile' || shape === null || edges === null) return false;
  if (isTooCoarse(check, margin, shape, settings)) return false;
  const { p } = check.measure;
  const seen = pseudoTotal(check, shape, p, discounted(spells));
  if (seen.canary <= 0 || seen.stable <= 0) return false;
  const times = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const canary = stretched(shape, times, seen.canary);
  const stable = stretched(shape, times, seen.stable);
  const oriented = orient(check);
  const [treated, reference] = oriented === 'swapped' ? [stable, canary] : [canary, stable];
  const lines = nullLines(edges[margin], oriented);
  const log = logExceedance('safe', { treated, reference }, lines, { p, phi: settings.latencyPhi });
  return log >= Math.log(1 / settings.alphaSafe);
}

/** The units both sides are worth: see `pseudoSpells` of shares. */
function pseudoTotal(check: Check, shape: Histogram, p: number, spells: readonly Spell[]): Look {
  const total = totalOf(spells);
  if (check.against?.kind === 'ab_prediction') {
    const { se } = check.against;
    const steep = steepness(shape, p);
    return { ...total, stable: 1 / (1 / total.stable + (steep * se) ** 2 / (p * (1 - p))) };
  }
  const [previous, now] = [spells.at(-2), spells.at(-1)];
  if (check.against?.kind !== 'previous_stage' || previous === undefined || now === undefined) return total;
  const [own, past] = [totalOf([now]), totalOf([previous])];
  return { canary: own.canary, stable: 1 / (1 / own.stable + 1 / past.stable + 1 / past.canary) };
}

/** How much of the mass a step of one in ln(duration) crosses at the quantile. */
function steepness(shape: Histogram, p: number): number {
  const step = 1.1;
  const at = quantileOf(shape, p) ?? 0;
  return (shareOver(shape, at / step) - shareOver(shape, at * step)) / (2 * Math.log(step));
}

/** ln of the harm evidence after `looks` looks at which canary durations are `times` as long, past stages having been healthy. */
export function quantileHarm(
  check: Check,
  shape: Histogram,
  effect: { readonly times: number; readonly stages: number },
  spells: readonly Spell[],
  settings: GateSettings,
): number {
  const { against: _, ...concurrent } = check;
  const stages = spells.map((spell, at) => {
    const units = totalOf([spell]);
    const isNow = at === spells.length - 1;
    return {
      canary: isNow ? stretched(shape, effect.times, units.canary) : scaledTo(shape, units.canary),
      stable: scaledTo(shape, units.stable),
    };
  });
  return logHarmOf(concurrent, { stages }, { settings, stages: effect.stages });
}

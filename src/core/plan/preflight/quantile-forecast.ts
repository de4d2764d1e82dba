import { type Histogram, resolutionAt } from '../../gate/exceedance.ts';
import { edgesOf } from '../../gate/lines.ts';
import { logHarmOf, logSafetyOf } from '../../gate/quantile-evidence.ts';
import type { GateSettings } from '../../gate/settings.ts';
import type { Check } from '../check.ts';
import { scaledTo, stretched } from './histogram-shape.ts';
import { discounted, type ForecastContext, type Spell, totalOf } from './looks.ts';
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
  if (shape === null || isTooCoarse(check, margin, shape, settings)) return false;
  const predicted = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const stages = discounted(spells).map((spell) => {
    const units = totalOf([spell]);
    return { canary: stretched(shape, predicted, units.canary), stable: scaledTo(shape, units.stable) };
  });
  return logSafetyOf(check, { stages }, margin, settings) >= Math.log(1 / settings.alphaSafe);
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

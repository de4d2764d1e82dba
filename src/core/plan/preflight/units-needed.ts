import { edgesOf } from '../../gate/lines.ts';
import { isAbsolute } from '../../gate/outcome.ts';
import type { Check } from '../check.ts';
import { type ForecastContext, type Look, leastLooks, type Spell } from './looks.ts';
import { isMomentsSafe } from './moments-forecast.ts';
import { isQuantileSafe } from './quantile-forecast.ts';
import { isShareSafe } from './share-forecast.ts';

/** Whether promotion waits for this check at all; `watch`, `expect_change` and advisory ones hold or inform only. */
export function isVoting(check: Check): boolean {
  return check.intent === 'guard' && check.severity !== 'advisory';
}

/**
 * Looks of this kind until safety with the margin is proved of a release without effect, in this stage.
 *
 * The evidence is that of the gate's own processes on the counts to be expected, so the weight of one look is capped by the
 * noise floor here as there: at high traffic it is looks that are needed, at low traffic units. Never less than both sides'
 * minimum sample. Levels and checks without lines need none; Infinity when no number would do.
 */
export function looksNeeded(
  check: Check,
  margin: 'wide' | 'tight',
  stage: { readonly look: Look; readonly before: readonly Spell[] },
  context: ForecastContext,
): number {
  const { settings } = context;
  if (!isVoting(check) || edgesOf(check, settings.kappa) === null || check.measure.kind === 'level') return 0;
  const { look, before } = stage;
  const fewest = isAbsolute(check) ? look.canary : Math.min(look.canary, look.stable);
  const least = Math.max(settings.minIntervals, settings.minUnits / fewest);
  const isSafe = (looks: number) => isSafeAfter(check, margin, [...before, { ...look, looks }], context);
  return Number.isFinite(least) ? Math.max(least, leastLooks(isSafe)) : Number.POSITIVE_INFINITY;
}

/**
 * Canary units until safety is proved where looks are thin and stable is much larger: what one check costs by itself, whatever
 * the ladder.
 */
export function unitsNeeded(check: Check, margin: 'wide' | 'tight', context: ForecastContext): number {
  const thin = { canary: 1, stable: 1_000 };
  return looksNeeded(check, margin, { look: thin, before: [] }, context);
}

function isSafeAfter(
  check: Check,
  margin: 'wide' | 'tight',
  spells: readonly Spell[],
  context: ForecastContext,
): boolean {
  switch (check.measure.kind) {
    case 'share':
    case 'count':
    case 'share_over':
      return isShareSafe(check, margin, spells, context);
    case 'quantile':
      return isQuantileSafe(check, margin, spells, context);
    case 'mean':
    case 'ratio':
      return isMomentsSafe(check, margin, spells, context);
    case 'level':
      return true;
  }
}

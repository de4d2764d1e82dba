import { edgesOf } from '../../gate/lines.ts';
import {
  contrastsOf,
  EXPECTED_UNITS,
  isThick,
  logMomentsEvidence,
  type Stratum,
} from '../../gate/moments-evidence.ts';
import type { Moments } from '../../gate/sample.ts';
import type { GateSettings } from '../../gate/settings.ts';
import type { Check } from '../check.ts';
import { discounted, type ForecastContext, type Spell, totalOf } from './looks.ts';
import { stableStat } from './traffic.ts';

/** What one unit of stable sums to; null when stable showed none. */
export function unitOf(check: Check, { traffic }: ForecastContext): Moments | null {
  const stat = stableStat(check, traffic);
  return stat?.kind === 'moments' ? times(stat, 1 / stat.n) : null;
}

/**
 * Whether a release without effect has proved safety after these spells: the gate's own asymptotic sequence on sums as stable's,
 * with headroom. CUPED is counted as no gain: what it takes out is not known before the rollout.
 */
export function isMomentsSafe(
  check: Check,
  margin: 'wide' | 'tight',
  spells: readonly Spell[],
  context: ForecastContext,
): boolean {
  const unit = unitOf(check, context);
  const edges = edgesOf(check, context.settings.kappa);
  if (unit === null || edges === null) return false;
  const isAlone = edges[margin].compare === 'absolute';
  const strata = pseudoStrata(check, unit, discounted(spells)).filter((s) =>
    isThick(s, check.measure, !isAlone),
  );
  const log = logMomentsEvidence('safe', strata, contrastsOf(edges[margin], { worse: check.worse }, 'safe'), {
    measure: check.measure,
    alpha: context.settings.alphaSafe,
    expectedUnits: EXPECTED_UNITS,
  });
  return log >= Math.log(1 / context.settings.alphaSafe);
}

/** ln of the harm evidence after these spells, of which the last alone shows canary values `factor` times as large. */
export function momentsHarm(
  check: Check,
  unit: Moments,
  effect: { readonly factor: number; readonly stages: number },
  spells: readonly Spell[],
  settings: GateSettings,
): number {
  const line = edgesOf(check, settings.kappa)?.evidence;
  const now = spells.at(-1);
  if (line === undefined || now === undefined) return Number.NEGATIVE_INFINITY;
  const units = totalOf([now]);
  const stratum: Stratum = {
    canary: grown(times(unit, units.canary), effect.factor),
    stable: times(unit, units.stable),
    beta: 0,
  };
  if (!isThick(stratum, check.measure, line.compare !== 'absolute')) return Number.NEGATIVE_INFINITY;
  const log = logMomentsEvidence('harm', [stratum], contrastsOf(line, { worse: check.worse }, 'harm'), {
    measure: check.measure,
    alpha: settings.alphaHold,
    expectedUnits: EXPECTED_UNITS,
  });
  // Half the stake is on the whole rollout, half is shared by processes that begin with each stage.
  const stake = 0.5 / effect.stages + (spells.length === 1 ? 0.5 : 0);
  return Math.log(stake) + log;
}

/** The value of one unit under the measure: the mean, or the ratio of the sums. */
export function meanOf(check: Check, unit: Moments): number {
  return check.measure.kind === 'ratio' ? unit.y / unit.z : unit.y;
}

/** The canary's `y` as many times as large. */
function grown(sums: Moments, factor: number): Moments {
  return { ...sums, y: sums.y * factor, yy: sums.yy * factor ** 2, yz: sums.yz * factor };
}

function times({ n, y, yy, z, zz, yz }: Moments, by: number): Moments {
  return { n: n * by, y: y * by, yy: yy * by, z: z * by, zz: zz * by, yz: yz * by };
}

/**
 * This stage as a stratum (safety is proved anew in each), canary and baseline at the predicted value where there is one (how well that is known is the line's
 * affair). Held against its previous stage, the canary also carries the chance of that stage's two cells.
 */
function pseudoStrata(check: Check, unit: Moments, spells: readonly Spell[]): readonly Stratum[] {
  const predicted = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const side = (units: number) => grown(times(unit, units), predicted);
  const stratum = (spell: Spell, stable: number): Stratum => {
    return { canary: side(spell.looks * spell.canary), stable: side(stable), beta: 0 };
  };
  const [previous, now] = [spells.at(-2), spells.at(-1)];
  if (check.against?.kind === 'previous_stage' && previous !== undefined && now !== undefined) {
    const past = totalOf([previous]);
    return [stratum(now, 1 / (1 / totalOf([now]).stable + 1 / past.stable + 1 / past.canary))];
  }
  return now === undefined ? [] : [stratum(now, now.looks * now.stable)];
}

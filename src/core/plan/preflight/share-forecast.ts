import { startState } from '../../gate/check-state.ts';
import { logHarm, logSafety, STANDARD_MIXTURE } from '../../gate/evidence-process.ts';
import { edgesOf } from '../../gate/lines.ts';
import { LOG_FLOOR, logAdd } from '../../gate/log-sum.ts';
import { orient } from '../../gate/orientation.ts';
import type { GateSettings } from '../../gate/settings.ts';
import { absorbShare, type ShareState } from '../../gate/share-state.ts';
import type { Check } from '../check.ts';
import { shareOver } from './histogram-shape.ts';
import { discounted, type ForecastContext, type Look, type Spell } from './looks.ts';
import { stableStat } from './traffic.ts';

/**
 * The rate stable showed of a share, a count or a share over an edge. Without a single bad event it is taken as half an event,
 * never as nothing. Against a fixed limit with no past, a healthy canary is taken to sit half-way under it; null otherwise.
 */
export function rateOf(check: Check, context: ForecastContext): number | null {
  const seen = countsOf(check, context);
  const isFailures = orient(check) === 'failures';
  if (seen !== null) {
    const bad = isFailures ? seen.n - seen.x : seen.x;
    const rate = Math.max(bad, 0.5) / Math.max(seen.n, 1);
    return isFailures ? 1 - rate : rate;
  }
  const line = edgesOf(check, context.settings.kappa)?.tight;
  if (line?.compare !== 'absolute') return null;
  return isFailures ? (1 + line.at) / 2 : line.at / 2;
}

function countsOf(
  check: Check,
  { traffic }: ForecastContext,
): { readonly n: number; readonly x: number } | null {
  const stat = stableStat(check, traffic);
  if (stat?.kind === 'share' || stat?.kind === 'count') return stat;
  if (stat?.kind !== 'histogram' || check.measure.kind !== 'share_over') return null;
  const n = stat.counts.reduce((sum, count) => sum + count, 0);
  return { n, x: n * shareOver(stat, check.measure.edgeMs) };
}

/** Whether a release without effect has proved safety after these spells, on the expected path with headroom. */
export function isShareSafe(
  check: Check,
  margin: 'wide' | 'tight',
  spells: readonly Spell[],
  context: ForecastContext,
): boolean {
  const base = rateOf(check, context);
  if (base === null) return false;
  const { settings } = context;
  const times = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const rate = base * times;
  const steps = pseudoSpells(check, rate, discounted(spells), settings).map((spell) => ({
    looks: spell.looks,
    state: oneLook(check, { canary: rate, stable: rate }, spell, settings)[margin],
  }));
  const [first] = steps;
  if (first === undefined) return false;
  // The evidence of looks alike adds up evenly, alternative by alternative.
  const processes = first.state.map((process, line) =>
    process.map((_, k) =>
      steps.reduce((sum, step) => sum + step.looks * (step.state[line]?.[k] ?? LOG_FLOOR), 0),
    ),
  );
  const logs = processes.map(logSafety);
  return logs.reduce(logAdd) - Math.log(logs.length) >= Math.log(1 / settings.alphaSafe);
}

/**
 * ln of the harm evidence after `looks` looks at which the canary shows `canaryRate`. A regression that was there from the
 * start (`isLate` false) is found by the process from the start; one that begins later, by those that start with it.
 */
export function shareHarm(
  check: Check,
  rates: { readonly canary: number; readonly stable: number },
  look: Look,
  settings: GateSettings,
): { readonly after: (looks: number, isLate: boolean) => number } {
  const { harm } = oneLook(check, rates, look, settings);
  return {
    after: (looks, isLate) =>
      Math.min(
        ...harm.map(({ fromStart, restarted }) =>
          logHarm(
            {
              fromStart: fromStart.map((log) => (isLate ? LOG_FLOOR : log * looks)),
              restarted: restarted.map((log, k) => log + logGeometric(fromStart[k] ?? 0, looks)),
            },
            STANDARD_MIXTURE,
          ),
        ),
      ),
  };
}

/** ln of (1 + r + … + r^(looks-1)) with ln r = `log`: restarts at each of these looks. */
function logGeometric(log: number, looks: number): number {
  if (Math.abs(log) < 1e-9) return Math.log(Math.max(looks, 1e-9));
  const top = Math.abs(Math.expm1(Math.min(log * looks, 700)));
  const over = Math.max(0, log * looks - 700);
  return Math.log(Math.max(top, 1e-300)) + over - Math.log(Math.abs(Math.expm1(Math.min(log, 700))));
}

/** What the gate's own processes make of one look with exactly these rates. */
function oneLook(
  check: Check,
  rates: { readonly canary: number; readonly stable: number },
  look: Look,
  settings: GateSettings,
): ShareState {
  const { against: _, ...concurrent } = check;
  const start = startState(concurrent, settings.kappa);
  if (start.kind !== 'share') throw new RangeError(`${check.id} is no share`);
  const counted = (n: number, rate: number) => ({ n, x: n * rate });
  const predicted = { canary: counted(1, rates.canary), stable: counted(1, rates.stable) };
  const counts = {
    canary: counted(look.canary, rates.canary),
    stable: counted(look.stable, rates.stable),
  };
  return absorbShare({ ...start, predicted }, concurrent, counts, { at: 0, partial: false, settings });
}

/**
 * The spells with the stable side worth only what its baseline is: a prediction is known no better than its standard error, and
 * a canary held against its previous stage also carries the chance of the three other cells (log scale).
 */
function pseudoSpells(
  check: Check,
  rate: number,
  spells: readonly Spell[],
  settings: GateSettings,
): readonly Spell[] {
  const events = (units: number) => Math.max(units * rate, 1e-9);
  const worth = (own: readonly Spell[], extra: number) => {
    const seen = own.reduce((sum, spell) => sum + spell.looks * spell.stable, 0);
    const scale = 1 / (1 + events(seen) * extra);
    return own.map((spell) => ({ ...spell, stable: spell.stable * scale }));
  };
  if (check.against?.kind === 'ab_prediction') return worth(spells, check.against.se ** 2);
  const [previous, now] = [spells.at(-2), spells.at(-1)];
  if (check.against?.kind !== 'previous_stage' || previous === undefined || now === undefined) return spells;
  const cells =
    1 / events(previous.looks * previous.canary) +
    1 / events(previous.looks * previous.stable) +
    (2 * settings.tau ** 2) / Math.max(previous.looks, 1);
  return worth([now], cells);
}

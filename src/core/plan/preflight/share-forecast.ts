import { factorAgainst, lineAgainst, type StageTotals } from '../../gate/baseline.ts';
import { startState } from '../../gate/check-state.ts';
import { type Counts, logHarm, logSafety, STANDARD_MIXTURE } from '../../gate/evidence-process.ts';
import { edgesOf, nullLines } from '../../gate/lines.ts';
import { LOG_FLOOR, logAdd } from '../../gate/log-sum.ts';
import { orient } from '../../gate/orientation.ts';
import type { GateSettings } from '../../gate/settings.ts';
import { orientedCounts, type Sides } from '../../gate/share-counts.ts';
import { absorbShare, type ShareState } from '../../gate/share-state.ts';
import type { Check } from '../check.ts';
import { shareOver } from './histogram-shape.ts';
import { discounted, type ForecastContext, type Look, type Spell, totalOf } from './looks.ts';
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
  const stable = rateOf(check, context);
  if (stable === null) return false;
  const { settings } = context;
  const predicted = check.against?.kind === 'ab_prediction' ? check.against.times : 1;
  const rates = { canary: stable * predicted, stable };
  const steps = discounted(spells).map((spell, at) => {
    const previous = spells[at - 1] ?? null;
    // Safety is proved anew at every exposure: earlier stages count for what they are held against, not for evidence.
    const isNow = at === spells.length - 1;
    return {
      looks: isNow && isProvable(check, margin, rates, previous, settings) ? spell.looks : 0,
      state: oneLook(check, rates, { look: spell, previous }, settings)[margin],
    };
  });
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
  rates: Sides<number>,
  look: Look,
  settings: GateSettings,
): { readonly after: (looks: number, isLate: boolean) => number } {
  const { harm } = oneLook(check, rates, { look, previous: null }, settings);
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

/**
 * Whether the margin lies beyond no effect once what is not known of the baseline is taken off it: a baseline known no better than
 * the margin proves nothing.
 */
function isProvable(
  check: Check,
  margin: 'wide' | 'tight',
  rates: Sides<number>,
  previous: Spell | null,
  settings: GateSettings,
): boolean {
  const edges = edgesOf(check, settings.kappa);
  if (edges === null) return false;
  const oriented = orient(check);
  const totals = previous === null ? null : totalsOf(rates, previous);
  const factor = factorAgainst(check.against, totals, oriented, settings.tau);
  const { treated, reference } = orientedCounts(
    { canary: { n: 1, x: rates.canary }, stable: { n: 1, x: rates.stable } },
    oriented,
  );
  return nullLines(edges[margin], oriented)
    .map((line) => lineAgainst(line, factor, 'safe', oriented))
    .every((line) => treated.x < line.times * reference.x + line.plus);
}

function totalsOf(rates: Sides<number>, spell: Spell): StageTotals {
  return { ...countedAt(rates, totalOf([spell])), looks: spell.looks };
}

function countedAt(rates: Sides<number>, units: Look): Sides<Counts> {
  return {
    canary: { n: units.canary, x: units.canary * rates.canary },
    stable: { n: units.stable, x: units.stable * rates.stable },
  };
}

/** What the gate's own processes make of one look with exactly these rates, after a stage that showed the same. */
function oneLook(
  check: Check,
  rates: Sides<number>,
  { look, previous }: { readonly look: Look; readonly previous: Spell | null },
  settings: GateSettings,
): ShareState {
  const start = startState(check, settings.kappa);
  if (start.kind !== 'share') throw new RangeError(`${check.id} is no share`);
  const before = {
    ...start,
    predicted: countedAt(rates, { canary: 1, stable: 1 }),
    previous: previous === null ? null : totalsOf(rates, previous),
  };
  return absorbShare(before, check, countedAt(rates, look), { at: 0, partial: false, settings });
}

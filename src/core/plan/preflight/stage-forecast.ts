import { type Check, signalName } from '../check.ts';
import { formatExposure } from '../ladder.ts';
import { desiredAt, isAlone, marginAt, type Plan, stageAt } from '../plan.ts';
import { type HarmBound, harmBoundOf } from './harm-bound.ts';
import { contextOf, type Look, type Spell } from './looks.ts';
import { durationsOf, isTooCoarse } from './quantile-forecast.ts';
import { type TrafficReading, unitsOf } from './traffic.ts';
import { looksNeeded } from './units-needed.ts';

/** Whether one stage can be cleared in its time by the traffic there is, and what harm could be done before it is found. */
export interface StageForecast {
  readonly exposure: string;
  readonly holdMs: number;
  /** The check that needs longest, what it counts, and what it needs. */
  readonly slowest: string | null;
  readonly unit: 'requests' | 'units';
  /** Canary units needed since the start of the rollout (null: no number would do), and how many will have been seen by the end of the stage. */
  readonly neededUnits: number | null;
  readonly expectedUnits: number;
  /** How long the stage must last to be cleared, ms; null when this traffic never clears it. */
  readonly neededMs: number | null;
  readonly verdict: 'clearable' | 'only_if_extended' | 'not_clearable';
  /** The slowest check's buckets are too wide for its line, whatever the traffic. */
  readonly isTooCoarse: boolean;
  /** Null when nothing that may act has a line, or when it is never found. */
  readonly harm: HarmBound | null;
}

interface Need {
  readonly check: Check;
  readonly look: Look;
  readonly before: readonly Spell[];
  readonly neededMs: number;
}

/** An audience's share is not known; a tenth is assumed. */
const AUDIENCE_SHARE = 0.1;

/**
 * What each stage of the plan's ladder needs and has, and what a regression would cost in it. A stage that has to be extended
 * lasts longer, at most twice its hold, and the stages after it start from what it will have shown.
 */
export function forecastLadder(
  plan: Plan,
  voting: readonly Check[],
  traffic: TrafficReading,
): readonly StageForecast[] {
  let lasting = plan;
  return plan.ladder.map((stage, index) => {
    const watched = isAlone(lasting, index)
      ? []
      : voting.map((check) => ({ check, ...seenOf(lasting, check, index, traffic) }));
    const harm = harmBoundOf(lasting, watched, traffic);
    const forecast = forecastStage(lasting, index, voting, traffic);
    const neededMs = Math.min(forecast.neededMs ?? 0, 2 * stage.holdMs);
    const holdMs = Math.max(stage.holdMs, neededMs);
    lasting = { ...lasting, ladder: lasting.ladder.with(index, { ...stage, holdMs }) };
    return { ...forecast, harm };
  });
}

/** One stage of a ladder, perhaps one under trial: what it needs and has. */
export function forecastStage(
  plan: Plan,
  index: number,
  voting: readonly Check[],
  traffic: TrafficReading,
): Omit<StageForecast, 'harm'> {
  const { exposure, holdMs } = stageAt(plan, index);
  const needs = voting.map((check) => needOf(plan, check, index, traffic));
  const slowest = needs.reduce((a, b) => (b.neededMs > (a?.neededMs ?? -1) ? b : a), needs[0]);
  const neededMs = slowest?.neededMs ?? 0;
  const units = unitsSeen(slowest);
  const isOfSums = slowest?.check.measure.kind === 'mean' || slowest?.check.measure.kind === 'ratio';
  return {
    exposure: formatExposure(exposure),
    holdMs,
    slowest: slowest === undefined || neededMs === 0 ? null : signalName(slowest.check),
    unit: isOfSums ? 'units' : 'requests',
    neededUnits: Number.isFinite(neededMs)
      ? Math.ceil(neededMs === 0 ? 0 : units(neededMs / plan.tickMs))
      : null,
    expectedUnits: Math.floor(units(holdMs / plan.tickMs)),
    neededMs: finiteOrNull(neededMs),
    verdict: verdictOf(neededMs, holdMs),
    isTooCoarse: neededMs > 0 && slowest !== undefined && isCoarse(plan, slowest.check, index, traffic),
  };
}

function verdictOf(neededMs: number, holdMs: number): StageForecast['verdict'] {
  if (neededMs <= holdMs) return 'clearable';
  return neededMs <= 2 * holdMs ? 'only_if_extended' : 'not_clearable';
}

function needOf(plan: Plan, check: Check, index: number, traffic: TrafficReading): Need {
  const seen = seenOf(plan, check, index, traffic);
  const context = contextOf(plan, check, traffic);
  const looks = isAlone(plan, index) ? 0 : looksNeeded(check, marginFor(plan, check, index), seen, context);
  // A gate opens at a look and not between two.
  return { check, ...seen, neededMs: Math.max(0, Math.ceil(looks - 1e-9)) * plan.tickMs };
}

/** A look of this stage at the check, and what the stages before will have shown of it. */
function seenOf(
  plan: Plan,
  check: Check,
  index: number,
  traffic: TrafficReading,
): Omit<Need, 'check' | 'neededMs'> {
  const before = plan.ladder.slice(0, index).map((stage, at): Spell => {
    return { ...lookAt(plan, check, at, traffic), looks: stage.holdMs / plan.tickMs };
  });
  return { look: lookAt(plan, check, index, traffic), before };
}

/** The margin in force: `tight` checks rule out their hold line at every stage. */
function marginFor(plan: Plan, check: Check, index: number): 'wide' | 'tight' {
  return check.margin === 'tight' ? 'tight' : marginAt(plan, index);
}

function isCoarse(plan: Plan, check: Check, index: number, traffic: TrafficReading): boolean {
  const context = contextOf(plan, check, traffic);
  const shape = check.measure.kind === 'quantile' ? durationsOf(check, context) : null;
  return shape !== null && isTooCoarse(check, marginFor(plan, check, index), shape, context.settings);
}

function lookAt(plan: Plan, check: Check, index: number, traffic: TrafficReading): Look {
  const { percent } = desiredAt(plan, index);
  const share = percent > 0 ? percent / 100 : AUDIENCE_SHARE;
  const units = traffic.overMs > 0 ? (unitsOf(check, traffic) / traffic.overMs) * plan.tickMs : 0;
  return { canary: units * share, stable: units * (1 - share) };
}

/** Canary units of the slowest check after so many looks of the stage. */
function unitsSeen(need: Need | undefined): (looks: number) => number {
  if (need === undefined) return () => 0;
  const before = need.before.reduce((sum, spell) => sum + spell.looks * spell.canary, 0);
  return (looks) => before + looks * need.look.canary;
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

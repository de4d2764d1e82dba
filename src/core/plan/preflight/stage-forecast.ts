import { type Check, signalName } from '../check.ts';
import { formatExposure, type Ladder } from '../ladder.ts';
import { desiredAt, isAlone, marginAt, type Plan } from '../plan.ts';
import { type HarmBound, harmBoundOf } from './harm-bound.ts';
import type { ForecastContext, Look, Spell } from './looks.ts';
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

/** What each stage of the ladder needs and has. Ladders under trial leave the harm bounds out. */
export function forecastLadder(
  plan: Plan,
  ladder: Ladder,
  voting: readonly Check[],
  traffic: TrafficReading,
  { withHarm }: { readonly withHarm: boolean },
): readonly StageForecast[] {
  const trial = { ...plan, ladder };
  const context: ForecastContext = { settings: plan.settings, traffic };
  return ladder.map((stage, index): StageForecast => {
    const needs = voting.map((check) => needOf(trial, check, index, context));
    const slowest = needs.reduce((a, b) => (b.neededMs > (a?.neededMs ?? -1) ? b : a), needs[0]);
    const neededMs = slowest?.neededMs ?? 0;
    const units = unitsSeen(slowest);
    const looks = stage.holdMs / plan.tickMs;
    return {
      exposure: formatExposure(stage.exposure),
      holdMs: stage.holdMs,
      slowest: slowest === undefined || neededMs === 0 ? null : signalName(slowest.check),
      unit:
        slowest?.check.measure.kind === 'mean' || slowest?.check.measure.kind === 'ratio'
          ? 'units'
          : 'requests',
      neededUnits: neededMs === 0 ? 0 : finiteOrNull(Math.ceil(units(neededMs / plan.tickMs))),
      expectedUnits: Math.floor(units(looks)),
      neededMs: finiteOrNull(neededMs),
      verdict: verdictOf(neededMs, stage.holdMs),
      isTooCoarse:
        slowest !== undefined && !isAlone(trial, index) && isCoarse(slowest.check, trial, index, context),
      harm: withHarm && !isAlone(trial, index) ? harmBoundOf(trial, needs, context) : null,
    };
  });
}

function verdictOf(neededMs: number, holdMs: number): StageForecast['verdict'] {
  if (neededMs <= holdMs) return 'clearable';
  return neededMs <= 2 * holdMs ? 'only_if_extended' : 'not_clearable';
}

function needOf(plan: Plan, check: Check, index: number, context: ForecastContext): Need {
  const look = lookAt(plan, check, index, context.traffic);
  const before = plan.ladder.slice(0, index).map(
    (stage, at): Spell => ({
      ...lookAt(plan, check, at, context.traffic),
      looks: stage.holdMs / plan.tickMs,
    }),
  );
  const looks = isAlone(plan, index)
    ? 0
    : looksNeeded(check, marginFor(plan, check, index), { look, before }, context);
  // A gate opens at a look and not between two.
  return { check, look, before, neededMs: Math.ceil(looks - 1e-9) * plan.tickMs };
}

/** The margin in force: `tight` checks rule out their hold line at every stage. */
function marginFor(plan: Plan, check: Check, index: number): 'wide' | 'tight' {
  return check.margin === 'tight' ? 'tight' : marginAt(plan, index);
}

function isCoarse(check: Check, plan: Plan, index: number, context: ForecastContext): boolean {
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
  return (looks) => before + (need.look.canary === 0 ? 0 : looks * need.look.canary);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

import { standardSettings } from '../../gate/settings.ts';
import { type Check, isRequired } from '../check.ts';
import type { Ladder, Stage } from '../ladder.ts';
import { EARLY_PERCENT, type Plan, stageAt } from '../plan.ts';
import { forecastStage, type StageForecast } from './stage-forecast.ts';
import { type TrafficReading, unitsPerMinute } from './traffic.ts';
import { isVoting } from './units-needed.ts';

/** Exposures as people write them. */
const WRITTEN_PERCENTS = [1, 2, 5, 10, 20, 25, 50, 100] as const;
/** A stage that has to last longer than this, and longer than it was given, is no proposal. */
const LONGEST_STAGE_MS = 86_400_000;

/** What a stage of a ladder under trial needs and has. */
type Forecast = (ladder: Ladder, index: number) => Omit<StageForecast, 'harm'>;

/**
 * A ladder this traffic can clear. The bad requests before a regression is found depend on the canary requests needed, hardly on
 * the exposure, while the time to find it falls with exposure: so it starts where the evidence needed arrives within the first
 * minimum hold, at `largestFirstPercent` at the most. Higher rungs are kept; holds are lengthened only where still needed. Null
 * when a stage would have to last longer than a day.
 */
export function workableLadder(plan: Plan, voting: readonly Check[], traffic: TrafficReading): Ladder | null {
  const forecast: Forecast = (ladder, index) => forecastStage({ ...plan, ladder }, index, voting, traffic);
  const [first] = plan.ladder;
  if (first === undefined) return null;
  const start = firstPercent(plan, first, forecast);
  return lengthened(start === null ? plan.ladder : startedAt(plan.ladder, start), forecast);
}

/**
 * The same rule as a whole ladder: each exposure is the smallest written step, at least twice and up to 25 % at most five times
 * the one before, at which the evidence for leaving it arrives within the minimum hold that the given ladder sets there. Ends
 * where the given ladder ends. Leading audiences stay; a ladder that mixes others in, or that this traffic can never clear, is
 * returned as given.
 */
export function adaptiveLadder(plan: Plan, traffic: TrafficReading): Ladder {
  const voting = plan.checks.filter((check) => isVoting(check) && isRequired(check));
  const forecast: Forecast = (ladder, index) => forecastStage({ ...plan, ladder }, index, voting, traffic);
  const audiences = plan.ladder.findIndex((stage) => stage.exposure.kind !== 'audience');
  const given = plan.ladder.slice(Math.max(audiences, 0));
  const percents = given.flatMap(({ exposure }) => (exposure.kind === 'percent' ? [exposure.percent] : []));
  const [end, opening] = [percents.at(-1), given[0]];
  if (end === undefined || opening === undefined || percents.length !== given.length) return plan.ladder;
  const ladder: Stage[] = plan.ladder.slice(0, Math.max(audiences, 0));
  for (let current = 0; current < end; ) {
    const candidates = nextPercents(plan, current, end);
    // What comes after decides the margin: a step people write, or the end.
    const trial = (percent: number): Ladder => [
      ...ladder,
      stageOf(percent, holdAt(given, percent)),
      ...(percent < end ? [stageOf(nextPercents(plan, percent, end)[0] ?? end, opening.holdMs)] : []),
    ];
    const chosen =
      candidates.find((percent) => forecast(trial(percent), ladder.length).verdict === 'clearable') ??
      candidates.at(-1) ??
      end;
    const holdMs = longerHold(forecast(trial(chosen), ladder.length));
    if (holdMs === null) return plan.ladder;
    ladder.push(stageOf(chosen, holdMs));
    current = chosen;
  }
  // Where a step turned out larger than assumed, the stage before it has more to rule out.
  return lengthened(ladder, forecast) ?? plan.ladder;
}

/** The plan on its adaptive ladder, with the reason; as it is when it did not opt in, or nothing changes. */
export function adapted(plan: Plan, traffic: TrafficReading): Plan {
  if (plan.ladderMode !== 'adaptive') return plan;
  const ladder = adaptiveLadder(plan, traffic);
  const rate = Math.round(unitsPerMinute(plan.checks, traffic));
  const ladderMs = ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  const { plannedLooks } = standardSettings({ tickMs: plan.tickMs, ladderMs });
  return {
    ...plan,
    ladder,
    ladderWhy:
      ladder === plan.ladder
        ? `adaptive: kept as given at ${rate} requests/min`
        : `adaptive: each exposure is the smallest at which the evidence needed arrives within its hold at ${rate} requests/min`,
    settings: { ...plan.settings, plannedLooks },
  };
}

/** The smallest written start at which the first stage is clearable in its hold, or the largest allowed; null to leave it. */
function firstPercent(plan: Plan, first: Stage, forecast: Forecast): number | null {
  const isClearable = (ladder: Ladder) => forecast(ladder, 0).verdict === 'clearable';
  if (first.exposure.kind !== 'percent' || isClearable(plan.ladder)) return null;
  const given = first.exposure.percent;
  const steps = WRITTEN_PERCENTS.filter((step) => step > given && step <= largestFirst(plan));
  return steps.find((step) => isClearable(startedAt(plan.ladder, step))) ?? steps.at(-1) ?? null;
}

function startedAt(ladder: Ladder, percent: number): Ladder {
  const [first, ...rest] = ladder;
  const higher = rest.filter(({ exposure }) => exposure.kind !== 'percent' || exposure.percent > percent);
  return [stageOf(percent, first?.holdMs ?? 0), ...higher];
}

/** Written steps that may follow `current` (0: may come first), smallest first; never empty below `end`. */
function nextPercents(plan: Plan, current: number, end: number): readonly number[] {
  const most = current === 0 ? largestFirst(plan) : current < EARLY_PERCENT ? 5 * current : end;
  const least = current === 0 ? 0 : 2 * current;
  const steps = WRITTEN_PERCENTS.filter((step) => step >= least && step <= most && step < end);
  return steps.length > 0 && most < end ? steps : [...steps, end];
}

/** The hold the given ladder sets at this exposure: that of its last rung not above it. */
function holdAt(given: Ladder, percent: number): number {
  const under = given.findLast(({ exposure }) => exposure.kind === 'percent' && exposure.percent <= percent);
  return (under ?? given[0])?.holdMs ?? 0;
}

function largestFirst(plan: Plan): number {
  return plan.largestFirstPercent ?? EARLY_PERCENT;
}

function stageOf(percent: number, holdMs: number): Stage {
  return { exposure: { kind: 'percent', percent }, holdMs };
}

/** Longer stages see more units, so later ones need less: lengthened one at a time, in order. */
function lengthened(given: Ladder, forecast: Forecast): Ladder | null {
  let ladder = given;
  for (let index = 0; index < ladder.length; index++) {
    const holdMs = longerHold(forecast(ladder, index));
    if (holdMs === null) return null;
    ladder = ladder.with(index, { ...stageAt({ ladder }, index), holdMs });
  }
  return ladder;
}

/** The stage's hold, longer where its evidence needs it; null for never, or beyond a day where it was not given more. */
function longerHold({ neededMs, holdMs }: Pick<StageForecast, 'neededMs' | 'holdMs'>): number | null {
  if (neededMs === null || neededMs > Math.max(LONGEST_STAGE_MS, holdMs)) return null;
  return neededMs <= holdMs ? holdMs : roundedUp(neededMs);
}

const NICE_MS = [1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000] as const;

/** Up to a time people would write: to the coarsest step that adds no more than a fifth. */
function roundedUp(ms: number): number {
  const steps = NICE_MS.map((step) => Math.ceil(ms / step) * step);
  return steps.findLast((rounded) => rounded <= ms * 1.2) ?? Math.ceil(ms / NICE_MS[0]) * NICE_MS[0];
}

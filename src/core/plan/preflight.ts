import { type Histogram, quantileOf, sizeOf } from '../gate/exceedance.ts';
import { edgesOf, nullLines } from '../gate/lines.ts';
import { orient } from '../gate/orientation.ts';
import type { Sample } from '../gate/sample.ts';
import type { GateSettings } from '../gate/settings.ts';
import { type Check, signalName } from './check.ts';
import { formatExposure, type Ladder } from './ladder.ts';
import { desiredAt, EARLY_PERCENT, isAlone, marginAt, type Plan, stageAt } from './plan.ts';

/** The heaviest safety alternative carries this weight; the lightest useful mixture pays its log. */
const SAFETY_WEIGHT = 0.4;
/** Headroom that lets about four in five good rollouts clear in the time computed. */
const HEADROOM = 1.3;
const MINUTE_MS = 60_000;

/** What the target showed before anything moved. */
export interface TrafficReading {
  /** Length of the reading, ms. */
  readonly overMs: number;
  /** Stable-side samples, one per signal at the most. */
  readonly samples: readonly Sample[];
}

/** Whether one stage can be cleared in its time by the traffic there is. */
export interface StageForecast {
  readonly exposure: string;
  readonly holdMs: number;
  /** The check that needs longest, and what it needs. */
  readonly slowest: string | null;
  /** Canary units needed since the start of the rollout (null: no number would do), and how many will have been seen by the end of the stage. */
  readonly neededUnits: number | null;
  readonly expectedUnits: number;
  /** How long the stage must last to be cleared, ms; null when this traffic never clears it. */
  readonly neededMs: number | null;
  readonly verdict: 'clearable' | 'only_if_extended' | 'not_clearable';
}

export interface Preflight {
  readonly stages: readonly StageForecast[];
  readonly isClearable: boolean;
  readonly unitsPerMinute: number;
  /** A ladder this traffic can clear; null when the one given can, or when there is no traffic at all. */
  readonly workable: Ladder | null;
}

/**
 * Whether the traffic there is can clear every stage in its time: for shares
 * n = ln(1 / (alpha * 0.4)) / (p ln(p / (p + m)) + m), with headroom; for quantiles the same with the information one request
 * carries about the tail. Levels and checks without lines need no sample. Canary units add up over the ladder, because
 * safety evidence does.
 */
export function preflight(plan: Plan, traffic: TrafficReading): Preflight {
  const voting = plan.checks.filter((check) => check.intent === 'guard' && check.severity !== 'advisory');
  const perMinute = unitsPerMinute(voting, traffic);
  const stages = forecast(plan, plan.ladder, voting, traffic);
  const isClearable = stages.every((stage) => stage.verdict !== 'not_clearable');
  return {
    stages,
    isClearable,
    unitsPerMinute: perMinute,
    workable: isClearable || perMinute === 0 ? null : workableLadder(plan, voting, traffic),
  };
}

function forecast(
  plan: Plan,
  ladder: Ladder,
  voting: readonly Check[],
  traffic: TrafficReading,
): readonly StageForecast[] {
  const trial = { ...plan, ladder };
  const seen = new Map<string, number>();
  return ladder.map((stage, index): StageForecast => {
    const share = shareAt(trial, index);
    const needs = voting.map((check) => {
      const rate = unitsOf(check, traffic) / traffic.overMs;
      const needed = isAlone(trial, index)
        ? 0
        : unitsNeeded(check, marginAt(trial, index), plan.settings, traffic);
      const before = seen.get(check.id) ?? 0;
      const expected = before + rate * share * stage.holdMs;
      seen.set(check.id, expected);
      const missing = Math.max(needed - before, needed > 0 ? plan.settings.minUnits : 0);
      const neededMs = missing === 0 ? 0 : missing / (rate * share);
      return { check, needed, expected, neededMs };
    });
    const slowest = needs.reduce((a, b) => (b.neededMs > (a?.neededMs ?? -1) ? b : a), needs[0]);
    const neededMs = slowest?.neededMs ?? 0;
    return {
      exposure: formatExposure(stage.exposure),
      holdMs: stage.holdMs,
      slowest: slowest === undefined || neededMs === 0 ? null : signalName(slowest.check),
      neededUnits: finiteOrNull(Math.ceil(slowest?.needed ?? 0)),
      expectedUnits: Math.floor(slowest?.expected ?? 0),
      neededMs: finiteOrNull(Math.ceil(neededMs)),
      verdict:
        neededMs <= stage.holdMs
          ? 'clearable'
          : neededMs <= 2 * stage.holdMs
            ? 'only_if_extended'
            : 'not_clearable',
    };
  });
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** An audience's share is not known; a tenth is assumed. */
const AUDIENCE_SHARE = 0.1;

function shareAt(plan: Pick<Plan, 'ladder' | 'holdbackPercent'>, index: number): number {
  const { percent } = desiredAt(plan, index);
  return percent > 0 ? percent / 100 : AUDIENCE_SHARE;
}

/** What stable showed of the signal; null when it showed nothing, as with a series that only the new version has. */
function stableSample(check: Check, traffic: TrafficReading): Sample['stat'] {
  const stat = traffic.samples.find((s) => s.signal === check.signal && s.cohort === 'stable')?.stat ?? null;
  return sizeOfStat(stat) === 0 ? null : stat;
}

function unitsOf(check: Check, traffic: TrafficReading): number {
  const units = sizeOfStat(stableSample(check, traffic));
  // A series that only the new version has shows nothing yet; the target's own traffic stands in for it.
  return units ?? Math.max(0, ...traffic.samples.map((sample) => sizeOfStat(sample.stat) ?? 0));
}

function sizeOfStat(stat: Sample['stat']): number | null {
  if (stat?.kind === 'share') return stat.n;
  return stat?.kind === 'histogram' ? sizeOf(stat) : null;
}

function unitsPerMinute(voting: readonly Check[], traffic: TrafficReading): number {
  const counted = voting.filter((check) => check.measure.kind !== 'level');
  const most = Math.max(0, ...counted.map((check) => unitsOf(check, traffic)));
  return traffic.overMs > 0 ? (most * MINUTE_MS) / traffic.overMs : 0;
}

/** Canary units until safety with this margin is proved of a release without effect. */
export function unitsNeeded(
  check: Check,
  margin: 'wide' | 'tight',
  settings: GateSettings,
  traffic: TrafficReading,
): number {
  const edges = edgesOf(check, settings.kappa);
  const stat = stableSample(check, traffic);
  if (edges === null || check.measure.kind === 'level') return 0;
  const oriented = orient(check);
  const nats = Math.log(1 / (settings.alphaSafe * SAFETY_WEIGHT));
  const informations = nullLines(edges[margin], oriented).map((line) => {
    if (stat?.kind === 'share') {
      const bad = oriented === 'failures' ? stat.n - stat.x : stat.x;
      // Without a single event the rate is taken as half an event, never as zero.
      const p = Math.max(bad, 0.5) / Math.max(stat.n, 1);
      return shareInformation(p, line.times * p + line.plus);
    }
    if (stat?.kind === 'histogram' && check.measure.kind === 'quantile') {
      return tailInformation(stat, check.measure.p, line) / settings.latencyPhi;
    }
    // Against a fixed limit with no past, a healthy canary is taken to sit half-way under it.
    return line.times === 0 && check.measure.kind === 'share'
      ? shareInformation(line.plus / 2, line.plus)
      : 0;
  });
  // A band is safe as soon as either of its lines is: the better informed one decides.
  const information = Math.max(0, ...informations);
  return information > 0
    ? Math.max((HEADROOM * nats) / information, settings.minUnits)
    : Number.POSITIVE_INFINITY;
}

/** Nats per unit that tell rate p from a limit above it (Poisson). */
function shareInformation(p: number, limit: number): number {
  return limit > p ? p * Math.log(p / limit) + (limit - p) : 0;
}

/** Nats per request that tell "no effect" from "quantile beyond the line": by how much the tail thins out at the line. */
function tailInformation(
  histogram: Histogram,
  p: number,
  line: { readonly times: number; readonly plus: number },
): number {
  const quantile = quantileOf(histogram, p);
  const total = sizeOf(histogram);
  if (quantile === null) return 0;
  const limit = line.times * quantile + line.plus;
  // The edge a safety test would really use: the last bound at or under the limit.
  const edge = histogram.bounds.findLastIndex((bound) => bound <= limit);
  const beyond = histogram.counts.slice(edge + 1).reduce((sum, count) => sum + count, 0);
  const tail = 1 - p;
  const share = Math.max(beyond, 0.5) / total;
  if (share >= tail) return 0;
  return share * Math.log(share / tail) + (1 - share) * Math.log((1 - share) / (1 - tail));
}

/** The largest first step proposed: a bounded blast radius even where traffic is thin. */
const LARGEST_FIRST_PERCENT = EARLY_PERCENT;

/**
 * The given ladder made workable: rungs too thin to clear in their time are left out while the first stays at 25 % or
 * less, and each remaining stage lasts as long as its evidence needs, rounded up.
 */
function workableLadder(plan: Plan, voting: readonly Check[], traffic: TrafficReading): Ladder | null {
  let ladder = plan.ladder;
  for (let dropped = 0; dropped < plan.ladder.length; dropped++) {
    const stages = forecast(plan, ladder, voting, traffic);
    const second = ladder[1]?.exposure;
    const isTooThin = stages[0]?.verdict === 'not_clearable';
    const canStartHigher = second?.kind === 'percent' && second.percent <= LARGEST_FIRST_PERCENT;
    if (!isTooThin || !canStartHigher) break;
    ladder = ladder.slice(1);
  }
  // Longer stages see more units, so later ones need less: lengthen one at a time, in order.
  for (let index = 0; index < ladder.length; index++) {
    const stage = forecast(plan, ladder, voting, traffic)[index];
    if (stage === undefined || stage.neededMs === null) return null;
    const { holdMs } = stageAt({ ladder }, index);
    const longer = Math.max(holdMs, roundedUp(stage.neededMs));
    ladder = ladder.with(index, { ...stageAt({ ladder }, index), holdMs: longer });
  }
  return ladder;
}

const NICE_MS = [1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000] as const;

/** Up to a time people would write: to the coarsest step that adds no more than a fifth. */
function roundedUp(ms: number): number {
  const steps = NICE_MS.map((step) => Math.ceil(ms / step) * step);
  return steps.findLast((rounded) => rounded <= ms * 1.2) ?? Math.ceil(ms / NICE_MS[0]) * NICE_MS[0];
}

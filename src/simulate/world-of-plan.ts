import { normalQuantile } from '../core/gate/distributions.ts';
import { type Check, isRequired, type Line } from '../core/plan/check.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { WorldChange } from './effect-text.ts';
import { ERROR_RATE, type SignalWorld, type World, type WorldNoise } from './world.ts';

/** What a person says of the world a plan is tried in. */
export interface WorldFacts {
  readonly requestsPerMinute: number;
  /** Stable's error rate, a fraction. */
  readonly errorRate: number;
  readonly noise: 'none' | 'usual';
}

/** Only counting is by chance. */
const NO_NOISE: WorldNoise = { sharedSd: 0, sharedCarry: 0, canaryCv: 0, stableCv: 0, latencySd: 0 };
/** The noise the gate's defaults are made for: both sides wander together, and each minute has a luck of its own. */
const USUAL_NOISE: WorldNoise = {
  sharedSd: 0.25,
  sharedCarry: 0.8,
  canaryCv: 0.25,
  stableCv: 0.125,
  latencySd: 0.02,
};
const USUAL_SWING = 0.3;

/** Enough pods on each side that one bad one is a part and not the whole. */
const PODS = 4;

/**
 * A world in which every check of the plan has a signal of its kind, healthy and clear of the plan's fixed limits, changed as
 * asked. `seed` decides all chance.
 */
export function worldOf(plan: Plan, facts: WorldFacts, change: WorldChange, seed: number): World {
  const isQuiet = facts.noise === 'none';
  const effects = change.kind === 'effect' ? [change.effect] : [];
  const hasPods = effects.some((effect) => effect.kind === 'bad_pod');
  return {
    seed,
    traffic: {
      requestsPerMinute: facts.requestsPerMinute,
      dailySwing: isQuiet ? 0 : USUAL_SWING,
    },
    noise: isQuiet ? NO_NOISE : USUAL_NOISE,
    signals: Object.fromEntries(plan.checks.map((check) => [check.signal, healthySignal(check, facts)])),
    errorRate: facts.errorRate,
    pods: hasPods ? { canary: PODS, stable: PODS } : { canary: 0, stable: 0 },
    segments: change.kind === 'segments' ? change.segments : [],
    effects,
  };
}

const LATENCY_MEDIAN_MS = 80;
const LATENCY_SPREAD = 0.8;
const LATENCY_BUCKET_RATIO = 1.1;
/** Of what is named by its good side, so much is good. */
const GOOD_SHARE = 0.95;
const VALUE = { mean: 10, cv: 1, nonZeroShare: 0.3 };
const LEVEL_SD = 0.02;

function healthySignal(check: Check, { errorRate }: WorldFacts): SignalWorld {
  const limit = fixedLimit(check);
  const isGood = check.worse === 'decrease';
  switch (check.measure.kind) {
    case 'share':
      return { kind: 'share', rate: healthyShare(check, limit, errorRate) };
    case 'count':
      return { kind: 'count', rate: limit === null ? 1 : isGood ? limit * 2 : limit / 2 };
    case 'quantile':
    case 'share_over': {
      const usual = LATENCY_MEDIAN_MS * quantileTimes(check.measure.p);
      const medianMs = limit === null ? LATENCY_MEDIAN_MS : (LATENCY_MEDIAN_MS * limit) / (2 * usual);
      return {
        kind: 'latency',
        medianMs: Math.min(medianMs, LATENCY_MEDIAN_MS),
        spread: LATENCY_SPREAD,
        bucketRatio: LATENCY_BUCKET_RATIO,
      };
    }
    case 'mean':
    case 'ratio':
      return { kind: 'value', ...VALUE };
    case 'level': {
      const value = limit === null ? 1 : isGood ? limit * 2 : limit / 2;
      return { kind: 'level', value, sd: LEVEL_SD * value };
    }
  }
}

function healthyShare(check: Check, limit: number | null, errorRate: number): number {
  if (check.signal === ERROR_RATE) return errorRate;
  if (check.worse === 'decrease') return limit === null ? GOOD_SHARE : 1 - (1 - limit) / 2;
  return limit === null ? errorRate : Math.min(errorRate, limit / 2);
}

/** The nearest fixed limit of a check, or null when it is held against stable alone. */
function fixedLimit(check: Check): number | null {
  const line = [check.hold, check.rollback].find((one) => one?.compare === 'absolute');
  return line?.compare === 'absolute' ? line.at : null;
}

/** How many medians a quantile of the usual latency is. */
function quantileTimes(p: number): number {
  return Math.exp(LATENCY_SPREAD * normalQuantile(p));
}

/** How far a line lies from a healthy signal: points (a fraction) of a share, or a factor of a latency. */
export type Distance =
  | { readonly kind: 'points'; readonly by: number; readonly worse: Check['worse']; readonly signal: string }
  | { readonly kind: 'times'; readonly times: number; readonly signal: string };

/** Where the plan's lines lie: `rollback` is null when it has none. */
export interface Lines {
  readonly check: Check;
  readonly hold: Distance;
  readonly rollback: Distance | null;
}

/**
 * The check that the standard effects are measured by: the first required one that can be moved by so many points, the error
 * rate before others and a rollback line before a hold line alone, or else the first latency. Null when there is none.
 */
export function leadingLines(plan: Plan, facts: WorldFacts): Lines | null {
  const guards = plan.checks.filter((check) => check.intent === 'guard' && check.severity !== 'advisory');
  const ranked = guards.flatMap((check) => linesOf(check, facts) ?? []).toSorted((a, b) => rank(a) - rank(b));
  return ranked[0] ?? null;
}

function rank({ check, rollback }: Lines): number {
  return (
    (check.measure.kind === 'share' ? 0 : 8) +
    (check.signal === ERROR_RATE ? 0 : 4) +
    (rollback === null ? 2 : 0) +
    (isRequired(check) ? 0 : 1)
  );
}

/** The lines of one check as distances; null for a measure no effect moves by a known amount. */
export function linesOf(check: Check, facts: WorldFacts): Lines | null {
  const healthy = healthySignal(check, facts);
  const rollback = check.rollback === null ? null : distance(check, check.rollback, healthy);
  // Only a rollback line: the gate holds half-way to it.
  const hold = check.hold === null ? halved(rollback) : distance(check, check.hold, healthy);
  return hold === null ? null : { check, hold, rollback };
}

function distance({ worse, signal, measure }: Check, line: Line, healthy: SignalWorld): Distance | null {
  if (healthy.kind === 'share') {
    const by = gap(line, healthy.rate);
    return by > 0 ? { kind: 'points', by, worse, signal } : null;
  }
  if (healthy.kind !== 'latency' || measure.kind !== 'quantile') return null;
  const usual = healthy.medianMs * quantileTimes(measure.p);
  const times = 1 + gap(line, usual) / usual;
  return times > 1 && worse === 'increase' ? { kind: 'times', times, signal } : null;
}

/** How far the line lies from this value, in the value's own unit. */
function gap(line: Line, value: number): number {
  switch (line.compare) {
    case 'difference':
      return line.by;
    case 'ratio':
      return Math.abs(line.times - 1) * value;
    case 'band':
      return Math.max(Math.abs(line.times - 1) * value, line.floor);
    case 'absolute':
      return Math.abs(line.at - value);
  }
}

function halved(distance: Distance | null): Distance | null {
  return distance === null ? null : scaledDistance(distance, 0.5);
}

/** So many times as far from no effect; a factor moves on the log scale. */
export function scaledDistance(distance: Distance, share: number): Distance {
  return distance.kind === 'points'
    ? { ...distance, by: distance.by * share }
    : { ...distance, times: distance.times ** share };
}

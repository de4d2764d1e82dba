import { quantileOf } from '../../gate/exceedance.ts';
import { thresholdsFor } from '../../gate/judge.ts';
import { edgesOf } from '../../gate/lines.ts';
import { type Check, type Line, signalName } from '../check.ts';
import type { Plan } from '../plan.ts';
import { shareOver } from './histogram-shape.ts';
import { contextOf, type ForecastContext, type Look, leastLooks, type Spell } from './looks.ts';
import { meanOf, momentsHarm, unitOf } from './moments-forecast.ts';
import { durationsOf, quantileHarm } from './quantile-forecast.ts';
import { rateOf, shareHarm } from './share-forecast.ts';
import type { TrafficReading } from './traffic.ts';
import { isVoting } from './units-needed.ts';

/**
 * What a regression costs before it is confirmed. The regression lies at the rollback line, or at twice the hold line where
 * there is none, and begins with the stage.
 */
export interface HarmBound {
  readonly checkId: string;
  readonly signal: string;
  readonly measure: Check['measure'];
  readonly worse: Check['worse'];
  /** How far from stable the regression is taken to lie. */
  readonly line: Line;
  /** What confirming it brings about. */
  readonly action: 'rollback' | 'hold';
  /** Canary units that see it before it is found, and how many of them fail (are slower than stable's quantile) because of it. */
  readonly requests: number;
  /** Null where a unit is not good or bad: means and ratios. */
  readonly badRequests: number | null;
  readonly ms: number;
}

/** What each check is asked about: the stage's look at it, and what earlier stages showed. */
export interface Watched {
  readonly check: Check;
  readonly look: Look;
  readonly before: readonly Spell[];
}

/**
 * The bound of a stage: the slowest of the checks that may roll back (of those that may hold, where none may roll back). Null
 * where there is none, or one of them never finds it.
 */
export function harmBoundOf(
  plan: Plan,
  watched: readonly Watched[],
  traffic: TrafficReading,
): HarmBound | null {
  const voting = watched.filter(({ check }) => isVoting(check) && hasBound(check));
  const critical = voting.filter(({ check }) => check.severity === 'critical');
  const bounds = (critical.length > 0 ? critical : voting).map((one) =>
    boundOf(plan, one, contextOf(plan, one.check, traffic)),
  );
  if (bounds.some((bound) => bound === null)) return null;
  return bounds.reduce(
    (worst, bound) => (worst === null || (bound?.ms ?? 0) > worst.ms ? bound : worst),
    null,
  );
}

function hasBound(check: Check): boolean {
  return (
    check.measure.kind !== 'level' && check.against === undefined && (check.hold ?? check.rollback) !== null
  );
}

function boundOf(plan: Plan, watched: Watched, context: ForecastContext): HarmBound | null {
  const { check, look } = watched;
  const line = edgesOf(check, plan.settings.kappa)?.wide;
  if (line === undefined) return null;
  const action = check.severity === 'critical' && check.rollback !== null ? 'rollback' : 'hold';
  const threshold = thresholdsFor(check, plan.checks, plan.settings)[action];
  const regression = regressionAt(line, watched, context, plan.ladder.length);
  if (regression === null) return null;
  const looks = Math.ceil(leastLooks((k) => k > 0 && regression.evidenceAfter(k) >= threshold) - 1e-9);
  if (!Number.isFinite(looks)) return null;
  const requests = Math.ceil(looks * look.canary);
  return {
    checkId: check.id,
    signal: signalName(check),
    measure: check.measure,
    worse: check.worse,
    line,
    action,
    requests,
    badRequests: regression.badShare === null ? null : Math.round(requests * regression.badShare),
    ms: looks * plan.tickMs,
  };
}

interface Regression {
  readonly evidenceAfter: (looks: number) => number;
  /** Units that are bad because of it, as a share of all. */
  readonly badShare: number | null;
}

function regressionAt(
  line: Line,
  { check, look, before }: Watched,
  context: ForecastContext,
  stages: number,
): Regression | null {
  const { settings } = context;
  const spells = (looks: number) => [...before, { ...look, looks }];
  switch (check.measure.kind) {
    case 'share':
    case 'count':
    case 'share_over': {
      const stable = rateOf(check, context);
      if (stable === null) return null;
      const worst = check.measure.kind === 'count' ? Number.POSITIVE_INFINITY : 1;
      const canary = Math.max(0, Math.min(worst, valueAt(line, check.worse, stable)));
      const harm = shareHarm(check, { canary, stable }, look, settings);
      return {
        evidenceAfter: (looks) => harm.after(looks, before.length > 0),
        badShare: Math.abs(canary - stable),
      };
    }
    case 'quantile': {
      const shape = durationsOf(check, context);
      const stable = shape === null ? null : quantileOf(shape, check.measure.p);
      if (shape === null || stable === null || stable <= 0) return null;
      const times = valueAt(line, check.worse, stable) / stable;
      return {
        evidenceAfter: (looks) => quantileHarm(check, shape, { times, stages }, spells(looks), settings),
        badShare: Math.abs(shareOver(shape, stable / times) - shareOver(shape, stable)),
      };
    }
    case 'mean':
    case 'ratio': {
      const unit = unitOf(check, context);
      if (unit === null) return null;
      const stable = meanOf(check, unit);
      const factor = valueAt(line, check.worse, stable) / stable;
      return {
        evidenceAfter: (looks) => momentsHarm(check, unit, { factor, stages }, spells(looks), settings),
        badShare: null,
      };
    }
    case 'level':
      return null;
  }
}

/** The value that lies exactly on the line; a band is reached at the farther of its two. */
function valueAt(line: Line, worse: Check['worse'], base: number): number {
  const sign = worse === 'increase' ? 1 : -1;
  switch (line.compare) {
    case 'difference':
      return base + sign * line.by;
    case 'ratio':
      return base * line.times;
    case 'absolute':
      return line.at;
    case 'band':
      return sign > 0
        ? Math.max(base * line.times, base + line.floor)
        : Math.min(base * line.times, base - line.floor);
  }
}

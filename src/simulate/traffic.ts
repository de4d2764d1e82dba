import { normalCdf } from '../core/gate/distributions.ts';
import type { Cohort, Part, Quality, Sample, Stat } from '../core/gate/sample.ts';
import { isSignalKind, SIGNAL_KINDS } from '../core/plan/signal-kinds.ts';
import { type Random, randomFrom } from './random.ts';
import {
  addedRate,
  type Effect,
  ERROR_RATE,
  incidentTimes,
  isActive,
  type Moment,
  type SignalWorld,
  type World,
} from './world.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Counts what happens in a world between two moments. Stateful: time only goes forward. */
export interface WorldTraffic {
  /** One sample per signal and cohort over [from, to), ms on the world's own wall clock. */
  count(window: {
    readonly from: number;
    readonly to: number;
    readonly percent: number;
    readonly signals: readonly string[];
  }): readonly Sample[];
}

/** `begunAt` is when the world began, ms since the epoch: effects are timed from there. */
export function worldTraffic(world: World, begunAt: number): WorldTraffic {
  const random = randomFrom(world.seed);
  const noise = noiseOf(world, randomFrom(world.seed + 0x5eed));
  return {
    count: ({ from, to, percent, signals }) => {
      const moment: Moment = { elapsedMs: from - begunAt, percent };
      // A read fails when it is made, at the end of its window.
      const fault = telemetryFault(world.effects, { elapsedMs: to - begunAt, percent });
      const requests = requestsOf(world, random, { from, to, moment });
      return signals.flatMap((signal) =>
        (['canary', 'stable'] as const).map((cohort): Sample => {
          const isCanary = cohort === 'canary';
          const quality = qualityOf(world, moment, fault, isCanary);
          const stat =
            fault === null || fault === 'partial'
              ? statOf({ world, random, signal, cohort, moment, noise: noise(from), n: requests[cohort] })
              : null;
          return { signal, cohort, from, to, stat, quality };
        }),
      );
    },
  };
}

function telemetryFault(effects: readonly Effect[], moment: Moment) {
  const fault = effects.find((effect) => effect.kind === 'telemetry_fault' && isActive(effect, moment));
  return fault?.kind === 'telemetry_fault' ? fault.why : null;
}

function qualityOf(world: World, moment: Moment, fault: Quality['unusable'], isCanary: boolean): Quality {
  const isCrashing = world.effects.some((effect) => effect.kind === 'crash_loop' && isActive(effect, moment));
  return {
    unusable: fault,
    detail: fault === null ? null : `simulated ${fault}`,
    resets: isCanary && isCrashing ? 1 : 0,
    born: 0,
  };
}

function requestsOf(
  world: World,
  random: Random,
  { from, to, moment }: { readonly from: number; readonly to: number; readonly moment: Moment },
): Readonly<Record<Cohort, number>> {
  const day = Math.sin((2 * Math.PI * (from % DAY_MS)) / DAY_MS);
  const mean =
    (world.traffic.requestsPerMinute * (1 + world.traffic.dailySwing * day) * (to - from)) / MINUTE_MS;
  const active = world.effects.filter((effect) => isActive(effect, moment));
  const isDead = active.some((effect) => effect.kind === 'dead');
  const times = active.reduce((t, effect) => (effect.kind === 'misassigned' ? t * effect.times : t), 1);
  const share = Math.min(1, (moment.percent / 100) * times);
  return {
    canary: isDead ? 0 : random.poisson(mean * share),
    stable: random.poisson(mean * (1 - share)),
  };
}

/** The noise in force at a moment: drawn once a minute. */
interface MinuteNoise {
  readonly shared: number;
  readonly canary: number;
  readonly stable: number;
  readonly canaryLatency: number;
  readonly stableLatency: number;
}

function noiseOf(world: World, random: Random): (at: number) => MinuteNoise {
  const { sharedSd, sharedCarry, canaryCv, stableCv, latencySd } = world.noise;
  let minute = Number.NEGATIVE_INFINITY;
  let log = sharedSd * random.normal();
  let current: MinuteNoise | null = null;
  const side = (cv: number) => (cv === 0 ? 1 : random.gamma(1 / cv ** 2) * cv ** 2);
  return (at) => {
    const now = Math.floor(at / MINUTE_MS);
    if (current !== null && now === minute) return current;
    minute = now;
    log = sharedCarry * log + sharedSd * Math.sqrt(1 - sharedCarry ** 2) * random.normal();
    current = {
      shared: Math.exp(log),
      canary: side(canaryCv),
      stable: side(stableCv),
      canaryLatency: Math.exp(latencySd * random.normal()),
      stableLatency: Math.exp(latencySd * random.normal()),
    };
    return current;
  };
}

interface Counting {
  readonly world: World;
  readonly random: Random;
  readonly signal: string;
  readonly cohort: Cohort;
  readonly moment: Moment;
  readonly noise: MinuteNoise;
  readonly n: number;
}

function statOf(counting: Counting): Stat {
  const { world, signal } = counting;
  const facts: SignalWorld =
    world.signals[signal] ??
    (signal.includes('latency') ? DEFAULT_LATENCY : { kind: 'share', rate: world.errorRate });
  switch (facts.kind) {
    case 'share':
    case 'count':
      return events(counting, facts);
    case 'latency':
      return durations(counting, facts);
    case 'value':
      return values(counting, facts);
    case 'level':
      return levelOf(counting, facts);
  }
}

const DEFAULT_LATENCY: SignalWorld = { kind: 'latency', medianMs: 20, spread: 0.4, bucketRatio: 1.1 };

/**
 * Expected rate of one side, before its parts are told apart. Noise and incidents multiply what is bad: of a signal named by its
 * good side (hits, completions) that is what it lacks.
 */
function rateOf(counting: Counting, base: number): number {
  const { world, noise, cohort, moment, signal } = counting;
  const isGood = isSignalKind(signal) && SIGNAL_KINDS[signal].worse === 'decrease';
  const added = addedRate(world.effects, signal, moment);
  const shared = (isGood ? 1 - base : base) * noise.shared * incidentTimes(world.effects, moment);
  const bad =
    cohort === 'canary' ? (shared + (isGood ? -added : added)) * noise.canary : shared * noise.stable;
  return isGood ? Math.max(0, 1 - bad) : bad;
}

function events(
  counting: Counting,
  facts: { readonly kind: 'share' | 'count'; readonly rate: number },
): Stat {
  const { random, n, world } = counting;
  const rate = rateOf(counting, facts.rate);
  const draw = (units: number, p: number) =>
    facts.kind === 'share'
      ? random.binomial(units, Math.min(1, Math.max(0, p)))
      : random.poisson(units * Math.max(0, p));
  if (world.segments.length > 0) {
    const share = counting.cohort === 'canary' ? 'canaryShare' : 'stableShare';
    const sizes = split(
      random,
      n,
      world.segments.map((segment) => segment[share]),
    );
    const segments = world.segments.map((segment, at): Part => {
      const units = sizes[at] ?? 0;
      return { key: segment.name, n: units, x: draw(units, rate * segment.times) };
    });
    return { kind: facts.kind, n, x: sumOf(segments), segments };
  }
  const pods = world.pods[counting.cohort];
  if (pods === 0) return { kind: facts.kind, n, x: draw(n, rate) };
  const bad = badPodRate(counting);
  const clusters = split(random, n, new Array<number>(pods).fill(1 / pods)).map(
    (units, at): Part => ({
      key: `${counting.cohort}-${at}`,
      n: units,
      x: draw(units, at === 0 && bad !== null ? bad : rate),
    }),
  );
  return { kind: facts.kind, n, x: sumOf(clusters), clusters };
}

function badPodRate({ world, moment, cohort, signal }: Counting): number | null {
  if (cohort !== 'canary' || signal !== ERROR_RATE) return null;
  const bad = world.effects.find((effect) => effect.kind === 'bad_pod' && isActive(effect, moment));
  return bad?.kind === 'bad_pod' ? bad.errorRate : null;
}

function sumOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.x, 0);
}

/** A multinomial: `n` units into parts of these shares (which add up to 1). */
function split(random: Random, n: number, shares: readonly number[]): readonly number[] {
  let [left, mass] = [n, 1];
  return shares.map((share, at) => {
    if (at === shares.length - 1) return left;
    const drawn = left === 0 || mass <= 0 ? 0 : random.binomial(left, Math.min(1, share / mass));
    left -= drawn;
    mass -= share;
    return drawn;
  });
}

type LatencyWorld = Extract<SignalWorld, { kind: 'latency' }>;

/** Buckets reach from a twentieth of the median to forty times it. */
const LOWEST = 1 / 20;
const HIGHEST = 40;

const boundsCache = new Map<string, readonly number[]>();

function boundsOf({ medianMs, bucketRatio }: LatencyWorld): readonly number[] {
  const key = `${medianMs}/${bucketRatio}`;
  const cached = boundsCache.get(key);
  if (cached !== undefined) return cached;
  const steps = Math.ceil(Math.log(HIGHEST / LOWEST) / Math.log(bucketRatio));
  const bounds = Array.from(
    { length: steps + 1 },
    (_, at) => Math.round(medianMs * LOWEST * bucketRatio ** at * 1e6) / 1e6,
  );
  boundsCache.set(key, bounds);
  return bounds;
}

function durations(counting: Counting, facts: LatencyWorld): Stat {
  const { noise, cohort, n, random } = counting;
  const bounds = boundsOf(facts);
  const jitter = cohort === 'canary' ? noise.canaryLatency : noise.stableLatency;
  const stretch = stretchOf(counting);
  const shareUnder = (ms: number) => {
    const under = (value: number) => normalCdf(Math.log(value / (facts.medianMs * jitter)) / facts.spread);
    if (stretch === null) return under(ms);
    const share = under(ms);
    if (share < stretch.above) return share;
    return Math.max(stretch.above, under(ms / stretch.times));
  };
  let below = 0;
  const shares = [...bounds, Infinity].map((bound) => {
    const upTo = bound === Infinity ? 1 : shareUnder(bound);
    const share = Math.max(0, upTo - below);
    below = upTo;
    return share;
  });
  return { kind: 'histogram', bounds, counts: split(random, n, shares) };
}

function stretchOf({ world, moment, cohort, signal }: Counting) {
  if (cohort !== 'canary') return null;
  const stretch = world.effects.find(
    (effect) => effect.kind === 'stretch' && effect.signal === signal && isActive(effect, moment),
  );
  return stretch?.kind === 'stretch' ? { times: stretch.times, above: stretch.above ?? 0 } : null;
}

/** Values are capped at this many times the mean, as a recorder would cap them at a high quantile. */
const CAP_TIMES = 20;

function values(counting: Counting, facts: Extract<SignalWorld, { kind: 'value' }>): Stat {
  const { random, n } = counting;
  const times = stretchOf(counting)?.times ?? 1;
  const sigma = Math.sqrt(Math.log(1 + facts.cv ** 2));
  const mu = Math.log(facts.mean / facts.nonZeroShare) - sigma ** 2 / 2;
  const cap = (CAP_TIMES * facts.mean) / facts.nonZeroShare;
  let [y, yy, z, zz, yz] = [0, 0, 0, 0, 0];
  for (let unit = 0; unit < n; unit++) {
    // What a unit did before resembles what it does now: half of its log size is its own.
    const own = random.normal();
    const draw = () =>
      random.next() < facts.nonZeroShare
        ? Math.min(cap, Math.exp(mu + sigma * Math.SQRT1_2 * (own + random.normal())))
        : 0;
    const before = draw();
    const value = draw() * times;
    y += value;
    yy += value ** 2;
    z += before;
    zz += before ** 2;
    yz += value * before;
  }
  return { kind: 'moments', n, y, yy, z, zz, yz };
}

function levelOf(counting: Counting, facts: Extract<SignalWorld, { kind: 'level' }>): Stat {
  const times = stretchOf(counting)?.times ?? 1;
  return { kind: 'level', value: facts.value * times + facts.sd * counting.random.normal() };
}

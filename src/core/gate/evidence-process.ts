import { LOG_FLOOR, logAdd, logSum } from './log-sum.ts';

/**
 * The closed-form two-arm evidence process for counted events, after the method of `docs/decisions/0001-evidence.md`:
 * likelihood-ratio e-processes over a fixed grid of alternatives against the least favourable point of a null line.
 * Valid at any sample size and however often it is looked at: P(sup M >= 1/alpha) <= alpha on the whole null (Ville).
 *
 * Means below are events per unit. `treated` is the arm whose mean must not exceed the line, `reference` the other.
 */
export interface Counts {
  readonly n: number;
  readonly x: number;
}

/** The null: mean(treated) <= times * mean(reference) + plus. `times` 0 makes it absolute: the reference is ignored. */
export interface NullLine {
  readonly times: number;
  readonly plus: number;
}

/** How much one interval may weigh. `tau` is the arm-level coefficient of variation from interval to interval. */
export interface Noise {
  readonly tau: number;
  /** Least design effect, where clusters of one side differ more than counting lets them; 1 when left out. */
  readonly phi?: number;
}

/** Harm alternatives: the treated mean is this many times what the line allows. Equal shares of what the targets leave. */
const HARM_FACTORS = [1.1, 1.25, 1.5, 2, 3, 5, 10, 30] as const;
/** A target must lie strictly beyond the null line. */
const NEAREST_TARGET = 1.1;

/**
 * How the stake of a harm process is divided. Any stakes that add up to at most 1 keep it an e-process; a good guess only finds
 * harm sooner.
 */
export interface HarmMixture {
  /** On the process that runs from the beginning. */
  readonly fromStart: number;
  /** On processes that start later, within the planned looks and after them: a regression at minute 38 is not diluted by 37 good ones. */
  readonly restarts: number;
  readonly overtime: number;
  /** ln stakes on alternatives: first the targets (lines that people wrote), then the grid of factors. */
  readonly logWeights: readonly number[];
}

export function harmMixture(stakes: {
  readonly fromStart: number;
  readonly restarts: number;
  readonly overtime: number;
  readonly onTargets: readonly number[];
}): HarmMixture {
  const onGrid = 1 - stakes.onTargets.reduce((sum, stake) => sum + stake, 0);
  const weights = [...stakes.onTargets, ...HARM_FACTORS.map(() => onGrid / HARM_FACTORS.length)];
  return { ...stakes, logWeights: weights.map(Math.log) };
}

/** Half the stake on the two effects people wrote down (hold, rollback): what they care about is the best guess of a bad release. */
export const STANDARD_MIXTURE = harmMixture({
  fromStart: 0.7,
  restarts: 0.25,
  overtime: 0.05,
  onTargets: [0.1, 0.4],
});

/** Safety alternatives: how far from no effect towards the line, and with which weight. The last is half the reference. */
const SAFETY_STEPS = [
  { towardsLine: 0, weight: 0.4 },
  { towardsLine: 0.25, weight: 0.2 },
  { towardsLine: 0.5, weight: 0.2 },
  { towardsLine: 0.75, weight: 0.1 },
] as const;
const SAFETY_HALF_WEIGHT = 0.1;
const SAFETY_LOG_WEIGHTS = [...SAFETY_STEPS.map((step) => step.weight), SAFETY_HALF_WEIGHT].map(Math.log);
const CLEARLY_BETTER = 0.9;

/** The least predicted rate: a reference that never failed still predicts something. */
export const RATE_FLOOR = 1e-6;

/**
 * ln of one interval's e-value for the alternative (treated mean `lc`, reference mean `ls`), tempered by the noise floor.
 *
 * `lc` must lie strictly on the alternative's side of the line, `ls` must come from earlier data only. An interval in which
 * one arm saw nothing has log e-value 0 on a two-arm line: one side alone says nothing about a difference.
 */
export function logEvidence(
  treated: Counts,
  reference: Counts,
  line: NullLine,
  alternative: { readonly lc: number; readonly ls: number },
  noise: Noise,
): number {
  const { lc, ls } = alternative;
  if (line.times === 0) {
    const limit = line.plus;
    const logE = treated.x * Math.log(lc / limit) - treated.n * (lc - limit);
    return logE / Math.max(1 + noise.tau ** 2 * limit * treated.n, noise.phi ?? 1);
  }
  if (treated.n === 0 || reference.n === 0) return 0;
  const { a, b } = leastFavourable(treated.n, reference.n, line, lc, ls);
  const logE =
    treated.x * Math.log(lc / a) -
    treated.n * (lc - a) +
    reference.x * Math.log(ls / b) -
    reference.n * (ls - b);
  const spread = (a * a + line.times ** 2 * b * b) / (a / treated.n + (line.times ** 2 * b) / reference.n);
  return logE / Math.max(1 + noise.tau ** 2 * spread, noise.phi ?? 1);
}

/**
 * The point of the null line closest to the alternative (reverse information projection of a Poisson pair):
 * b is the positive root of A b^2 + B b + C = 0, and a = times * b + plus.
 */
function leastFavourable(
  treatedN: number,
  referenceN: number,
  line: NullLine,
  lc: number,
  ls: number,
): { readonly a: number; readonly b: number } {
  const { times, plus } = line;
  if (plus === 0) {
    const b = (treatedN * lc + referenceN * ls) / (treatedN * times + referenceN);
    return { a: times * b, b };
  }
  const qa = times * (treatedN * times + referenceN);
  const qb = treatedN * times * (plus - lc) + referenceN * (plus - times * ls);
  const qc = -referenceN * ls * plus;
  const root = Math.sqrt(qb * qb - 4 * qa * qc);
  // The form that does not cancel: qc < 0 < qa, so exactly one root is positive.
  const b = qb > 0 ? (-2 * qc) / (qb + root) : (root - qb) / (2 * qa);
  return { a: times * b + plus, b };
}

/** State of a harm process: two numbers per alternative. All logs; JSON-safe. */
export interface HarmState {
  readonly looks: number;
  readonly fromStart: readonly number[];
  readonly restarted: readonly number[];
  /** The highest ln M so far: rollback evidence is sticky. */
  readonly peak: number;
}

/** Before the first interval, for a process with this many targets. */
export function startHarm(targets: number): HarmState {
  const alternatives = Array.from({ length: targets + HARM_FACTORS.length });
  return {
    looks: 0,
    fromStart: alternatives.map(() => 0),
    restarted: alternatives.map(() => LOG_FLOOR),
    peak: LOG_FLOOR,
  };
}

/**
 * One interval more of evidence that the treated mean is above the line.
 *
 * `ls` is the reference mean predicted from earlier data, `plannedLooks` the number of looks over which the restarts' stake is
 * spread; what looks beyond them get adds up to `overtime`. Weighted Shiryaev-Roberts. `targets` are lines that people wrote,
 * as many as the mixture stakes on.
 */
export function stepHarm(
  state: HarmState,
  counts: { readonly treated: Counts; readonly reference: Counts },
  line: NullLine,
  ls: number,
  settings: {
    readonly noise: Noise;
    readonly plannedLooks: number;
    readonly targets: readonly NullLine[];
    readonly mixture: HarmMixture;
  },
): HarmState {
  const looks = state.looks + 1;
  const logWeight = Math.log(restartWeight(looks, settings.plannedLooks, settings.mixture));
  const allowed = line.times * ls + line.plus;
  const fromStart: number[] = [];
  const restarted: number[] = [];
  for (let k = 0; k < settings.targets.length + HARM_FACTORS.length; k++) {
    const target = settings.targets[k];
    const lc =
      target === undefined
        ? (HARM_FACTORS[k - settings.targets.length] ?? NEAREST_TARGET) * allowed
        : Math.max(target.times * ls + target.plus, NEAREST_TARGET * allowed);
    const step = finite(logEvidence(counts.treated, counts.reference, line, { lc, ls }, settings.noise));
    fromStart.push(floored((state.fromStart[k] ?? 0) + step));
    restarted.push(floored(logAdd(state.restarted[k] ?? LOG_FLOOR, logWeight) + step));
  }
  const next = { looks, fromStart, restarted, peak: LOG_FLOOR };
  return { ...next, peak: Math.max(state.peak, logHarm(next, settings.mixture)) };
}

/** ln M: the mixture over alternatives and starting times, now. */
export function logHarm(
  { fromStart, restarted }: Pick<HarmState, 'fromStart' | 'restarted'>,
  mixture: HarmMixture,
): number {
  const terms: number[] = [];
  const logFromStart = Math.log(mixture.fromStart);
  for (let k = 0; k < mixture.logWeights.length; k++) {
    const logWeight = mixture.logWeights[k] ?? LOG_FLOOR;
    terms.push(
      logWeight + logFromStart + (fromStart[k] ?? LOG_FLOOR),
      logWeight + (restarted[k] ?? LOG_FLOOR),
    );
  }
  return logSum(terms);
}

/** Beyond the planned looks the weights telescope: J sum over t > J of 1 / (t (t + 1)) is J / (J + 1). */
function restartWeight(look: number, plannedLooks: number, mixture: HarmMixture): number {
  return look <= plannedLooks
    ? mixture.restarts / plannedLooks
    : (mixture.overtime * plannedLooks) / (look * (look + 1));
}

/** State of a safety process: one log number per alternative, from the start of the rollout, no restarts. */
export type SafetyState = readonly number[];

export const SAFETY_START: SafetyState = [...SAFETY_STEPS.map(() => 0), 0];

/** One interval more of evidence that the treated mean is below the line: non-inferiority with that margin. */
export function stepSafety(
  state: SafetyState,
  counts: { readonly treated: Counts; readonly reference: Counts },
  line: NullLine,
  ls: number,
  noise: Noise,
): SafetyState {
  const allowed = line.times * ls + line.plus;
  const lcs = [...SAFETY_STEPS.map(({ towardsLine }) => between(line, ls, towardsLine)), ls / 2];
  return lcs.map((lc, k) => {
    // A line at or inside no effect leaves no room between: then only what is clearly better speaks for safety.
    const safe = { lc: lc < allowed ? lc : CLEARLY_BETTER * allowed, ls };
    const step = finite(logEvidence(counts.treated, counts.reference, line, safe, noise));
    return floored((state[k] ?? 0) + step);
  });
}

/** ln of the safety mixture, now. Promotion evidence must hold at the moment of promotion: no supremum. */
export function logSafety(state: SafetyState): number {
  return logSum(SAFETY_LOG_WEIGHTS.map((logWeight, k) => logWeight + (state[k] ?? 0)));
}

/** A treated mean part of the way from no effect to the line; geometrically for a pure ratio. */
function between(line: NullLine, ls: number, towardsLine: number): number {
  if (line.times === 0) return ls + (line.plus - ls) * towardsLine;
  if (line.plus === 0) return ls * line.times ** towardsLine;
  return ls + (line.times * ls + line.plus - ls) * towardsLine;
}

/** Evidence that is no number is none. */
function finite(log: number): number {
  return Number.isFinite(log) ? log : 0;
}

function floored(log: number): number {
  return Math.max(log, LOG_FLOOR);
}

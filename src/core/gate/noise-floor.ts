import type { Counts } from './evidence-process.ts';

/** What is assumed before anything is learned, and how many looks that assumption is worth. */
const ASSUMED_TAU = 0.25;
const ASSUMED_LOOKS = 10;
const LEAST_TAU = 0.1;
const MOST_TAU = 0.6;
/** Expected events at which a look's scatter is half counting and half noise of the assumed size. */
const TELLING_EVENTS = 1 / ASSUMED_TAU ** 2;
/** How much of the past the predicted rate keeps at each look. */
const KEEP = 0.8;
/** Fewer looks than this say nothing of how one look resembles the next. */
const LEAST_FOR_CARRY = 30;
const MOST_CARRY = 0.8;

/**
 * The noise floor of a signal: the coefficient of variation of one side from look to look beyond counting, learned from stable's
 * past alone (a bursty regression must not blunt its own alarm) and fixed for the rollout. Moment estimate of the scatter
 * around a running prediction, less what counting explains, shrunk towards 0.25 as if ten looks had shown that, and kept
 * within [0.1, 0.6]; then raised where one look resembles the next, tau^2 (1 + r) / (1 - r), since such looks are not as many as they seem.
 *
 * `perWindow` is how many of the rollout's looks one of these windows lasts. A window's noise counts once, however many looks it
 * is cut into: tau of one look is sqrt(perWindow) as large. That is exact for noise that lasts a window, and for noise drawn anew
 * at every look, which averages out within a window by the same factor.
 */
export function noiseFloor(windows: readonly Counts[], perWindow = 1): number {
  const assumed = ASSUMED_TAU ** 2 / perWindow;
  const residuals: { readonly residual: number; readonly counting: number; readonly weight: number }[] = [];
  let past: Counts | null = null;
  for (const look of windows) {
    if (look.n <= 0) continue;
    if (past !== null && past.x > 0) {
      const expected = (look.n * past.x) / past.n;
      const weight = expected / (expected + TELLING_EVENTS);
      // Counting scatters the look itself and the prediction it is held against.
      residuals.push({ residual: look.x / expected - 1, counting: 1 / expected + 1 / past.x, weight });
    }
    past = past === null ? look : { n: KEEP * past.n + look.n, x: KEEP * past.x + look.x };
  }
  const weight = residuals.reduce((sum, look) => sum + look.weight, 0);
  const scatter = residuals.reduce(
    (sum, look) => sum + look.weight * (look.residual ** 2 - look.counting),
    0,
  );
  const square = (ASSUMED_LOOKS * assumed + scatter) / (ASSUMED_LOOKS + weight);
  const tau = Math.sqrt(Math.min(MOST_TAU ** 2, Math.max(LEAST_TAU ** 2 / perWindow, square)));
  const carry = carryOf(residuals.map((look) => look.residual));
  return tau * Math.sqrt((perWindow * (1 + carry)) / (1 - carry));
}

/** Lag-1 autocorrelation, within [0, 0.8]. */
function carryOf(residuals: readonly number[]): number {
  if (residuals.length < LEAST_FOR_CARRY) return 0;
  const mean = residuals.reduce((sum, value) => sum + value, 0) / residuals.length;
  let [lagged, square] = [0, 0];
  for (const [at, value] of residuals.entries()) {
    square += (value - mean) ** 2;
    if (at > 0) lagged += (value - mean) * ((residuals[at - 1] ?? mean) - mean);
  }
  return square === 0 ? 0 : Math.min(MOST_CARRY, Math.max(0, lagged / square));
}

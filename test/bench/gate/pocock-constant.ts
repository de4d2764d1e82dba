import { normalCdf, normalQuantile } from '../../../src/core/gate/distributions.ts';

/** Points of the grid on which the density of the running sum is carried. */
const STEPS = 160;
/** The density below this many standard deviations is nothing. */
const LOWEST = -7;
const BISECTIONS = 20;

const known = new Map<string, number>();

/**
 * Pocock's constant c for equally spaced looks: P(Z_k >= c at any of `looks` looks) = `alpha` with no effect, where Z_k is the
 * standardised running sum. One-sided; found by bisection over `crossing`. Jennison & Turnbull (2000), table 2.1, give the
 * two-sided constants, which one-sided tests at half their alpha meet to the second decimal.
 */
export function pocockConstant(looks: number, alpha: number): number {
  const key = `${looks}/${alpha}`;
  const cached = known.get(key);
  if (cached !== undefined) return cached;
  let [low, high] = [normalQuantile(1 - alpha), normalQuantile(1 - alpha / looks)];
  for (let step = 0; step < BISECTIONS && looks > 1; step++) {
    const middle = (low + high) / 2;
    if (crossing(looks, middle) > alpha) low = middle;
    else high = middle;
  }
  const constant = looks > 1 ? (low + high) / 2 : low;
  known.set(key, constant);
  return constant;
}

/**
 * Chance that the standardised sum is at or above c at any of the looks, by the recursion of Armitage, McPherson & Rowe (1969):
 * the density of the sum, given that no look crossed so far, is carried from look to look by Simpson's rule.
 */
export function crossing(looks: number, c: number): number {
  let grid = gridUnder(c, 1);
  let density = grid.points.map((s) => gaussian(s));
  let crossed = 1 - normalCdf(c);
  for (let look = 2; look <= looks; look++) {
    const bound = c * Math.sqrt(look);
    const weighted = density.map((value, at) => value * simpson(at) * (grid.width / 3));
    const before = grid.points;
    for (const [at, weight] of weighted.entries())
      crossed += weight * (1 - normalCdf(bound - (before[at] ?? 0)));
    grid = gridUnder(c, look);
    density = grid.points.map((s) => {
      let sum = 0;
      for (let at = 0; at < weighted.length; at++)
        sum += (weighted[at] ?? 0) * gaussian(s - (before[at] ?? 0));
      return sum;
    });
  }
  return crossed;
}

function gridUnder(c: number, look: number): { readonly points: readonly number[]; readonly width: number } {
  const from = LOWEST * Math.sqrt(look);
  const width = (c * Math.sqrt(look) - from) / STEPS;
  return { points: Array.from({ length: STEPS + 1 }, (_, at) => from + at * width), width };
}

function simpson(at: number): number {
  if (at === 0 || at === STEPS) return 1;
  return at % 2 === 1 ? 4 : 2;
}

function gaussian(z: number): number {
  return Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
}

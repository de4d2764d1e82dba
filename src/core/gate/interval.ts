import type { Counts } from './evidence-process.ts';
import { type Histogram, quantileOf, sizeOf } from './exceedance.ts';

/**
 * How far canary minus baseline may plausibly be off, for people: a fixed-sample 95 % interval in the signal's own unit. It is
 * not anytime-valid and no decision rests on it; the evidence is what decides.
 */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of a standard normal. */
const Z = 1.959963984540054;

/** Wilson's interval of one share (Wilson 1927). Null without units. */
export function wilson({ n, x }: Counts): Interval | null {
  if (n <= 0) return null;
  const p = Math.min(1, Math.max(0, x / n));
  const centre = (p + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n);
  const half = (Z / (1 + Z ** 2 / n)) * Math.sqrt((p * (1 - p)) / n + Z ** 2 / (4 * n ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}

/** Newcombe's interval of a difference of shares, method 10 of "Interval estimation for the difference" (1998). */
export function newcombe(canary: Counts, baseline: Counts): Interval | null {
  const [one, two] = [wilson(canary), wilson(baseline)];
  if (one === null || two === null) return null;
  const [p1, p2] = [canary.x / canary.n, baseline.x / baseline.n];
  return {
    low: p1 - p2 - Math.hypot(p1 - one.low, two.high - p2),
    high: p1 - p2 + Math.hypot(one.high - p1, p2 - two.low),
  };
}

/** The same for events per unit, which may exceed one: score limits of a Poisson mean, put together as Newcombe does. */
export function rateDifference(canary: Counts, baseline: Counts): Interval | null {
  if (canary.n <= 0 || baseline.n <= 0) return null;
  const limits = ({ n, x }: Counts) => {
    const half = Z * Math.sqrt(x + Z ** 2 / 4);
    return { rate: x / n, low: Math.max(0, x + Z ** 2 / 2 - half) / n, high: (x + Z ** 2 / 2 + half) / n };
  };
  const [one, two] = [limits(canary), limits(baseline)];
  return {
    low: one.rate - two.rate - Math.hypot(one.rate - one.low, two.high - two.rate),
    high: one.rate - two.rate + Math.hypot(one.high - one.rate, two.rate - two.low),
  };
}

/** Of two quantiles, ms: each from the order statistics one standard error of its rank away. Null when either is empty. */
export function quantileDifference(canary: Histogram, baseline: Histogram, p: number): Interval | null {
  const limits = (histogram: Histogram) => {
    const n = sizeOf(histogram);
    const half = n === 0 ? 0 : Z * Math.sqrt((p * (1 - p)) / n);
    const at = (share: number) => quantileOf(histogram, Math.min(1, Math.max(0, share)));
    return { value: at(p), low: at(p - half), high: at(p + half) };
  };
  const [one, two] = [limits(canary), limits(baseline)];
  if (one.value === null || one.low === null || one.high === null) return null;
  if (two.value === null || two.low === null || two.high === null) return null;
  return {
    low: one.value - two.value - Math.hypot(one.value - one.low, two.high - two.value),
    high: one.value - two.value + Math.hypot(one.high - one.value, two.value - two.low),
  };
}

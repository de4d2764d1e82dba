/**
 * The few distribution functions that display, preflight and integrity tests need. No decision to promote or to roll back on a
 * line passes through them. Checked against tabulated values in `test/core/gate/distributions.test.ts`.
 */

/** P(Z <= z) of a standard normal, by Hart's rational approximation as given by West (2005); absolute error below 1e-15. */
export function normalCdf(z: number): number {
  const x = Math.abs(z);
  if (x > 37) return z > 0 ? 1 : 0;
  const density = Math.exp((-x * x) / 2);
  const tail =
    x < 7.07106781186547
      ? (density * polynomial(x, HART_TOP)) / polynomial(x, HART_BOTTOM)
      : density / (x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) / 2.506628274631;
  return z > 0 ? 1 - tail : tail;
}

const HART_TOP = [
  220.206867912376, 221.213596169931, 112.079291497871, 33.912866078383, 6.37396220353165, 0.700383064443688,
  3.52624965998911e-2,
] as const;
const HART_BOTTOM = [
  440.413735824752, 793.826512519948, 637.333633378831, 296.564248779674, 86.7807322029461, 16.064177579207,
  1.75566716318264, 8.83883476483184e-2,
] as const;

/** Coefficients in ascending powers. */
function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let at = coefficients.length - 1; at >= 0; at--) sum = sum * x + (coefficients[at] ?? 0);
  return sum;
}

/** z with P(Z <= z) = p, for p in (0, 1): bisection on `normalCdf`'s smaller tail, so that tails keep their precision. */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1))
    throw new RangeError(`a normal quantile needs a probability inside (0, 1), not ${p}`);
  if (p > 0.5) return -normalQuantile(1 - p);
  let [low, high] = [-38, 0];
  for (let step = 0; step < 80; step++) {
    const middle = (low + high) / 2;
    if (normalCdf(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X >= x) for a chi-square with `df` degrees of freedom: the regularised upper gamma Q(df / 2, x / 2). */
export function chiSquareTail(x: number, df: number): number {
  if (x <= 0) return 1;
  return upperGamma(df / 2, x / 2);
}

const MOST_TERMS = 10_000;
const NEGLIGIBLE = 1e-16;

/** Series below a + 1, Lentz's continued fraction above (Numerical Recipes, §6.2). */
function upperGamma(a: number, x: number): number {
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let [term, sum] = [1 / a, 1 / a];
    for (let n = 1; n < MOST_TERMS && Math.abs(term) > Math.abs(sum) * NEGLIGIBLE; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return Math.max(0, 1 - front * sum);
  }
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < MOST_TERMS; n++) {
    const step = -n * (n - a);
    b += 2;
    d = 1 / nonZero(step * d + b, tiny);
    c = nonZero(b + step / c, tiny);
    const change = d * c;
    fraction *= change;
    if (Math.abs(change - 1) < NEGLIGIBLE) break;
  }
  return front * fraction;
}

function nonZero(value: number, tiny: number): number {
  return Math.abs(value) < tiny ? tiny : value;
}

/** ln Gamma(x) for x > 0, by Lanczos (g = 7, nine terms). */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  let sum = LANCZOS[0];
  for (let at = 1; at < LANCZOS.length; at++) sum += (LANCZOS[at] ?? 0) / (shifted + at);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
] as const;

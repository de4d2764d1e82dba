/** ln(e^a + e^b) without leaving the log scale; -Infinity is an empty sum. */
export function logAdd(a: number, b: number): number {
  const high = Math.max(a, b);
  if (high === Number.NEGATIVE_INFINITY) return high;
  return high + Math.log1p(Math.exp(Math.min(a, b) - high));
}

/** ln of a sum of terms given by their logarithms. */
export function logSum(terms: readonly number[]): number {
  let high = Number.NEGATIVE_INFINITY;
  for (const term of terms) high = Math.max(high, term);
  if (high === Number.NEGATIVE_INFINITY) return high;
  let sum = 0;
  for (const term of terms) sum += Math.exp(term - high);
  return high + Math.log(sum);
}

/** The least log value kept in stored states: e^-700 is still a positive double, and JSON has no -Infinity. */
export const LOG_FLOOR = -700;

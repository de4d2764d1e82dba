/** Two-sided level of the intervals the tables state. */
const ALPHA = 0.05;
const BISECTIONS = 60;

/** Clopper-Pearson: the largest rate under which `x` or fewer of `n` still have a chance of 2.5 %. 1 when all of them happened. */
export function upperBound(x: number, n: number): number {
  if (x >= n) return 1;
  let [low, high] = [x / n, 1];
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (atMost(x, n, middle) > ALPHA / 2) low = middle;
    else high = middle;
  }
  return high;
}

/** P(X <= x) for a binomial count, summed in logs from the largest term's neighbours. */
function atMost(x: number, n: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return 0;
  let log = n * Math.log(1 - p);
  let sum = Math.exp(log);
  for (let k = 1; k <= x; k++) {
    log += Math.log((n - k + 1) / k) + Math.log(p / (1 - p));
    sum += Math.exp(log);
  }
  return sum;
}

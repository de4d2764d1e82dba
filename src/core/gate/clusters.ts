import type { Counts } from './evidence-process.ts';
import { type Parts, plusCounts } from './share-counts.ts';

/**
 * How much more the clusters (pods, hosts) of one side differ than counting alone would let them: Pearson's X^2 / (K - 1), at
 * least 1. A hot pod does not average out with more requests, so its requests weigh less. 1 for fewer than two clusters.
 */
export function clusterPhi(clusters: Parts): number {
  const seen = Object.values(clusters).filter(({ n }) => n > 0);
  const total = seen.reduce(plusCounts, { n: 0, x: 0 });
  if (seen.length < 2 || total.x <= 0 || total.x >= total.n) return 1;
  const p = total.x / total.n;
  const pearson = seen.reduce((sum, { n, x }) => sum + (x - n * p) ** 2 / (n * p * (1 - p)), 0);
  return Math.max(1, pearson / (seen.length - 1));
}

/** The counts without the cluster that has most events beyond the common rate; null when there is no other one. */
export function withoutWorst(
  clusters: Parts,
  worse: 'increase' | 'decrease',
): { readonly key: string; readonly rest: Counts } | null {
  const seen = Object.entries(clusters).filter(([, { n }]) => n > 0);
  if (seen.length < 2) return null;
  const total = seen.reduce((sum, [, counts]) => plusCounts(sum, counts), { n: 0, x: 0 });
  const sign = worse === 'increase' ? 1 : -1;
  const excess = ({ n, x }: Counts) => sign * (x - (n * total.x) / total.n);
  const [key, worst] = seen.reduce((a, b) => (excess(b[1]) > excess(a[1]) ? b : a));
  return { key, rest: { n: total.n - worst.n, x: total.x - worst.x } };
}

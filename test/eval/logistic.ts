import { byCodeUnit } from '../../src/agent/by-code-unit.ts';
import type { WeightedSum } from '../../src/agent/experience/weights.ts';

/** One case: what is so of it, and how much; what is not named is 0. */
export type Example = ReadonlyMap<string, number>;
export type Side = 'never below zero' | 'never above zero';

/** How much the examples count against the wish for small weights. */
export const STRENGTH = 0.3;
const MOST_ROUNDS = 100;
/** Rounds end when no weight moved further than this. */
const STILL = 0.002;

/**
 * Logistic regression with a squared penalty on the weights (not on the start), each weight held on its side of zero, for outcomes
 * from 0 to 1. One weight after the other, in the order of their names, takes a Newton step within a region of trust over which the
 * curvature is bounded, so that no step goes uphill: Genkin, Lewis and Madigan, "Large-scale Bayesian logistic regression for text
 * categorization", Technometrics 49(3), 2007, section 4. Weights nearer to zero than `least` are left out; all are rounded to two
 * places. Pure: the same examples give the same sum.
 */
export function regress(
  examples: readonly Example[],
  outcomes: readonly number[],
  sideOf: (name: string) => Side,
  least: number,
): WeightedSum {
  const start: Column = { name: '', rows: examples.map((_, row) => row), values: examples.map(() => 1) };
  const columns = columnsOf(examples);
  const sums = new Float64Array(examples.length);
  const weights = new Map<Column, number>();
  const trust = new Map<Column, number>();

  const move = (column: Column): number => {
    const isStart = column === start;
    const [weight, region] = [weights.get(column) ?? 0, trust.get(column) ?? 1];
    let slope = isStart ? 0 : weight;
    let curve = isStart ? 1e-9 : 1;
    for (const [at, row] of column.rows.entries()) {
      const [value, sum] = [column.values[at] ?? 0, sums[row] ?? 0];
      slope += STRENGTH * value * (1 / (1 + Math.exp(-sum)) - (outcomes[row] ?? 0));
      curve += STRENGTH * value * value * steepest(sum, region * Math.abs(value));
    }
    const wanted = weight + Math.max(-region, Math.min(region, -slope / curve));
    const next = isStart
      ? wanted
      : sideOf(column.name) === 'never below zero'
        ? Math.max(0, wanted)
        : Math.min(0, wanted);
    const moved = next - weight;
    weights.set(column, next);
    trust.set(column, Math.max(2 * Math.abs(moved), region / 2));
    if (moved !== 0) {
      for (const [at, row] of column.rows.entries()) {
        sums[row] = (sums[row] ?? 0) + moved * (column.values[at] ?? 0);
      }
    }
    return Math.abs(moved);
  };

  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const furthest = [start, ...columns].reduce((most, column) => Math.max(most, move(column)), 0);
    if (furthest < STILL) break;
  }
  const kept = columns.flatMap((column) => {
    const weight = twoPlaces(weights.get(column) ?? 0);
    return weight === 0 || Math.abs(weight) < least ? [] : [[column.name, weight] as const];
  });
  return { start: twoPlaces(weights.get(start) ?? 0), weights: Object.fromEntries(kept) };
}

/** The cases where one thing is so, and how much. */
interface Column {
  readonly name: string;
  readonly rows: number[];
  readonly values: number[];
}

function columnsOf(examples: readonly Example[]): readonly Column[] {
  const columns = new Map<string, Column>();
  for (const [row, example] of examples.entries()) {
    for (const [name, value] of example) {
      if (value === 0) continue;
      const column = columns.get(name) ?? { name, rows: [], values: [] };
      column.rows.push(row);
      column.values.push(value);
      columns.set(name, column);
    }
  }
  return [...columns.values()].sort((a, b) => byCodeUnit(a.name, b.name));
}

/** The largest curvature of the loss while the sum is within `region` of where it is. */
function steepest(sum: number, region: number): number {
  const far = Math.abs(sum) - region;
  return far <= 0 ? 0.25 : 1 / (2 + Math.exp(far) + Math.exp(-far));
}

function twoPlaces(value: number): number {
  return Math.round(value * 100) / 100;
}

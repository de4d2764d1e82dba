import type { Totals } from './totals.ts';

/** One line the rules must hold on each split. */
export interface Bar {
  readonly name: string;
  readonly line: string;
  holds(totals: Totals): boolean;
}

const within = (value: number | null, least: number, most: number) =>
  value === null || (value >= least && value <= most);

export const BARS: readonly Bar[] = [
  { name: 'recall', line: '≥ 0.90', holds: (totals) => within(totals.recall, 0.9, 1) },
  { name: 'precision', line: '≥ 0.70', holds: (totals) => within(totals.precision, 0.7, 1) },
  { name: 'noise', line: '≤ 0.03', holds: (totals) => within(totals.noise, 0, 0.03) },
  { name: 'empty cases clean', line: 'all', holds: (totals) => totals.emptiesClean === totals.empties },
  { name: 'checks, most', line: '≤ 8', holds: (totals) => totals.mostChecks <= 8 },
  { name: 'checks, median', line: '≤ 4', holds: (totals) => totals.medianChecks <= 4 },
  {
    name: 'risk within one level',
    line: '≥ 0.95',
    holds: (totals) => within(totals.riskWithinOne, 0.95, 1),
  },
];

export function failedBars(totals: Totals): readonly Bar[] {
  return BARS.filter((bar) => !bar.holds(totals));
}

const BARS = '▁▂▃▄▅▆▇█';

/** A row of bars scaled to the largest magnitude; a look without numbers is a gap. Zero and below stand at the bottom. */
export function sparkline(values: readonly (number | null)[]): string {
  const highest = Math.max(0, ...values.map((value) => value ?? 0));
  return values
    .map((value) => {
      if (value === null) return ' ';
      if (highest === 0 || value <= 0) return BARS[0];
      return BARS[Math.min(BARS.length - 1, Math.floor((value / highest) * BARS.length))];
    })
    .join('');
}

const UNITS = [
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** The longest duration anyone may write. */
const LONGEST_MS = 366 * 86_400_000;

/**
 * A duration in its largest whole unit: 5,400,000 ms is "90m", 172,800,000 ms is "2d".
 * Weeks are read but never written. What is no whole number of seconds is written in ms.
 */
export function formatDuration(ms: number): string {
  for (const [unit, size] of UNITS) {
    if (unit !== 'w' && ms >= size && ms % size === 0) return `${ms / size}${unit}`;
  }
  return ms === 0 ? '0s' : `${ms}ms`;
}

/** "1d2h30m10s", "500ms" → ms; null for anything else. Each unit at most once, largest first. */
export function parseDuration(text: string): number | null {
  if (/^\d{1,9}ms$/.test(text)) return Number(text.slice(0, -2));
  const match = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,8})m)?(?:(\d{1,9})s)?$/.exec(text);
  if (match === null || text === '') return null;
  const ms = UNITS.reduce((sum, [, size], at) => sum + Number(match[at + 1] ?? 0) * size, 0);
  return ms <= LONGEST_MS ? ms : null;
}

import type { Counts, Noise, NullLine } from './evidence-process.ts';
import { logEvidence, RATE_FLOOR } from './evidence-process.ts';

/** What a check still lacks before it can be clear, and what it gets per look. */
export interface Outlook {
  /** Nats of safety evidence still missing; 0 or less when there is enough. */
  readonly missing: number;
  /** When each window of the trailing time ended, oldest first. */
  readonly recent: readonly { readonly to: number }[];
  /** Looks with data that the stage still owes before anything is clear. */
  readonly looksOwed: number;
}

/**
 * Time until the check is clear if the canary is from now on as good as the baseline, at the traffic of the trailing window, ms.
 * 0 when it lacks nothing, null when nothing can be said or it would never be.
 */
export function clearInMs(outlook: Outlook, growthPerLook: number, looksUntilUnder: number): number | null {
  const { missing, looksOwed } = outlook;
  const lookMs = msPerLook(outlook.recent);
  if (lookMs === null) return null;
  if (missing > 0 && growthPerLook <= 0) return null;
  const looks = Math.max(missing > 0 ? missing / growthPerLook : 0, looksOwed, looksUntilUnder);
  return Number.isFinite(looks) ? Math.ceil(looks) * lookMs : null;
}

function msPerLook(recent: Outlook['recent']): number | null {
  const [first, last] = [recent[0], recent.at(-1)];
  if (first === undefined || last === undefined || recent.length < 2) return null;
  return (last.to - first.to) / (recent.length - 1);
}

/** What windows of both sides saw; their mean is what is gone by, so one average window serves as well as all. */
type Recent = readonly { readonly treated: number; readonly reference: number }[];

function meanOf(recent: Recent, side: 'treated' | 'reference'): number {
  return recent.reduce((sum, look) => sum + look[side], 0) / Math.max(recent.length, 1);
}

/** Nats of safety evidence that one average look brings when the treated rate equals the reference rate `rate`. */
export function shareGrowth(recent: Recent, rate: number, lines: readonly NullLine[], noise: Noise): number {
  const ls = Math.max(rate, RATE_FLOOR);
  const counts = (n: number): Counts => ({ n, x: n * ls });
  const growths = lines.map((line) =>
    line.times * ls + line.plus > ls
      ? logEvidence(
          counts(meanOf(recent, 'treated')),
          counts(meanOf(recent, 'reference')),
          line,
          { lc: ls, ls },
          noise,
        )
      : 0,
  );
  return Math.max(0, ...growths);
}

/** Looks until the stage's estimate is back under the line if every further unit is as good as the baseline. */
export function looksUntilUnder(
  stage: { readonly treated: Counts; readonly reference: Counts },
  recent: Recent,
  lines: readonly NullLine[],
): number {
  const { treated, reference } = stage;
  const perLook = meanOf(recent, 'treated');
  if (treated.n === 0 || perLook <= 0) return 0;
  const ls = reference.n === 0 ? 0 : reference.x / reference.n;
  const units = lines.map((line) => {
    const room = line.times * ls + line.plus - ls;
    const excess = treated.x - treated.n * ls;
    return room > 0 ? excess / room - treated.n : Number.POSITIVE_INFINITY;
  });
  return Math.max(0, Math.min(...units) / perLook);
}

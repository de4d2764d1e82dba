import { z } from 'zod';
import type { Cohort } from '../../core/gate/sample.ts';
import type { Mark } from './counting.ts';

/** Where counting stands: everything the next read needs, and nothing of the series no signal asked for. */
export interface ScrapeCursor {
  /** Time of the read, ms since the epoch. */
  readonly at: number;
  /** How each signal was measured then, as text. One measured otherwise now has no former values. */
  readonly measures: Readonly<Record<string, string>>;
  /** By `markKey`. */
  readonly marks: Readonly<Record<string, Mark>>;
}

/** What a mark is of. */
export interface MarkOwner {
  readonly endpoint: string;
  readonly signal: string;
  readonly cohort: Cohort;
}

export function markKey({ endpoint, signal, cohort }: MarkOwner): string {
  return JSON.stringify([endpoint, signal, cohort]);
}

/** Raised whenever the text below changes its meaning: an older cursor then starts the count afresh. */
const VERSION = 1;

const count = z.number().nonnegative();
const mark = z
  .strictObject({
    at: z.number(),
    startedAt: z.number().nullable(),
    bounds: z.array(z.number()),
    values: z.record(z.string(), z.array(count)).nullable(),
  })
  .refine(({ bounds, values }) =>
    Object.values(values ?? {}).every((counts) => counts.length === bounds.length + 1),
  );
const cursor = z.strictObject({
  v: z.literal(VERSION),
  at: z.number(),
  measures: z.record(z.string(), z.string()),
  marks: z.record(z.string(), mark),
});

/** The cursor's text. Opaque to everyone else. */
export function formatCursor(value: ScrapeCursor): string {
  return JSON.stringify({ v: VERSION, ...value });
}

/** The inverse; null for null and for any text that is not a cursor of this version, so that counting starts afresh. */
export function parseCursor(text: string | null): ScrapeCursor | null {
  if (text === null) return null;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const parsed = cursor.safeParse(json);
  return parsed.success ? parsed.data : null;
}

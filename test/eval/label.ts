import { z } from 'zod';
import { isSignalKind, type SignalKind } from '../../src/core/plan/signal-kinds.ts';

const kind = z.custom<SignalKind>((name) => typeof name === 'string' && isSignalKind(name), {
  error: 'is no signal kind',
});

/** A signal kind, a family of them ("payment.*"), or every one ("*"). */
const pattern = z
  .string()
  .refine((text) => text === '*' || isSignalKind(text) || /^[a-z]+\.\*$/.test(text), 'names no signal kind');

/** What is so about one watched signal beyond its kind; what is left out does not matter. */
const expectation = z.strictObject({
  kind,
  intent: z.enum(['guard', 'expect_change', 'not_observable']).optional(),
  direction: z.enum(['increase', 'decrease', 'either']).optional(),
  flags: z
    .array(
      z.enum([
        'shared_by_both_fleets',
        'not_observable_in_ladder',
        'low_volume',
        'expected_to_move',
        'new_series',
        'unsafe_to_roll_back',
      ]),
    )
    .default([]),
});

/** What a senior engineer who has been paged for such code would watch. See fixtures/eval/README.md. */
export const labelSchema = z.strictObject({
  title: z.string().min(1),
  class: z.string().regex(/^[a-z_]+$/),
  languages: z.array(z.string()).min(1),
  /** `held_out` cases are kept aside while rules are written. */
  split: z.enum(['build', 'held_out']),
  /** The same change told otherwise: the same kinds must be watched. */
  variantOf: z.string().optional(),
  /** Nearly the same words without the change of behaviour. */
  nearMissOf: z.string().optional(),
  tags: z.array(z.string()).default([]),
  /** Nothing at all is to be watched. */
  empty: z.boolean().default(false),
  must: z.array(kind),
  nice: z.array(kind),
  should_not: z.array(pattern),
  expected: z.array(expectation).default([]),
  risk: z.enum(['low', 'medium', 'high']),
  /** Left out where engineers would argue. */
  rollbackSafe: z.enum(['yes', 'no', 'unknown']).optional(),
});

export type Label = z.infer<typeof labelSchema>;

/** True when one of the patterns names the kind. */
export function isNamedBy(patterns: readonly string[], signalKind: SignalKind): boolean {
  return patterns.some(
    (text) =>
      text === '*' ||
      text === signalKind ||
      (text.endsWith('.*') && signalKind.startsWith(text.slice(0, -1))),
  );
}

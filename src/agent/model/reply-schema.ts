import * as z from 'zod';
import { SIGNAL_KINDS, type SignalKind } from '../../core/plan/signal-kinds.ts';
import { jsonIn } from './asking.ts';

const signal = z.enum(Object.keys(SIGNAL_KINDS) as [SignalKind, ...SignalKind[]]);
/** Longer sentences are cut for people; far longer ones are no sentences, and the answer is refused. */
const sentence = z.string().min(1).max(1_000);
const hunk = z.string().regex(/^f\d{1,5}h\d{1,5}$/);

/**
 * All that a model may say of a change. No field could hold a threshold, an exposure or a verdict (B5).
 *
 * Built of what the server enforces: flat objects, enums, every field required. Lengths and patterns are not enforced there (the
 * SDK turns them into descriptions), so the answer is parsed by this schema once more, strictly.
 */
const replySchema = z.strictObject({
  risk: z.enum(['low', 'medium', 'high']),
  risk_reasons: z
    .array(sentence)
    .max(6)
    .describe('One sentence each, most important first; at most three are shown.'),
  rollback_safe: z.enum(['yes', 'no', 'unknown']),
  checks: z
    .array(
      z.strictObject({
        signal,
        intent: z.enum(['guard', 'expect_change', 'not_observable']),
        direction: z.enum(['increase', 'decrease', 'either']),
        flags: z
          .array(
            z.enum([
              'shared_by_both_fleets',
              'low_volume',
              'expected_to_move',
              'new_series',
              'unsafe_to_roll_back',
            ]),
          )
          .max(5),
        evidence: z.array(hunk).max(20).describe('Ids of hunks, as "f1h2", most telling first.'),
        why: sentence,
      }),
    )
    .max(16)
    .describe('Most important first.'),
});

export type ModelReply = z.output<typeof replySchema>;

/** The schema as the port carries it. */
export const replyJsonSchema = z.toJSONSchema(replySchema) as Readonly<Record<string, unknown>>;

/** The answer's text as a reply, or null: not JSON, or anything the schema does not know. */
export function parseReply(text: string): ModelReply | null {
  return replySchema.safeParse(jsonIn(text)).data ?? null;
}

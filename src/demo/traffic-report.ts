import { z } from 'zod';

/** What a traffic process tells its parent once a second: what happened in that second. */
export const trafficMessageSchema = z.object({
  kind: z.literal('traffic'),
  sent: z.int(),
  /** Answered 200. */
  ok: z.int(),
  /** Answered anything else, or not at all. Of visits sent in this second or before. */
  failed: z.int(),
  /** Visits that were due and let go: this process was kept from running, or too many were still unanswered. */
  late: z.int(),
});

export type TrafficMessage = z.infer<typeof trafficMessageSchema>;

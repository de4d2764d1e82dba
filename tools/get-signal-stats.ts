import * as z from 'zod';
import { SIGNAL_KINDS, type SignalKind } from '../src/core/plan/signal-kinds.ts';
import { STATS_WINDOWS } from '../src/ports/change-reads.ts';
import { tool } from './tool.ts';

export const getSignalStats = tool({
  name: 'get_signal_stats',
  description:
    'Says how much of a signal the target shows: events counted, events a minute, and its value over a window. Use it to learn ' +
    'whether a signal has the volume to be judged by.',
  input: z.strictObject({
    signal: z.enum(Object.keys(SIGNAL_KINDS) as [SignalKind, ...SignalKind[]]),
    window: z.enum(STATS_WINDOWS),
  }),
  output: z.strictObject({
    stats: z
      .strictObject({ events: z.number(), perMinute: z.number(), value: z.number().nullable() })
      .nullable(),
  }),
  isOffered: ({ signalStats }) => signalStats !== null,
  run: async ({ signal: id, window }, { signalStats }, signal) => ({
    stats: (await signalStats?.(id, window, signal)) ?? null,
  }),
});

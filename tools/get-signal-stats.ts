import * as z from 'zod';
import { SIGNAL_KINDS, type SignalKind } from '../src/core/plan/signal-kinds.ts';
import { STATS_WINDOWS } from '../src/ports/change-reads.ts';
import { ToolRefusal, tool } from './tool.ts';

export const getSignalStats = tool({
  name: 'get_signal_stats',
  description:
    'Says how much of a signal a service shows: events counted, events a minute, and its value over a window. Use it to learn ' +
    'whether a signal has the volume to be judged by. Null where nothing of it was counted yet.',
  input: z.strictObject({
    component: z.string().max(200).describe('A service of this place, by name.'),
    signal: z.enum(Object.keys(SIGNAL_KINDS) as [SignalKind, ...SignalKind[]]),
    window: z.enum(STATS_WINDOWS),
  }),
  output: z.strictObject({
    stats: z
      .strictObject({ events: z.number(), perMinute: z.number(), value: z.number().nullable() })
      .nullable(),
  }),
  isOffered: ({ signalStats, components }) => signalStats !== null && components.length > 0,
  run: async ({ component, signal: id, window }, { signalStats, components }, signal) => {
    if (!components.includes(component)) throw new ToolRefusal('there is no component of that name');
    return { stats: (await signalStats?.(component, id, window, signal)) ?? null };
  },
});

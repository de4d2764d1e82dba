import * as z from 'zod';
import { PAST_OUTCOMES } from '../src/ports/change-reads.ts';
import { ToolRefusal, tool } from './tool.ts';

const MOST = 5;

export const getPastRollouts = tool({
  name: 'get_past_rollouts',
  description:
    'Says how the last rollouts of a service ended: outcome, how far they came, which signals fired, and how many of those were ' +
    'false alarms. Numbers and names from closed lists only.',
  input: z.strictObject({
    component: z.string().max(200).describe('A service of this place, by name.'),
    limit: z.number().int().min(1).max(MOST),
  }),
  output: z.strictObject({
    rollouts: z
      .array(
        z.strictObject({
          outcome: z.enum(PAST_OUTCOMES),
          reachedPercent: z.number().min(0).max(100),
          fired: z.array(z.string()).max(20),
          falseAlarms: z.number().int().nonnegative(),
        }),
      )
      .max(MOST),
  }),
  isOffered: ({ pastRollouts, components }) => pastRollouts !== null && components.length > 0,
  run: async ({ component, limit }, { pastRollouts, components }) => {
    if (!components.includes(component)) throw new ToolRefusal('there is no component of that name');
    const past = (await pastRollouts?.(component, limit)) ?? [];
    return {
      rollouts: past.slice(0, limit).map(({ outcome, reachedPercent, fired, falseAlarms }) => ({
        outcome,
        reachedPercent,
        fired: fired.slice(0, 20),
        falseAlarms,
      })),
    };
  },
});

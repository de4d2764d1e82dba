import * as z from 'zod';
import { SIGNAL_KINDS } from '../src/core/plan/signal-kinds.ts';
import { tool } from './tool.ts';

const FAMILIES = [...new Set(Object.keys(SIGNAL_KINDS).map((kind) => kind.split('.')[0] ?? ''))];

export const listSignals = tool({
  name: 'list_signals',
  description:
    'Lists the signals a check may name, of one family or of all: what each measures, which direction is bad, and whether this ' +
    'place measures it. The list is closed.',
  input: z.strictObject({ family: z.enum(FAMILIES).nullable().describe('As "cache"; null for all.') }),
  output: z.strictObject({
    signals: z.array(
      z.strictObject({
        id: z.string(),
        text: z.string(),
        worse: z.enum(['increase', 'decrease', 'either']),
        isMeasured: z.boolean(),
      }),
    ),
  }),
  isOffered: () => true,
  run: ({ family }, { signals }) => ({
    signals: signals
      .filter(({ id }) => family === null || id.startsWith(`${family}.`))
      .map(({ id, text, worse, isMeasured }) => ({ id, text, worse, isMeasured })),
  }),
});

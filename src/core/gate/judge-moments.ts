import type { Check } from '../plan/check.ts';
import type { MomentsState } from './check-state.ts';
import type { Finding, JudgeContext } from './finding.ts';
import { LOG_FLOOR } from './log-sum.ts';
import { outcomeOf } from './outcome.ts';

/** A mean or ratio check. */
export function judgeMoments(check: Check, state: MomentsState, context: JudgeContext): Finding {
  const arm = (side: 'canary' | 'stable') => ({ units: state.stage[side].n, events: null, value: null });
  return outcomeOf(
    check,
    state,
    {
      canary: arm('canary'),
      baseline: arm('stable'),
      trailing: { canary: null, baseline: null },
      harmLog: state.peak,
      safetyLog: LOG_FLOOR,
      recent: [],
      tooCoarse: false,
    },
    context,
  );
}

import type { Check } from '../plan/check.ts';
import { type MomentsState, NO_SUMS } from './check-state.ts';
import type { Finding, JudgeContext } from './finding.ts';
import { estimatesOf, plusSides } from './moments.ts';
import { LEAST_UNITS, type Stratum } from './moments-evidence.ts';
import { logOppositeOf, logSafetyOf, logTrailingOf, safeStrata, stageSums } from './moments-state.ts';
import { outcomeOf } from './outcome.ts';
import type { Moments } from './sample.ts';
import type { Sides } from './share-counts.ts';

/** A mean or ratio check, by one-sided confidence sequences over units: see `logMomentsEvidence`. */
export function judgeMoments(check: Check, state: MomentsState, context: JudgeContext): Finding {
  const stage = stageSums(check, state, context.alone);
  const values = estimatesOf(stage, check.measure, stage.beta);
  const trailing = state.trailing.reduce((sum, window) => plusSides(sum, window), NO_SUMS);
  const finding = outcomeOf(
    check,
    state,
    {
      canary: { units: stage.canary.n, events: null, value: values.canary?.value ?? null },
      baseline: { units: stage.stable.n, events: null, value: values.stable?.value ?? null },
      trailing: trailingValues(check, trailing, stage, context),
      trailingLog: logTrailingOf(check, trailing, { beta: stage.beta, settings: context.settings }),
      harmLog: state.peak,
      oppositeLog: logOppositeOf(check, state, context.settings),
      safetyLog: logSafetyOf(check, state, context.margin, context.settings),
      recent: state.trailing.map((window) => ({ canary: window.canary.n, stable: window.stable.n })),
      tooCoarse: false,
    },
    context,
  );
  // Enough units to be seen, too few for a mean to be taken for normal.
  const isThin = finding.reason === 'not_enough_evidence' && safeStrata(check, state).length === 0;
  return isThin ? { ...finding, reason: 'thin' } : finding;
}

/** The last minutes' values. A mean of a few dozen units is no news, so there is none below the units evidence needs. */
function trailingValues(
  check: Check,
  trailing: Sides<Moments>,
  stage: Stratum,
  { alone }: JudgeContext,
): Finding['trailing'] {
  const isThin = trailing.canary.n < LEAST_UNITS || (!alone && trailing.stable.n < LEAST_UNITS);
  if (isThin) return { canary: null, baseline: null };
  const sides = alone ? { ...trailing, stable: stage.stable } : trailing;
  const { canary, stable } = estimatesOf(sides, check.measure, stage.beta);
  return { canary: canary?.value ?? null, baseline: stable?.value ?? null };
}

import type { Check } from '../plan/check.ts';
import type { ShareState } from './check-state.ts';
import { type Counts, type HarmState, logSafety } from './evidence-process.ts';
import type { Arm, Finding, JudgeContext } from './finding.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { outcomeOf } from './outcome.ts';

/** A share check: the two-arm evidence process against its lines. */
export function judgeShare(check: Check, state: ShareState, context: JudgeContext): Finding {
  const trailing = state.trailing.reduce(
    (sum, window) => ({ canary: plus(sum.canary, window.canary), stable: plus(sum.stable, window.stable) }),
    { canary: { n: 0, x: 0 }, stable: { n: 0, x: 0 } },
  );
  return outcomeOf(
    check,
    state,
    {
      canary: armOf(state.stage.canary),
      baseline: armOf(state.stage.stable),
      trailing: { canary: armOf(trailing.canary).value, baseline: armOf(trailing.stable).value },
      // A band is harmed only beyond both its lines (a union of nulls), and safe when either holds (an intersection).
      harmLog: leastPeak(state.harm),
      safetyLog: meanOfE(state[context.margin].map(logSafety)),
      recent: state.trailing.map((window) => ({ canary: window.canary.n, stable: window.stable.n })),
      tooCoarse: false,
    },
    context,
  );
}

/** A check without lines has no process, and so no evidence of harm. */
function leastPeak(harm: readonly HarmState[]): number {
  return harm.length === 0 ? LOG_FLOOR : Math.min(...harm.map((process) => process.peak));
}

function meanOfE(logs: readonly number[]): number {
  return logs.length === 0 ? LOG_FLOOR : logs.reduce(logAdd) - Math.log(logs.length);
}

function armOf(counts: Counts): Arm {
  return { units: counts.n, events: counts.x, value: counts.n > 0 ? counts.x / counts.n : null };
}

function plus(a: Counts, b: Counts): Counts {
  return { n: a.n + b.n, x: a.x + b.x };
}

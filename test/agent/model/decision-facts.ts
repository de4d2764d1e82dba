import type { CheckFacts, SummaryFacts } from '../../../src/core/summary-facts.ts';

const CHECK: Omit<CheckFacts, 'id'> = {
  isRequired: true,
  severity: 'critical',
  outcome: 'breach_hold',
  reason: 'over_line_confirmed',
  worse: 'increase',
  measure: 'share',
  canary: 0.009,
  baseline: 0.002,
  canaryUnits: 1_000,
  baselineUnits: 9_000,
  holdLine: '+0.5 points',
  rollbackLine: '+2 points',
  harmPercent: 100,
  safetyPercent: 0,
  clearInMs: null,
};

/** A decision to hold at the first stage, as a model is given it: each check of these ids over its line. */
export function factsOf(ids: readonly string[]): SummaryFacts {
  return {
    decision: 'hold',
    reason: 'breach_hold',
    stage: 1,
    stages: 4,
    exposure: '10%',
    nextExposure: '25%',
    checks: ids.map((id) => ({ id, ...CHECK })),
  };
}

import type { InstructionReading, InstructionRule } from '../../../src/core/plan/instruction.ts';
import { type Guardrail, makePlan, type PlanRequest } from '../../../src/core/plan/merge.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { Proposal, ProposedCheck } from '../../../src/core/plan/proposal.ts';
import type { SignalKind } from '../../../src/core/plan/signal-kinds.ts';
import { TICK_MS } from '../gate/looks.ts';

export const READING: InstructionReading = {
  ladder: ['10%', '25%', '100%'].map((exposure) => ({ exposure, hold: '10s' })),
  rules: [],
  holdback: null,
  startAfter: null,
  windows: [],
  approvals: [],
  questions: [],
  unread: [],
};

export const ERRORS: Guardrail = {
  signal: 'http.error_rate',
  measure: { kind: 'share' },
  worse: 'increase',
  hold: { compare: 'difference', by: 0.005 },
  rollback: { compare: 'difference', by: 0.02 },
  severity: 'critical',
};

export const PROPOSAL: Proposal = {
  source: 'rule',
  risk: 'medium',
  riskReasons: [],
  rollbackSafe: 'yes',
  surfaces: [],
  checks: [],
  unobservable: [],
  size: { files: 1, added: 1, removed: 0 },
};

export function proposed(signalKind: SignalKind, more: Partial<ProposedCheck> = {}): ProposedCheck {
  const why = `the diff touches ${signalKind}`;
  return {
    signalKind,
    intent: 'guard',
    direction: 'increase',
    flags: [],
    why,
    evidence: ['a.ts:1'],
    proposedBy: 'r',
    ...more,
  };
}

export function rule(more: Partial<InstructionRule>): InstructionRule {
  return {
    metric: 'error_rate',
    compare: 'points',
    value: 1,
    against: 'stable',
    direction: 'above',
    unit: 'points',
    action: 'hold',
    notify: false,
    phrase: 'as written',
    ...more,
  };
}

export function request(
  more: Partial<PlanRequest> & { readonly reading?: Partial<InstructionReading> } = {},
): PlanRequest {
  const { reading, ...rest } = more;
  return {
    title: 'a change',
    target: 'checkout',
    surface: 'payments',
    guardrails: [ERRORS],
    instruction: { text: 'as written', reading: { ...READING, ...reading } },
    proposals: [],
    measurable: null,
    exposureKinds: null,
    allowWiden: false,
    tickMs: TICK_MS,
    ...rest,
  };
}

export const plannedWhole = (more: Parameters<typeof request>[0] = {}) => makePlan(request(more)).plan;

/** The plan without the watches on the previous stage, which every plan carries: `stage-watches.test.ts` is about those. */
export function planned(more: Parameters<typeof request>[0] = {}): Plan {
  const plan = plannedWhole(more);
  return { ...plan, checks: plan.checks.filter((check) => check.intent !== 'watch') };
}
export const idsOf = (plan: Plan) => plan.checks.map((check) => check.id);

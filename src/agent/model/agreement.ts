import type { Proposal } from '../../core/plan/proposal.ts';

/** How a model's proposal stands to the rules' for the same change: what a team looks at before it lets the model take part. */
export interface Agreement {
  /** Signal kinds, each sorted. */
  readonly both: readonly string[];
  readonly onlyModel: readonly string[];
  readonly onlyRules: readonly string[];
  /** Levels by which the model sees more risk than the rules; negative for less. */
  readonly riskSteps: number;
}

const RISKS = ['low', 'medium', 'high'];

export function agreementOf(model: Proposal, rules: Proposal): Agreement {
  const ours = kindsOf(rules);
  const theirs = kindsOf(model);
  return {
    both: theirs.filter((kind) => ours.includes(kind)),
    onlyModel: theirs.filter((kind) => !ours.includes(kind)),
    onlyRules: ours.filter((kind) => !theirs.includes(kind)),
    riskSteps: RISKS.indexOf(model.risk) - RISKS.indexOf(rules.risk),
  };
}

function kindsOf(proposal: Proposal): readonly string[] {
  return [...new Set(proposal.checks.map((check) => check.signalKind))].sort();
}

import { rulePlanner } from '../../src/agent/rule-planner.ts';
import { makePlan } from '../../src/core/plan/merge.ts';
import type { Proposal, ProposedCheck } from '../../src/core/plan/proposal.ts';
import { isSignalKind, SIGNAL_KINDS, type SignalKind } from '../../src/core/plan/signal-kinds.ts';
import type { Change, Planner } from '../../src/ports/planner.ts';

export type Watched = Pick<ProposedCheck, 'signalKind' | 'intent' | 'direction' | 'flags' | 'why'>;

/** What a planner says about a change, once the merge has dropped what is too much. */
export interface Answer {
  /** Each signal kind once: the checks, then what the plan says it cannot see. */
  readonly watched: readonly Watched[];
  readonly checks: number;
  readonly risk: Proposal['risk'];
  readonly riskReasons: readonly string[];
  readonly rollbackSafe: Proposal['rollbackSafe'];
}

/** A planner as the evaluation sees it. */
export interface Answering {
  readonly name: string;
  answer(change: Change): Promise<Answer>;
}

/** A planner, its proposal merged into a plan that requires nothing, so that all of the cap is the proposal's. */
export function answering(name: string, planner: Planner): Answering {
  return { name, answer: async (change) => answerOf(await planner.propose(change), change.title) };
}

export function rules(): Answering {
  return answering('rules', rulePlanner());
}

function answerOf(proposal: Proposal, title: string): Answer {
  const { plan } = makePlan({
    title,
    target: 'eval',
    surface: null,
    guardrails: [],
    instruction: null,
    proposals: [proposal],
    measurable: null,
    exposureKinds: null,
    tickMs: 15_000,
    allowWiden: false,
  });
  const dropped = new Set(plan.dropped.map(({ what }) => what));
  const checks = proposal.checks.filter((check) => !dropped.has(check.signalKind));
  const said = new Set(checks.map((check) => check.signalKind));
  const unseen = proposal.unobservable.flatMap(({ what, why }) => {
    const signalKind = kindNamed(what);
    return signalKind === null || said.has(signalKind) ? [] : [unseenAs(signalKind, why)];
  });
  return {
    watched: [...checks, ...unseen],
    checks: checks.filter((check) => check.intent !== 'not_observable').length,
    risk: plan.risk,
    riskReasons: plan.riskReasons,
    rollbackSafe: plan.rollbackSafe,
  };
}

/** What cannot be seen is told by the kind's own text; a model may say more in words of its own, which nothing scores. */
function kindNamed(what: string): SignalKind | null {
  const found = Object.entries(SIGNAL_KINDS).find(([kind, facts]) => facts.text === what || kind === what);
  return found !== undefined && isSignalKind(found[0]) ? found[0] : null;
}

function unseenAs(signalKind: SignalKind, why: string): Watched {
  return {
    signalKind,
    intent: 'not_observable',
    direction: SIGNAL_KINDS[signalKind].worse,
    flags: ['not_observable_in_ladder'],
    why,
  };
}

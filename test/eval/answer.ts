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

/** Planners, their proposals merged into a plan that requires nothing, so that all of the cap is theirs. */
export function answering(name: string, ...planners: readonly Planner[]): Answering {
  return {
    name,
    answer: async (change) =>
      answerOf(await Promise.all(planners.map((planner) => planner.propose(change))), change.title),
  };
}

export function rules(): Answering {
  return answering('rules', rulePlanner());
}

function answerOf(proposals: readonly Proposal[], title: string): Answer {
  const { plan } = makePlan({
    title,
    target: 'eval',
    surface: null,
    guardrails: [],
    instruction: null,
    proposals,
    measurable: null,
    exposureKinds: null,
    tickMs: 15_000,
    allowWiden: false,
  });
  // What a second planner names as well, or in the other direction, may be dropped while the first one's stands.
  const standing = new Set([
    ...plan.checks.map((check) => check.signal),
    ...plan.unobservable.flatMap(({ proposed }) => proposed?.signalKind ?? []),
  ]);
  const dropped = new Set(plan.dropped.map(({ what }) => what).filter((what) => !standing.has(what)));
  const offered = new Map<SignalKind, ProposedCheck>();
  for (const check of proposals.flatMap((proposal) => proposal.checks)) {
    if (!offered.has(check.signalKind)) offered.set(check.signalKind, check);
  }
  const checks = [...offered.values()].filter((check) => !dropped.has(check.signalKind));
  const said = new Set(checks.map((check) => check.signalKind));
  const unobservable = proposals.flatMap((proposal) => proposal.unobservable);
  const unseen = unobservable.flatMap(({ what, why }) => {
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

import type { Decision } from '../gate/decision.ts';
import type { Finding } from '../gate/finding.ts';
import { formatExposure } from '../plan/ladder.ts';
import type { Plan } from '../plan/plan.ts';
import { type Explanation, explain } from '../report.ts';
import type { SummaryNote } from './events.ts';
import type { RolloutState } from './state.ts';
import { isAbout } from './step.ts';

/** A rollout as surfaces show it: the decision record and what was made of it, nothing worked out anew. */
export interface RolloutView {
  readonly id: string;
  readonly title: string;
  readonly target: string;
  readonly phase: RolloutState['phase'];
  readonly stages: readonly { readonly exposure: string; readonly holdMs: number }[];
  readonly stageIndex: number;
  readonly stageEpoch: number;
  readonly stageSince: number | null;
  /** Percent of units exposed by design now. */
  readonly desiredPercent: number;
  readonly audiences: readonly string[];
  readonly isAwaitingPerson: boolean;
  readonly heldBy: string | null;
  readonly decision: Decision | null;
  readonly explanation: Explanation | null;
  /** What a model wrote about the decision in force, and what it was asked with; null for nothing. */
  readonly note: { readonly text: string; readonly writtenBy: string } | null;
  /** Canary minus baseline of each check over the last looks, oldest first; null where a look had no numbers. */
  readonly trends: Readonly<Record<string, readonly (number | null)[]>>;
  readonly planDigest: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly ended: string | null;
}

/** Looks shown in a trend. */
export const TREND_LOOKS = 24;

export function viewOf(
  rollout: {
    readonly id: string;
    readonly plan: Plan;
    readonly planDigest: string;
    readonly state: RolloutState;
  },
  recent: readonly Decision[],
  notes: readonly SummaryNote[] = [],
): RolloutView {
  const { plan, state } = rollout;
  return {
    id: rollout.id,
    title: plan.title,
    target: plan.target,
    phase: state.phase,
    stages: plan.ladder.map((stage) => ({ exposure: formatExposure(stage.exposure), holdMs: stage.holdMs })),
    stageIndex: state.stageIndex,
    stageEpoch: state.stageEpoch,
    stageSince: state.stageSince,
    desiredPercent: state.desired.percent,
    audiences: state.desired.audiences,
    isAwaitingPerson: state.phase === 'running' && state.asked !== null,
    heldBy: state.personHold?.by ?? null,
    decision: state.last,
    explanation: state.last === null ? null : explain(plan, state.last),
    note: noteOf(notes, recent, state.last),
    trends: Object.fromEntries(
      plan.checks.map((check) => [
        check.id,
        recent.slice(-TREND_LOOKS).map((decision) => gapOf(decision, check.id)),
      ]),
    ),
    planDigest: rollout.planDigest,
    startedAt: state.startedAt,
    endedAt: state.endedAt,
    ended: state.ended,
  };
}

/** A note whose decision was followed by another one is old news, though the same reason came again. */
function noteOf(
  notes: readonly SummaryNote[],
  recent: readonly Decision[],
  last: Decision | null,
): RolloutView['note'] {
  const isInForce = (note: SummaryNote) =>
    isAbout(note, last) && recent.every((decision) => decision.at <= note.at || isAbout(note, decision));
  const found = notes.findLast(isInForce);
  return found === undefined ? null : { text: found.text, writtenBy: found.writtenBy };
}

function gapOf(decision: Decision, checkId: string): number | null {
  const finding: Finding | undefined = decision.findings.find((candidate) => candidate.checkId === checkId);
  const { canary, baseline } = finding?.trailing ?? { canary: null, baseline: null };
  return canary === null ? null : canary - (baseline ?? 0);
}

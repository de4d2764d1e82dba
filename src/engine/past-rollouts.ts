import { isSignalKind, type SignalKind } from '../core/plan/signal-kinds.ts';
import type { Command } from '../core/rollout/command.ts';
import { eventOf, type RolloutEvent } from '../core/rollout/events.ts';
import type { ChangeReads, PastRollout } from '../ports/change-reads.ts';
import type { Store } from './parts.ts';

/** Rollouts looked through for the ones that are asked for. */
const MOST_ROWS = 5;

/**
 * How the last rollouts of a target went, newest first: enums and numbers only, for the words of an earlier rollout would be a
 * stored injection. A hold over a line counts as a false alarm where a person overruled it and the rollout went on.
 */
export function pastRolloutsOf(store: Store): NonNullable<ChangeReads['pastRollouts']> {
  return async (target, limit) => {
    const on = { target, surface: null };
    const rows = await store.list({ unfinishedOnly: false, limit: Math.min(limit, MOST_ROWS), on });
    return Promise.all(
      rows.map(async ({ id, state, plan }): Promise<PastRollout> => {
        const entries = await store.readLog(id, 1);
        const events = entries.map((entry) => eventOf(entry.kind, entry.payload));
        const kindOf = new Map(plan.checks.map((check) => [check.id, check.signal]));
        return {
          outcome: outcomeOf(state),
          reachedPercent: reachedIn(events, plan),
          ...alarmsIn(events, kindOf),
        };
      }),
    );
  };
}

function outcomeOf(state: {
  readonly phase: string;
  readonly last: { readonly kind: string; readonly reason: string } | null;
}): PastRollout['outcome'] {
  if (state.phase === 'completed') return 'complete';
  // A hold that became a question is a hold still.
  const isHeld = state.last?.kind === 'hold' || state.last?.reason === 'breach_hold_persisted';
  if (state.phase === 'running') return isHeld ? 'held' : 'under_way';
  return 'rolled_back';
}

function reachedIn(
  events: readonly RolloutEvent[],
  plan: {
    readonly ladder: readonly { readonly exposure: { readonly kind: string; readonly percent?: number } }[];
  },
): number {
  const reached = events.flatMap((event) => {
    if (event.kind !== 'decided') return [];
    const { exposure } = plan.ladder[event.decision.stageIndex] ?? { exposure: { kind: 'audience' } };
    return exposure.kind === 'percent' ? [exposure.percent ?? 0] : exposure.kind === 'switch' ? [100] : [0];
  });
  return Math.max(0, ...reached);
}

/** Which signals were over a line, and how many holds for that a person overruled with the rollout going on afterwards. */
function alarmsIn(
  events: readonly RolloutEvent[],
  signalOf: ReadonlyMap<string, string>,
): Pick<PastRollout, 'fired' | 'falseAlarms'> {
  const fired = new Set<SignalKind>();
  let isAlarmed = false;
  let isOverruled = false;
  let falseAlarms = 0;
  for (const event of events) {
    if (event.kind === 'decided') {
      const { findings, reason, kind } = event.decision;
      for (const { checkId, outcome } of findings) {
        const signal = signalOf.get(checkId) ?? '';
        if (outcome.startsWith('breach_') && isSignalKind(signal)) fired.add(signal);
      }
      isAlarmed = reason === 'breach_hold' || reason === 'breach_hold_persisted';
      if (isOverruled && ['promote', 'widen', 'complete'].includes(kind)) {
        falseAlarms += 1;
        isOverruled = false;
      }
    } else if (event.kind === 'commanded' && OVERRULING.includes(event.command.verb)) {
      if (isAlarmed && event.outcome.kind === 'accepted') isOverruled = true;
    }
  }
  return { fired: [...fired].sort(), falseAlarms };
}

/** `promote` is none of them: over a breach it is refused, and after one it overrules nothing. */
const OVERRULING: readonly Command['verb'][] = ['resume', 'waive'];

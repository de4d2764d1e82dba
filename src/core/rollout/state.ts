import type { Decision, DecisionReason, Waiver } from '../gate/decision.ts';
import { type GateState, startGate } from '../gate/gate-state.ts';
import { type IntegrityState, NO_INTEGRITY } from '../gate/integrity.ts';
import { desiredAt, type Plan } from '../plan/plan.ts';

/** Where a rollout stands: always the fold of its events, kept beside the log so that a tick need not read it. */
export interface RolloutState {
  readonly phase: 'running' | 'rolling_back' | 'rolled_back' | 'completed';
  readonly stageIndex: number;
  /** Grows with every entry to a stage: what a command or a button was shown for. */
  readonly stageEpoch: number;
  /** When the backend was first seen to hold this stage's exposure; null until then. The stage clock runs from here. */
  readonly stageSince: number | null;
  readonly enteredAt: number;
  /** When the last look was, and how long this stage has really been watched: see `watchedAt`. */
  readonly lookedAt: number;
  readonly watchedMs: number;
  readonly desired: { readonly percent: number; readonly audiences: readonly string[] };
  /** When this stage was given its last extension. */
  readonly extendedAt: number | null;
  /** How often this stage was extended so far. */
  readonly extensions: number;
  /** A person was asked; nothing but an answer or a breach moves the rollout now. */
  readonly asked: Asked | null;
  readonly personHold: { readonly by: string; readonly reason: string; readonly until: number | null } | null;
  readonly order: Order | null;
  /** Proposed checks that do not vote in this stage; absent where there is none. */
  readonly waived?: readonly Waiver[];
  /** The last decision that people were told of: "hold/breach_hold". */
  readonly told: string;
  /** The decision in force. */
  readonly last: Decision | null;
  readonly gate: GateState;
  readonly integrity: IntegrityState;
  readonly startedAt: number;
  readonly endedAt: number | null;
  /** Why it ended, for lists. */
  readonly ended: string | null;
}

export interface Asked {
  readonly at: number;
  readonly reason: DecisionReason;
  /** The checks that were not clear, then or at a look since: once all are waived, the question is answered. */
  readonly unclear?: readonly string[];
}

/** What a person ordered and the next decision must weigh. */
export interface Order {
  readonly verb: 'promote' | 'rollback';
  readonly by: string;
  readonly reason: string;
}

export function startState(plan: Plan, at: number): RolloutState {
  return {
    phase: 'running',
    stageIndex: 0,
    stageEpoch: 1,
    stageSince: null,
    enteredAt: at,
    lookedAt: at,
    watchedMs: 0,
    desired: desiredAt(plan, 0),
    extendedAt: null,
    extensions: 0,
    asked: null,
    personHold: null,
    order: null,
    told: '',
    last: null,
    gate: startGate(plan.checks, plan.settings),
    integrity: NO_INTEGRITY,
    startedAt: at,
    endedAt: null,
    ended: null,
  };
}

/** A gap between looks counts for this many ticks at the most. */
const GAP_TICKS = 2;

/**
 * How long the stage has been watched by `now`, ms. Beside the wall clock, because that may jump: an hour that nobody looked,
 * or that never was, counts for two ticks, and time that runs backwards for nothing.
 */
export function watchedAt(
  plan: Pick<Plan, 'tickMs'>,
  state: Pick<RolloutState, 'lookedAt' | 'watchedMs' | 'stageSince'>,
  now: number,
): number {
  if (state.stageSince === null) return 0;
  return state.watchedMs + Math.min(Math.max(now - state.lookedAt, 0), GAP_TICKS * plan.tickMs);
}

export const NOTHING_EXPOSED = { percent: 0, audiences: [] } as const;

export function isSameExposure(
  a: { readonly percent: number; readonly audiences: readonly string[] },
  b: { readonly percent: number; readonly audiences: readonly string[] },
): boolean {
  return (
    a.percent === b.percent &&
    a.audiences.length === b.audiences.length &&
    a.audiences.every((name) => b.audiences.includes(name))
  );
}

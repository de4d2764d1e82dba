import type { Plan } from '../core/plan/plan.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import type { Chat } from '../ports/chat.ts';
import type { Clock } from '../ports/clock.ts';
import type { ExposureBackend } from '../ports/exposure.ts';
import type { Log } from '../ports/log.ts';
import type { Claim, RolloutStore } from '../ports/store.ts';
import type { Summarizer } from '../ports/summarizer.ts';
import type { Telemetry } from '../ports/telemetry.ts';

export type RolloutClaim = Claim<RolloutState, Plan>;
export type Store = RolloutStore<RolloutState, Plan>;

/** What a target is watched through and moved by. */
export interface TargetParts {
  readonly telemetry: Telemetry;
  readonly exposure: ExposureBackend;
}

export interface EngineTiming {
  readonly leaseMs: number;
  /** How often due rollouts are looked for. */
  readonly pollMs: number;
  /** The longest a telemetry read may take; well inside the lease. */
  readonly readTimeoutMs: number;
  /** How long exposure must stay at nothing after a rollback before the rollout is over. */
  readonly quietMs: number;
}

export const STANDARD_TIMING: EngineTiming = {
  leaseMs: 20_000,
  pollMs: 250,
  readTimeoutMs: 5_000,
  quietMs: 50_000,
};

export interface EngineParts {
  readonly store: Store;
  /** Null for a target this node is not configured for: its rollouts are left to others. */
  readonly targetFor: (target: string) => TargetParts | null;
  readonly chat: Chat;
  /** Adds a paragraph to what a person has to weigh; null for none. Asked beside the ticks, never in one. */
  readonly summarizer: Summarizer | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly worker: string;
  readonly timing: EngineTiming;
  /** Faults of our own that people were told of, so that a tick failing again and again says so once. */
  readonly toldFaults: Set<string>;
}

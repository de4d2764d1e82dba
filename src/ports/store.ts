import type { Json } from '../core/canonical-json.ts';

/**
 * The one place where rollouts are kept. Whole-intent methods only: each is one transaction, none can be left half done,
 * and there is no way to hold one open across an `await`. `State` and `Plan` are stored as canonical JSON and come back as
 * they were.
 */
export interface RolloutStore<State = Json, Plan = Json> {
  /** Creates the tables if need be; refuses (throws `StoreFault`) a schema newer than this binary knows. */
  migrate(): Promise<void>;
  /** `exists` when a rollout of this id is there already; then nothing changed. The first event gets seq 1. */
  create(rollout: NewRollout<State, Plan>): Promise<'created' | 'exists'>;
  /**
   * Leases rollouts whose tick is due (`nextTickAt` reached, no live lease, not finished), the longest overdue first,
   * and raises each one's fence. With `rolloutId` only that one.
   */
  claimDue(request: ClaimRequest): Promise<readonly Claim<State, Plan>[]>;
  /**
   * Appends the events, replaces the state, records effects, evidence and cursor, and marks inbox messages handled: all
   * or nothing. `lost` when another worker has moved the rollout on since the claim (version or fence differ, or the
   * gate of this stage epoch was already decided); then nothing was written and the caller must drop everything.
   * On `ok`, the result carries the log entries as stored, and the claim's new version.
   */
  commit(claim: Claim<State, Plan>, batch: Batch<State>): Promise<CommitResult>;
  /** Effects not yet delivered, oldest first. A newer `exposure` effect supersedes older undelivered ones. */
  pendingEffects(rolloutId: string): Promise<readonly Effect[]>;
  /** Records one delivery attempt. A failed effect stays pending with its attempts counted. */
  settleEffect(effect: Effect, outcome: EffectOutcome): Promise<void>;
  /**
   * Ends the lease. `nextTickAt` null finishes the rollout: only a message wakes it again. A message that came in during the
   * lease makes it due now, whatever is said here. A lost lease is left alone.
   */
  release(claim: Claim<State, Plan>, nextTickAt: number | null): Promise<void>;
  /**
   * Keeps an inbound message once per (source, deliveryId) and makes its rollout due now, a finished one too. A message for
   * a rollout that is not there yet waits for it.
   */
  appendInbox(message: InboxMessage): Promise<'new' | 'duplicate'>;
  /** Messages no commit has handled, in order of arrival. */
  pendingInbox(rolloutId: string): Promise<readonly InboxMessage[]>;
  get(rolloutId: string): Promise<RolloutRow<State, Plan> | null>;
  /** Newest first. */
  list(filter: ListFilter): Promise<readonly RolloutRow<State, Plan>[]>;
  /** The hash-chained log from `fromSeq` (1 = all), in order. */
  readLog(rolloutId: string, fromSeq: number): Promise<readonly LogEntry[]>;
  /** The canonical JSON text named by this digest, or null. */
  evidence(digest: string): Promise<string | null>;
  /** Ends leases whose owner `isDead`; for a restart to carry on at once. Returns how many. */
  endLeases(isDead: (owner: string) => boolean): Promise<number>;
  close(): Promise<void>;
}

export interface ListFilter {
  readonly unfinishedOnly: boolean;
  readonly limit: number;
  /** Only rollouts on this target, or whose plan has this `surface` (null: the target alone). */
  readonly on?: { readonly target: string; readonly surface: string | null };
}

export interface NewRollout<State, Plan> {
  readonly id: string;
  readonly target: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly state: State;
  readonly firstEvent: NewEvent;
  readonly nextTickAt: number;
}

/** Something that happened. `payload` carries everything a replay needs but the evidence, which is named by digest. */
export interface NewEvent {
  readonly kind: string;
  readonly at: number;
  /** "sluice", or who gave the command. */
  readonly actor: string;
  readonly payload: Json;
  readonly evidence: string | null;
  /** Set on the one event that leaves a stage: two for one epoch are refused. */
  readonly gateEpoch: number | null;
}

export interface LogEntry extends NewEvent {
  readonly rolloutId: string;
  readonly seq: number;
  readonly fence: number;
  readonly prevHash: string;
  readonly hash: string;
}

export interface ClaimRequest {
  /** Unique to a live process: "host:pid:start". */
  readonly worker: string;
  readonly leaseMs: number;
  readonly limit: number;
  readonly rolloutId?: string;
}

export interface Claim<State, Plan> {
  readonly rolloutId: string;
  readonly target: string;
  readonly version: number;
  readonly fence: number;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly state: State;
  readonly cursor: string | null;
  /** Monotonic ms at which the lease ends: nothing may be written outside after it. */
  readonly deadlineMono: number;
}

export interface Batch<State> {
  readonly events: readonly NewEvent[];
  readonly state: State;
  readonly effects: readonly NewEffect[];
  readonly evidence: readonly { readonly digest: string; readonly body: string }[];
  /** Telemetry cursor to keep, or null to leave it as it was. */
  readonly cursor: string | null;
  readonly handled: readonly InboxMessage[];
}

export type CommitResult =
  | { readonly kind: 'ok'; readonly version: number; readonly entries: readonly LogEntry[] }
  | { readonly kind: 'lost' };

/** `exposure` is a level (only the latest counts); `tell` is a message to people. */
export interface NewEffect {
  readonly kind: 'exposure' | 'tell';
  /** Which of the batch's events intends it, by index; a rollout has at most one effect of a kind per event. */
  readonly eventIndex: number;
  readonly desired: Json;
}

export interface Effect {
  readonly rolloutId: string;
  readonly seq: number;
  readonly kind: 'exposure' | 'tell';
  readonly desired: Json;
  readonly attempts: number;
}

export type EffectOutcome = { readonly kind: 'done' } | { readonly kind: 'failed'; readonly error: string };

export interface InboxMessage {
  readonly source: string;
  readonly deliveryId: string;
  readonly rolloutId: string;
  readonly receivedAt: number;
  readonly body: Json;
}

export interface RolloutRow<State, Plan> {
  readonly id: string;
  readonly target: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly state: State;
  readonly version: number;
  readonly fence: number;
  /** Null when finished. */
  readonly nextTickAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** The store refused or could not be used: disk full, newer schema, not a local disk. Nothing was half written. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly code: 'newer_schema' | 'unavailable' | 'unsupported_filesystem';
  constructor(code: StoreFault['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

import { expect } from 'vitest';
import type { Json } from '../../src/core/canonical-json.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { sha256 } from '../../src/ports/digest.ts';
import { CHAIN_START, chained } from '../../src/ports/event-chain.ts';
import type {
  Batch,
  Claim,
  InboxMessage,
  LogEntry,
  NewEvent,
  NewRollout,
  RolloutStore,
} from '../../src/ports/store.ts';

/** One empty place to keep rollouts in, and the clock it measures due times and leases on. */
export interface StoreHome {
  readonly clock: Clock;
  advance(ms: number): Promise<void>;
  /** Another handle on the same data, migrated and ready; whoever asks for it closes it. */
  connect(): Promise<RolloutStore>;
  /** Removes the place. */
  destroy(): Promise<void>;
}

export type OpenHome = () => Promise<StoreHome>;

/** What one test of the suite works on. */
export interface Subject {
  readonly store: () => RolloutStore;
  readonly home: () => StoreHome;
  /** Creates a rollout that is due now. */
  readonly given: (id: string) => Promise<void>;
}

export const LEASE_MS = 20_000;

/** A rollout that is due at `nextTickAt`; what a test doesn't name is of no matter to it. */
export function newRollout(
  id: string,
  nextTickAt: number,
  parts: Partial<NewRollout<Json, Json>> = {},
): NewRollout<Json, Json> {
  return {
    id,
    target: 'checkout',
    plan: { stages: [5, 50, 100] },
    planDigest: 'b'.repeat(64),
    state: { stage: 0 },
    firstEvent: event('created'),
    nextTickAt,
    ...parts,
  };
}

export function event(kind: string, parts: Partial<NewEvent> = {}): NewEvent {
  return {
    kind,
    at: 1_767_603_600_000,
    actor: 'sluice',
    payload: {},
    evidence: null,
    gateEpoch: null,
    ...parts,
  };
}

export function batch(parts: Partial<Batch<Json>> = {}): Batch<Json> {
  return {
    events: [event('observed')],
    state: { stage: 0 },
    effects: [],
    evidence: [],
    cursor: null,
    handled: [],
    ...parts,
  };
}

/** A batch of one event that leaves a stage: it tells people and sets `percent`. */
export function promotion(percent: number, gateEpoch: number | null): Batch<Json> {
  const body = `{"percent":${percent}}`;
  return batch({
    events: [event('promoted', { gateEpoch, evidence: sha256(body), payload: { percent } })],
    state: { percent },
    effects: [
      { kind: 'exposure', eventIndex: 0, desired: { percent } },
      { kind: 'tell', eventIndex: 0, desired: `now at ${percent} %` },
    ],
    evidence: [{ digest: sha256(body), body }],
  });
}

export function message(
  deliveryId: string,
  rolloutId: string,
  parts: Partial<InboxMessage> = {},
): InboxMessage {
  return {
    source: 'github',
    deliveryId,
    rolloutId,
    receivedAt: 1_767_603_600_000,
    body: { text: '/rollout hold' },
    ...parts,
  };
}

/** Leases one rollout, which must be due. */
export async function claimOne(
  store: RolloutStore,
  rolloutId: string,
  worker: string = 'host:1:0',
): Promise<Claim<Json, Json>> {
  const [claim] = await store.claimDue({ worker, leaseMs: LEASE_MS, limit: 1, rolloutId });
  if (claim === undefined) throw new Error(`${rolloutId} is not to be had`);
  return claim;
}

/** Commits and gives the claim to go on with. */
export async function committed(
  store: RolloutStore,
  claim: Claim<Json, Json>,
  parts: Batch<Json>,
): Promise<Claim<Json, Json>> {
  const result = await store.commit(claim, parts);
  if (result.kind === 'lost') throw new Error(`the commit on ${claim.rolloutId} was lost`);
  return { ...claim, version: result.version, state: parts.state };
}

/** All that can be read of a rollout, to show that two moments are the same. */
export async function everythingOf(store: RolloutStore, rolloutId: string): Promise<unknown> {
  return {
    row: await store.get(rolloutId),
    log: await store.readLog(rolloutId, 1),
    effects: await store.pendingEffects(rolloutId),
    inbox: await store.pendingInbox(rolloutId),
  };
}

/** The log is numbered from 1 without a gap, and each hash can be made again from the fields and the hash before. */
export function expectIntact(log: readonly LogEntry[]): void {
  const remade = log.map((entry, index) =>
    chained(entry, { ...entry, seq: index + 1, prevHash: log[index - 1]?.hash ?? CHAIN_START }),
  );
  expect(log).toStrictEqual(remade);
}

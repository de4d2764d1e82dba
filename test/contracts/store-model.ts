import type { Json } from '../../src/core/canonical-json.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { CHAIN_START, chained } from '../../src/ports/event-chain.ts';
import type {
  Batch,
  Claim,
  CommitResult,
  Effect,
  InboxMessage,
  LogEntry,
  NewEvent,
  RolloutRow,
  RolloutStore,
} from '../../src/ports/store.ts';

interface Kept {
  row: RolloutRow<Json, Json>;
  cursor: string | null;
  lease: { readonly owner: string; readonly until: number } | null;
  woken: boolean;
  log: readonly LogEntry[];
  effects: readonly Effect[];
}

/**
 * The rules of the store in the plainest form: arrays in memory, nothing durable, each rule in one line where that can
 * be. The property test holds the adapters against it.
 */
export function modelStore(clock: Clock): RolloutStore {
  const rollouts = new Map<string, Kept>();
  const evidence = new Map<string, string>();
  const inbox: { readonly message: InboxMessage; handled: boolean }[] = [];

  const append = (kept: Kept, events: readonly NewEvent[]): readonly LogEntry[] => {
    const { id: rolloutId, fence } = kept.row;
    const log = [...kept.log];
    for (const event of events) {
      const prevHash = log.at(-1)?.hash ?? CHAIN_START;
      log.push(chained(event, { rolloutId, fence, seq: log.length + 1, prevHash }));
    }
    return log;
  };

  const commit = (claim: Claim<Json, Json>, batch: Batch<Json>): CommitResult => {
    const kept = rollouts.get(claim.rolloutId);
    if (kept === undefined || kept.row.version !== claim.version || kept.row.fence !== claim.fence) {
      return { kind: 'lost' };
    }
    const log = append(kept, batch.events);
    const gates = log.map((entry) => entry.gateEpoch).filter((epoch) => epoch !== null);
    if (new Set(gates).size < gates.length) return { kind: 'lost' };
    const entries = log.slice(kept.log.length);
    const version = claim.version + 1;
    kept.log = log;
    kept.row = { ...kept.row, version, state: batch.state, updatedAt: clock.now() };
    kept.cursor = batch.cursor ?? kept.cursor;
    kept.effects = withIntended(kept.effects, batch, entries);
    for (const { digest, body } of batch.evidence) evidence.set(digest, body);
    for (const one of inbox) {
      if (one.message.rolloutId === claim.rolloutId && batch.handled.some(sameAs(one.message)))
        one.handled = true;
    }
    return { kind: 'ok', version, entries };
  };

  const claimed = (kept: Kept, worker: string, leaseMs: number): Claim<Json, Json> => {
    kept.row = { ...kept.row, fence: kept.row.fence + 1 };
    kept.lease = { owner: worker, until: clock.now() + leaseMs };
    kept.woken = false;
    const { id: rolloutId, target, version, fence, plan, planDigest, state } = kept.row;
    const deadlineMono = clock.mono() + leaseMs;
    return { rolloutId, target, version, fence, plan, planDigest, state, cursor: kept.cursor, deadlineMono };
  };

  const isLeased = (kept: Kept) => kept.lease !== null && kept.lease.until > clock.now();
  const dueAt = (kept: Kept) => kept.row.nextTickAt ?? Number.POSITIVE_INFINITY;

  return {
    migrate: async () => {},
    create: async ({ id, target, plan, planDigest, state, firstEvent, nextTickAt }) => {
      if (rollouts.has(id)) return 'exists';
      const at = { nextTickAt, createdAt: clock.now(), updatedAt: clock.now() };
      const row = { id, target, plan, planDigest, state, version: 1, fence: 0, ...at };
      const kept: Kept = { row, cursor: null, lease: null, woken: false, log: [], effects: [] };
      kept.log = append(kept, [firstEvent]);
      rollouts.set(id, kept);
      return 'created';
    },
    claimDue: async ({ worker, leaseMs, limit, rolloutId }) =>
      [...rollouts.values()]
        .filter((kept) => rolloutId === undefined || kept.row.id === rolloutId)
        .filter((kept) => dueAt(kept) <= clock.now() && !isLeased(kept))
        .toSorted((a, b) => dueAt(a) - dueAt(b))
        .slice(0, limit)
        .map((kept) => claimed(kept, worker, leaseMs)),
    commit: async (claim, batch) => commit(claim, batch),
    pendingEffects: async (id) => rollouts.get(id)?.effects ?? [],
    settleEffect: async (effect, outcome) => {
      const kept = rollouts.get(effect.rolloutId);
      if (kept === undefined) return;
      kept.effects = kept.effects.flatMap((one) => {
        if (one.seq !== effect.seq || one.kind !== effect.kind) return [one];
        return outcome.kind === 'done' ? [] : [{ ...one, attempts: one.attempts + 1 }];
      });
    },
    release: async (claim, nextTickAt) => {
      const kept = rollouts.get(claim.rolloutId);
      if (kept === undefined || kept.row.fence !== claim.fence) return;
      kept.row = {
        ...kept.row,
        nextTickAt: kept.woken ? Math.min(nextTickAt ?? clock.now(), clock.now()) : nextTickAt,
      };
      kept.lease = null;
      kept.woken = false;
    },
    appendInbox: async (message) => {
      if (inbox.some((one) => sameAs(message)(one.message))) return 'duplicate';
      inbox.push({ message, handled: false });
      const kept = rollouts.get(message.rolloutId);
      if (kept === undefined) return 'new';
      kept.row = { ...kept.row, nextTickAt: Math.min(kept.row.nextTickAt ?? clock.now(), clock.now()) };
      kept.woken = true;
      return 'new';
    },
    pendingInbox: async (id) =>
      inbox.filter((one) => one.message.rolloutId === id && !one.handled).map((one) => one.message),
    get: async (id) => rollouts.get(id)?.row ?? null,
    list: async ({ unfinishedOnly, limit, on }) =>
      [...rollouts.values()]
        .map((kept) => kept.row)
        .filter((row) => !unfinishedOnly || row.nextTickAt !== null)
        .filter((row) => on === undefined || row.target === on.target || isOnSurface(row.plan, on.surface))
        .toReversed()
        .slice(0, limit),
    readLog: async (id, fromSeq) => (rollouts.get(id)?.log ?? []).filter((entry) => entry.seq >= fromSeq),
    evidence: async (digest) => evidence.get(digest) ?? null,
    endLeases: async (isDead) => {
      const ended = [...rollouts.values()].filter(
        (kept) => isLeased(kept) && isDead(kept.lease?.owner ?? ''),
      );
      for (const kept of ended) kept.lease = null;
      return ended.length;
    },
    close: async () => {},
  };
}

/** The pending effects after a commit: the new ones added, and of all exposures only the last one left. */
function withIntended(
  pending: readonly Effect[],
  batch: Batch<Json>,
  entries: readonly LogEntry[],
): readonly Effect[] {
  const added = entries.flatMap(({ rolloutId, seq }, index) =>
    batch.effects
      .filter((effect) => effect.eventIndex === index)
      .toSorted((a, b) => a.kind.localeCompare(b.kind))
      .map(({ kind, desired }): Effect => ({ rolloutId, seq, kind, desired, attempts: 0 })),
  );
  const all = [...pending, ...added];
  const last = all.findLast((effect) => effect.kind === 'exposure');
  return all.filter((effect) => effect.kind !== 'exposure' || effect === last);
}

function sameAs(message: InboxMessage): (other: InboxMessage) => boolean {
  return (other) => other.source === message.source && other.deliveryId === message.deliveryId;
}

function isOnSurface(plan: Json, surface: string | null): boolean {
  return surface !== null && (plan as { readonly surface?: Json } | null)?.surface === surface;
}

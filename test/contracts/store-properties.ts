import fc from 'fast-check';
import { expect } from 'vitest';
import type { Json } from '../../src/core/canonical-json.ts';
import { sha256 } from '../../src/ports/digest.ts';
import type { Batch, Claim, InboxMessage, RolloutStore } from '../../src/ports/store.ts';
import { modelStore } from './store-model.ts';
import {
  batch,
  event,
  everythingOf,
  expectIntact,
  message,
  newRollout,
  type OpenHome,
  type StoreHome,
} from './store-samples.ts';

const ROLLOUTS = ['r1', 'r2', 'r3'] as const;
const WORKERS = ['host:1:0', 'host:2:0'] as const;
const LONGEST_RUN = 40;

/** `pick` chooses among what there is, so that a shrunk run still means something. */
type StoreOperation =
  | { readonly kind: 'create'; readonly id: string; readonly inMs: number }
  | { readonly kind: 'claim'; readonly worker: string; readonly leaseMs: number; readonly limit: number }
  | { readonly kind: 'commit'; readonly pick: number; readonly shape: Shape }
  | { readonly kind: 'release'; readonly pick: number; readonly inMs: number | null }
  | { readonly kind: 'message'; readonly id: string; readonly deliveryId: string }
  | { readonly kind: 'settle'; readonly id: string; readonly pick: number; readonly isDone: boolean }
  | { readonly kind: 'end-leases'; readonly worker: string };

type Operation =
  | StoreOperation
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'reopen' };

interface Shape {
  readonly events: number;
  readonly gateEpoch: number | null;
  readonly effects: readonly ('exposure' | 'tell')[];
  readonly cursor: string | null;
  readonly handles: number;
}

const id = fc.constantFrom(...ROLLOUTS);
const worker = fc.constantFrom(...WORKERS);
const pick = fc.nat({ max: 1_000 });
const inMs = fc.constantFrom(-500, 0, 1, 400, 2_000);

const shape: fc.Arbitrary<Shape> = fc.record({
  events: fc.integer({ min: 0, max: 3 }),
  gateEpoch: fc.option(fc.integer({ min: 1, max: 4 })),
  effects: fc.subarray(['exposure', 'tell'] as const),
  cursor: fc.option(fc.constantFrom('c1', 'c2')),
  handles: fc.integer({ min: 0, max: 2 }),
});

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('create'), id, inMs }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('claim'),
      worker,
      leaseMs: fc.constantFrom(300, 1_000),
      limit: fc.integer({ min: 0, max: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('commit'), pick, shape }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('release'), pick, inMs: fc.option(inMs, { freq: 8 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('message'),
      id,
      deliveryId: fc.constantFrom('d1', 'd2', 'd3', 'd4'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('settle'), id, pick, isDone: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('advance'), ms: fc.constantFrom(1, 299, 700, 2_500) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('end-leases'), worker }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reopen') }) },
);

/** Runs random operations on the store and the model; every answer, and all that is kept at the end, must be equal. */
export async function behavesLikeTheModel(open: OpenHome, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(operation, { maxLength: LONGEST_RUN, size: 'max' }), async (operations) => {
      const home = await open();
      try {
        await runBoth(home, operations);
      } finally {
        await home.destroy();
      }
    }),
    { numRuns: runs },
  );
}

/** Claims are kept after they end and after their commit, so that stale ones are tried too. */
async function runBoth(home: StoreHome, operations: readonly Operation[]): Promise<void> {
  const model = modelStore(home.clock);
  let store = await home.connect();
  const claims: Claim<Json, Json>[] = [];
  try {
    for (const one of operations) {
      if (one.kind === 'advance') {
        await home.advance(one.ms);
      } else if (one.kind === 'reopen') {
        await store.close();
        store = await home.connect();
      } else {
        const expected = await apply(model, one, claims, home.clock.now());
        expect(await apply(store, one, claims, home.clock.now())).toStrictEqual(expected);
        claims.push(...expected.claims);
      }
    }
    for (const rolloutId of ROLLOUTS) {
      expect(await everythingOf(store, rolloutId)).toStrictEqual(await everythingOf(model, rolloutId));
      expectIntact(await store.readLog(rolloutId, 1));
    }
    const all = { unfinishedOnly: false, limit: ROLLOUTS.length };
    expect(await store.list(all)).toStrictEqual(await model.list(all));
  } finally {
    await store.close();
  }
}

interface Applied {
  readonly answer: unknown;
  /** What the operation adds to the claims that later ones choose from. */
  readonly claims: readonly Claim<Json, Json>[];
}

async function apply(
  store: RolloutStore,
  one: StoreOperation,
  claims: readonly Claim<Json, Json>[],
  now: number,
): Promise<Applied> {
  const answered = (answer: unknown): Applied => ({ answer, claims: [] });
  switch (one.kind) {
    case 'create':
      return answered(await store.create(newRollout(one.id, now + one.inMs)));
    case 'claim': {
      const claimed = await store.claimDue(one);
      return { answer: claimed, claims: claimed };
    }
    case 'commit': {
      const claim = chosen(claims, one.pick);
      if (claim === undefined) return answered(null);
      const whole = shaped(one.shape, one.pick, await store.pendingInbox(claim.rolloutId));
      const answer = await store.commit(claim, whole);
      const next = answer.kind === 'ok' ? [{ ...claim, version: answer.version }] : [];
      return { answer, claims: next };
    }
    case 'release': {
      const claim = chosen(claims, one.pick);
      if (claim === undefined) return answered(null);
      return answered(await store.release(claim, one.inMs === null ? null : now + one.inMs));
    }
    case 'message':
      return answered(await store.appendInbox(message(one.deliveryId, one.id)));
    case 'settle': {
      const effect = chosen(await store.pendingEffects(one.id), one.pick);
      if (effect === undefined) return answered(null);
      return answered(
        await store.settleEffect(effect, one.isDone ? { kind: 'done' } : { kind: 'failed', error: '503' }),
      );
    }
    case 'end-leases':
      return answered(await store.endLeases((owner) => owner === one.worker));
  }
}

/** Mostly one of the last few, which are the ones still good. */
function chosen<T>(things: readonly T[], pick: number): T | undefined {
  const reach = pick % 4 === 0 ? things.length : 3;
  const recent = things.slice(-reach);
  return recent[pick % recent.length];
}

function shaped(shape: Shape, mark: number, pending: readonly InboxMessage[]): Batch<Json> {
  const body = `{"mark":${mark}}`;
  const events = Array.from({ length: shape.events }, (_, index) =>
    event('observed', { payload: { mark }, gateEpoch: index === shape.events - 1 ? shape.gateEpoch : null }),
  );
  return batch({
    events,
    state: { mark },
    effects: shape.effects.flatMap((kind) =>
      events.length === 0 ? [] : [{ kind, eventIndex: mark % events.length, desired: { mark } }],
    ),
    evidence: [{ digest: sha256(body), body }],
    cursor: shape.cursor,
    handled: pending.slice(0, shape.handles),
  });
}

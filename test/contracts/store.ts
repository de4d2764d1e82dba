import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json } from '../../src/core/canonical-json.ts';
import type { RolloutStore } from '../../src/ports/store.ts';
import { claiming, leasing } from './store-claims.ts';
import { committing, refusing } from './store-commits.ts';
import { delivering, keepingMessages, waking } from './store-messages.ts';
import { behavesLikeTheModel } from './store-properties.ts';
import {
  batch,
  claimOne,
  committed,
  event,
  everythingOf,
  expectIntact,
  LEASE_MS,
  message,
  newRollout,
  type OpenHome,
  promotion,
  type StoreHome,
  type Subject,
} from './store-samples.ts';

/** The rules of the `RolloutStore` port, which every adapter must keep. `runs` bounds the property test. */
export function describeStore(name: string, open: OpenHome, runs: number = 60): void {
  describe(`${name} keeps the rules of the store`, () => {
    const groups = {
      creating,
      roundTrips,
      claiming,
      leasing,
      committing,
      refusing,
      delivering,
      keepingMessages,
      waking,
      sharing,
    };
    for (const [title, tests] of Object.entries(groups)) describe(title, () => withStore(open, tests));
    test('any sequence of operations gives what a plain model gives', { timeout: runs * 1_000 }, () =>
      behavesLikeTheModel(open, runs),
    );
  });
}

function withStore(open: OpenHome, tests: (subject: Subject) => void): void {
  let home: StoreHome;
  let store: RolloutStore;
  beforeEach(async () => {
    home = await open();
    store = await home.connect();
  });
  afterEach(async () => {
    await store.close();
    await home.destroy();
  });
  tests({
    store: () => store,
    home: () => home,
    given: async (id) => {
      expect(await store.create(newRollout(id, home.clock.now()))).toBe('created');
    },
  });
}

function creating({ store, home, given }: Subject): void {
  test('a new rollout is read back as it was given, its first event at seq 1', async () => {
    const now = home().clock.now();
    const rollout = newRollout('r1', now + 5_000);
    expect(await store().create(rollout)).toBe('created');
    expect(await store().get('r1')).toStrictEqual({
      id: 'r1',
      target: rollout.target,
      plan: rollout.plan,
      planDigest: rollout.planDigest,
      state: rollout.state,
      version: 1,
      fence: 0,
      nextTickAt: now + 5_000,
      createdAt: now,
      updatedAt: now,
    });
    const log = await store().readLog('r1', 1);
    expect(log).toMatchObject([{ ...rollout.firstEvent, rolloutId: 'r1', seq: 1, fence: 0 }]);
    expectIntact(log);
  });

  test('creating an id that is there changes nothing', async () => {
    await given('r1');
    const before = await everythingOf(store(), 'r1');
    await home().advance(1_000);
    const again = newRollout('r1', 0, { state: 'other', firstEvent: event('other') });
    expect(await store().create(again)).toBe('exists');
    expect(await everythingOf(store(), 'r1')).toStrictEqual(before);
  });

  test('what is not there is null or empty', async () => {
    expect(await store().get('none')).toBeNull();
    expect(await store().evidence('none')).toBeNull();
    expect(await store().readLog('none', 1)).toStrictEqual([]);
    expect(await store().pendingEffects('none')).toStrictEqual([]);
    expect(await store().pendingInbox('none')).toStrictEqual([]);
    expect(await store().list({ unfinishedOnly: false, limit: 10 })).toStrictEqual([]);
  });

  test('the list is newest first, even of those created in the same millisecond', async () => {
    for (const id of ['b', 'a', 'c']) await given(id);
    await store().release(await claimOne(store(), 'a'), null);
    const ids = async (unfinishedOnly: boolean, limit: number) =>
      (await store().list({ unfinishedOnly, limit })).map((row) => row.id);
    expect(await ids(false, 10)).toStrictEqual(['c', 'a', 'b']);
    expect(await ids(true, 10)).toStrictEqual(['c', 'b']);
    expect(await ids(false, 1)).toStrictEqual(['c']);
  });

  test('the list tells what is on a target or a surface from what is beside it', async () => {
    const create = (id: string, target: string, surface: string | null) =>
      store().create(newRollout(id, home().clock.now(), { target, plan: { surface } }));
    await create('here', 'checkout', 'payments');
    await create('there', 'refunds', 'payments');
    await create('away', 'search', null);
    const on = async (target: string, surface: string | null) =>
      (await store().list({ unfinishedOnly: true, limit: 9, on: { target, surface } })).map((row) => row.id);
    expect(await on('checkout', 'payments')).toStrictEqual(['there', 'here']);
    expect(await on('checkout', null)).toStrictEqual(['here']);
    expect(await on('search', 'maps')).toStrictEqual(['away']);
  });
}

function roundTrips({ store }: Subject): void {
  test('JSON comes back as it was: unicode, floats, odd keys; members that are undefined are gone', async () => {
    const kept: Json = {
      text: 'naïve – 変更 🚦 \u0000 \ud800 "quoted" \\ \u2028 e\u0301',
      numbers: [0.1 + 0.2, 1e21, 5e-324, Number.MAX_VALUE, -1.5, 2 ** 53 - 1, 0],
      nested: [[], {}, [null, true, false], { '': 1, é: 2, 'a.b': 3, '\u{1f6a6}': 4 }],
      ['__proto__']: { own: true },
    };
    const payload: Json = { kept, gone: undefined };
    await store().create(newRollout('r1', 0, { plan: kept, state: kept }));
    const claim = await claimOne(store(), 'r1');
    expect(claim).toMatchObject({ plan: kept, state: kept });
    const effects = [{ kind: 'tell', eventIndex: 0, desired: kept }] as const;
    const events = [event('observed', { payload, actor: 'Zoë \ud800' })];
    const result = await store().commit(claim, batch({ events, effects, state: payload }));
    await store().appendInbox(message('d1', 'r1', { body: kept }));
    expect((await store().get('r1'))?.state).toStrictEqual({ kept });
    expect((await store().pendingEffects('r1'))[0]?.desired).toStrictEqual(kept);
    expect((await store().pendingInbox('r1'))[0]?.body).toStrictEqual(kept);
    const log = await store().readLog('r1', 1);
    expect(log[1]).toMatchObject({ payload: { kept }, actor: 'Zoë \ud800' });
    expect(result).toStrictEqual({ kind: 'ok', version: 2, entries: log.slice(1) });
    expectIntact(log);
  });
}

function sharing({ store, home, given }: Subject): void {
  test('two handles on one place see each other and cannot both claim', async () => {
    await given('r1');
    const other = await home().connect();
    const claim = await claimOne(other, 'r1', 'host:2:0');
    expect(await store().claimDue({ worker: 'host:1:0', leaseMs: LEASE_MS, limit: 1 })).toStrictEqual([]);
    const next = await committed(other, claim, promotion(5, 1));
    expect(await everythingOf(store(), 'r1')).toStrictEqual(await everythingOf(other, 'r1'));
    expect(await store().commit(claim, promotion(50, 2))).toStrictEqual({ kind: 'lost' });
    await committed(store(), next, promotion(50, 2));
    expectIntact(await other.readLog('r1', 1));
    await other.close();
  });

  test('migrating again changes nothing', async () => {
    await given('r1');
    const before = await everythingOf(store(), 'r1');
    await store().migrate();
    expect(await everythingOf(store(), 'r1')).toStrictEqual(before);
  });

  test('a closed store says that it is closed, and closing it again is harmless', async () => {
    const other = await home().connect();
    await other.close();
    await other.close();
    await expect(other.get('r1')).rejects.toMatchObject({ name: 'StoreFault', code: 'unavailable' });
    await expect(other.create(newRollout('r1', 0))).rejects.toMatchObject({ code: 'unavailable' });
  });
}

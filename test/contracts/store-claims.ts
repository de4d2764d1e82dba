import { expect, test } from 'vitest';
import { claimOne, LEASE_MS, message, newRollout, type Subject } from './store-samples.ts';

export function claiming({ store, home, given }: Subject): void {
  const claim = (limit: number, worker: string = 'host:2:0') =>
    store().claimDue({ worker, leaseMs: LEASE_MS, limit });

  test('the longest overdue comes first, and no more than asked for', async () => {
    const now = home().clock.now();
    for (const [id, overdueMs] of Object.entries({ late: 10, latest: 30, now: 0, later: 20, early: -1 })) {
      await store().create(newRollout(id, now - overdueMs));
    }
    expect((await claim(3)).map((one) => one.rolloutId)).toStrictEqual(['latest', 'later', 'late']);
    expect((await claim(3)).map((one) => one.rolloutId)).toStrictEqual(['now']);
    expect(await claim(0)).toStrictEqual([]);
    await home().advance(1);
    expect((await claim(3)).map((one) => one.rolloutId)).toStrictEqual(['early']);
  });

  test('a claim carries what its tick needs, under a higher fence and a monotonic deadline', async () => {
    await given('r1');
    const first = await claimOne(store(), 'r1');
    const row = await store().get('r1');
    expect(first).toStrictEqual({
      rolloutId: 'r1',
      target: row?.target,
      version: 1,
      fence: 1,
      plan: row?.plan,
      planDigest: row?.planDigest,
      state: row?.state,
      cursor: null,
      deadlineMono: home().clock.mono() + LEASE_MS,
    });
    await store().release(first, home().clock.now());
    expect((await claimOne(store(), 'r1')).fence).toBe(2);
  });

  test('only the rollout asked for is claimed, and only when it is due', async () => {
    await given('r1');
    await given('r2');
    await store().create(newRollout('r3', home().clock.now() + 1));
    const ask = (rolloutId: string) =>
      store().claimDue({ worker: 'host:1:0', leaseMs: LEASE_MS, limit: 5, rolloutId });
    expect((await ask('r2')).map((one) => one.rolloutId)).toStrictEqual(['r2']);
    expect(await ask('r3')).toStrictEqual([]);
    expect(await ask('none')).toStrictEqual([]);
  });
}

export function leasing({ store, home, given }: Subject): void {
  const claim = (limit: number, worker: string = 'host:2:0') =>
    store().claimDue({ worker, leaseMs: LEASE_MS, limit });

  test('a lease keeps a second claimant out until it ends', async () => {
    await given('r1');
    await claimOne(store(), 'r1', 'host:1:0');
    await home().advance(LEASE_MS - 1);
    expect(await claim(1)).toStrictEqual([]);
    await home().advance(1);
    expect(await claim(1)).toMatchObject([{ rolloutId: 'r1', fence: 2 }]);
  });

  test('a released rollout is due again at the time it was given', async () => {
    await given('r1');
    await store().release(await claimOne(store(), 'r1'), home().clock.now() + 15_000);
    await home().advance(14_999);
    expect(await claim(1)).toStrictEqual([]);
    await home().advance(1);
    expect(await claim(1)).toHaveLength(1);
  });

  test('a release with null finishes the rollout: time alone never makes it due again', async () => {
    await given('r1');
    await store().release(await claimOne(store(), 'r1'), null);
    await home().advance(10 * LEASE_MS);
    expect(await claim(1)).toStrictEqual([]);
    expect((await store().get('r1'))?.nextTickAt).toBeNull();
  });

  test('a message wakes a finished rollout, so that a way down stays open', async () => {
    await given('r1');
    await store().release(await claimOne(store(), 'r1'), null);
    expect(await store().appendInbox(message('d1', 'r1'))).toBe('new');
    expect(await claim(1)).toMatchObject([{ rolloutId: 'r1' }]);
  });

  test('a message that comes in during the last tick is not swallowed by the end', async () => {
    await given('r1');
    const last = await claimOne(store(), 'r1');
    await store().appendInbox(message('d1', 'r1'));
    await store().release(last, null);
    expect(await claim(1)).toMatchObject([{ rolloutId: 'r1' }]);
  });

  test('a lease that another worker has taken over cannot be released', async () => {
    await given('r1');
    const lost = await claimOne(store(), 'r1', 'host:1:0');
    await home().advance(LEASE_MS);
    await claimOne(store(), 'r1', 'host:2:0');
    await store().release(lost, null);
    expect((await store().get('r1'))?.nextTickAt).not.toBeNull();
    expect(await claim(1, 'host:3:0')).toStrictEqual([]);
  });

  test('the leases of dead workers end at once, and only theirs', async () => {
    for (const id of ['r1', 'r2', 'r3', 'r4']) await given(id);
    await claimOne(store(), 'r1', 'host:1:0');
    await claimOne(store(), 'r2', 'host:1:0');
    await claimOne(store(), 'r3', 'host:2:0');
    const asked: string[] = [];
    const isDead = (owner: string) => {
      asked.push(owner);
      return owner === 'host:1:0';
    };
    expect(await store().endLeases(isDead)).toBe(2);
    expect(asked.toSorted()).toStrictEqual(['host:1:0', 'host:2:0']);
    expect((await claim(5)).map((one) => one.rolloutId)).toStrictEqual(['r1', 'r2', 'r4']);
  });

  test('a lease that has run out is no longer a lease to end', async () => {
    await given('r1');
    await given('r2');
    await claimOne(store(), 'r1', 'host:1:0');
    await home().advance(LEASE_MS);
    await claimOne(store(), 'r2', 'host:1:0');
    expect(await store().endLeases(() => true)).toBe(1);
    const nobody = (owner: string) => expect.unreachable(`${owner} holds no lease`);
    expect(await store().endLeases(nobody)).toBe(0);
  });
}

import { expect, test } from 'vitest';
import { sha256 } from '../../src/ports/digest.ts';
import {
  batch,
  claimOne,
  committed,
  event,
  everythingOf,
  expectIntact,
  LEASE_MS,
  message,
  promotion,
  type Subject,
} from './store-samples.ts';

export function committing({ store, home, given }: Subject): void {
  test('commits lengthen one unbroken chain and replace the state', async () => {
    await given('r1');
    let claim = await claimOne(store(), 'r1');
    const events = [event('observed'), event('held', { payload: { why: 'thin traffic' } })];
    claim = await committed(store(), claim, batch({ events, state: { stage: 1 } }));
    claim = await committed(store(), claim, batch({ events: [], state: { stage: 2 } }));
    await home().advance(1_000);
    claim = await committed(store(), claim, promotion(5, 1));
    const log = await store().readLog('r1', 1);
    expect(log.map((entry) => entry.kind)).toStrictEqual(['created', 'observed', 'held', 'promoted']);
    expect(log.map((entry) => entry.fence)).toStrictEqual([0, 1, 1, 1]);
    expectIntact(log);
    expect(await store().readLog('r1', 3)).toStrictEqual(log.slice(2));
    const now = home().clock.now();
    expect(await store().get('r1')).toMatchObject({ state: { percent: 5 }, version: 4, updatedAt: now });
  });

  test('two rollouts may each decide a gate of the same epoch', async () => {
    for (const id of ['r1', 'r2']) {
      await given(id);
      await committed(store(), await claimOne(store(), id), promotion(5, 1));
    }
  });

  test('a lease that ran out but that nobody took over still commits', async () => {
    await given('r1');
    const claim = await claimOne(store(), 'r1');
    await home().advance(LEASE_MS + 1);
    expect((await store().commit(claim, promotion(5, 1))).kind).toBe('ok');
  });

  test('evidence is read back byte for byte, and keeping it twice is harmless', async () => {
    await given('r1');
    const body = '{"rate":0.30000000000000004,"text":"変更 🚦"}';
    const evidence = [{ digest: sha256(body), body }];
    const claim = await committed(store(), await claimOne(store(), 'r1'), batch({ evidence }));
    await committed(store(), claim, batch({ evidence }));
    expect(await store().evidence(sha256(body))).toBe(body);
  });

  test('a cursor stays until another one replaces it', async () => {
    await given('r1');
    const claim = await committed(store(), await claimOne(store(), 'r1'), batch({ cursor: 'c1' }));
    await committed(store(), claim, batch({ cursor: null }));
    await store().release(claim, home().clock.now());
    expect((await claimOne(store(), 'r1')).cursor).toBe('c1');
  });
}

export function refusing({ store, home, given }: Subject): void {
  test.each([
    { title: 'after another commit on the same claim', takeOver: false, gateEpoch: 7 },
    { title: 'after another worker took the lease over', takeOver: true, gateEpoch: 7 },
    { title: 'for a gate that was decided before', takeOver: false, gateEpoch: 1 },
  ])('a commit $title is lost and writes nothing', async ({ takeOver, gateEpoch }) => {
    await given('r1');
    await store().appendInbox(message('d1', 'r1'));
    let claim = await claimOne(store(), 'r1', 'host:1:0');
    const decided = await committed(store(), claim, promotion(5, 1));
    if (gateEpoch === 1) claim = decided;
    if (takeOver) {
      await home().advance(LEASE_MS);
      await claimOne(store(), 'r1', 'host:2:0');
      claim = { ...decided };
    }
    const before = await everythingOf(store(), 'r1');
    const late = promotion(50, gateEpoch);
    const whole = {
      ...late,
      events: [event('observed'), ...late.events],
      handled: await store().pendingInbox('r1'),
    };
    expect(await store().commit(claim, whole)).toStrictEqual({ kind: 'lost' });
    expect(await everythingOf(store(), 'r1')).toStrictEqual(before);
    expect(await store().evidence(sha256('{"percent":50}'))).toBeNull();
  });

  test('one gate decided twice in one batch is lost too', async () => {
    await given('r1');
    const events = [event('promoted', { gateEpoch: 1 }), event('held', { gateEpoch: 1 })];
    expect(await store().commit(await claimOne(store(), 'r1'), batch({ events }))).toStrictEqual({
      kind: 'lost',
    });
    expect(await store().readLog('r1', 2)).toStrictEqual([]);
  });

  test('a rollout that is not there is lost', async () => {
    await given('r1');
    const claim = { ...(await claimOne(store(), 'r1')), rolloutId: 'none' };
    expect(await store().commit(claim, batch())).toStrictEqual({ kind: 'lost' });
  });

  test('an effect that no event of the batch intends is a bug, and nothing is written', async () => {
    await given('r1');
    const claim = await claimOne(store(), 'r1');
    const before = await everythingOf(store(), 'r1');
    const effects = [{ kind: 'tell', eventIndex: 1, desired: 'x' }] as const;
    await expect(store().commit(claim, batch({ effects }))).rejects.toThrow(RangeError);
    expect(await everythingOf(store(), 'r1')).toStrictEqual(before);
  });
}

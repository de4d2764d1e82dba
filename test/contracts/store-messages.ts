import { expect, test } from 'vitest';
import type { Effect } from '../../src/ports/store.ts';
import {
  batch,
  claimOne,
  committed,
  event,
  LEASE_MS,
  message,
  newRollout,
  promotion,
  type Subject,
} from './store-samples.ts';

export function delivering({ store, given }: Subject): void {
  const pending = async () =>
    (await store().pendingEffects('r1')).map((effect) => `${effect.seq} ${effect.kind}`);

  test('a newer exposure supersedes those not yet delivered; what is told to people is never dropped', async () => {
    await given('r1');
    await given('r2');
    await committed(store(), await claimOne(store(), 'r2'), promotion(5, 1));
    const claim = await committed(store(), await claimOne(store(), 'r1'), promotion(5, 1));
    expect(await pending()).toStrictEqual(['2 exposure', '2 tell']);
    await committed(store(), claim, promotion(50, 2));
    expect(await pending()).toStrictEqual(['2 tell', '3 exposure', '3 tell']);
    expect(await store().pendingEffects('r2')).toHaveLength(2);
  });

  test('of two exposures in one batch the later event counts', async () => {
    await given('r1');
    const effects = [1, 0].map(
      (eventIndex) => ({ kind: 'exposure', eventIndex, desired: eventIndex }) as const,
    );
    const events = [event('promoted'), event('rolled-back')];
    await committed(store(), await claimOne(store(), 'r1'), batch({ events, effects }));
    expect(await store().pendingEffects('r1')).toMatchObject([{ seq: 3, desired: 1 }]);
  });

  test('a failed delivery stays pending with its attempts counted; a done one is gone', async () => {
    await given('r1');
    await committed(store(), await claimOne(store(), 'r1'), promotion(5, 1));
    const [exposure, tell] = (await store().pendingEffects('r1')) as readonly [Effect, Effect];
    await store().settleEffect(exposure, { kind: 'failed', error: '503' });
    await store().settleEffect(exposure, { kind: 'failed', error: '503' });
    expect(await store().pendingEffects('r1')).toStrictEqual([{ ...exposure, attempts: 2 }, tell]);
    await store().settleEffect(exposure, { kind: 'done' });
    expect(await pending()).toStrictEqual(['2 tell']);
  });

  test('a late answer about an effect that is done or superseded brings nothing back', async () => {
    await given('r1');
    const claim = await committed(store(), await claimOne(store(), 'r1'), promotion(5, 1));
    const [exposure, tell] = (await store().pendingEffects('r1')) as readonly [Effect, Effect];
    await store().settleEffect(tell, { kind: 'done' });
    await store().settleEffect(tell, { kind: 'failed', error: 'timeout' });
    await committed(store(), claim, promotion(50, 2));
    await store().settleEffect(exposure, { kind: 'failed', error: 'timeout' });
    expect(await pending()).toStrictEqual(['3 exposure', '3 tell']);
  });
}

export function keepingMessages({ store, home, given }: Subject): void {
  test('a message is kept once per source and delivery, also across a restart', async () => {
    await given('r1');
    expect(await store().appendInbox(message('d1', 'r1'))).toBe('new');
    const restarted = await home().connect();
    expect(await restarted.appendInbox(message('d1', 'r1', { body: 'again' }))).toBe('duplicate');
    expect(await restarted.appendInbox(message('d1', 'r1', { source: 'slack' }))).toBe('new');
    const kept = await restarted.pendingInbox('r1');
    await restarted.close();
    expect(kept).toStrictEqual([message('d1', 'r1'), message('d1', 'r1', { source: 'slack' })]);
  });

  test('a message stays pending until a commit handles it, in the order of arrival', async () => {
    await given('r1');
    await given('r2');
    const late = message('d2', 'r1', { receivedAt: 1 });
    for (const one of [message('d1', 'r1'), late, message('d3', 'r2')]) await store().appendInbox(one);
    expect(await store().pendingInbox('r1')).toStrictEqual([message('d1', 'r1'), late]);
    const claim = await claimOne(store(), 'r1');
    // A message of another rollout is not this one's to handle.
    await committed(store(), claim, batch({ handled: [message('d1', 'r1'), message('d3', 'r2')] }));
    expect(await store().pendingInbox('r1')).toStrictEqual([late]);
    expect(await store().pendingInbox('r2')).toHaveLength(1);
    expect(await store().appendInbox(message('d1', 'r1'))).toBe('duplicate');
  });

  test('a message that overtakes the creation of its rollout waits for it', async () => {
    expect(await store().appendInbox(message('d1', 'r1'))).toBe('new');
    await given('r1');
    expect(await store().pendingInbox('r1')).toStrictEqual([message('d1', 'r1')]);
  });
}

export function waking({ store, home, given }: Subject): void {
  const dueIds = async () =>
    (await store().claimDue({ worker: 'host:9:0', leaseMs: LEASE_MS, limit: 5 })).map((one) => one.rolloutId);

  test('a message makes its rollout due now; a repeated one does not', async () => {
    const now = home().clock.now();
    await store().create(newRollout('r1', now + 60_000));
    expect(await dueIds()).toStrictEqual([]);
    await store().appendInbox(message('d1', 'r1'));
    expect((await store().get('r1'))?.nextTickAt).toBe(now);
    const claim = await claimOne(store(), 'r1');
    await store().release(claim, now + 60_000);
    await store().appendInbox(message('d1', 'r1'));
    expect(await dueIds()).toStrictEqual([]);
  });

  test('a message never puts an overdue rollout back', async () => {
    await given('r1');
    const dueAt = home().clock.now();
    await home().advance(5_000);
    await store().appendInbox(message('d1', 'r1'));
    expect((await store().get('r1'))?.nextTickAt).toBe(dueAt);
  });

  test('a message that comes in during a tick makes the rollout due when that tick releases it', async () => {
    await given('r1');
    const claim = await claimOne(store(), 'r1');
    await store().appendInbox(message('d1', 'r1'));
    expect(await dueIds()).toStrictEqual([]);
    await store().release(claim, home().clock.now() + 60_000);
    const again = await claimOne(store(), 'r1');
    await store().release(again, home().clock.now() + 60_000);
    expect(await dueIds()).toStrictEqual([]);
  });
}

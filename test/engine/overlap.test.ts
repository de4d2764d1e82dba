import { expect, test } from 'vitest';
import type { Decision } from '../../src/core/gate/decision.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import { eventOf } from '../../src/core/rollout/events.ts';
import { startRollout } from '../../src/engine/start.ts';
import { openRig, planOf, type Rig, ROLLOUT } from '../support/rollout-rig.ts';

const LATER = 'rl_later';

/** Starts a second rollout beside the rig's own. */
async function startBeside(rig: Rig, plan: Plan): Promise<void> {
  const target = rig.parts.targetFor(plan.target);
  if (target === null) throw new Error('no target');
  const starting = startRollout({ rolloutId: LATER, plan, by: 'test', measureMs: 4_000 }, target, rig.parts);
  await rig.run(4_000);
  expect(await starting).toMatchObject({ kind: 'started' });
}

async function reasons(rig: Rig, rolloutId: string): Promise<readonly Decision['reason'][]> {
  return (await rig.parts.store.readLog(rolloutId, 1)).flatMap((entry) => {
    const event = eventOf(entry.kind, entry.payload);
    return event.kind === 'decided' ? [event.decision.reason] : [];
  });
}

const PAYMENTS = { surface: 'payments' };

test('of two rollouts on one surface the later one holds, says why, and goes on when the first is over', async () => {
  const rig = await openRig();
  await rig.start(planOf(PAYMENTS));
  await startBeside(rig, planOf({ ...PAYMENTS, target: 'refunds' }));
  await rig.run(6_000);
  expect((await reasons(rig, LATER)).at(-1)).toBe('overlap');
  expect(await reasons(rig, ROLLOUT)).not.toContain('overlap');
  const told = rig.told.find((message) => message.rolloutId === LATER && message.urgency === 'needs_person');
  expect(told?.headline).toContain(`rollout ${ROLLOUT} on checkout began first`);

  await rig.run(80_000);
  expect((await rig.parts.store.get(ROLLOUT))?.state.phase).toBe('completed');
  expect((await rig.parts.store.get(LATER))?.state.phase).toBe('completed');
});

test('rollouts on different surfaces do not wait for each other', async () => {
  const rig = await openRig();
  await rig.start(planOf(PAYMENTS));
  await startBeside(rig, planOf({ target: 'search', surface: 'search' }));
  await rig.run(20_000);
  expect(await reasons(rig, LATER)).not.toContain('overlap');
});

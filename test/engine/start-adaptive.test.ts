import { expect, test } from 'vitest';
import { digestOf } from '../../src/ports/digest.ts';
import { openRig, planOf, ROLLOUT } from '../support/rollout-rig.ts';

test('an adaptive plan starts on the ladder its traffic allows, and its digest is of that plan', async () => {
  const rig = await openRig();
  const given = planOf({ ladderMode: 'adaptive' });
  const result = await rig.start(given);
  if (result.kind !== 'started') throw new Error(result.kind);
  expect(result.plan.ladder).not.toEqual(given.ladder);
  expect(result.plan.ladderWhy).toMatch(/^adaptive: each exposure/);
  const row = await rig.parts.store.get(ROLLOUT);
  expect(row?.planDigest).toBe(digestOf(result.plan));
  const { percent } = (await rig.state()).desired;
  expect(result.plan.ladder[0]?.exposure).toEqual({ kind: 'percent', percent });
});

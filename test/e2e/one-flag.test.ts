import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { startState } from '../../src/core/rollout/state.ts';
import { openSluice } from '../../src/main.ts';
import { digestOf } from '../../src/ports/digest.ts';
import { openRig, RIG_ROLLOUT, type SluiceRig } from './support/open-rig.ts';
import { healthy, LINES, productConfig, TARGET } from './support/product.ts';
import { exposureInFile } from './support/record.ts';
import { until } from './support/until.ts';

const TICK_MS = 100;
const INSTRUCTION = `Start at 10% for 60 seconds, then 100% for 60 seconds. ${LINES}`;
const PLAN = { target: TARGET, title: '', diff: '', instruction: null, by: 'test', confirmed: true };

const rollBack = (rig: SluiceRig, id: string, deliveryId: string) =>
  rig.sluice.control.command(id, {
    verb: 'rollback',
    by: 'alice',
    reason: '',
    holdMs: null,
    expectedEpoch: null,
    deliveryId,
  });

describe.concurrent('one flag, one rollout', () => {
  test('of two starts at the same time one is refused', async ({ expect }) => {
    await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
    const outcomes = await Promise.all(
      ['rl_a', 'rl_b'].map((rolloutId) => rig.sluice.control.start({ ...PLAN, rolloutId }, () => {})),
    );
    expect(outcomes.map((outcome) => outcome.kind).toSorted()).toEqual(['refused', 'started']);
    expect(outcomes.find((outcome) => outcome.kind === 'refused')).toMatchObject({
      why: 'another start on checkout is reading its traffic; look at that one first',
    });
    expect(await rig.sluice.control.list({ unfinishedOnly: true })).toHaveLength(1);
  });

  test('a start is refused when another process started one while it measured', async ({ expect }) => {
    await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
    const config = productConfig({ metricsUrl: rig.product.url, tickMs: TICK_MS, instruction: INSTRUCTION });
    const { chat, log } = rig.sluice.engine;
    const other = await openSluice({ dataDir: rig.dataDir, config, chat, log });
    try {
      const measuring = rig.product.asked(1);
      const slow = other.control.start({ ...PLAN, rolloutId: 'rl_slow' }, () => {});
      await measuring;
      // As the other process would have: at once.
      const { plan } = await rig.sluice.control.plan(PLAN);
      await rig.sluice.engine.store.create({
        id: RIG_ROLLOUT,
        target: TARGET,
        plan,
        planDigest: digestOf(plan),
        state: startState(plan, Date.now()),
        firstEvent: { kind: 'started', at: 0, actor: 'test', payload: {}, evidence: null, gateEpoch: null },
        nextTickAt: Number.MAX_SAFE_INTEGER,
      });
      expect(await slow).toMatchObject({
        kind: 'refused',
        why: `rollout ${RIG_ROLLOUT} is under way on this target; finish it or roll it back first`,
      });
    } finally {
      await other.close();
    }
  });

  test('a word to a rollout that is over leaves the flag to its successor', async ({ expect }) => {
    await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
    await rig.sluice.control.start({ ...PLAN, rolloutId: 'rl_old' }, () => {});
    await rollBack(rig, 'rl_old', 'd1');
    await until('the end', async () => (await rig.sluice.control.get('rl_old'))?.phase === 'rolled_back');
    await rig.start();
    await until('10 %', () => exposureInFile(rig.dataDir) === 10);

    const reply = await rig.sluice.control.command('rl_old', {
      verb: 'promote',
      by: 'alice',
      reason: '',
      holdMs: null,
      expectedEpoch: 1,
      deliveryId: 'd2',
    });
    expect(reply).toMatchObject({ kind: 'refused', why: 'this rollout was rolled back' });
    expect(exposureInFile(rig.dataDir)).toBe(10);
    expect((await rig.state()).phase).toBe('running');
  });
});

describe.concurrent('a lease left by a dead process', () => {
  test.for([
    { whose: 'of another process id', owner: `${hostname()}:4194304:1` },
    { whose: 'of our own process id in an earlier life', owner: `${hostname()}:${process.pid}:1` },
  ])('$whose is not waited for', async ({ owner }) => {
    await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
    await rig.start();
    await rig.stop();
    const store = openSqliteStore({ path: join(rig.dataDir, 'sluice.db'), clock: systemClock });
    await until('a claim', async () => {
      const claims = await store.claimDue({ worker: owner, leaseMs: 600_000, limit: 1 });
      return claims.length === 1;
    });
    await store.close();
    const before = (await rig.decisions()).length;
    const config = productConfig({ metricsUrl: rig.product.url, tickMs: TICK_MS, instruction: INSTRUCTION });
    const { chat, log } = rig.sluice.engine;
    const next = await openSluice({ dataDir: rig.dataDir, config, chat, log, timing: { pollMs: 20 } });
    const stop = new AbortController();
    const running = next.run(stop.signal);
    try {
      await until('another look', async () => (await rig.decisions()).length > before);
    } finally {
      stop.abort();
      await running;
      await next.close();
    }
  });
});

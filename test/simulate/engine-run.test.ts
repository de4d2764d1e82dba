import { expect, test } from 'vitest';
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { RolloutState } from '../../src/core/rollout/state.ts';
import { exportLog } from '../../src/engine/log-file.ts';
import type { Store } from '../../src/engine/parts.ts';
import { replay } from '../../src/engine/replay.ts';
import { type EngineRun, runThroughEngine, SIMULATED_ROLLOUT } from '../../src/simulate/engine-run.ts';
import type { Look } from '../../src/simulate/run-tally.ts';
import { CALM, type Effect, type World } from '../../src/simulate/world.ts';
import { planOf } from '../support/rollout-rig.ts';

const SETTINGS = {
  startAt: Date.UTC(2026, 0, 5, 9),
  horizonMs: 120_000,
  measureMs: 4_000,
  personAfterMs: 20_000,
};

interface Ended {
  readonly result: EngineRun;
  readonly looks: readonly Look[];
  readonly log: string | null;
}

async function ended(
  world: Partial<World>,
  more: { readonly anyway?: boolean; readonly signal?: AbortSignal; readonly nobody?: boolean } = {},
): Promise<Ended> {
  const looks: Look[] = [];
  const stores: Store[] = [];
  const result = await runThroughEngine(
    planOf(),
    { ...CALM, ...world },
    {
      settings: more.nobody === true ? { ...SETTINGS, personAfterMs: null } : SETTINGS,
      anyway: more.anyway ?? false,
      hasPast: false,
      openStore: async (clock) => {
        const store = openSqliteStore<RolloutState, Plan>({ path: ':memory:', clock });
        stores.push(store);
        await store.migrate();
        return store;
      },
      onLook: (look) => looks.push(look),
      ...(more.signal === undefined ? {} : { signal: more.signal }),
    },
  );
  const [store] = stores;
  const log = store === undefined ? null : await exportLog(store, SIMULATED_ROLLOUT);
  await store?.close();
  return { result, looks, log };
}

const step = (by: number): readonly Effect[] => [{ kind: 'step', by }];

test('a simulated rollout leaves a log that replays like any other', async () => {
  const { result, log } = await ended({ effects: step(0.05) });
  expect(result).toMatchObject({ kind: 'ran', run: { end: 'rolled_back', blindPromotions: 0 } });
  const again = replay(log ?? '');
  expect(again.fault).toBeNull();
  expect(again.state).toMatchObject({ phase: 'rolled_back', ended: 'breach_rollback' });
});

test('exposure is nothing at the first look and rises as the plan says', async () => {
  const { looks } = await ended({});
  expect(looks[0]).toMatchObject({ elapsedMs: 0, percent: 0 });
  expect([...new Set(looks.map(({ percent }) => percent))]).toEqual([0, 10, 25, 50, 100]);
});

test('a person who is asked rolls back after their time, and what failed until then is counted', async () => {
  const { result, looks } = await ended({ effects: step(0.007) });
  if (result.kind !== 'ran') throw new Error(result.kind);
  const { run } = result;
  expect(run.end).toBe('person');
  expect(run.endedMs - (run.firstActionMs ?? 0)).toBeGreaterThanOrEqual(20_000);
  expect(run.badRequests).toBeCloseTo(0.007 * run.canaryRequests, 6);
  expect(looks.at(-1)?.samples.length).toBeGreaterThan(0);
});

test('with nobody to answer it stays where it was held', async () => {
  const { result } = await ended({ effects: step(0.007) }, { nobody: true });
  expect(result).toMatchObject({ kind: 'ran', run: { end: 'unfinished', endedMs: 120_000 } });
});

test('preflight’s refusal is an outcome, and only `anyway` goes over its head', async () => {
  const thin: Partial<World> = { traffic: { requestsPerMinute: 60, dailySwing: 0 } };
  const refused = await ended(thin);
  expect(refused.result).toMatchObject({ kind: 'refused', why: { kind: 'not_clearable' } });
  expect(refused.looks).toEqual([]);
  const anyway = await ended(thin, { anyway: true });
  expect(anyway.result).toMatchObject({ kind: 'ran', run: { end: 'person', blindPromotions: 0 } });
  expect(replay(anyway.log ?? '').fault).toBeNull();
});

test('`anyway` never goes over telemetry that cannot be read', async () => {
  const { result } = await ended(
    { effects: [{ kind: 'telemetry_fault', why: 'unreachable' }] },
    { anyway: true },
  );
  expect(result).toMatchObject({ kind: 'refused', why: { kind: 'unreadable' } });
});

test('it stops when told to, between two looks', async () => {
  const { result, looks } = await ended({}, { signal: AbortSignal.abort() });
  expect(result).toEqual({ kind: 'stopped' });
  expect(looks.length).toBeLessThanOrEqual(1);
});

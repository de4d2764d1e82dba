import { expect, test } from 'vitest';
import { learnedBackground } from '../../src/engine/background.ts';
import { simulatedTelemetry } from '../../src/simulate/telemetry.ts';
import { CALM, type World } from '../../src/simulate/world.ts';
import { check, ERROR_RATE, openRig, P95, planOf, ROLLOUT } from '../support/rollout-rig.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const NOISY: World = {
  ...CALM,
  noise: { ...CALM.noise, stableCv: 0.5, canaryCv: 0.5 },
};

test('a rollout starts with the noise that stable’s past shows, in the plan it is judged by', async () => {
  const taus = await Promise.all(
    [CALM, NOISY].map(async (world) => {
      const rig = await openRig(world);
      await rig.start(planOf({ checks: [ERROR_RATE, P95] }));
      const plan = (await rig.parts.store.get(ROLLOUT))?.plan;
      // A latency has no counts, and so no such noise.
      expect(Object.keys(plan?.background ?? {})).toEqual(['http.error_rate']);
      return plan?.background?.['http.error_rate']?.tau ?? Number.NaN;
    }),
  );
  // A minute is sixty looks here, and its noise counts once: a look alone would be sqrt(60) times as noisy.
  expect((taus[0] ?? 0) / Math.sqrt(60)).toBeLessThan(0.1);
  expect((taus[1] ?? 0) / Math.sqrt(60)).toBeGreaterThan(0.4);
});

test('a source that cannot tell its past leaves the assumed noise, and the rollout starts all the same', async () => {
  const clock = virtualClock();
  const live = simulatedTelemetry(CALM, clock, () => ({ percent: 0, audiences: [] }));
  const warned: string[] = [];
  const parts = {
    clock,
    timing: { leaseMs: 20_000, pollMs: 250, readTimeoutMs: 5_000, quietMs: 3_000 },
    log: { info: () => {}, warn: (message: string) => void warned.push(message) },
  };
  const target = (history: typeof live.history) =>
    ({ telemetry: { ...live, history }, exposure: undefined }) as never;
  const failing = target(() => Promise.reject(new Error('gone')));
  const plan = planOf({ checks: [check({ signal: 'http.error_rate' })] });
  expect(await learnedBackground(plan, [], failing, parts)).toEqual({});
  expect(warned).toHaveLength(2);
  expect(
    await learnedBackground(
      plan,
      [],
      target(async () => []),
      parts,
    ),
  ).toEqual({});
});

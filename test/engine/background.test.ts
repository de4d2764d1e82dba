import { expect, test } from 'vitest';
import { learnedBackground } from '../../src/engine/background.ts';
import { simulatedTelemetry } from '../../src/simulate/telemetry.ts';
import { CALM, type World } from '../../src/simulate/world.ts';
import { check, ERROR_RATE, openRig, P95, planOf, ROLLOUT } from '../support/rollout-rig.ts';
import { type VirtualClock, virtualClock } from '../support/virtual-clock.ts';

const NOISY: World = {
  ...CALM,
  noise: { ...CALM.noise, stableCv: 0.5, canaryCv: 0.5 },
};

const partsAt = (clock: VirtualClock, warned: string[] = []) => ({
  clock,
  timing: { leaseMs: 20_000, pollMs: 250, readTimeoutMs: 5_000, quietMs: 3_000 },
  log: { info: () => {}, warn: (message: string) => void warned.push(message) },
});

test('the noise that stable’s past shows is learned for what is counted; a minute’s noise counts once', async () => {
  const learned = async (world: World) => {
    const clock = virtualClock();
    const telemetry = simulatedTelemetry(world, clock, () => ({ percent: 0, audiences: [] }));
    const plan = planOf({ checks: [ERROR_RATE, P95] });
    return learnedBackground(plan, [], { telemetry, exposure: undefined } as never, partsAt(clock));
  };
  const [calm, noisy] = [await learned(CALM), await learned(NOISY)];
  // A latency has no counts, and so no such noise.
  expect(Object.keys(calm)).toEqual(['http.error_rate']);
  // A minute is sixty looks of this plan: each looks sqrt(60) times as noisy as the minute is.
  expect((calm['http.error_rate']?.tau ?? 0) / Math.sqrt(60)).toBeLessThan(0.1);
  expect((noisy['http.error_rate']?.tau ?? 0) / Math.sqrt(60)).toBeGreaterThan(0.4);
});

test('a rollout keeps what was learned in the plan it is judged by', async () => {
  const rig = await openRig(CALM);
  await rig.start(planOf());
  expect((await rig.parts.store.get(ROLLOUT))?.plan.background?.['http.error_rate']?.tau).toBeGreaterThan(0);
});

test('a source that cannot tell its past leaves the assumed noise, and the rollout starts all the same', async () => {
  const clock = virtualClock();
  const live = simulatedTelemetry(CALM, clock, () => ({ percent: 0, audiences: [] }));
  const warned: string[] = [];
  const parts = partsAt(clock, warned);
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

import type { Plan } from '../../../src/core/plan/plan.ts';
import { type RunSettings, simulateRollout } from '../../../src/simulate/rollout.ts';
import type { World } from '../../../src/simulate/world.ts';
import { laterHarm } from './later-harm.ts';
import type { Outcome } from './outcome.ts';

/** One rollout under Sluice's own gate: the same `step` and `fold` that a tick of the engine commits. */
export function sluiceRun(plan: Plan, world: World, settings: RunSettings): Outcome {
  let isBreachClaimed = false;
  const run = simulateRollout(plan, world, settings, ({ decision }) => {
    if (decision.reason.startsWith('breach_')) isBreachClaimed = true;
  });
  const { startAt, horizonMs } = settings;
  const later =
    run.end === 'complete' ? laterHarm(world, { startAt, fromMs: run.endedMs, toMs: horizonMs }) : 0;
  return {
    end: run.end,
    endedMs: run.endedMs,
    firstActionMs: run.firstActionMs,
    isBreachClaimed,
    badRequests: run.badRequests + later,
    blindPromotions: run.blindPromotions,
    widened: run.widened,
  };
}

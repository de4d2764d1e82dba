import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RunSettings } from '../../../src/simulate/rollout.ts';
import type { World } from '../../../src/simulate/world.ts';
import type { Outcome } from './outcome.ts';
import { sluiceRun } from './sluice-run.ts';

export type MethodId =
  | 'sluice'
  | 'raw0'
  | 'raw3'
  | 'mann_whitney'
  | 'peeked_z'
  | 'pocock'
  | 'sequence'
  | 'oracle';

/** Rules on one value per interval, which a quantile has as well as a rate. */
export const VALUE_METHODS: readonly MethodId[] = ['raw0', 'raw3', 'mann_whitney'];
export const COMPETITORS: readonly MethodId[] = [];

export function runMethod(id: MethodId, plan: Plan, world: World, settings: RunSettings): Outcome {
  if (id === 'sluice') return sluiceRun(plan, world, settings);
  throw new Error(`no ${id} yet`);
}

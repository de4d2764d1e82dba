import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RunSettings } from '../../../src/simulate/rollout.ts';
import type { World } from '../../../src/simulate/world.ts';
import { MINUTE_MS } from './bench-plan.ts';
import type { MethodId } from './methods.ts';

/** One world, one plan and the methods that are set on it. */
export interface Cell {
  /** Unique: "20000/+2", "kappa 1 at 2000/+0.7". */
  readonly id: string;
  /** The table it is printed in, by its heading. */
  readonly table: string;
  /** Row group and column: the traffic or setting, and the effect. */
  readonly row: string;
  readonly column: string;
  readonly plan: Plan;
  /** Its seed is replaced for each rollout. */
  readonly world: World;
  readonly settings: Omit<RunSettings, 'startAt'>;
  readonly methods: readonly MethodId[];
  /** Of the rollouts asked for, the share this cell runs: cells whose looks are dear run a tenth. */
  readonly rolloutShare: number;
  /** When the effect begins, ms after the start. */
  readonly onsetMs: number;
}

export const STANDARD_RUN: Cell['settings'] = {
  horizonMs: 110 * MINUTE_MS,
  measureMs: 15 * MINUTE_MS,
  personAfterMs: 15 * MINUTE_MS,
};

/** Rollouts start at all hours; primes keep hours and worlds from marching in step. */
const FIRST_START = Date.UTC(2026, 0, 5);
const START_STEP = 7_919;
const SEED_STEP = 101;
const SEED_SPAN = 50_000_017;

/** The world and starting time of a cell's rollout number `index`: the same for every method, whoever works it out. */
export function rolloutOf(
  cell: Cell,
  seed: number,
  index: number,
): { readonly world: World; readonly settings: RunSettings } {
  const startAt = FIRST_START + ((index * START_STEP) % 1_440) * MINUTE_MS;
  return {
    world: { ...cell.world, seed: seed * SEED_SPAN + index * SEED_STEP },
    settings: { ...cell.settings, startAt },
  };
}

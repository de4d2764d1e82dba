import { settingsFor } from '../../gate/gate-state.ts';
import type { GateSettings } from '../../gate/settings.ts';
import type { Check } from '../check.ts';
import type { Plan } from '../plan.ts';
import type { TrafficReading } from './traffic.ts';

/** Units each side shows at one look. */
export interface Look {
  readonly canary: number;
  readonly stable: number;
}

/** Looks alike, one after another: what a stage shows of one check. */
export interface Spell extends Look {
  readonly looks: number;
}

/** What every forecast is made from. */
export interface ForecastContext {
  readonly settings: GateSettings;
  readonly traffic: TrafficReading;
}

/** The check's own: a signal whose noise was learned is judged by it. */
export function contextOf(
  plan: Pick<Plan, 'settings' | 'background'>,
  check: Check,
  traffic: TrafficReading,
): ForecastContext {
  return { settings: settingsFor(plan.settings, plan.background, check.signal), traffic };
}

/**
 * Room over the expected path, so that about four in five good rollouts are clear in the time computed: evidence is counted as
 * if looks were this many times as few.
 */
export const HEADROOM = 1.6;

/** Beyond so many looks nothing is proved: at one a second, seven weeks. */
const MOST_LOOKS = 2 ** 22;
const HALVINGS = 12;

/** The fewest looks (fractions allowed) at which `isEnough`, which must stay true once it is; Infinity when it never is. */
export function leastLooks(isEnough: (looks: number) => boolean): number {
  if (isEnough(0)) return 0;
  let [low, high] = [0, 1];
  while (!isEnough(high)) {
    if (high >= MOST_LOOKS) return Number.POSITIVE_INFINITY;
    [low, high] = [high, high * 2];
  }
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (low + high) / 2;
    if (isEnough(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** Everything the spells show together. */
export function totalOf(spells: readonly Spell[]): Look {
  return spells.reduce(
    (sum, spell) => ({
      canary: sum.canary + spell.looks * spell.canary,
      stable: sum.stable + spell.looks * spell.stable,
    }),
    { canary: 0, stable: 0 },
  );
}

/** The spells with the headroom taken off. */
export function discounted(spells: readonly Spell[]): readonly Spell[] {
  return spells.map((spell) => ({ ...spell, looks: spell.looks / HEADROOM }));
}

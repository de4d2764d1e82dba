import { type CheckState, type MomentsState, startState } from '../../../src/core/gate/check-state.ts';
import type { Finding, JudgeContext } from '../../../src/core/gate/finding.ts';
import { absorb } from '../../../src/core/gate/gate-state.ts';
import { judge } from '../../../src/core/gate/judge.ts';
import type { Moments, Sample, Stat, Unusable } from '../../../src/core/gate/sample.ts';
import { standardSettings } from '../../../src/core/gate/settings.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import { check } from '../../support/rollout-rig.ts';
import { NOW, sample, TICK_MS } from './looks.ts';

export const SETTINGS = standardSettings({ tickMs: TICK_MS, ladderMs: 60_000 });
const REVENUE = 'custom:revenue_per_user';

/** Revenue per user: a fall of five percent holds, one of ten rolls back. */
export function revenue(overrides: Partial<Check> = {}): Check {
  return check({
    signal: REVENUE,
    measure: { kind: 'mean', cuped: false },
    worse: 'decrease',
    hold: { compare: 'band', times: 0.95, floor: 0 },
    rollback: { compare: 'band', times: 0.9, floor: 0 },
    ...overrides,
  });
}

/** The sums of `n` units with this mean and standard deviation; the companion, where there is one, likewise. */
export function sumsOf(
  n: number,
  mean: number,
  sd: number,
  companion: { readonly mean: number; readonly sd: number; readonly slope: number } | null = null,
): Moments {
  const z = companion ?? { mean: 0, sd: 0, slope: 0 };
  return {
    n,
    y: n * mean,
    yy: n * (mean ** 2 + sd ** 2),
    z: n * z.mean,
    zz: n * (z.mean ** 2 + z.sd ** 2),
    yz: n * (mean * z.mean + z.slope * z.sd ** 2),
  };
}

interface LookAt {
  readonly canary: Moments | Stat | null;
  readonly stable: Moments | Stat | null;
  readonly unusable?: Unusable;
  readonly alone?: boolean;
}

function samplesOf({ canary, stable, unusable }: LookAt, to: number): readonly Sample[] {
  const stat = (side: Moments | Stat | null): Stat | null =>
    side === null || 'kind' in side ? side : { kind: 'moments', ...side };
  const more = { to, unusable: unusable ?? null };
  return [sample(REVENUE, 'canary', stat(canary), more), sample(REVENUE, 'stable', stat(stable), more)];
}

/** What the gate remembers after these looks, one a second: up to `NOW`, or on from what was seen last. */
export function remembered(
  of: Check,
  looks: readonly LookAt[],
  start: CheckState = startState(of, SETTINGS.kappa),
): MomentsState {
  let state = start;
  for (const [at, look] of looks.entries()) {
    const first =
      start.lastUsableAt === null ? NOW - (looks.length - 1) * TICK_MS : start.lastUsableAt + TICK_MS;
    const to = first + at * TICK_MS;
    const evidence = { at: to, samples: samplesOf(look, to), actual: null };
    const context = { settings: SETTINGS, alone: look.alone ?? false, looks: 10, stages: 4 };
    state = absorb([of], { [of.id]: state }, evidence, context)[of.id] ?? state;
  }
  if (state.kind !== 'moments') throw new Error('not moments');
  return state;
}

export function judged(of: Check, state: CheckState, overrides: Partial<JudgeContext> = {}): Finding {
  return judge(of, state, {
    now: NOW,
    settings: SETTINGS,
    margin: 'wide',
    alone: false,
    thresholds: { hold: Math.log(20), rollback: Math.log(100), safe: Math.log(20) },
    exposedShare: 0.5,
    stages: 4,
    ...overrides,
  });
}

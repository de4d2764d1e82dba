import type { Evidence } from '../../../src/core/gate/evidence.ts';
import { startGate } from '../../../src/core/gate/gate-state.ts';
import type { Cohort, Quality, Sample, Stat, Unusable } from '../../../src/core/gate/sample.ts';
import type { ShareState } from '../../../src/core/gate/share-state.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import { desiredAt, type Plan } from '../../../src/core/plan/plan.ts';
import { type RolloutState, startState } from '../../../src/core/rollout/state.ts';

export const NOW = 1_000_000;
export const TICK_MS = 1_000;

export function sample(
  signal: string,
  cohort: Cohort,
  stat: Stat | null,
  more: { readonly to?: number; readonly unusable?: Unusable | null } = {},
): Sample {
  const to = more.to ?? NOW;
  const unusable = more.unusable ?? null;
  const quality: Quality = {
    unusable,
    detail: unusable === null ? null : `it is ${unusable}`,
    resets: 0,
    born: 0,
  };
  return { signal, cohort, from: to - TICK_MS, to, stat, quality };
}

export function shares(
  signal: string,
  arms: { readonly canary: readonly [number, number]; readonly stable: readonly [number, number] },
  to = NOW,
): readonly Sample[] {
  return (['canary', 'stable'] as const).map((cohort) => {
    const [x, n] = arms[cohort];
    return sample(signal, cohort, { kind: 'share', n, x }, { to });
  });
}

/** A look at which the backend agrees with what the plan wants at this stage. */
export function lookAt(
  plan: Plan,
  state: Pick<RolloutState, 'stageIndex'>,
  samples: readonly Sample[] = [],
  at = NOW,
): Evidence {
  return { at, samples, actual: desiredAt(plan, state.stageIndex) };
}

/** A rollout that has been in its first stage since `NOW - 15 s`, past the minimum of the rig's ten, and was watched all the while. */
export function running(plan: Plan, overrides: Partial<RolloutState> = {}): RolloutState {
  const since = NOW - 15_000;
  const stageIndex = overrides.stageIndex ?? 0;
  return {
    ...startState(plan, since),
    stageSince: since,
    enteredAt: since,
    desired: desiredAt(plan, stageIndex),
    lookedAt: NOW,
    watchedMs: NOW - (overrides.stageSince ?? since),
    ...overrides,
  };
}

const PROVED = [10, 10, 10, 10, 10];

/** What the gate remembers of a share check in each situation a finding can tell apart. */
export const REMEMBERED = {
  clear: memory({ canary: [2, 1_000], safe: true }),
  ambiguous: memory({ canary: [2, 1_000] }),
  over_unconfirmed: memory({ canary: [9, 1_000] }),
  breach_hold: memory({ canary: [9, 1_000], harmLog: 9 }),
  breach_rollback: memory({ canary: [50, 1_000], harmLog: 9 }),
  thin: memory({ canary: [0, 50] }),
  thin_over: memory({ canary: [3, 50] }),
  unreadable_just_now: memory({ canary: [2, 1_000], safe: true, blindSince: NOW }),
  unreadable_for_long: memory({ canary: [2, 1_000], safe: true, blindSince: NOW - 2_000 }),
  stale: memory({ canary: [2, 1_000], safe: true, lastUsableAt: NOW - 2_001 }),
  silent: memory({ canary: [2, 1_000], safe: true, isSilent: true }),
} as const;

export type Situation = keyof typeof REMEMBERED;

function memory(seen: {
  readonly canary: readonly [number, number];
  readonly safe?: boolean;
  readonly harmLog?: number;
  readonly blindSince?: number;
  readonly lastUsableAt?: number;
  readonly isSilent?: boolean;
}): (start: ShareState) => ShareState {
  const [x, n] = seen.canary;
  const counts = { canary: { n, x }, stable: { n: 9_000, x: 18 } };
  const windows = [2, 1, 0].map((ago) => ({
    canary: seen.isSilent === true ? { n: 0, x: 0 } : { n: n / 3, x: x / 3 },
    stable: { n: 3_000, x: 6 },
    to: NOW - ago * TICK_MS,
    clusters: [],
  }));
  return (start) => ({
    ...start,
    intervals: 5,
    lastUsableAt: seen.lastUsableAt ?? NOW,
    blind:
      seen.blindSince === undefined
        ? null
        : { since: seen.blindSince, why: 'unreachable', detail: 'nobody answered' },
    harm: start.harm.map((process) => ({ ...process, peak: seen.harmLog ?? process.peak })),
    wide: start.wide.map((process) => (seen.safe === true ? PROVED : process)),
    tight: start.tight.map((process) => (seen.safe === true ? PROVED : process)),
    stage: counts,
    rollout: counts,
    trailing: windows,
  });
}

/** The gate as it remembers these situations, by check id; a check not named is clear. */
export function gateOf(plan: Plan, situations: Readonly<Record<string, Situation>>): RolloutState['gate'] {
  const start = startGate(plan.checks, plan.settings);
  return Object.fromEntries(
    plan.checks.map((check: Check) => {
      const state = start[check.id];
      if (state?.kind !== 'share') throw new Error(`${check.id} is no share`);
      return [check.id, REMEMBERED[situations[check.id] ?? 'clear'](state)];
    }),
  );
}

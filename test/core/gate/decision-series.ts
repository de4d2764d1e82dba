import fc from 'fast-check';
import { decide } from '../../../src/core/gate/decide.ts';
import type { Decision } from '../../../src/core/gate/decision.ts';
import type { Finding } from '../../../src/core/gate/finding.ts';
import type { Part, Sample, Stat } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, planOf } from '../../support/rollout-rig.ts';
import { lookAt, NOW, running, sample, TICK_MS } from './looks.ts';

/** Three required checks with lines in their own units, and signals that tell segments or clusters apart. */
export const ERRORS = check({
  signal: 'http.error_rate',
  hold: { compare: 'difference', by: 0.02 },
  rollback: { compare: 'difference', by: 0.08 },
});
export const RETRIES = check({
  signal: 'dependency.retries',
  measure: { kind: 'count' },
  severity: 'major',
  hold: { compare: 'difference', by: 0.3 },
});
export const SLOWEST = check({
  signal: 'http.latency_p80',
  measure: { kind: 'quantile', p: 0.8 },
  hold: { compare: 'ratio', times: 2.5 },
  rollback: { compare: 'ratio', times: 6 },
});
export const CHECKS: readonly Check[] = [ERRORS, RETRIES, SLOWEST];

const HOLD_MS = 4 * TICK_MS;
/** One to three stages, short enough that a series goes through them. */
export function ladderOf(stages: number): Plan['ladder'] {
  return [10, 25, 100]
    .slice(-stages)
    .map((percent) => ({ exposure: { kind: 'percent', percent }, holdMs: HOLD_MS }));
}

export function planWith(checks: readonly Check[], stages: number, more: Partial<Plan> = {}): Plan {
  return planOf({ checks, ladder: ladderOf(stages), ...more });
}

/** One side of one look: units, bad ones among them, and which of three parts the bad ones came from. */
export interface Side {
  readonly n: number;
  readonly bad: number;
  readonly part: number;
}
export interface Look {
  readonly canary: Side;
  readonly stable: Side;
}

const side = (most: number) =>
  fc
    .record({
      n: fc.integer({ min: 0, max: most }),
      share: fc.constantFrom(0.002, 0.01, 0.05),
      part: fc.nat(2),
    })
    .map(({ n, share, part }): Side => ({ n, bad: Math.floor(n * share), part }));
const times = fc.constantFrom(0, 1, 1, 1, 1, 4, 12);
const look = fc.record({ canary: side(900), stable: side(4_000), times }).map(
  (seen): Look => ({
    ...seen,
    canary: { ...seen.canary, bad: Math.min(seen.canary.n, seen.canary.bad * seen.times) },
  }),
);
/** Most looks are much like each other, so that something is proved; a few are not. */
const steady = fc
  .tuple(look, fc.array(look, { maxLength: 4 }), fc.integer({ min: 2, max: 20 }))
  .map(([usual, others, length]) =>
    Array.from({ length }, (_, at) => (at % 5 === 4 ? (others[(at / 5) | 0] ?? usual) : usual)),
  );
export const series: fc.Arbitrary<readonly Look[]> = fc.oneof(
  steady,
  fc.array(look, { minLength: 2, maxLength: 16 }),
);

const KEYS = ['a', 'b', 'c'] as const;
const BOUNDS = [10, 20, 40, 80, 160, 320];

/** Units in thirds, bad ones all in one part as far as they fit there. */
function partsOf({ n, bad, part }: Side): readonly Part[] {
  const third = Math.floor(n / 3);
  const sizes = [third, third, n - 2 * third];
  let left = bad;
  const order = [part, (part + 1) % 3, (part + 2) % 3];
  const xs = [0, 0, 0];
  for (const at of order) {
    xs[at] = Math.min(left, sizes[at] ?? 0);
    left -= xs[at] ?? 0;
  }
  return KEYS.map((key, at) => ({ key, n: sizes[at] ?? 0, x: xs[at] ?? 0 }));
}

export type Parted = 'none' | 'segments' | 'clusters';

export function statOf(of: Check, seen: Side, parted: Parted): Stat {
  const { n, bad, part } = seen;
  if (of.measure.kind === 'quantile') {
    // A fifth of what is bad is very slow.
    const slowest = Math.floor(bad / 5);
    const quick = Math.floor((n - bad) / 2);
    return {
      kind: 'histogram',
      bounds: BOUNDS,
      counts: [0, quick, n - bad - quick, 0, bad - slowest, slowest, 0],
    };
  }
  const kind = of.measure.kind === 'count' ? 'count' : 'share';
  return {
    kind,
    n,
    x: bad,
    ...(parted === 'segments' ? { segments: partsOf({ n, bad, part }) } : {}),
    ...(parted === 'clusters' ? { clusters: partsOf({ n, bad, part }) } : {}),
  };
}

/** The samples of a look at this place in its series, over the second before it. */
export function samplesOf(
  checks: readonly Check[],
  seen: Look,
  at: number,
  parted: Parted,
): readonly Sample[] {
  return checks.flatMap((of) =>
    (['canary', 'stable'] as const).map((cohort) =>
      sample(of.signal, cohort, statOf(of, seen[cohort], parted), { to: timeOf(at) }),
    ),
  );
}

export function timeOf(at: number): number {
  return NOW + (at + 1) * TICK_MS;
}

export function windowsOf(
  checks: readonly Check[],
  looks: readonly Look[],
  parted: Parted = 'none',
): readonly (readonly Sample[])[] {
  return looks.map((seen, at) => samplesOf(checks, seen, at, parted));
}

export interface Made {
  readonly decision: Decision;
  readonly state: RolloutState;
}

/** Decides and folds window by window, as the engine does, until the rollout is over: what was made at each look. */
export function decidedUntilOver(plan: Plan, windows: readonly (readonly Sample[])[]): readonly Made[] {
  let state = running(plan, { stageSince: NOW, enteredAt: NOW, watchedMs: 0, startedAt: NOW });
  const made: Made[] = [];
  for (const [look, samples] of windows.entries()) {
    if (state.phase !== 'running') break;
    const at = timeOf(look);
    const evidence = lookAt(plan, state, samples, at);
    const judged = decide(plan, state, evidence, at);
    state = fold(
      plan,
      state,
      { at, event: { kind: 'decided', decision: judged.decision } },
      evidence,
      judged,
    );
    made.push({ decision: judged.decision, state });
  }
  return made;
}

/** What is decided at the last look of a series that may have ended before, with another last window. */
export function lastWith(
  plan: Plan,
  windows: readonly (readonly Sample[])[],
  change: (last: readonly Sample[]) => readonly Sample[],
): { readonly before: Decision | null; readonly plain: Decision; readonly changed: Decision } {
  const made = decidedUntilOver(plan, windows);
  const at = made.length - 1;
  const plain = made[at]?.decision;
  const other = decidedUntilOver(plan, [...windows.slice(0, at), change(windows[at] ?? [])]).at(at)?.decision;
  if (plain === undefined || other === undefined) throw new Error('no look');
  return { before: made[at - 1]?.decision ?? null, plain, changed: other };
}

export function findingOf(decision: Decision | null, checkId: string): Finding | null {
  return decision?.findings.find((finding) => finding.checkId === checkId) ?? null;
}

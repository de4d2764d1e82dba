import { describe, expect, test } from 'vitest';
import { standardSettings } from '../../../src/core/gate/settings.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { type Look, type Run, simulateRollout } from '../../../src/simulate/rollout.ts';
import { CALM, type Effect, type World } from '../../../src/simulate/world.ts';
import { planOf } from '../../support/rollout-rig.ts';
import { revenue } from './moments-looks.ts';

const TICK_MS = 30_000;
const HOLD_MS = 15 * 60_000;
const REVENUE = revenue({ severity: 'major', rollback: null });

function plan(check: Check, percents: readonly number[]): Plan {
  const ladder = percents.map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: HOLD_MS,
  }));
  const settings = standardSettings({ tickMs: TICK_MS, ladderMs: HOLD_MS * percents.length });
  return planOf({ checks: [check], ladder, settings, tickMs: TICK_MS });
}

interface Shop {
  readonly usersPerMinute: number;
  readonly cv: number;
  readonly nonZeroShare?: number;
  readonly effects?: readonly Effect[];
}

function shop(seed: number, { usersPerMinute, cv, nonZeroShare, effects }: Shop): World {
  return {
    ...CALM,
    seed: seed * 7_919 + 1,
    traffic: { requestsPerMinute: usersPerMinute, dailySwing: 0 },
    signals: { [REVENUE.signal]: { kind: 'value', mean: 10, cv, nonZeroShare: nonZeroShare ?? 1 } },
    effects: effects ?? [],
  };
}

function rollouts(
  count: number,
  of: Plan,
  facts: Shop,
  onLook: (seed: number, look: Look) => void = () => {},
) {
  return Array.from(
    { length: count },
    (_, seed): Run =>
      simulateRollout(
        of,
        shop(seed, facts),
        { startAt: 0, horizonMs: 90 * 60_000, measureMs: 60_000, personAfterMs: null },
        (look) => onLook(seed, look),
      ),
  );
}

/** Users of both sides seen from this exposure up, until the gate first held, by seed; nothing for what was never held. */
function usersUntilHeld(count: number, of: Plan, facts: Shop, fromPercent = 0): readonly number[] {
  const users = new Array<number>(count).fill(0);
  const held = new Set<number>();
  rollouts(count, of, facts, (seed, look) => {
    if (held.has(seed) || look.percent < fromPercent) return;
    for (const { stat } of look.samples)
      users[seed] = (users[seed] ?? 0) + (stat?.kind === 'moments' ? stat.n : 0);
    if (look.decision.findings.some(({ outcome }) => outcome === 'breach_hold')) held.add(seed);
  });
  return users.filter((_, seed) => held.has(seed)).toSorted((a, b) => a - b);
}

function median(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

const LADDER = [5, 25, 50, 90];

describe('whole rollouts on revenue per user', () => {
  test('a change that does nothing is held in fewer than one in twenty', { timeout: 60_000 }, () => {
    // Skewed (cv 2) and only 300 users a minute: the hardest case for a normal limit. Measured: 2.1 % of 1,000.
    const held = usersUntilHeld(400, plan(REVENUE, LADDER), { usersPerMinute: 300, cv: 2 }).length;
    expect(held / 400).toBeLessThan(0.05);
  });

  test('one that does nothing completes unattended where there are users enough', { timeout: 60_000 }, () => {
    const runs = rollouts(20, plan(REVENUE, LADDER), { usersPerMinute: 3_000, cv: 1 });
    expect(runs.filter(({ end }) => end === 'complete').length).toBeGreaterThanOrEqual(17);
    expect(runs.every(({ blindPromotions }) => blindPromotions === 0)).toBe(true);
  });

  test('a tenth less is always found, at five percent', { timeout: 60_000 }, () => {
    const effects: readonly Effect[] = [{ kind: 'stretch', signal: REVENUE.signal, times: 0.9 }];
    const found = usersUntilHeld(20, plan(REVENUE, LADDER), { usersPerMinute: 3_000, cv: 1, effects });
    expect(found).toHaveLength(20);
    expect(median(found)).toBeLessThan(30_000);
  });

  test('a fall to the hold line is never promoted past the wide margin', { timeout: 60_000 }, () => {
    const effects: readonly Effect[] = [{ kind: 'stretch', signal: REVENUE.signal, times: 0.95 }];
    const runs = rollouts(20, plan(REVENUE, LADDER), { usersPerMinute: 3_000, cv: 1, effects });
    expect(runs.filter(({ end }) => end === 'complete')).toEqual([]);
  });

  test('what users did before finds it with a sixth fewer of them', { timeout: 60_000 }, () => {
    // The drop begins with the second stage, when the first has taught the slope. In this world it explains
    // a quarter of the variance. Measured over 60 rollouts: 2,230 users on average against 2,682, every drop found both ways.
    const effects: readonly Effect[] = [
      { kind: 'stretch', signal: REVENUE.signal, times: 0.9, fromPercent: 50 },
    ];
    const facts = { usersPerMinute: 1_500, cv: 0.5, effects };
    const users = (cuped: boolean) =>
      usersUntilHeld(
        40,
        plan(revenue({ ...REVENUE, measure: { kind: 'mean', cuped } }), [25, 50, 90]),
        facts,
        50,
      );
    const [plain, adjusted] = [users(false), users(true)];
    expect(plain).toHaveLength(40);
    expect(adjusted).toHaveLength(40);
    const mean = (all: readonly number[]) => all.reduce((sum, n) => sum + n, 0) / all.length;
    expect(mean(adjusted) / mean(plain)).toBeLessThan(0.92);
  });
});

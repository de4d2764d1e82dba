import { describe, expect, test } from 'vitest';
import type { Check } from '../../../../src/core/plan/check.ts';
import type { Plan } from '../../../../src/core/plan/plan.ts';
import { type Preflight, preflight } from '../../../../src/core/plan/preflight.ts';
import { type Look, simulateRollout } from '../../../../src/simulate/rollout.ts';
import { worldTraffic } from '../../../../src/simulate/traffic.ts';
import { CALM, type Effect, type World } from '../../../../src/simulate/world.ts';
import { check, ERROR_RATE, planOf } from '../../../support/rollout-rig.ts';
import { ladderOf, MINUTE } from './readings.ts';

const RUNS = 80;
const START = Date.UTC(2026, 0, 5);
const READ_MS = 15 * MINUTE;

const P95 = check({
  signal: 'http.latency_p95',
  hold: { compare: 'ratio', times: 1.25 },
  rollback: { compare: 'ratio', times: 1.5 },
});
const VALUE = check({
  signal: 'custom:order_value',
  measure: { kind: 'mean', cuped: false },
  hold: { compare: 'ratio', times: 1.05 },
  rollback: { compare: 'ratio', times: 1.1 },
});

/** A check in a world without noise beyond counting, and the regression that lies exactly on its rollback line. */
interface Cell {
  readonly title: string;
  readonly watched: Check;
  readonly perMinute: number;
  readonly regression: Effect;
}

const POINTS: Effect = { kind: 'step', by: 0.02 };
const CELLS: readonly Cell[] = [
  { title: 'a share at 200 requests/min', watched: ERROR_RATE, perMinute: 200, regression: POINTS },
  { title: 'a share at 800 requests/min', watched: ERROR_RATE, perMinute: 800, regression: POINTS },
  { title: 'a share at 4,000 requests/min', watched: ERROR_RATE, perMinute: 4_000, regression: POINTS },
  {
    title: 'a latency at 2,000 requests/min',
    watched: P95,
    perMinute: 2_000,
    regression: { kind: 'stretch', signal: P95.signal, times: 1.5 },
  },
  {
    title: 'a mean at 2,000 units/min',
    watched: VALUE,
    perMinute: 2_000,
    regression: { kind: 'stretch', signal: VALUE.signal, times: 1.1 },
  },
];

function worldOf({ perMinute }: Cell, seed: number, effects: readonly Effect[] = []): World {
  return {
    ...CALM,
    seed,
    errorRate: 0.005,
    traffic: { requestsPerMinute: perMinute, dailySwing: 0 },
    signals: {
      [P95.signal]: { kind: 'latency', medianMs: 80, spread: 0.8, bucketRatio: 1.05 },
      [VALUE.signal]: { kind: 'value', mean: 10, cv: 1, nonZeroShare: 1 },
    },
    effects,
  };
}

function planFor(cell: Cell, holdMs: number): Plan {
  return planOf({ checks: [cell.watched], ladder: ladderOf(holdMs, [10, 25, 100]), tickMs: 15_000 });
}

function forecastOf(cell: Cell): Preflight['stages'][number] {
  const plan = planFor(cell, 15 * MINUTE);
  const samples = worldTraffic(worldOf(cell, 99), START - READ_MS).count({
    from: START - READ_MS,
    to: START,
    percent: 0,
    signals: [cell.watched.signal],
  });
  const [first] = preflight(plan, { overMs: READ_MS, samples }).stages;
  if (first === undefined) throw new Error('no stage');
  return first;
}

function run(
  cell: Cell,
  seed: number,
  effects: readonly Effect[],
  forMs: number,
  onLook: (look: Look) => void,
) {
  // The stage outlasts the run, so that everything is seen at its exposure.
  const plan = planFor(cell, 2 * forMs);
  const settings = { startAt: START, horizonMs: forMs, measureMs: MINUTE, personAfterMs: null };
  simulateRollout(plan, worldOf(cell, seed, effects), settings, onLook);
}

const seeds = Array.from({ length: RUNS }, (_, at) => 17 * at + 20);

describe.each(CELLS)('the forecast for $title', (cell) => {
  const forecast = forecastOf(cell);

  test('is when about four in five good rollouts are clear', () => {
    const forMs = forecast.neededMs ?? Number.NaN;
    const clear = seeds.filter((seed) => {
      let isClear = false;
      run(cell, seed, [], forMs, ({ decision }) => {
        isClear = decision.findings[0]?.outcome === 'clear';
      });
      return isClear;
    });
    expect(clear.length / RUNS).toBeGreaterThanOrEqual(0.65);
    expect(clear.length / RUNS).toBeLessThanOrEqual(0.95);
  });

  test('is about when a regression on the rollback line is found', () => {
    const { harm } = forecast;
    if (harm === null) throw new Error('no harm bound');
    const found = seeds.map((seed) => {
      let at = Number.POSITIVE_INFINITY;
      run(cell, seed, [cell.regression], 2 * harm.ms, ({ decision, elapsedMs }) => {
        if (decision.kind === 'rollback') at = Math.min(at, elapsedMs);
      });
      return at;
    });
    const median = found.toSorted((a, b) => a - b)[RUNS / 2] ?? Number.NaN;
    expect(median / harm.ms).toBeGreaterThan(1 / 1.5);
    expect(median / harm.ms).toBeLessThan(1.5);
  });
});

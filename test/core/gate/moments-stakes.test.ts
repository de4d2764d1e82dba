import { describe, expect, test } from 'vitest';
import { nextStage } from '../../../src/core/gate/check-state.ts';
import { logAdd } from '../../../src/core/gate/log-sum.ts';
import {
  contrastsOf,
  EXPECTED_UNITS,
  logMomentsEvidence,
  type Stratum,
} from '../../../src/core/gate/moments-evidence.ts';
import type { Line } from '../../../src/core/plan/check.ts';
import { judged, remembered, revenue, SETTINGS, sumsOf } from './moments-looks.ts';

const REVENUE = revenue();
const CUPED = revenue({ measure: { kind: 'mean', cuped: true } });
/** Harm is measured from half-way to the hold line, which for a ratio is its square root. */
const EVIDENCE_LINE: Line = { compare: 'ratio', times: Math.sqrt(0.95) };

const stratum = (canary: number, beta = 0): Stratum => ({
  canary: sumsOf(2_000, canary, 8),
  stable: sumsOf(2_000, 10, 8),
  beta,
});

function log(side: 'harm' | 'safe', strata: readonly Stratum[], line: Line, alpha = 0.05): number {
  return logMomentsEvidence(side, strata, contrastsOf(line, { worse: 'decrease' }, side), {
    measure: REVENUE.measure,
    alpha,
    expectedUnits: EXPECTED_UNITS,
  });
}

describe('the stakes of harm', () => {
  test('are a half on the rollout and an eighth on each of four stages', () => {
    const only = log('harm', [stratum(9)], EVIDENCE_LINE);
    expect(remembered(REVENUE, [stratum(9)]).peak).toBeCloseTo(only + Math.log(1 / 2 + 1 / 8), 9);
  });

  test('let the rollout add up its stages, and a stage speak for itself', () => {
    const first = remembered(REVENUE, [stratum(9.2)]);
    const second = remembered(REVENUE, [stratum(9)], nextStage(first));
    const both = log('harm', [stratum(9.2), stratum(9)], EVIDENCE_LINE);
    const since = log('harm', [stratum(9)], EVIDENCE_LINE);
    expect(second.peak).toBeCloseTo(logAdd(Math.log(1 / 2) + both, Math.log(1 / 8) + since), 9);
  });

  test('are smaller when a stage is begun anew more often than the ladder has stages', () => {
    const restarted = Array.from({ length: 5 }).reduce<ReturnType<typeof remembered>>(
      (state) => remembered(REVENUE, [], nextStage(state)),
      remembered(REVENUE, []),
    );
    const only = log('harm', [stratum(9)], EVIDENCE_LINE);
    expect(remembered(REVENUE, [stratum(9)], restarted).peak).toBeCloseTo(only + Math.log(1 / 2 + 1 / 12), 9);
  });
});

describe('safety', () => {
  const state = remembered(REVENUE, [stratum(10)]);
  test.each([
    { margin: 'tight', line: { compare: 'ratio', times: 0.95 } },
    { margin: 'wide', line: { compare: 'ratio', times: 0.9 } },
  ] as const)('is held against the $margin margin, at the alpha of clearing', ({ margin, line }) => {
    expect(judged(REVENUE, state, { margin }).safety.log).toBeCloseTo(log('safe', [stratum(10)], line), 9);
    const settings = { ...SETTINGS, alphaSafe: 0.01 };
    expect(judged(REVENUE, state, { margin, settings }).safety.log).toBeCloseTo(
      log('safe', [stratum(10)], line, 0.01),
      9,
    );
  });
});

describe('what users did before', () => {
  const spent = (mean: number, slope: number) => ({ mean, sd: 8, slope });
  /** Canary users who were a little poorer to begin with, of whom as much is left as of the others. */
  const look = (slope: number) => ({
    canary: sumsOf(2_000, 9.6, 8, spent(9, slope)),
    stable: sumsOf(2_000, 10, 8, spent(10, slope)),
  });

  test('is not taken out in the first stage, whose slope nothing has fixed', () => {
    const first = remembered(CUPED, [look(0.8)]);
    expect(judged(CUPED, first).canary.value).toBeCloseTo(9.6, 9);
    expect(first.peak).toBe(remembered(REVENUE, [look(0.8)]).peak);
  });

  test('is taken out by the slope of the stages before, not of this one', () => {
    const first = remembered(CUPED, [look(0.5)]);
    const second = remembered(CUPED, [look(0.8)], nextStage(first));
    // 9.6 - 0.5 (9 - 9.5) and 10 - 0.5 (10 - 9.5).
    expect(judged(CUPED, second)).toMatchObject({ canary: { value: 9.85 }, baseline: { value: 9.75 } });
    // Safety is proved anew in each stage.
    const strata = [{ ...look(0.8), beta: 0.5 }];
    const line: Line = { compare: 'ratio', times: 0.9 };
    expect(judged(CUPED, second).safety.log).toBeCloseTo(log('safe', strata, line), 9);
  });

  test('is never taken out unless the check says so', () => {
    const second = remembered(REVENUE, [look(0.8)], nextStage(remembered(REVENUE, [look(0.5)])));
    expect(judged(REVENUE, second).canary.value).toBeCloseTo(9.6, 9);
  });
});

import { describe, expect, test } from 'vitest';
import { type Check, type Line, signalName } from '../../src/core/plan/check.ts';
import type { HarmBound } from '../../src/core/plan/preflight/harm-bound.ts';
import type { StageForecast } from '../../src/core/plan/preflight/stage-forecast.ts';
import { type Preflight, preflight } from '../../src/core/plan/preflight.ts';
import { planJson, planText, preflightText } from '../../src/render/plan-text.ts';
import { ladderOf, MINUTE, traffic } from '../core/plan/preflight/readings.ts';
import { check, ERROR_RATE, planOf } from '../support/rollout-rig.ts';

const plan = planOf({ ladder: ladderOf(15 * MINUTE), tickMs: 15_000 });

const harmOf = (of: Check, line: Line, more: Partial<HarmBound>): HarmBound => ({
  checkId: of.id,
  signal: signalName(of),
  measure: of.measure,
  worse: of.worse,
  line,
  action: 'rollback',
  requests: 515,
  badRequests: 10,
  ms: 1_545_000,
  ...more,
});
const STAGE: StageForecast = {
  exposure: '1%',
  holdMs: 15 * MINUTE,
  slowest: 'error rate',
  unit: 'requests',
  neededUnits: 460,
  expectedUnits: 300,
  neededMs: 1_380_000,
  verdict: 'only_if_extended',
  isTooCoarse: false,
  harm: harmOf(ERROR_RATE, { compare: 'difference', by: 0.02 }, {}),
};
const VALUE = check({
  signal: 'custom:order_value',
  measure: { kind: 'mean', cuped: false },
  worse: 'decrease',
});
const FORECAST: Preflight = {
  isClearable: false,
  unitsPerMinute: 2_000,
  workable: null,
  advice: [],
  stages: [
    STAGE,
    {
      ...STAGE,
      exposure: '25%',
      slowest: 'p95 latency',
      neededUnits: null,
      neededMs: null,
      verdict: 'not_clearable',
      isTooCoarse: true,
      harm: harmOf(
        VALUE,
        { compare: 'band', times: 0.95, floor: 0 },
        { requests: 900, badRequests: null, ms: 90_000 },
      ),
    },
    {
      ...STAGE,
      exposure: '100%',
      slowest: null,
      neededUnits: 0,
      neededMs: 0,
      verdict: 'clearable',
      harm: null,
    },
  ],
};

describe('a preflight', () => {
  test('is a line a stage: what it has and needs, and what a regression costs before it is found', () => {
    expect(preflightText(FORECAST)).toEqual([
      '  preflight at 2000 requests/min',
      '    1%     has 15m, needs 23m (error rate: 460 canary requests, 300 expected): only if extended; error rate +2 points is found after about 515 requests, 10 of them bad because of it, in 26m',
      '    25%    has 15m, needs never (p95 latency: its buckets are too wide for its line): not clearable; order value −5 % is found after about 900 units, in 90s',
      '    100%   has 15m, needs 0s: clearable',
    ]);
  });

  test('offers the ladder that works', () => {
    expect(preflightText(preflight(plan, traffic(400, 0.005))).at(-1)).toBe(
      '    a ladder that works: 10% for 15m → 25% for 45m → 100% for 15m',
    );
  });

  test('says what would do where no ladder does', () => {
    expect(preflightText(preflight(plan, traffic(5, 0.005))).slice(-2)).toEqual([
      '    error rate could be cleared with coarser lines: hold +1.5 points, roll back +6 points',
      '    `widen: true` on the target lets steps up to 25% be taken without full evidence',
    ]);
  });

  test('says of what stable never showed that no number would do', () => {
    const unseen = check({ signal: 'cache.error_rate', hold: { compare: 'difference', by: 0.01 } });
    const lines = preflightText(preflight({ ...plan, checks: [unseen, ERROR_RATE] }, traffic(2_000, 0.005)));
    expect(lines[1]).toContain('needs never (cache error rate: no number of canary requests');
    expect(lines).toContain(
      '    cache error rate cannot be cleared by this traffic, however coarse its lines',
    );
  });
});

describe('an adaptive ladder', () => {
  const adaptive = { ...plan, ladderMode: 'adaptive' as const };

  test('is announced under the ladder before start, and explained after', () => {
    const why = 'adaptive: kept as given at 5 requests/min';
    expect(planText({ plan: adaptive, faults: [] })).toContain(
      '            adaptive: chosen anew from the traffic measured at start',
    );
    expect(planText({ plan: { ...adaptive, ladderWhy: why }, faults: [] })).toContain(`            ${why}`);
  });

  test('is named in the JSON, and nothing is where it was not opted into', () => {
    expect(planJson({ plan: adaptive, faults: [] })).toMatchObject({ ladderMode: 'adaptive' });
    expect(Object.keys(planJson({ plan, faults: [] }))).not.toContain('ladderMode');
  });
});

describe('what nobody can see', () => {
  const proposed = {
    signalKind: 'db.lock_wait',
    intent: 'guard',
    direction: 'increase',
    flags: ['shared_by_both_fleets'],
    why: 'It locks.',
    evidence: ['a.sql:1'],
    proposedBy: 'rule:migration',
    source: 'rule',
  } as const;
  const unseen = { what: 'time spent on locks', why: 'both fleets share it', proposed };

  test('stands in the JSON among the checks, without a line, and as text where people look', () => {
    const json = planJson({ plan: { ...plan, unobservable: [unseen] }, faults: [] });
    expect(json).toMatchObject({
      unobservable: [{ what: unseen.what, why: unseen.why }],
      checks: expect.arrayContaining([
        {
          signalKind: 'db.lock_wait',
          intent: 'not_observable',
          direction: 'increase',
          severity: 'advisory',
          compare: null,
          hold: null,
          rollback: null,
          flags: ['shared_by_both_fleets'],
          why: 'both fleets share it',
          evidence: ['a.sql:1'],
          source: 'rule',
        },
      ]),
    });
  });

  test('is not told twice of a signal that is watched', () => {
    const watched = { ...unseen, proposed: { ...proposed, signalKind: 'http.error_rate' as const } };
    const { checks } = planJson({ plan: { ...plan, unobservable: [watched] }, faults: [] }) as {
      readonly checks: readonly { readonly intent: string }[];
    };
    expect(checks.map(({ intent }) => intent)).not.toContain('not_observable');
  });
});

test('the product areas that a change touches stand beside the surface it is for', () => {
  const touching = { ...plan, surface: 'payments', surfacesTouched: ['carts', 'orders'] };
  expect(planJson({ plan: touching, faults: [] })).toMatchObject({
    surfaces: ['payments', 'carts', 'orders'],
  });
  expect(planText({ plan: touching, faults: [] })).toContain('  touches   carts, orders');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { decide } from '../../../src/core/gate/decide.ts';
import { DECISIONS, type Decision } from '../../../src/core/gate/decision.ts';
import { OUTCOMES, type Outcome } from '../../../src/core/gate/finding.ts';
import type { Cohort, Sample, Stat, Unusable } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, ERROR_RATE, P95, planOf } from '../../support/rollout-rig.ts';
import { lookAt, NOW, running, sample, shares, TICK_MS } from './looks.ts';

const HITS = check({
  signal: 'cache.hit_ratio',
  worse: 'decrease',
  severity: 'major',
  hold: { compare: 'difference', by: 0.05 },
});
const MEMORY = check({
  signal: 'process.memory',
  measure: { kind: 'level' },
  severity: 'major',
  hold: { compare: 'band', times: 1.5, floor: 0 },
});
const SLO = check({ signal: 'db.error_rate', hold: { compare: 'absolute', at: 0.02 } });
const INFORMS = check({ signal: 'log.volume', measure: { kind: 'share' }, severity: 'advisory' });
const ALL: readonly Check[] = [ERROR_RATE, P95, HITS, MEMORY, SLO, INFORMS];

/** Makes the looks one after another, as the engine would, and returns each decision with the state it left. */
function decideAll(
  plan: Plan,
  looks: readonly (readonly Sample[])[],
  begin: RolloutState = running(plan, { stageSince: NOW - 8_000 }),
): readonly { readonly decision: Decision; readonly state: RolloutState }[] {
  let state = begin;
  return looks.map((samples, look) => {
    const at = NOW + look * TICK_MS;
    const placed = samples.map((s) => ({ ...s, from: at - TICK_MS, to: at }));
    const evidence = lookAt(plan, state, placed, at);
    const { decision } = decide(plan, state, evidence, at);
    state = fold(plan, state, { at, event: { kind: 'decided', decision } }, evidence);
    return { decision, state };
  });
}

const UNUSABLE: readonly Unusable[] = [
  'first_read',
  'unreachable',
  'timeout',
  'not_metrics',
  'metric_missing',
  'non_finite',
  'inconsistent',
  'partial',
  'too_large',
];

const impossible = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1, 1e308);
const garbageStat: fc.Arbitrary<Stat | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('share' as const), n: impossible, x: fc.nat(50) }),
  fc.record({ kind: fc.constant('share' as const), n: fc.nat(500), x: impossible }),
  fc.nat(500).map((n): Stat => ({ kind: 'share', n, x: n + 1 })),
  fc
    .record({ kind: fc.constant('level' as const), value: impossible })
    .filter(({ value }) => value !== -1 && value !== 1e308),
  fc
    .tuple(impossible, fc.constantFrom([10, 20], [20, 10], [10, 10], [-1, 5], [Number.NaN, 5], [10]))
    .map(([count, bounds]): Stat => ({ kind: 'histogram', bounds, counts: [count, 5, 5] })),
);

const cohorts: readonly Cohort[] = ['canary', 'stable'];

/** Samples none of which is evidence of health: absent, thin, of another kind, impossible, or marked unusable. */
const garbageLook = (checks: readonly Check[]): fc.Arbitrary<readonly Sample[]> =>
  fc
    .tuple(
      ...checks.flatMap(({ signal }) =>
        cohorts.map((cohort) =>
          fc.option(
            fc.oneof(
              garbageStat.map((stat) => sample(signal, cohort, stat)),
              fc.nat(3).map((n) => sample(signal, cohort, { kind: 'share', n, x: 0 })),
              fc
                .tuple(fc.constantFrom(...UNUSABLE), garbageStat)
                .map(([unusable, stat]) => sample(signal, cohort, stat, { unusable })),
              fc
                .constantFrom(...UNUSABLE)
                .map((unusable) => sample(signal, cohort, { kind: 'share', n: 9_000, x: 0 }, { unusable })),
            ),
            { freq: 8 },
          ),
        ),
      ),
    )
    .map((samples) => samples.filter((one) => one !== null));

const MOVES_UP: readonly Decision['kind'][] = ['promote', 'widen', 'complete'];

describe('for any evidence', () => {
  test.each([
    { title: 'at the first stage', stageIndex: 0 },
    { title: 'alone at 100 %', stageIndex: 3 },
  ])('missing, thin, unreadable or impossible samples never move a rollout up, $title', ({ stageIndex }) => {
    const plan = planOf({ checks: ALL });
    const begin = running(plan, { stageIndex });
    fc.assert(
      fc.property(fc.array(garbageLook(ALL), { minLength: 1, maxLength: 30 }), (looks) => {
        for (const { decision } of decideAll(plan, looks, begin))
          expect(MOVES_UP).not.toContain(decision.kind);
      }),
      { numRuns: 60 },
    );
  });

  test('every decision has canonical text, and the rollout state too', () => {
    const plan = planOf({ checks: ALL, allowWiden: true });
    const healthy = [...shares(ERROR_RATE.signal, { canary: [0, 100], stable: [2, 900] })];
    const look = fc.oneof(garbageLook(ALL), fc.constant(healthy));
    fc.assert(
      fc.property(fc.array(look, { minLength: 1, maxLength: 20 }), (looks) => {
        for (const { decision, state } of decideAll(plan, looks)) {
          expect(JSON.parse(canonicalJson({ decision, state }))).toEqual({ decision, state });
        }
      }),
      { numRuns: 60 },
    );
  });

  test('one voting check without usable evidence keeps all the others from promoting (B14)', () => {
    const plan = planOf({ checks: [ERROR_RATE, SLO] });
    const healthy = shares(ERROR_RATE.signal, { canary: [2, 1_000], stable: [18, 9_000] });
    fc.assert(
      fc.property(fc.array(garbageLook([SLO]), { minLength: 10, maxLength: 25 }), (looks) => {
        const all = looks.map((garbage) => [...healthy, ...garbage]);
        for (const { decision } of decideAll(plan, all)) expect(MOVES_UP).not.toContain(decision.kind);
      }),
      { numRuns: 25 },
    );
  });
});

const arms = fc
  .record({
    canary: fc.tuple(fc.nat(40), fc.nat(1_000)),
    stable: fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 9_000 })),
  })
  .map(({ canary: [x, n], stable: [y, m] }) => ({
    canary: [Math.min(x, n), n] as const,
    stable: [Math.min(y, m), m] as const,
  }));
const LEVELS = fc.constantFrom(90, 100, 120, 160);
const honestLook: fc.Arbitrary<readonly Sample[]> = fc
  .record({ errors: arms, slo: arms, level: LEVELS })
  .map((seen) => [
    ...shares(ERROR_RATE.signal, seen.errors),
    ...shares(SLO.signal, seen.slo),
    ...cohorts.map((cohort) =>
      sample(MEMORY.signal, cohort, { kind: 'level', value: cohort === 'canary' ? seen.level : 100 }),
    ),
  ]);
const HONEST: readonly Check[] = [ERROR_RATE, SLO, MEMORY];
const honestLooks = fc.array(honestLook, { minLength: 2, maxLength: 16 });
const rank = (kind: Decision['kind']) => DECISIONS.indexOf(kind);
const severityOf = (outcome: Outcome) => OUTCOMES.indexOf(outcome);

describe('a reply that is lost', () => {
  const plan = planOf({ checks: HONEST, allowWiden: true });

  test('never makes the decision of its look more permissive, unless it was the reply that showed the harm', () => {
    const signal = fc.constantFrom(...HONEST.map((one) => one.signal));
    fc.assert(
      fc.property(honestLooks, signal, fc.constantFrom(...UNUSABLE), (looks, lost, unusable) => {
        const all = decideAll(plan, looks);
        const without = looks.with(
          -1,
          (looks.at(-1) ?? []).map((s) =>
            s.signal === lost ? sample(s.signal, s.cohort, null, { unusable }) : s,
          ),
        );
        const seen = all.at(-1)?.decision;
        const blind = decideAll(plan, without).at(-1)?.decision;
        if (seen === undefined || blind === undefined) throw new Error('no look');
        expect(MOVES_UP).not.toContain(blind.kind);
        const isShown = seen.findings.some(
          (f) =>
            f.outcome.startsWith('breach') &&
            plan.checks.some((c) => c.id === f.checkId && c.signal === lost),
        );
        if (!isShown) expect(rank(blind.kind)).toBeLessThanOrEqual(rank(seen.kind));
      }),
      { numRuns: 120 },
    );
  });
});

describe('a strictly worse canary', () => {
  const single = (watched: Check, decrease: boolean) => {
    const plan = planOf({ checks: [watched] });
    fc.assert(
      fc.property(
        fc.array(arms, { minLength: 2, maxLength: 12 }),
        fc.integer({ min: 1, max: 30 }),
        (looks, extra) => {
          const samplesOf = (seen: readonly (typeof looks)[number][]) =>
            seen.map((one) => shares(watched.signal, one));
          const last = looks.at(-1);
          if (last === undefined) throw new Error('no look');
          const [x, n] = last.canary;
          const worse = {
            ...last,
            canary: [decrease ? Math.max(0, x - extra) : Math.min(n, x + extra), n] as const,
          };
          const outcomeOf = (seen: readonly (typeof looks)[number][]) =>
            decideAll(plan, samplesOf(seen), running(plan, { stageSince: NOW })).at(-1)?.decision.findings[0]
              ?.outcome;
          const [before, after] = [outcomeOf(looks), outcomeOf(looks.with(-1, worse))];
          if (before === undefined || after === undefined) throw new Error('no finding');
          expect(severityOf(after)).toBeGreaterThanOrEqual(severityOf(before));
        },
      ),
      { numRuns: 120 },
    );
  };
  const OF_ERRORS = { signal: 'http.error_rate', rollback: { compare: 'difference' as const, by: 0.02 } };

  test.each([
    { title: 'in points', watched: ERROR_RATE },
    { title: 'as a ratio', watched: check({ ...OF_ERRORS, hold: { compare: 'ratio', times: 1.5 } }) },
    {
      title: 'in a band',
      watched: check({ ...OF_ERRORS, hold: { compare: 'band', times: 1.1, floor: 0.001 } }),
    },
    { title: 'against a fixed limit', watched: SLO },
    { title: 'in misses', watched: HITS },
    {
      title: 'by a fall',
      watched: check({
        signal: 'cache.hit_ratio',
        worse: 'decrease',
        hold: { compare: 'ratio', times: 0.8 },
      }),
    },
  ])('never gets a more permissive finding at a look, $title', ({ watched }) => {
    single(watched, watched.worse === 'decrease');
  });
});

describe('order', () => {
  test('of checks and of samples changes no decision', () => {
    const shuffled = fc.shuffledSubarray([...HONEST], { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(honestLooks, shuffled, fc.boolean(), (looks, checks, isReversed) => {
        const kinds = (plan: Plan, seen: readonly (readonly Sample[])[]) =>
          decideAll(plan, seen).map(({ decision }) => [decision.kind, decision.reason]);
        const plain = kinds(planOf({ checks: HONEST }), looks);
        const turned = looks.map((samples) => (isReversed ? samples.toReversed() : samples));
        expect(kinds(planOf({ checks }), turned)).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });
});

describe('determinism', () => {
  test('the same arguments give the same bytes, and nothing given is changed', () => {
    const plan = planOf({ checks: HONEST });
    fc.assert(
      fc.property(honestLooks, (looks) => {
        const before = canonicalJson(looks);
        expect(canonicalJson(decideAll(plan, looks))).toBe(canonicalJson(decideAll(plan, looks)));
        expect(canonicalJson(looks)).toBe(before);
      }),
      { numRuns: 25 },
    );
  });
});

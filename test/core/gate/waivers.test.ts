import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import type { Decision } from '../../../src/core/gate/decision.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { gateOf, lookAt, NOW, REMEMBERED, running, type Situation } from './looks.ts';

const MAJOR = check({ ...ERROR_RATE, id: 'checkout.errors', signal: 'cache.error_rate', severity: 'major' });
const proposed = (signal: string) =>
  check({
    ...MAJOR,
    id: `rule:${signal}`,
    signal,
    provenance: [{ source: 'rule', from: 'a rule', evidence: [] }],
  });
const PROPOSED = [proposed('payment.failure_rate'), proposed('db.error_rate')] as const;
const [P, Q] = [PROPOSED[0].id, PROPOSED[1].id];
const REQUIRED = planOf({ checks: [ERROR_RATE, MAJOR] });
const PLAN = planOf({ checks: [...REQUIRED.checks, ...PROPOSED] });
const SITUATIONS = Object.keys(REMEMBERED) as Situation[];
const waiver = (checkId: string) => ({ checkId, by: 'alice', reason: 'a known cold start' });

function decided(plan: Plan, state: RolloutState, seen: Readonly<Record<string, Situation>>): Decision {
  return decide(plan, { ...state, gate: gateOf(plan, seen) }, lookAt(plan, state), NOW).decision;
}

describe('a waived check', () => {
  test.each(SITUATIONS)('that is %s is decided about as if it were not there', (situation) => {
    const waived = running(PLAN, { waived: [waiver(P)] });
    const { kind, reason } = decided(PLAN, waived, { [P]: situation });
    expect({ kind, reason }).toEqual({ kind: 'promote', reason: 'all_clear' });
  });

  test('leaves every other proposed check its hold', () => {
    const waived = running(PLAN, { waived: [waiver(P)] });
    const seen = { [P]: 'breach_hold', [Q]: 'breach_hold' } as const;
    expect(decided(PLAN, waived, seen)).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
  });

  test('does not stand in the way of a person’s promotion any more', () => {
    const order = { verb: 'promote' as const, by: 'bob', reason: '' };
    const seen = { [ERROR_RATE.id]: 'ambiguous', [P]: 'breach_hold' } as const;
    expect(decided(PLAN, running(PLAN, { order }), seen).refusedOrder).toContain(P);
    const waived = running(PLAN, { order, waived: [waiver(P)] });
    expect(decided(PLAN, waived, seen)).toMatchObject({ reason: 'person_promoted', refusedOrder: null });
  });

  test('still rolls back where policy lets it: a waiver takes a hold away and nothing more', () => {
    const strong = { ...PROPOSED[0], severity: 'critical' as const };
    const plan = planOf({ checks: [ERROR_RATE, strong] });
    const waived = running(plan, { waived: [waiver(P)] });
    expect(decided(plan, waived, { [P]: 'breach_rollback' })).toMatchObject({ reason: 'breach_rollback' });
    expect(decided(plan, waived, { [P]: 'breach_hold' })).toMatchObject({ kind: 'promote' });
  });

  test('keeps its finding in the record, which names who waived it and why', () => {
    const decision = decided(PLAN, running(PLAN, { waived: [waiver(P)] }), { [P]: 'breach_hold' });
    expect(decision.findings.find(({ checkId }) => checkId === P)).toMatchObject({ outcome: 'breach_hold' });
    expect(decision.waived).toEqual([{ checkId: P, by: 'alice', reason: 'a known cold start' }]);
  });

  test('adds nothing to the record of a rollout without one', () => {
    expect(decided(PLAN, running(PLAN), {})).not.toHaveProperty('waived');
  });
});

const MOVES_UP: readonly Decision['kind'][] = ['promote', 'widen', 'complete'];
const situation = fc.constantFrom<Situation>(...SITUATIONS, 'clear', 'clear', 'clear');
const seen = fc.record(Object.fromEntries(PLAN.checks.map(({ id }) => [id, situation])));
const state = fc
  .record({
    stageIndex: fc.constantFrom(0, 1, 3),
    stageSince: fc.constantFrom(NOW - 1_000, NOW - 15_000, NOW - 60_000),
    extensions: fc.nat(4),
    asked: fc.option(fc.constant({ at: NOW - 1, reason: 'evidence_not_clear' as const }), { freq: 4 }),
    order: fc.option(fc.constant({ verb: 'promote' as const, by: 'bob', reason: '' }), { freq: 3 }),
  })
  .map((found) => ({ ...found, extendedAt: found.extensions === 0 ? null : NOW - 5_000 }));

test('B8: a waiver never lets a rollout pass what the required checks alone would not pass', () => {
  let passed = 0;
  fc.assert(
    fc.property(seen, state, fc.subarray([P, Q]), fc.boolean(), (found, of, ids, allowWiden) => {
      const waived = running(PLAN, { ...of, waived: ids.map(waiver) });
      const is = decided({ ...PLAN, allowWiden }, waived, found);
      if (!MOVES_UP.includes(is.kind)) return;
      passed++;
      expect(MOVES_UP).toContain(decided({ ...REQUIRED, allowWiden }, running(REQUIRED, of), found).kind);
    }),
    { numRuns: 1_000 },
  );
  expect(passed).toBeGreaterThan(50);
});

test('B8: with every proposed check waived, the required checks alone decide', () => {
  fc.assert(
    fc.property(seen, state, fc.boolean(), (found, of, allowWiden) => {
      const waived = running(PLAN, { ...of, waived: [waiver(P), waiver(Q)] });
      const { kind, reason, until } = decided({ ...PLAN, allowWiden }, waived, found);
      const alone = decided({ ...REQUIRED, allowWiden }, running(REQUIRED, of), found);
      expect({ kind, reason, until }).toEqual({
        kind: alone.kind,
        reason: alone.reason,
        until: alone.until,
      });
    }),
    { numRuns: 500 },
  );
});

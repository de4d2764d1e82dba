import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import { edgesOf, isOver } from '../../../src/core/gate/lines.ts';
import type { Sample } from '../../../src/core/gate/sample.ts';
import type { Check, Line } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import type { Proposal } from '../../../src/core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../../../src/core/plan/signal-kinds.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import { lookAt, NOW, running, sample, shares, TICK_MS } from '../gate/looks.ts';
import { idsOf, PROPOSAL, planned, plannedWhole, proposed, rule } from './plan-request.ts';

const shareKinds = (Object.keys(SIGNAL_KINDS) as SignalKind[]).filter(
  (kind) => SIGNAL_KINDS[kind].shape === 'share',
);
const someKinds = fc.constantFrom<SignalKind>('http.error_rate', 'cache.hit_ratio', 'db.error_rate');
const worse = fc.constantFrom<Check['worse']>('increase', 'decrease');
const size = fc.constantFrom(0.001, 0.005, 0.02, 0.1, 0.4);
const lineFor = (side: Check['worse']): fc.Arbitrary<Line> =>
  fc.oneof(
    size.map((by): Line => ({ compare: 'difference', by })),
    size.map((share): Line => ({ compare: 'ratio', times: side === 'increase' ? 1 + share : 1 - share })),
    size.map(
      (share): Line => ({
        compare: 'band',
        times: side === 'increase' ? 1 + share : 1 - share,
        floor: 0.001,
      }),
    ),
    size.map((at): Line => ({ compare: 'absolute', at })),
  );
const guardrail = fc.tuple(someKinds, worse).chain(([signal, side]) =>
  fc
    .record({
      signal: fc.constant(signal as string),
      measure: fc.constant({ kind: 'share' } as const),
      worse: fc.constant(side),
      hold: fc.option(lineFor(side)),
      rollback: fc.option(lineFor(side)),
      severity: fc.constantFrom('critical' as const, 'major' as const, 'advisory' as const),
    })
    .filter(({ hold, rollback }) => hold !== null || rollback !== null),
);
const words = fc.record({
  metric: fc.constantFrom('error_rate', 'cache.hit_ratio', 'db.error_rate'),
  compare: fc.constantFrom('points' as const, 'percent' as const, 'times' as const, 'absolute' as const),
  value: fc.constantFrom(0.1, 0.5, 0.8, 2, 10, 40),
  direction: fc.constantFrom('above' as const, 'below' as const, 'either' as const),
  action: fc.constantFrom('hold' as const, 'rollback' as const, 'notify' as const),
});
const instructionRule = words.map((said) =>
  rule({ ...said, unit: said.compare === 'absolute' ? 'percent' : said.compare, against: 'stable' }),
);
const proposedCheck = fc
  .record({
    signalKind: fc.constantFrom<SignalKind>(...shareKinds),
    intent: fc.constantFrom('guard' as const, 'expect_change' as const, 'not_observable' as const),
    direction: fc.constantFrom('increase' as const, 'decrease' as const, 'either' as const),
    flags: fc.subarray(['new_series', 'low_volume', 'shared_by_both_fleets'] as const),
  })
  .map(({ signalKind, ...more }) => proposed(signalKind, more));
const proposal = fc
  .record({
    source: fc.constantFrom('rule' as const, 'model' as const),
    risk: fc.constantFrom('low' as const, 'high' as const),
    checks: fc.array(proposedCheck, { maxLength: 14 }),
  })
  .map((said): Proposal => ({ ...PROPOSAL, ...said }));

const GRID = [0, 0.0005, 0.002, 0.01, 0.03, 0.1, 0.3, 0.5, 0.9, 1];
const PAIRS = GRID.flatMap((canary) => GRID.map((baseline) => ({ canary, baseline })));

/** Whether every value over the one line is over the other: the other is at least as strict. */
function isAsStrict(line: Line | null, than: Line | null, side: Check['worse']): boolean {
  if (than === null) return true;
  return line !== null && PAIRS.every((pair) => !isOver(than, side, pair) || isOver(line, side, pair));
}

describe('for any policy, words and proposals', () => {
  test('no required check is removed, renamed, rescoped or loosened in any edge (B4)', () => {
    const rank = { advisory: 0, major: 1, critical: 2 };
    fc.assert(
      fc.property(
        fc.array(guardrail, { maxLength: 4 }),
        fc.array(instructionRule, { maxLength: 5 }),
        fc.array(proposal, { maxLength: 3 }),
        (guardrails, rules, proposals) => {
          const bare = planned({ guardrails });
          const full = planned({ guardrails, reading: { rules }, proposals });
          for (const [at, before] of bare.checks.entries()) {
            const now = full.checks[at];
            expect(now).toMatchObject({
              id: before.id,
              signal: before.signal,
              measure: before.measure,
              worse: before.worse,
            });
            if (now === undefined) return;
            expect(rank[now.severity]).toBeGreaterThanOrEqual(rank[before.severity]);
            expect(isAsStrict(now.hold, before.hold, before.worse)).toBe(true);
            expect(isAsStrict(now.rollback, before.rollback, before.worse)).toBe(true);
            const [was, is] = [edgesOf(before, 0.5), edgesOf(now, 0.5)];
            for (const edge of ['evidence', 'tight', 'wide'] as const) {
              expect(isAsStrict(is?.[edge] ?? null, was?.[edge] ?? null, before.worse)).toBe(true);
            }
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('proposals leave every required check exactly as the words and policy made it', () => {
    fc.assert(
      fc.property(
        fc.array(guardrail, { maxLength: 3 }),
        fc.array(instructionRule, { maxLength: 4 }),
        fc.array(proposal, { maxLength: 3 }),
        (guardrails, rules, proposals) => {
          const required = planned({ guardrails, reading: { rules } });
          const merged = planned({ guardrails, reading: { rules }, proposals });
          expect(merged.checks.slice(0, required.checks.length)).toEqual(required.checks);
          const added = merged.checks.slice(required.checks.length);
          expect(added.every((check) => check.rollback === null && check.severity !== 'critical')).toBe(true);
          expect(added.filter((check) => check.severity === 'major').length).toBeLessThanOrEqual(8);
          expect(new Set(idsOf(merged)).size).toBe(merged.checks.length);
          expect(merged.settings).toEqual(required.settings);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('every check keeps where it comes from: policy, phrase, or rule with its places (B15)', () => {
    fc.assert(
      fc.property(
        fc.array(guardrail, { maxLength: 3 }),
        fc.array(instructionRule, { maxLength: 4 }),
        fc.array(proposal, { maxLength: 3 }),
        (guardrails, rules, proposals) => {
          const { checks } = plannedWhole({ guardrails, reading: { rules }, proposals });
          for (const { id, provenance } of checks) {
            expect(provenance.length).toBeGreaterThan(0);
            for (const { source, from, evidence } of provenance) {
              expect(from).not.toBe('');
              if (id.startsWith(`${source}:`)) expect(evidence.length).toBeGreaterThan(0);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('whatever promotes under the merged plan has promoted under the required checks alone (B3)', () => {
    const proposals = fc.array(
      fc.record({
        source: fc.constant('model' as const),
        checks: fc.uniqueArray(
          fc
            .record({
              kind: fc.constantFrom<SignalKind>('db.error_rate', 'cache.error_rate'),
              flags: fc.subarray(['new_series'] as const),
            })
            .map(({ kind, flags }) => proposed(kind, { flags })),
          { selector: (check) => check.signalKind },
        ),
      }),
      { minLength: 1, maxLength: 1 },
    );
    const signals = ['http.error_rate', 'db.error_rate', 'cache.error_rate'];
    const arm = fc.constantFrom<Seen>([0, 300], [1, 300], [0, 300], [12, 300], [0, 12], 'dark');
    const LOOKS = 32;
    /** One signal's windows: stretches of the same, so that a check is blind, thin or bad for long enough to matter. */
    const track = fc
      .array(fc.tuple(arm, fc.integer({ min: 1, max: 14 })), { minLength: 3, maxLength: 12 })
      .map((runs) =>
        runs.flatMap(([seen, looks]) => Array.from({ length: looks }, () => seen)).slice(0, LOOKS),
      );
    const tracks = fc
      .tuple(track, track, track)
      .map((seen) =>
        Array.from({ length: Math.min(...seen.map((one) => one.length)) }, (_, look) =>
          seen.flatMap((one, at) => windowOf(signals[at] ?? '', one[look] ?? 'dark')),
        ),
      );
    let promoted = 0;
    fc.assert(
      fc.property(proposals, tracks, (added, looks) => {
        const required = plannedWhole();
        const merged = plannedWhole({ proposals: added.map((one) => ({ ...PROPOSAL, ...one })) });
        const at = firstPromotion(merged, looks);
        if (at < Infinity) promoted++;
        expect(firstPromotion(required, looks)).toBeLessThanOrEqual(at);
      }),
      { numRuns: 200 },
    );
    expect(promoted).toBeGreaterThan(10);
  });

  test('a proposed check that goes dark cannot put off the moment a person is asked', () => {
    const merged = planned({ proposals: [{ ...PROPOSAL, checks: [proposed('db.error_rate')] }] });
    const looks = Array.from({ length: 30 }, (_, look) => [
      ...windowOf('http.error_rate', look <= 20 ? [0, 4] : [0, 300]),
      ...windowOf('db.error_rate', look >= 8 && look < 22 ? 'dark' : [0, 300]),
    ]);
    // The words alone ask at the end of the extension; what comes later is for a person to say.
    expect(firstPromotion(planned(), looks)).toBe(Infinity);
    expect(firstPromotion(merged, looks)).toBe(Infinity);
  });
});

type Seen = readonly [number, number] | 'dark';

function windowOf(signal: string, seen: Seen): readonly Sample[] {
  return seen === 'dark'
    ? (['canary', 'stable'] as const).map((side) => sample(signal, side, null, { unusable: 'timeout' }))
    : shares(signal, { canary: seen, stable: [5, 2_700] });
}

/** The look at which a plan first moves on; Infinity when it never does. */
function firstPromotion(plan: Plan, looks: readonly (readonly Sample[])[]): number {
  let state = running(plan, { stageSince: NOW });
  for (const [at, samples] of looks.entries()) {
    const to = NOW + at * TICK_MS;
    const evidence = lookAt(
      plan,
      state,
      samples.map((s) => ({ ...s, from: to - TICK_MS, to })),
      to,
    );
    const { decision } = decide(plan, state, evidence, to);
    if (decision.kind === 'promote') return at;
    state = fold(plan, state, { at: to, event: { kind: 'decided', decision } }, evidence);
    if (state.phase !== 'running') return Infinity;
  }
  return Infinity;
}

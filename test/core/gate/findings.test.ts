import { describe, expect, test } from 'vitest';
import { decide } from '../../../src/core/gate/decide.ts';
import type { Decision } from '../../../src/core/gate/decision.ts';
import type { Finding } from '../../../src/core/gate/finding.ts';
import { thresholdsFor } from '../../../src/core/gate/judge.ts';
import type { Sample } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { check, ERROR_RATE, P95, planOf } from '../../support/rollout-rig.ts';
import { lookAt, NOW, running, sample, shares, TICK_MS } from './looks.ts';

/** Looks at one check's windows, one a second, without ever leaving the stage. Returns its findings, look by look. */
function findings(
  watched: Check,
  windows: readonly (readonly Sample[])[],
  more: { readonly stageIndex?: number; readonly plan?: Plan } = {},
): readonly Finding[] {
  const plan = more.plan ?? planOf({ checks: [watched] });
  const found: Finding[] = [];
  let state: RolloutState = running(plan, { stageIndex: more.stageIndex ?? 0, stageSince: NOW });
  for (const [look, samples] of windows.entries()) {
    const at = NOW + (look + 1) * TICK_MS;
    const placed = samples.map((s) => ({ ...s, from: at - TICK_MS, to: at }));
    const evidence = lookAt(plan, state, placed, at);
    const { decision, gate, stageSince } = decide(plan, state, evidence, at);
    found.push(...decision.findings.filter((finding) => finding.checkId === watched.id));
    state = { ...state, gate, stageSince };
  }
  return found;
}

const lastOf = <T>(list: readonly T[]): T => {
  const last = list.at(-1);
  if (last === undefined) throw new Error('nothing');
  return last;
};
const repeated = (window: readonly Sample[], looks: number) => Array.from({ length: looks }, () => window);
const errors = (canary: readonly [number, number], stable: readonly [number, number] = [18, 9_000]) =>
  shares(ERROR_RATE.signal, { canary, stable });

describe('a share', () => {
  const healthy = errors([2, 1_000]);

  test.each([
    {
      title: 'without effect is clear',
      windows: repeated(healthy, 8),
      outcome: 'clear',
      reason: 'within_lines',
    },
    {
      title: 'seen twice only is thin, however much was seen',
      windows: repeated(healthy, 3),
      outcome: 'no_data',
      reason: 'thin',
    },
    {
      title: 'of ninety-nine units is thin',
      windows: repeated(errors([0, 9]), 11),
      outcome: 'no_data',
      reason: 'thin',
    },
    {
      title: 'over its rollback line with evidence rolls back',
      windows: repeated(errors([40, 1_000]), 4),
      outcome: 'breach_rollback',
      reason: 'over_line_confirmed',
    },
    {
      title: 'between its lines holds',
      windows: repeated(errors([10, 1_000]), 12),
      outcome: 'breach_hold',
      reason: 'over_line_confirmed',
    },
    {
      title: 'over its line without evidence is ambiguous',
      windows: repeated(errors([1, 100]), 4),
      outcome: 'ambiguous',
      reason: 'over_line_unconfirmed',
    },
    {
      title: 'under its line without evidence is ambiguous',
      windows: repeated(errors([0, 40]), 4),
      outcome: 'ambiguous',
      reason: 'not_enough_evidence',
    },
  ] as const)('$title', ({ windows, outcome, reason }) => {
    const late = windows.length === 3 ? windows.slice(1) : windows;
    expect(lastOf(findings(ERROR_RATE, late))).toMatchObject({ outcome, reason });
  });

  test('harm needs no minimum sample: it breaches at the second look', () => {
    const found = lastOf(findings(ERROR_RATE, [errors([0, 1]), errors([9, 9])]));
    expect(found.canary.units).toBe(10);
    expect(found.outcome).toMatch(/^breach/);
  });

  test('a major check never rolls back: it holds', () => {
    const major = { ...ERROR_RATE, severity: 'major' as const };
    expect(lastOf(findings(major, repeated(errors([40, 1_000]), 4)))).toMatchObject({
      outcome: 'breach_hold',
    });
  });

  test('no estimate is called bad by evidence alone: under the line nothing breaches', () => {
    // Three times stable’s rate for sure, and yet only 0.4 points more.
    const found = findings(ERROR_RATE, repeated(errors([60, 10_000], [180, 90_000]), 20));
    expect(lastOf(found).harm.log).toBeGreaterThan(lastOf(found).harm.holdThreshold);
    expect(lastOf(found).outcome).not.toMatch(/breach/);
  });

  test('trouble of the last minutes breaches although the stage as a whole does not', () => {
    const plan = planOf({ checks: [ERROR_RATE] });
    const calm = repeated(errors([2, 1_000]), 200);
    const found = lastOf(findings(ERROR_RATE, [...calm, ...repeated(errors([40, 1_000]), 15)], { plan }));
    expect((found.canary.value ?? 1) - (found.baseline.value ?? 0)).toBeLessThan(0.005);
    expect(found.outcome).toBe('breach_rollback');
  });

  test('trouble on both sides at once is no harm of the change', () => {
    const incident = repeated(errors([60, 1_000], [540, 9_000]), 8);
    const found = findings(ERROR_RATE, [...repeated(healthy, 8), ...incident]);
    expect(found.every(({ outcome }) => !outcome.startsWith('breach'))).toBe(true);
  });

  test('a fall of a good share is harm, in points and by ratio', () => {
    const hits = check({
      signal: 'cache.hit_ratio',
      worse: 'decrease',
      hold: { compare: 'difference', by: 0.05 },
    });
    const relative = { ...hits, hold: { compare: 'ratio' as const, times: 0.9 } };
    const at = (canary: readonly [number, number]) =>
      repeated(shares('cache.hit_ratio', { canary, stable: [8_100, 9_000] }), 60);
    for (const watched of [hits, relative]) {
      expect(lastOf(findings(watched, at([900, 1_000])))).toMatchObject({ outcome: 'clear' });
      expect(lastOf(findings(watched, at([700, 1_000])))).toMatchObject({ outcome: 'breach_hold' });
    }
  });

  test('a fixed limit needs no stable side', () => {
    const slo = check({ signal: ERROR_RATE.signal, hold: { compare: 'absolute', at: 0.01 } });
    const alone = (canary: readonly [number, number]) => [
      sample(slo.signal, 'canary', { kind: 'share', x: canary[0], n: canary[1] }),
      sample(slo.signal, 'stable', null, { unusable: 'metric_missing' }),
    ];
    expect(lastOf(findings(slo, repeated(alone([1, 1_000]), 6)))).toMatchObject({ outcome: 'clear' });
    expect(lastOf(findings(slo, repeated(alone([40, 1_000]), 6)))).toMatchObject({ outcome: 'breach_hold' });
  });

  test.each([
    { title: 'above 0 %', limit: 0, worse: 'increase' as const, good: [0, 1_000] as const },
    { title: 'below 100 %', limit: 1, worse: 'decrease' as const, good: [1_000, 1_000] as const },
  ])(
    'a limit that allows no event at all ($title) can be breached and never cleared',
    ({ limit, worse, good }) => {
      const strict = check({ signal: ERROR_RATE.signal, worse, hold: { compare: 'absolute', at: limit } });
      const bad: readonly [number, number] = worse === 'increase' ? [50, 1_000] : [950, 1_000];
      expect(lastOf(findings(strict, repeated(errors(good), 8)))).toMatchObject({ outcome: 'ambiguous' });
      expect(lastOf(findings(strict, repeated(errors(bad), 4)))).toMatchObject({ outcome: 'breach_hold' });
    },
  );

  test('without any line informs, with finite numbers', () => {
    const watched = check({ signal: ERROR_RATE.signal, severity: 'advisory' });
    const found = lastOf(findings(watched, repeated(healthy, 4)));
    expect(found).toMatchObject({ outcome: 'clear', reason: 'informs_only' });
    expect(Number.isFinite(found.harm.log) && Number.isFinite(found.safety.log)).toBe(true);
  });
});

describe('a silent canary', () => {
  const quiet = errors([0, 0]);

  test('is one that three windows did not hear of while stable went on', () => {
    const found = findings(ERROR_RATE, [...repeated(errors([2, 1_000]), 8), ...repeated(quiet, 3)]);
    expect(found.map(({ reason }) => reason).slice(-3)).toEqual([
      'within_lines',
      'within_lines',
      'canary_silent',
    ]);
  });

  test('is not one of which too little could be expected', () => {
    const found = findings(ERROR_RATE, repeated(errors([0, 0], [0, 50]), 6));
    expect(lastOf(found)).toMatchObject({ outcome: 'no_data', reason: 'thin' });
  });
});

describe('blindness', () => {
  const healthy = errors([2, 1_000]);
  const dark = (['canary', 'stable'] as const).map((cohort) =>
    sample(ERROR_RATE.signal, cohort, null, { unusable: 'timeout' }),
  );

  test('is no data at once, counted from the first reading that failed, and over with the next good one', () => {
    const found = findings(ERROR_RATE, [...repeated(healthy, 8), dark, dark, healthy]);
    const firstDark = NOW + 9 * TICK_MS;
    expect(found.slice(-3).map(({ reason, blind }) => [reason, blind?.since ?? null])).toEqual([
      ['unreadable', firstDark],
      ['unreadable', firstDark],
      ['within_lines', null],
    ]);
  });

  test('holds once it lasts as long as a reading stays fresh, and not before', () => {
    const plan = planOf({ checks: [ERROR_RATE] });
    let state = running(plan, { stageSince: NOW });
    const reasons: Decision['reason'][] = [];
    for (const [look, samples] of [...repeated(healthy, 8), dark, dark, dark, healthy].entries()) {
      const at = NOW + (look + 1) * TICK_MS;
      const evidence = lookAt(
        plan,
        state,
        samples.map((s) => ({ ...s, from: at - TICK_MS, to: at })),
        at,
      );
      const { decision } = decide(plan, state, evidence, at);
      state = fold(plan, state, { at, event: { kind: 'decided', decision } }, evidence);
      reasons.push(decision.reason);
    }
    expect(reasons.slice(-4)).toEqual(['stage_minimum', 'not_clear_yet', 'telemetry_blind', 'all_clear']);
  });

  test('comes also of no reading at all, once the last one is stale', () => {
    const found = findings(ERROR_RATE, [...repeated(healthy, 8), [], [], []]);
    expect(found.slice(-3).map(({ reason }) => reason)).toEqual(['within_lines', 'within_lines', 'stale']);
  });

  test('a partial reading may raise an alarm and never clears one', () => {
    const partial = (window: readonly Sample[]) =>
      window.map((s) => ({
        ...s,
        quality: { ...s.quality, unusable: 'partial' as const, detail: 'one of two' },
      }));
    const good = findings(ERROR_RATE, repeated(partial(healthy), 20));
    expect(good.every(({ outcome }) => outcome === 'no_data')).toBe(true);
    expect(lastOf(good).safety.log).toBeCloseTo(0, 9);
    const bad = findings(ERROR_RATE, repeated(partial(errors([60, 1_000])), 4));
    expect(lastOf(bad)).toMatchObject({ outcome: 'breach_rollback' });
  });
});

describe('an expected change', () => {
  const fewer = check({
    signal: ERROR_RATE.signal,
    intent: 'expect_change',
    severity: 'advisory',
    worse: 'increase',
  });

  test.each([
    {
      title: 'that came is confirmed',
      canary: [20, 1_000],
      outcome: 'clear',
      reason: 'expected_change_confirmed',
    },
    {
      title: 'that is absent is said',
      canary: [90, 1_000],
      outcome: 'ambiguous',
      reason: 'expected_change_not_seen',
    },
    {
      title: 'that went the other way is said',
      canary: [200, 1_000],
      outcome: 'ambiguous',
      reason: 'expected_change_opposite',
    },
  ] as const)('$title', ({ canary, outcome, reason }) => {
    const found = findings(fewer, repeated(errors(canary, [810, 9_000]), 6));
    expect(lastOf(found)).toMatchObject({ outcome, reason });
  });

  test('never blocks, whatever became of it', () => {
    const plan = planOf({ checks: [ERROR_RATE, { ...fewer, id: 'expected', signal: 'cache.error_rate' }] });
    let state = running(plan);
    const window = [
      ...errors([2, 1_000]),
      ...shares('cache.error_rate', { canary: [500, 1_000], stable: [90, 9_000] }),
    ];
    let decision: Decision | null = null;
    for (let look = 0; look < 6; look++) {
      const at = NOW + look * TICK_MS;
      const judged = decide(
        plan,
        state,
        lookAt(
          plan,
          state,
          window.map((s) => ({ ...s, from: at - TICK_MS, to: at })),
          at,
        ),
        at,
      );
      state = { ...state, gate: judged.gate };
      decision = judged.decision;
    }
    expect(decision).toMatchObject({ kind: 'promote', reason: 'all_clear' });
  });
});

describe('a level', () => {
  const memory = check({
    signal: 'process.memory',
    measure: { kind: 'level' },
    hold: { compare: 'ratio', times: 1.5 },
    rollback: { compare: 'ratio', times: 3 },
  });
  const at = (canary: number) =>
    (['canary', 'stable'] as const).map((cohort) =>
      sample(memory.signal, cohort, { kind: 'level', value: cohort === 'canary' ? canary : 100 }),
    );

  test.each([
    { title: 'under its line is clear after three looks', values: [110, 110, 110], outcome: 'clear' },
    { title: 'of two looks is thin', values: [110, 110], outcome: 'no_data' },
    { title: 'over its line once is ambiguous', values: [110, 110, 160], outcome: 'ambiguous' },
    { title: 'over its line twice in a row holds', values: [110, 160, 160], outcome: 'breach_hold' },
    {
      title: 'over its line on and off is never confirmed',
      values: [160, 110, 160, 110, 160],
      outcome: 'ambiguous',
    },
    { title: 'over its rollback line twice rolls back', values: [110, 310, 310], outcome: 'breach_rollback' },
    { title: 'over its rollback line once only is ambiguous', values: [110, 110, 310], outcome: 'ambiguous' },
  ] as const)('$title', ({ values, outcome }) => {
    expect(lastOf(findings(memory, values.map(at)))).toMatchObject({ outcome });
  });
});

describe('a latency', () => {
  const bounds = Array.from({ length: 60 }, (_, edge) => 2 * 1.1 ** edge);
  const spread = (n: number, middle: number) => ({
    kind: 'histogram' as const,
    bounds,
    counts: Array.from({ length: 61 }, (_, bucket) =>
      Math.round(n * Math.exp(-((bucket - middle) ** 2) / 20) * 0.126),
    ),
  });
  const window = (middle: number) => [
    sample(P95.signal, 'canary', spread(1_000, middle)),
    sample(P95.signal, 'stable', spread(9_000, 25)),
  ];

  test('that did not move is clear, that doubled is held', () => {
    expect(lastOf(findings(P95, repeated(window(25), 6)))).toMatchObject({ outcome: 'clear' });
    expect(lastOf(findings(P95, repeated(window(33), 6)))).toMatchObject({ outcome: 'breach_hold' });
  });

  test('in buckets too wide for its line is ambiguous, however much was seen', () => {
    const coarse = (n: number) => ({
      kind: 'histogram' as const,
      bounds: [10, 25, 100],
      counts: [n / 2, n / 4, n / 4, 0],
    });
    const wide = [sample(P95.signal, 'canary', coarse(4_000)), sample(P95.signal, 'stable', coarse(40_000))];
    expect(lastOf(findings(P95, repeated(wide, 8)))).toMatchObject({ reason: 'resolution_limited' });
  });

  test('whose sides have different buckets is no evidence', () => {
    const other = { ...spread(1_000, 40), bounds: bounds.map((bound) => bound * 1.05) };
    const mixed = [sample(P95.signal, 'canary', other), sample(P95.signal, 'stable', spread(9_000, 25))];
    const found = findings(P95, repeated(mixed, 4));
    expect(found.every(({ reason }) => reason === 'unreadable')).toBe(true);
    expect(lastOf(found).harm.log).toBe(0);
  });

  test('whose buckets change during the rollout is no evidence from there on', () => {
    const later = window(25).map((s) =>
      s.stat?.kind === 'histogram'
        ? { ...s, stat: { ...s.stat, bounds: s.stat.bounds.map((b) => b * 2) } }
        : s,
    );
    expect(lastOf(findings(P95, [...repeated(window(25), 6), later]))).toMatchObject({
      reason: 'unreadable',
    });
  });

  test('alone at 100 % is held against what stable showed, worth no more the longer one watches', () => {
    const plan = planOf({ checks: [P95] });
    const before = { ...running(plan, { stageIndex: 2, stageSince: NOW }) };
    const seen = decide(plan, before, lookAt(plan, before, window(25)), NOW);
    const event = { kind: 'decided' as const, decision: { ...seen.decision, kind: 'promote' as const } };
    let state = fold(plan, before, { at: NOW, event }, lookAt(plan, before, window(25)));
    const perLook: number[] = [];
    for (let look = 1; look <= 40; look++) {
      const at = NOW + look * TICK_MS;
      const alone = window(25)
        .map((s) => ({ ...s, from: at - TICK_MS, to: at }))
        .slice(0, 1);
      const stable = sample(P95.signal, 'stable', null, { to: at, unusable: 'metric_missing' });
      const { gate, stageSince } = decide(plan, state, lookAt(plan, state, [...alone, stable], at), at);
      state = { ...state, gate, stageSince };
      const remembered = gate[P95.id];
      if (remembered?.kind !== 'quantile') throw new Error('no quantile');
      perLook.push(remembered.trailing.at(-1)?.stable.counts.reduce((sum, count) => sum + count, 0) ?? 0);
    }
    expect(perLook[0]).toBeGreaterThan(0);
    expect(perLook.at(-1)).toBeCloseTo(perLook[0] ?? 0, 9);
  });
});

describe('thresholds', () => {
  const proposed = check({
    ...ERROR_RATE,
    id: 'rule:x',
    severity: 'major',
    provenance: [{ source: 'model', from: 'x', evidence: [] }],
  });
  const { settings } = planOf();

  test('split alpha over the required checks, and proposed ones never blunt them', () => {
    const required = [ERROR_RATE, { ...ERROR_RATE, id: 'b' }];
    const alone = thresholdsFor(ERROR_RATE, required, settings);
    expect(alone.hold).toBeCloseTo(Math.log(2 / 0.05), 12);
    expect(alone.rollback).toBeCloseTo(Math.log(2 / settings.alphaRollback), 12);
    expect(thresholdsFor(ERROR_RATE, [...required, proposed, { ...proposed, id: 'c' }], settings)).toEqual(
      alone,
    );
  });

  test('of a proposed check are split over all that vote', () => {
    const { hold } = thresholdsFor(proposed, [ERROR_RATE, proposed], settings);
    expect(hold).toBeCloseTo(Math.log(2 / 0.05), 12);
  });
});

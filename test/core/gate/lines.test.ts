import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { edgesOf, isOver, nullLines } from '../../../src/core/gate/lines.ts';
import { orient } from '../../../src/core/gate/orientation.ts';
import type { Line } from '../../../src/core/plan/check.ts';
import { check } from '../../support/rollout-rig.ts';

const by = (points: number): Line => ({ compare: 'difference', by: points });
const times = (factor: number): Line => ({ compare: 'ratio', times: factor });
const at = (limit: number): Line => ({ compare: 'absolute', at: limit });

describe('the edges a user did not write', () => {
  test.each([
    {
      title: 'both lines written: evidence from half the hold line',
      hold: by(0.005),
      rollback: by(0.02),
      edges: { evidence: by(0.0025), tight: by(0.005), wide: by(0.02) },
    },
    {
      title: 'only a rollback line holds half-way',
      hold: null,
      rollback: by(0.02),
      edges: { evidence: by(0.005), tight: by(0.01), wide: by(0.02) },
    },
    {
      title: 'only a hold line doubles for the early margin',
      hold: by(0.005),
      rollback: null,
      edges: { evidence: by(0.0025), tight: by(0.005), wide: by(0.01) },
    },
    {
      title: 'a ratio moves by its root and its square',
      hold: times(1.44),
      rollback: null,
      edges: { evidence: times(1.2), tight: times(1.44), wide: times(1.44 ** 2) },
    },
    {
      title: 'a band moves in both its parts',
      hold: { compare: 'band', times: 1.21, floor: 10 } as const,
      rollback: times(2),
      edges: {
        evidence: { compare: 'band', times: 1.1, floor: 5 },
        tight: { compare: 'band', times: 1.21, floor: 10 },
        wide: times(2),
      },
    },
    {
      title: 'a fixed limit has no half-way',
      hold: at(300),
      rollback: null,
      edges: { evidence: at(300), tight: at(300), wide: at(300) },
    },
    { title: 'no line, no edge', hold: null, rollback: null, edges: null },
  ])('$title', ({ hold, rollback, edges }) => {
    const found = edgesOf({ hold, rollback }, 0.5);
    expect(found).toEqual(edges);
  });
});

describe('at or over a line', () => {
  test.each([
    { line: by(0.005), worse: 'increase', canary: 0.01, baseline: 0.005, over: true },
    { line: by(0.005), worse: 'increase', canary: 0.0099, baseline: 0.005, over: false },
    { line: by(0.05), worse: 'decrease', canary: 0.85, baseline: 0.9, over: true },
    { line: by(0.05), worse: 'decrease', canary: 0.95, baseline: 0.9, over: false },
    { line: times(2), worse: 'increase', canary: 0.02, baseline: 0.01, over: true },
    { line: times(2), worse: 'increase', canary: 0.0199, baseline: 0.01, over: false },
    { line: times(2), worse: 'increase', canary: 0, baseline: 0, over: false },
    { line: times(2), worse: 'increase', canary: 0.001, baseline: 0, over: true },
    { line: times(0.5), worse: 'decrease', canary: 0.4, baseline: 0.9, over: true },
    { line: times(0.5), worse: 'decrease', canary: 0.5, baseline: 0.9, over: false },
    { line: at(300), worse: 'increase', canary: 300, baseline: 1, over: true },
    { line: at(300), worse: 'increase', canary: 299, baseline: 1, over: false },
    { line: at(0.95), worse: 'decrease', canary: 0.95, baseline: 0, over: true },
    { line: at(0.95), worse: 'decrease', canary: 0.96, baseline: 0, over: false },
    // A tenth more, and at least ten milliseconds more.
    {
      line: { compare: 'band', times: 1.1, floor: 10 },
      worse: 'increase',
      canary: 59,
      baseline: 50,
      over: false,
    },
    {
      line: { compare: 'band', times: 1.1, floor: 10 },
      worse: 'increase',
      canary: 60,
      baseline: 50,
      over: true,
    },
    {
      line: { compare: 'band', times: 1.1, floor: 10 },
      worse: 'increase',
      canary: 215,
      baseline: 200,
      over: false,
    },
    {
      line: { compare: 'band', times: 0.9, floor: 10 },
      worse: 'decrease',
      canary: 85,
      baseline: 100,
      over: true,
    },
    {
      line: { compare: 'band', times: 0.9, floor: 10 },
      worse: 'decrease',
      canary: 91,
      baseline: 100,
      over: false,
    },
  ] as const)(
    '$line.compare $worse: $canary against $baseline is $over',
    ({ line, worse, canary, baseline, over }) => {
      expect(isOver(line, worse, { canary, baseline })).toBe(over);
    },
  );

  test('a worse canary is never less over', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const line = fc.constantFrom<Line>(by(0.01), times(1.5), at(0.3), {
      compare: 'band',
      times: 1.2,
      floor: 0.01,
    });
    fc.assert(
      fc.property(line, share, share, share, (edge, a, b, baseline) => {
        const better = isOver(edge, 'increase', { canary: Math.min(a, b), baseline });
        const worse = isOver(edge, 'increase', { canary: Math.max(a, b), baseline });
        expect(better && !worse && Math.max(a, b) !== baseline).toBe(false);
      }),
    );
  });
});

describe('turned so that worse means above', () => {
  test.each([
    { title: 'an increase is as it is', worse: 'increase', hold: by(0.01), oriented: 'asIs' },
    { title: 'a fall in points counts failures', worse: 'decrease', hold: by(0.05), oriented: 'failures' },
    { title: 'a floor counts failures', worse: 'decrease', hold: at(0.9), oriented: 'failures' },
    { title: 'a fall by a ratio swaps the arms', worse: 'decrease', hold: times(0.9), oriented: 'swapped' },
  ] as const)('$title', ({ worse, hold, oriented }) => {
    expect(orient(check({ signal: 'cache.hit_ratio', worse, hold }))).toBe(oriented);
  });

  test('an expected rise is looked for in the canary, an expected fall in stable', () => {
    const expected = (worse: 'increase' | 'decrease') =>
      orient(check({ signal: 'cache.hit_ratio', worse, intent: 'expect_change' }));
    expect(expected('decrease')).toBe('asIs');
    expect(expected('increase')).toBe('swapped');
  });

  test('a floor of 95 % becomes a ceiling of 5 % failures', () => {
    expect(nullLines(at(0.95), 'failures')[0]?.plus).toBeCloseTo(0.05, 12);
  });

  test('a band is two lines, and over only beyond both', () => {
    expect(nullLines({ compare: 'band', times: 1.1, floor: 0.001 }, 'asIs')).toEqual([
      { times: 1.1, plus: 0 },
      { times: 1, plus: 0.001 },
    ]);
  });

  test.each([
    { limit: 0, oriented: 'asIs' },
    { limit: 1, oriented: 'failures' },
  ] as const)(
    'a limit that leaves no room for any event is still a rate: $limit $oriented',
    ({ limit, oriented }) => {
      expect(nullLines(at(limit), oriented)[0]?.plus).toBeGreaterThan(0);
    },
  );
});

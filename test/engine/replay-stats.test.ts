import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../src/core/canonical-json.ts';
import type { Evidence } from '../../src/core/gate/evidence.ts';
import type { Sample, Stat } from '../../src/core/gate/sample.ts';
import { exportLog, type LogLine } from '../../src/engine/log-file.ts';
import { replay } from '../../src/engine/replay.ts';
import type { World } from '../../src/simulate/world.ts';
import { check, ERROR_RATE, openRig, planOf, ROLLOUT } from '../support/rollout-rig.ts';

const number = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e300, noNaN: true }));
const key = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('', 'other', '__proto__', '\ud800', '1'),
);
const parts = fc.array(fc.record({ key, n: number, x: number }), { minLength: 2, maxLength: 4 });
const optional = { requiredKeys: ['kind', 'n', 'x'] as ('kind' | 'n' | 'x')[] };
const events = (kind: 'share' | 'count') =>
  fc.record(
    { kind: fc.constant(kind), n: number, x: number, segments: parts, clusters: parts },
    optional,
  ) as fc.Arbitrary<Stat>;

const histogram = fc
  .tuple(fc.array(number), fc.array(number), fc.option(fc.array(key), { nil: undefined }))
  .map(
    ([bounds, counts, keys]): Stat => ({
      kind: 'histogram',
      bounds,
      counts,
      ...(keys === undefined ? {} : { segments: keys.map((one) => ({ key: one, counts })) }),
    }),
  );

const stats: Readonly<Record<Stat['kind'], fc.Arbitrary<Stat>>> = {
  share: events('share'),
  count: events('count'),
  histogram,
  moments: fc.record({
    kind: fc.constant('moments'),
    n: number,
    y: number,
    yy: number,
    z: number,
    zz: number,
    yz: number,
  }),
  level: fc.record({ kind: fc.constant('level'), value: number }),
};

describe('a sample is the same after it was written and read', () => {
  test.each(Object.entries(stats))('%s', (_kind, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, (stat) => {
        const quality = { unusable: null, detail: null, resets: 1, born: 0 };
        const sample: Sample = { signal: 'a', cohort: 'canary', from: 0, to: 1, stat, quality };
        const text = canonicalJson(sample);
        const again = JSON.parse(text);
        expect(again).toEqual(sample);
        expect(canonicalJson(again)).toBe(text);
      }),
    );
  });
});

describe('a rollout judged on them replays to the same bytes', () => {
  const segments = [
    { name: 'eu', canaryShare: 0.3, stableShare: 0.7, times: 1 },
    { name: 'us', canaryShare: 0.7, stableShare: 0.3, times: 3 },
  ];
  const signals: World['signals'] = {
    'dependency.call_rate': { kind: 'count', rate: 1.5 },
    'custom:spent': { kind: 'value', mean: 30, cv: 1, nonZeroShare: 0.5 },
    'process.memory': { kind: 'level', value: 100, sd: 1 },
  };
  const checks = [
    ERROR_RATE,
    check({
      signal: 'dependency.call_rate',
      measure: { kind: 'count' },
      hold: { compare: 'ratio', times: 1.5 },
    }),
    check({
      signal: 'custom:spent',
      measure: { kind: 'mean', cuped: true },
      worse: 'decrease',
      hold: { compare: 'ratio', times: 0.8 },
      severity: 'major',
    }),
    check({
      signal: 'process.memory',
      measure: { kind: 'level' },
      hold: { compare: 'absolute', at: 500 },
      severity: 'major',
    }),
  ];

  test.each([
    { of: 'segments', world: { segments } },
    { of: 'clusters', world: { pods: { canary: 3, stable: 5 } } },
  ])('with $of', async ({ of, world }) => {
    const rig = await openRig({ ...world, signals });
    expect(await rig.start(planOf({ checks }))).toMatchObject({ kind: 'started' });
    await rig.run(5_000);
    const text = (await exportLog(rig.parts.store, ROLLOUT)) ?? '';
    const kinds = new Set(
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as LogLine)
        .flatMap((line) => ('entry' in line ? ((line.evidence as Evidence | null)?.samples ?? []) : []))
        .flatMap(({ stat }) => (stat === null ? [] : [of in stat ? `${stat.kind} with ${of}` : stat.kind])),
    );
    expect(kinds).toEqual(new Set([`share with ${of}`, `count with ${of}`, 'moments', 'level']));
    const found = replay(text);
    expect(found.fault).toBeNull();
    expect(found.decisions.length).toBeGreaterThan(2);
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { DECISIONS, type Decision } from '../../../src/core/gate/decision.ts';
import type { Part, Sample, Stat, Unusable } from '../../../src/core/gate/sample.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import {
  CHECKS,
  decidedUntilOver,
  findingOf,
  type Look,
  lastWith,
  type Made,
  type Parted,
  planWith,
  series,
  windowsOf,
} from './decision-series.ts';
import { TICK_MS } from './looks.ts';

const rank = ({ kind }: Decision) => DECISIONS.indexOf(kind);
const MOVES_UP: readonly Decision['kind'][] = ['promote', 'widen', 'complete'];
const stages = fc.integer({ min: 1, max: 3 });
const parted = fc.constantFrom<Parted>('none', 'segments', 'clusters');
const watched = fc.subarray([...CHECKS], { minLength: 1 });
const scene = fc.record({ looks: series, stages, parted, checks: watched, allowWiden: fc.boolean() });
interface Scene {
  readonly looks: readonly Look[];
  readonly stages: number;
  readonly parted: Parted;
  readonly checks: readonly Check[];
  readonly allowWiden: boolean;
}
const planned = ({ checks, stages: count, allowWiden }: Scene) => planWith(checks, count, { allowWiden });

/** The same units with more bad ones among them: events added to one part, or requests moved to slower buckets. */
function worsened(stat: Stat | null, extra: number, part: number): Stat | null {
  if (stat?.kind === 'histogram') {
    const counts = [...stat.counts];
    for (let left = extra, from = 0; left > 0 && from < counts.length - 2; from++) {
      const to = Math.min(counts.length - 1, from + 1 + part);
      const moved = Math.min(left, counts[from] ?? 0);
      counts[from] = (counts[from] ?? 0) - moved;
      counts[to] = (counts[to] ?? 0) + moved;
      left -= moved;
    }
    return { ...stat, counts };
  }
  if (stat?.kind !== 'share' && stat?.kind !== 'count') return stat;
  const room = (n: number, x: number) => (stat.kind === 'count' ? extra : Math.min(extra, n - x));
  const own = stat.segments ?? stat.clusters;
  if (own === undefined) return { ...stat, x: stat.x + room(stat.n, stat.x) };
  const chosen = own[part];
  const added = chosen === undefined ? 0 : room(chosen.n, chosen.x);
  const parts = own.map((one, at) => (at === part ? { ...one, x: one.x + added } : one));
  const key = stat.segments === undefined ? 'clusters' : 'segments';
  return { ...stat, x: stat.x + added, [key]: parts };
}

describe('a canary with more bad events at the last look', () => {
  test('never gets a more permissive decision there', () => {
    const worse = fc.record({
      extra: fc.integer({ min: 1, max: 200 }),
      part: fc.nat(2),
      of: fc.subarray([...CHECKS], { minLength: 1 }),
    });
    fc.assert(
      fc.property(scene, worse, (seen, { extra, part, of }) => {
        const signals = of.map(({ signal }) => signal);
        const { plain, changed } = lastWith(
          planned(seen),
          windowsOf(seen.checks, seen.looks, seen.parted),
          (last) =>
            last.map((one) =>
              one.cohort === 'canary' && signals.includes(one.signal)
                ? { ...one, stat: worsened(one.stat, extra, part) }
                : one,
            ),
        );
        expect(rank(changed)).toBeLessThanOrEqual(rank(plain));
      }),
      { numRuns: 400 },
    );
  });
});

describe('another order', () => {
  const orders = fc.record({
    checks: fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
    parts: fc.shuffledSubarray([0, 1, 2], { minLength: 3, maxLength: 3 }),
    samples: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6, maxLength: 6 }),
  });
  const inOrder = <T>(list: readonly T[], order: readonly number[]) =>
    order.flatMap((at) => (at < list.length ? [list[at] as T] : []));
  const turned = (one: Sample, order: readonly number[]): Sample => {
    const { stat } = one;
    if (stat?.kind !== 'share' && stat?.kind !== 'count') return one;
    const of = (parts: readonly Part[]) => inOrder(parts, order);
    return {
      ...one,
      stat: {
        ...stat,
        ...(stat.segments === undefined ? {} : { segments: of(stat.segments) }),
        ...(stat.clusters === undefined ? {} : { clusters: of(stat.clusters) }),
      },
    };
  };

  const told = ({ decision }: Made) => [decision.kind, decision.reason];
  const findings = (made: readonly Made[], { checks }: Scene) =>
    checks.map(({ id }) => made.map(({ decision }) => findingOf(decision, id)));

  test('of checks and samples changes no finding by a byte, and no decision', () => {
    fc.assert(
      fc.property(scene, orders, (seen, order) => {
        const windows = windowsOf(seen.checks, seen.looks, seen.parted);
        const plain = decidedUntilOver(planned(seen), windows);
        const other = decidedUntilOver(
          planned({ ...seen, checks: inOrder(seen.checks, order.checks) }),
          windows.map((samples) => inOrder(samples, order.samples)),
        );
        expect(other.map(told)).toEqual(plain.map(told));
        expect(canonicalJson(findings(other, seen))).toBe(canonicalJson(findings(plain, seen)));
      }),
      { numRuns: 200 },
    );
  });

  // Sums over parts are of fractions, so their last digits depend on the order; what is stored keeps one order, and replays.
  test('of segments and clusters changes no finding but in the last digits, and no decision', () => {
    fc.assert(
      fc.property(scene, orders, (seen, { parts }) => {
        const windows = windowsOf(seen.checks, seen.looks, seen.parted);
        const plain = decidedUntilOver(planned(seen), windows);
        const other = decidedUntilOver(
          planned(seen),
          windows.map((samples) => samples.map((one) => turned(one, parts))),
        );
        expect(other.map(told)).toEqual(plain.map(told));
        expect(rounded(findings(other, seen))).toBe(rounded(findings(plain, seen)));
      }),
      { numRuns: 200 },
    );
  });
});

/** As text, with every number to nine significant digits. */
function rounded(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'number' ? Number(inner.toPrecision(9)) : inner,
  );
}

const UNUSABLE: readonly Unusable[] = [
  'first_read',
  'unreachable',
  'timeout',
  'not_metrics',
  'metric_missing',
  'non_finite',
  'inconsistent',
  'clock_skew',
  'partial',
  'too_large',
];

describe('a reply that is missing', () => {
  const lost = fc.oneof(fc.constantFrom(...UNUSABLE), fc.constant('absent' as const));
  const which = fc.constantFrom<readonly Sample['cohort'][]>(['canary'], ['stable'], ['canary', 'stable']);

  test('never makes the decision of its look more permissive, unless that reply first showed the harm', () => {
    fc.assert(
      fc.property(scene, lost, which, fc.nat(2), fc.boolean(), (seen, why, cohorts, at, keepsStat) => {
        const of = seen.checks[at % seen.checks.length];
        if (of === undefined) throw new Error('no check');
        const isLost = (one: Sample) => one.signal === of.signal && cohorts.includes(one.cohort);
        const { before, plain, changed } = lastWith(
          planned(seen),
          windowsOf(seen.checks, seen.looks, seen.parted),
          (last) =>
            why === 'absent'
              ? last.filter((one) => !isLost(one))
              : last.map((one) =>
                  isLost(one)
                    ? {
                        ...one,
                        stat: keepsStat ? one.stat : null,
                        quality: { ...one.quality, unusable: why, detail: `it is ${why}` },
                      }
                    : one,
                ),
        );
        // A look that reads nothing at all is not for reading: the engine makes one when a person orders something.
        if (why === 'absent' && cohorts.length === 2 && seen.checks.length === 1) return;
        // A hot pod hides that nothing is read: see `decision-cases.test.ts`.
        // At 100 % nobody is beside the canary, and nobody's reply is missed there.
        const isNeeded = cohorts.includes('canary') || changed.stageIndex < seen.stages - 1;
        if (isNeeded) expect(MOVES_UP).not.toContain(changed.kind);
        const [was, is] = [before, plain].map((made) => findingOf(made, of.id));
        const isNews =
          is?.reason === 'canary_silent' ||
          (is?.outcome.startsWith('breach') === true && is.outcome !== was?.outcome);
        if (!isNews) expect(rank(changed)).toBeLessThanOrEqual(rank(plain));
      }),
      { numRuns: 400 },
    );
  });
});

type Corruption = (one: Sample) => Sample;
const IMPOSSIBLE = [-1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

/** The counts of a sample made impossible: one number of them replaced. */
function withCount(one: Sample, value: number, place: 'n' | 'x'): Sample {
  const { stat } = one;
  if (stat?.kind === 'histogram') return { ...one, stat: { ...stat, counts: stat.counts.with(2, value) } };
  if (stat?.kind !== 'share' && stat?.kind !== 'count') return one;
  return { ...one, stat: { ...stat, [place]: value } };
}

function withBounds(one: Sample, bounds: readonly number[]): Sample {
  return one.stat?.kind === 'histogram'
    ? { ...one, stat: { ...one.stat, bounds } }
    : withCount(one, Number.NaN, 'n');
}

/** Parts that do not add up; a histogram is given a bucket more than it has bounds for. */
function unbalanced(one: Sample): Sample {
  const { stat } = one;
  if (stat?.kind === 'histogram') return { ...one, stat: { ...stat, counts: [...stat.counts, 1] } };
  if (stat?.kind !== 'share' && stat?.kind !== 'count') return one;
  return { ...one, stat: { ...stat, clusters: [{ key: 'a', n: stat.n + 1, x: stat.x }] } };
}

function tooMany(one: Sample): Sample {
  return one.stat?.kind === 'share'
    ? { ...one, stat: { ...one.stat, x: one.stat.n + 1 } }
    : withCount(one, -1, 'x');
}

const corruption: fc.Arbitrary<Corruption> = fc.oneof(
  fc.tuple(fc.constantFrom(...IMPOSSIBLE), fc.constantFrom('n' as const, 'x' as const)).map(
    ([value, place]): Corruption =>
      (one) =>
        withCount(one, value, place),
  ),
  fc
    .constantFrom(
      [10, 20, 40, 80, 160, 640],
      [10, 20, 40, 40, 160, 320],
      [20, 10, 40, 80, 160, 320],
      [10],
      [],
    )
    .map(
      (bounds): Corruption =>
        (one) =>
          withBounds(one, bounds),
    ),
  fc.constantFrom<Corruption>(
    unbalanced,
    tooMany,
    (one) => ({ ...one, from: one.from - 1 }),
    (one) => ({ ...one, to: one.to - 1 }),
  ),
);
/** Both sides at a time that cannot be, and alike. */
const displaced = fc.constantFrom<Corruption>(
  (one) => ({ ...one, from: one.to, to: one.to - TICK_MS }),
  (one) => ({ ...one, from: one.from - TICK_MS, to: one.to - TICK_MS }),
  (one) => ({ ...one, from: one.from - 1 }),
  (one) => ({ ...one, to: one.to + 3_600_000 }),
);

describe('a corrupted reply', () => {
  const both: readonly Sample['cohort'][] = ['canary', 'stable'];
  const bad = fc.oneof(
    fc.record({ corrupt: corruption, sides: fc.constantFrom(['canary'] as const, ['stable'] as const) }),
    fc.record({ corrupt: displaced, sides: fc.constant(both) }),
  );

  test('never promotes at its look, and is no data that says why, unless harm was proved before (B14)', () => {
    fc.assert(
      fc.property(scene, bad, fc.nat(2), (seen, { corrupt, sides }, at) => {
        const of = seen.checks[at % seen.checks.length];
        if (of === undefined) throw new Error('no check');
        const { before, changed } = lastWith(
          planned(seen),
          windowsOf(seen.checks, seen.looks, seen.parted),
          (last) =>
            last.map((one) =>
              one.signal === of.signal && sides.some((side) => side === one.cohort) ? corrupt(one) : one,
            ),
        );
        // At 100 % nobody is beside the canary: what is said of stable there is not read.
        if (!sides.some((side) => side === 'canary') && changed.stageIndex === seen.stages - 1) return;
        // Nothing was counted before the first look that its times could reach back over.
        if (before === null) return;
        expect(MOVES_UP).not.toContain(changed.kind);
        if (findingOf(before, of.id)?.outcome.startsWith('breach') === true) return;
        const found = findingOf(changed, of.id);
        expect(found).toMatchObject({ outcome: 'no_data', blind: { detail: expect.stringMatching(/./) } });
      }),
      { numRuns: 500 },
    );
  });
});

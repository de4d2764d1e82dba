import { describe, expect, test } from 'vitest';
import type { Evidence } from '../../../src/core/gate/evidence.ts';
import {
  absorbIntegrity,
  type IntegrityState,
  integrityFault,
  NO_INTEGRITY,
  seedIntegrity,
} from '../../../src/core/gate/integrity.ts';
import type { Sample } from '../../../src/core/gate/sample.ts';
import { standardSettings } from '../../../src/core/gate/settings.ts';
import type { Check } from '../../../src/core/plan/check.ts';
import { randomFrom } from '../../../src/simulate/random.ts';
import { check, ERROR_RATE } from '../../support/rollout-rig.ts';
import { NOW, sample, shares, TICK_MS } from './looks.ts';

const SETTINGS = standardSettings({ tickMs: TICK_MS, ladderMs: 60_000 });
type Arm = readonly [x: number, n: number];
const BEFORE: Arm = [500, 100_000];

const seeded = (before: Arm = BEFORE, of: Check = ERROR_RATE): IntegrityState =>
  seedIntegrity(NO_INTEGRITY, [of], shares(of.signal, { canary: [0, 0], stable: before }));

interface LookAt {
  readonly canary: Arm;
  readonly stable: Arm;
  readonly resets?: readonly [canary: number, stable: number];
}

/** The faults seen at each of these looks, one a second. */
function faultsAt(
  looks: readonly LookAt[],
  start: IntegrityState = seeded(),
  more: { readonly of?: Check; readonly share?: number | null; readonly assignment?: string } = {},
): readonly (string | null)[] {
  const { of = ERROR_RATE, assignment = null } = more;
  const exposedShare = more.share === undefined ? 0.1 : more.share;
  let state = start;
  return looks.map(({ canary, stable, resets = [0, 0] }, at) => {
    const to = NOW + (at + 1) * TICK_MS;
    const samples = shares(of.signal, { canary, stable }, to).map((s, side): Sample => {
      return { ...s, quality: { ...s.quality, resets: resets[side] ?? 0 } };
    });
    const evidence: Evidence = { at: to, samples, actual: null };
    state = absorbIntegrity(state, [of], evidence, { settings: SETTINGS, exposedShare, assignment });
    return integrityFault(state, evidence, exposedShare)?.kind ?? null;
  });
}

const times = <T>(look: T, count: number): readonly T[] => Array.from({ length: count }, () => look);
const CALM: LookAt = { canary: [5, 1_000], stable: [45, 9_000] };
const BOTH: LookAt = { canary: [30, 1_000], stable: [270, 9_000] };

describe('a shared incident', () => {
  test('begins within three looks of both sides at six times what stable was before', () => {
    const faults = faultsAt([...times(CALM, 10), ...times(BOTH, 5)]);
    expect(faults.slice(0, 10)).toEqual(times(null, 10));
    expect(faults.slice(12)).toEqual(times('shared_incident', 3));
  });

  test('is over after three looks back under the line, and not at two', () => {
    const faults = faultsAt([...times(BOTH, 6), ...times(CALM, 2), ...times(BOTH, 1), ...times(CALM, 3)]);
    expect(faults.slice(5)).toEqual([...times('shared_incident', 6), null]);
  });

  test('may come again', () => {
    const faults = faultsAt([...times(BOTH, 6), ...times(CALM, 6), ...times(BOTH, 6)]);
    expect(faults[11]).toBeNull();
    expect(faults.at(-1)).toBe('shared_incident');
  });

  test('is not one where stable alone is worse, nor where the canary alone is', () => {
    const stableOnly = { canary: [5, 1_000], stable: [270, 9_000] } as const;
    const canaryOnly = { canary: [60, 1_000], stable: [45, 9_000] } as const;
    expect(faultsAt(times(stableOnly, 30))).toEqual(times(null, 30));
    expect(faultsAt(times(canaryOnly, 30))).toEqual(times(null, 30));
  });

  test('a canary too small to tell does not stand in the way', () => {
    // 100 units at the line of 1.5 %: not five events, whether it shares the incident or not.
    expect(faultsAt(times({ canary: [0, 100], stable: [270, 9_000] }, 5)).at(-1)).toBe('shared_incident');
  });

  test('needs three times as much and half a point more: a drift, or a rate of next to nothing, is none', () => {
    const twice = { canary: [10, 1_000], stable: [90, 9_000] } as const;
    expect(faultsAt(times(twice, 60))).toEqual(times(null, 60));
    const tiny = { canary: [1, 1_000], stable: [9, 9_000] } as const;
    expect(faultsAt(times(tiny, 60), seeded([10, 100_000]))).toEqual(times(null, 60));
  });

  test('is seen in at most one of two thousand rollouts without one, at ordinary noise', () => {
    const wrong = Array.from({ length: 2_000 }, (_, seed) => {
      const random = randomFrom(31 * seed);
      const looks = Array.from({ length: 60 }, (): LookAt => {
        const side = (n: number, shape: number): Arm => [
          random.poisson((n * 0.005 * random.gamma(shape)) / shape),
          n,
        ];
        return { canary: side(200, 16), stable: side(1_800, 16) };
      });
      return faultsAt(looks).some((fault) => fault !== null);
    }).filter(Boolean).length;
    expect(wrong).toBeLessThanOrEqual(1);
  });

  test('of a hit ratio is a rise of misses', () => {
    const hits = check({
      signal: 'cache.hit_ratio',
      worse: 'decrease',
      hold: { compare: 'ratio', times: 0.9 },
    });
    const start = seeded([95_000, 100_000], hits);
    const calm = { canary: [950, 1_000], stable: [8_550, 9_000] } as const;
    const bad = { canary: [700, 1_000], stable: [6_300, 9_000] } as const;
    expect(faultsAt(times(calm, 20), start, { of: hits })).toEqual(times(null, 20));
    expect(faultsAt(times(bad, 5), start, { of: hits }).at(-1)).toBe('shared_incident');
  });

  test('is never seen where nothing was measured before', () => {
    expect(faultsAt(times(BOTH, 30), NO_INTEGRITY)).toEqual(times(null, 30));
    expect(seeded([0, 0]).incidents).toEqual({});
    const watch: Check = { ...ERROR_RATE, intent: 'watch' };
    expect(seeded(BEFORE, watch).incidents).toEqual({});
  });
});

describe('a canary that restarts', () => {
  const at = (resets: readonly [number, number]): LookAt => ({ ...CALM, resets });

  test('at three looks of the trailing window, and more than stable, is in a crash loop', () => {
    const faults = faultsAt([at([1, 0]), at([0, 0]), at([1, 0]), at([1, 0])]);
    expect(faults).toEqual([null, null, null, 'canary_restarting']);
  });

  test('no more than stable is a deployment of both', () => {
    expect(faultsAt(times(at([1, 1]), 8))).toEqual(times(null, 8));
  });

  test('many processes at one look are one restart of the fleet', () => {
    expect(faultsAt([at([40, 0]), CALM, CALM])).toEqual([null, null, null]);
  });

  test('is well again once the restarts have left the trailing window', () => {
    const looks = SETTINGS.trailingMs / TICK_MS;
    const faults = faultsAt([...times(at([1, 0]), 3), ...times(CALM, looks)]);
    expect(faults[2]).toBe('canary_restarting');
    expect(faults.at(-1)).toBeNull();
  });
});

describe('units assigned', () => {
  const tilted: LookAt = { canary: [0, 200], stable: [0, 800] };
  const assignment = ERROR_RATE.signal;

  test('twice as often as designed are a mismatch, and it stays one', () => {
    const faults = faultsAt([...times(tilted, 3), ...times(CALM, 5)], seeded(), { assignment });
    expect(faults.slice(2)).toEqual(times('sample_ratio', 6));
  });

  test('are not compared where nothing counts them, where no share says, or where nobody is left', () => {
    expect(faultsAt(times(tilted, 5))).toEqual(times(null, 5));
    expect(faultsAt(times(tilted, 5), seeded(), { assignment, share: null })).toEqual(times(null, 5));
    expect(faultsAt(times(tilted, 5), seeded(), { assignment, share: 1 })).toEqual(times(null, 5));
  });

  test('that could not be read are no units of nobody', () => {
    const evidence: Evidence = {
      at: NOW,
      samples: [
        sample(assignment, 'canary', { kind: 'share', n: 0, x: 0 }),
        sample(assignment, 'stable', null, { unusable: 'timeout' }),
      ],
      actual: null,
    };
    const context = { settings: SETTINGS, exposedShare: 0.1, assignment };
    expect(absorbIntegrity(seeded(), [ERROR_RATE], evidence, context).ratio).toEqual(NO_INTEGRITY.ratio);
  });
});

test('of several faults the one that tells most is named: overlap, assignment, restarts, incident', () => {
  const overlap = { rolloutId: 'rl_1', target: 'checkout' };
  const evidence: Evidence = { at: NOW, samples: [], actual: null };
  const all: IntegrityState = {
    incidents: Object.fromEntries(
      Object.entries(seeded().incidents).map(([id, incident]) => [id, { ...incident, since: NOW }]),
    ),
    restarts: [1, 2, 3].map((ago) => ({ at: NOW - ago, canary: 1, stable: 0 })),
    ratio: { share: 0.1, canary: 200, stable: 800, closed: 0, peak: 20 },
  };
  const kindOf = (state: IntegrityState, look: Evidence) => integrityFault(state, look, 0.1)?.kind ?? null;
  expect(kindOf(all, { ...evidence, overlap })).toBe('overlap');
  expect(kindOf(all, evidence)).toBe('sample_ratio');
  expect(kindOf({ ...all, ratio: NO_INTEGRITY.ratio }, evidence)).toBe('canary_restarting');
  expect(kindOf({ ...all, ratio: NO_INTEGRITY.ratio, restarts: [] }, evidence)).toBe('shared_incident');
  expect(kindOf(NO_INTEGRITY, evidence)).toBeNull();
  expect(integrityFault(all, evidence, 0.1)?.detail).toBe('20 % of 1000 units are canary, by design 10 %');
});

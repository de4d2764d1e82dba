import { describe, expect, test } from 'vitest';
import type { Check, Line } from '../../../../src/core/plan/check.ts';
import { fitToTraffic } from '../../../../src/core/plan/fit-to-traffic.ts';
import { resolvable } from '../../../../src/core/plan/preflight/coarse-buckets.ts';
import { preflight } from '../../../../src/core/plan/preflight.ts';
import { check, planOf } from '../../../support/rollout-rig.ts';
import { durations, fineDurations, ladderOf, MINUTE, reading } from './readings.ts';

const { settings } = planOf();
const SIGNAL = 'http.latency_p95';
const BOUNDS = [25, 50, 100, 250, 500];
/** p95 lies in (100, 250], log-linearly a twelfth of its way below the top: 4 % beyond 250 ms, 16 % beyond 100 ms. */
const COARSE = reading({ [SIGNAL]: durations(10_000, BOUNDS, [0.3, 0.3, 0.24, 0.12, 0.03, 0.01]) });

const p95 = (more: Partial<Check> = {}): Check =>
  check({ signal: SIGNAL, hold: { compare: 'ratio', times: 1.1 }, ...more });
const resolved = (more: Partial<Check> = {}) => resolvable(p95(more), COARSE, settings);
/** What a log-linear bucket of 12 % gives up when every duration is this many times longer. */
const shareOver250 = (times: number) => 0.04 + (0.12 * Math.log(times)) / Math.log(2.5);

describe('a quantile whose buckets are too wide for its line', () => {
  test('becomes the share over the edge just above it, its line what that share would be', () => {
    const { measure, hold } = resolved();
    expect(measure).toEqual({ kind: 'share_over', edgeMs: 250, p: 0.95 });
    expect(hold?.compare === 'ratio' && hold.times).toBeCloseTo(shareOver250(1.1) / 0.04, 2);
  });

  test('keeps its id, severity and provenance, and says why', () => {
    const before = p95({ severity: 'major', why: 'a test says so.' });
    const after = resolvable(before, COARSE, settings);
    expect(after).toMatchObject({
      id: before.id,
      signal: SIGNAL,
      severity: 'major',
      provenance: before.provenance,
      flags: ['coarse_buckets'],
    });
    expect(after.why).toBe(
      'a test says so. p95 latency within 10 % is watched as the share over 250 ms, at most ×1.31, because the buckets are 2.5× wide there.',
    );
  });

  test.each<{ title: string; line: Line; becomes: Line }>([
    {
      title: 'a band keeps a floor: the share that so many milliseconds would add',
      line: { compare: 'band', times: 1.1, floor: 10 },
      becomes: {
        compare: 'band',
        times: shareOver250(1.1) / 0.04,
        floor: shareOver250(250 / 240) - 0.04,
      },
    },
    {
      title: 'a difference in milliseconds becomes one in points',
      line: { compare: 'difference', by: 50 },
      becomes: { compare: 'difference', by: shareOver250(250 / 200) - 0.04 },
    },
  ])('$title', ({ line, becomes }) => {
    // The hold line makes it coarse; the rollback line is the one translated here.
    const { rollback } = resolved({ hold: { compare: 'ratio', times: 1.05 }, rollback: line });
    expect(rollback?.compare).toBe(becomes.compare);
    for (const [key, value] of Object.entries(becomes)) {
      if (typeof value === 'number') expect(Object(rollback)[key]).toBeCloseTo(value, 3);
    }
  });

  test('takes the edge below where nothing at all was seen beyond the one above', () => {
    const traffic = reading({ [SIGNAL]: durations(10_000, BOUNDS, [0.3, 0.3, 0.24, 0.16, 0, 0]) });
    expect(resolvable(p95(), traffic, settings).measure).toMatchObject({ kind: 'share_over', edgeMs: 100 });
  });

  test.each<{ title: string; watched: Check; stat: ReturnType<typeof durations> }>([
    {
      title: 'the buckets are fine enough',
      watched: p95({ hold: { compare: 'ratio', times: 1.25 } }),
      stat: fineDurations(10_000),
    },
    {
      title: 'the quantile lies in the overflow',
      watched: p95(),
      stat: durations(10_000, BOUNDS, [0.3, 0.3, 0.2, 0.1, 0.02, 0.08]),
    },
    {
      title: 'a line is a fixed limit',
      watched: p95({ rollback: { compare: 'absolute', at: 300 } }),
      stat: durations(10_000, BOUNDS, [0.3, 0.3, 0.24, 0.12, 0.03, 0.01]),
    },
  ])('stays as it is where $title', ({ watched, stat }) => {
    expect(resolvable(watched, reading({ [SIGNAL]: stat }), settings)).toBe(watched);
  });
});

describe('preflight', () => {
  const ladder = ladderOf(15 * MINUTE);

  test('clears the fitted plan, and says of the unfitted one that its buckets are too wide', () => {
    const plan = planOf({ ladder, checks: [p95()] });
    const unfitted = preflight(plan, COARSE).stages[0];
    expect(unfitted).toMatchObject({ neededMs: null, isTooCoarse: true, verdict: 'not_clearable' });
    const fitted = fitToTraffic(plan, COARSE);
    expect(fitted.checks[0]?.measure.kind).toBe('share_over');
    expect(preflight(fitted, COARSE)).toMatchObject({ isClearable: true });
  });

  test('says so of a quantile in the overflow, which nothing can stand for', () => {
    const traffic = reading({ [SIGNAL]: durations(10_000, BOUNDS, [0.3, 0.3, 0.2, 0.1, 0.02, 0.08]) });
    const plan = fitToTraffic(planOf({ ladder, checks: [p95()] }), traffic);
    expect(preflight(plan, traffic)).toMatchObject({
      isClearable: false,
      workable: null,
      advice: [
        { kind: 'never', checkId: SIGNAL },
        { kind: 'widen', upToPercent: 25 },
      ],
    });
    expect(preflight(plan, traffic).stages[0]?.isTooCoarse).toBe(true);
  });
});

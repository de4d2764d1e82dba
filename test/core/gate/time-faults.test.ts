import { describe, expect, test } from 'vitest';
import type { Sample } from '../../../src/core/gate/sample.ts';
import type { ShareState } from '../../../src/core/gate/share-state.ts';
import { ERROR_RATE, P95 } from '../../support/rollout-rig.ts';
import { endlessPlan, findingsOf, type GateRun, gateRun, lastOf } from './gate-run.ts';
import { NOW, sample, TICK_MS } from './looks.ts';

const PLAN = endlessPlan({ checks: [ERROR_RATE] });
const LOOKS = 8;
const STALE_MS = PLAN.settings.staleMs;

type Span = readonly [from: number, to: number];
/** Healthy counts of a thousand units, over these times. */
const read = (canary: Span, stable: Span = canary): readonly Sample[] => [
  {
    ...sample(ERROR_RATE.signal, 'canary', { kind: 'share', n: 1_000, x: 2 }),
    from: canary[0],
    to: canary[1],
  },
  {
    ...sample(ERROR_RATE.signal, 'stable', { kind: 'share', n: 9_000, x: 18 }),
    from: stable[0],
    to: stable[1],
  },
];
/** The look after `LOOKS` healthy ones is made at this time. */
const AT = NOW + (LOOKS + 1) * TICK_MS;
const healthy = Array.from({ length: LOOKS }, (_, look) =>
  read([NOW + look * TICK_MS, NOW + (look + 1) * TICK_MS]),
);
const following = (...windows: readonly (readonly Sample[])[]): GateRun =>
  gateRun(PLAN, [...healthy, ...windows], { isPlaced: true });
const shareOf = ({ state }: GateRun): ShareState => {
  const remembered = state.gate[ERROR_RATE.id];
  if (remembered?.kind !== 'share') throw new Error('no share');
  return remembered;
};
const before = gateRun(PLAN, healthy, { isPlaced: true });

/** Each fault as the look at this time meets it. */
const FAULTS: readonly {
  readonly title: string;
  readonly window: (at: number) => readonly Sample[];
  readonly says: string;
}[] = [
  {
    title: 'ends in the future',
    window: (at) => read([at - TICK_MS, at + STALE_MS + 1]),
    says: `the reading ends ${STALE_MS + 1} ms after the look`,
  },
  {
    title: 'ends an hour ahead',
    window: (at) => read([at - TICK_MS, at + 3_600_000]),
    says: 'the reading ends 3600000 ms after the look',
  },
  {
    title: 'has sides that end at different times',
    window: (at) => read([at - TICK_MS, at], [at - TICK_MS, at - 1]),
    says: 'the two sides were read over different times',
  },
  {
    title: 'has sides that begin at different times',
    window: (at) => read([at - TICK_MS, at], [at - 2 * TICK_MS, at]),
    says: 'the two sides were read over different times',
  },
  {
    title: 'runs backwards',
    window: (at) => read([at, at - 500]),
    says: 'the reading covers time that was counted before',
  },
  {
    title: 'reaches back over time that was counted',
    window: (at) => read([AT - TICK_MS - 1, at]),
    says: 'the reading covers time that was counted before',
  },
  {
    title: 'is the last one again',
    window: () => read([AT - 2 * TICK_MS, AT - TICK_MS]),
    says: 'the reading covers time that was counted before',
  },
];

describe('a reading whose time cannot be right', () => {
  test.each(FAULTS)('because it $title is no data, and says so', ({ window, says }) => {
    const found = lastOf(findingsOf(following(window(AT)), ERROR_RATE.id));
    expect(found).toMatchObject({ outcome: 'no_data', reason: 'unreadable' });
    expect(found.blind).toMatchObject({ why: 'clock_skew', detail: `http.error_rate: ${says}` });
  });

  test.each(FAULTS)('because it $title counts for nothing, and nothing counts twice', ({ window }) => {
    const [now, then] = [shareOf(following(window(AT))), shareOf(before)];
    expect(now.rollout).toEqual(then.rollout);
    expect(now.stage).toEqual(then.stage);
    expect([now.harm, now.wide, now.tight]).toEqual([then.harm, then.wide, then.tight]);
    expect(now.intervals).toBe(then.intervals);
  });

  test.each(FAULTS)(
    'because it $title holds once that lasts as long as a reading stays fresh',
    ({ window }) => {
      const lasting = [0, 1, 2, 3].map((look) => window(AT + look * TICK_MS));
      const reasons = following(...lasting)
        .decisions.slice(-4)
        .map(({ reason }) => reason);
      expect(reasons[0]).not.toBe('telemetry_blind');
      expect(reasons.slice(2)).toEqual(['telemetry_blind', 'telemetry_blind']);
    },
  );

  test.each(FAULTS)('because it $title is forgotten at the next good one', ({ window }) => {
    const good = read([AT, AT + TICK_MS]);
    const run = following(window(AT), good);
    expect(lastOf(findingsOf(run, ERROR_RATE.id))).toMatchObject({ reason: 'within_lines', blind: null });
    expect(shareOf(run).rollout.canary.n).toBe((LOOKS + 1) * 1_000);
  });
});

describe('a reading', () => {
  test('that ends a little after the look, within what stays fresh, is one', () => {
    const run = following(read([AT - TICK_MS, AT + STALE_MS]));
    expect(lastOf(findingsOf(run, ERROR_RATE.id)).blind).toBeNull();
  });

  test('that leaves a gap behind the last one is one: nothing in it was counted before', () => {
    const run = following(read([AT - 500, AT]));
    expect(lastOf(findingsOf(run, ERROR_RATE.id)).blind).toBeNull();
  });

  test('of another signal at a wrong time leaves this one alone', () => {
    const both = endlessPlan({ checks: [ERROR_RATE, P95] });
    const wrong = read([AT - 2 * TICK_MS, AT]).map((s) => ({ ...s, signal: P95.signal, stat: null }));
    const run = gateRun(both, [...healthy, [...read([AT - TICK_MS, AT]), ...wrong]], { isPlaced: true });
    expect(lastOf(findingsOf(run, ERROR_RATE.id)).blind).toBeNull();
  });
});

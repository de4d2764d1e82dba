import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ACCEPTED_EFFECTS,
  formatChange,
  readChange,
  type WorldChange,
} from '../../src/simulate/effect-text.ts';
import type { Effect } from '../../src/simulate/world.ts';

const MINUTE = 60_000;
const LATENCY = 'http.latency_p95';

function changeOf(text: string): WorldChange {
  const reading = readChange(text);
  if (reading.kind === 'unreadable') throw new Error(reading.why);
  return reading.change;
}

describe('an effect is read as it is written', () => {
  test.each<[string, Effect]>([
    ['+2 points', { kind: 'step', by: 0.02 }],
    ['+0.7 points', { kind: 'step', by: 0.007 }],
    ['+2 points from 38m', { kind: 'step', by: 0.02, fromMs: 38 * MINUTE }],
    ['+3 points from 25%', { kind: 'step', by: 0.03, fromPercent: 25 }],
    [
      '-5 points of cache.hit_ratio from 25% from 5m for 90s',
      {
        kind: 'step',
        by: -0.05,
        signal: 'cache.hit_ratio',
        fromPercent: 25,
        fromMs: 5 * MINUTE,
        forMs: 90_000,
      },
    ],
    ['drift 0.1 points per minute from 12m', { kind: 'drift', perMinute: 0.001, fromMs: 12 * MINUTE }],
    ['load +3 points', { kind: 'load', atFull: 0.03 }],
    ['p99 x1.2', { kind: 'stretch', signal: LATENCY, times: 1.2, above: 0.98 }],
    ['p50 ×2', { kind: 'stretch', signal: LATENCY, times: 2 }],
    ['latency x2 above p90', { kind: 'stretch', signal: LATENCY, times: 2, above: 0.9 }],
    ['queue.depth x1.5', { kind: 'stretch', signal: 'queue.depth', times: 1.5 }],
    ['incident x6 at 20m for 8m', { kind: 'incident', times: 6, fromMs: 20 * MINUTE, forMs: 8 * MINUTE }],
    ['dead at 10m', { kind: 'dead', fromMs: 10 * MINUTE }],
    ['one bad pod 50%', { kind: 'bad_pod', errorRate: 0.5 }],
    ['bursts +5 points every 10m for 1m', { kind: 'bursts', by: 0.05, everyMs: 10 * MINUTE, lastMs: MINUTE }],
    ['crash loop at 5m', { kind: 'crash_loop', fromMs: 5 * MINUTE }],
    ['misassigned x3', { kind: 'misassigned', times: 3 }],
    [
      'telemetry unreachable at 10m for 5m',
      { kind: 'telemetry_fault', why: 'unreachable', fromMs: 10 * MINUTE, forMs: 5 * MINUTE },
    ],
    ['telemetry not metrics', { kind: 'telemetry_fault', why: 'not_metrics' }],
  ])('%s', (text, effect) => {
    expect(changeOf(text)).toEqual({ kind: 'effect', effect });
  });

  test('nothing at all, and parts of the traffic that differ', () => {
    expect(changeOf(' none ')).toEqual({ kind: 'none' });
    expect(changeOf('segment mix mobile 60%/30% x3, web 40%/70% x1')).toEqual({
      kind: 'segments',
      segments: [
        { name: 'mobile', canaryShare: 0.6, stableShare: 0.3, times: 3 },
        { name: 'web', canaryShare: 0.4, stableShare: 0.7, times: 1 },
      ],
    });
  });
});

/** As many decimals as people may write. */
const decimal = (least: number, most: number) =>
  fc.integer({ min: least * 1e4, max: most * 1e4 }).map((value) => value / 1e4);
const fraction = fc.integer({ min: 1, max: 1_000_000 }).map((value) => value / 1_000_000);
const time = fc.integer({ min: 0, max: 100_000 }).map((seconds) => seconds * 1_000);
const span = fc.record({ fromMs: time, forMs: time.map((ms) => ms + 1_000) }, { requiredKeys: [] });
const exposed = fc.record({ fromPercent: decimal(0.01, 100) }, { requiredKeys: [] });
const signal = fc.record({ signal: fc.constantFrom('cache.hit_ratio', 'custom:a-b') }, { requiredKeys: [] });
const times = fc.record({ times: decimal(0.01, 40) });
const by = fc.tuple(fraction, fc.boolean()).map(([size, isMore]) => ({ by: isMore ? size : -size }));
const kind = <Kind extends string>(name: Kind) => fc.constant({ kind: name });

const effects = fc
  .oneof(
    fc.tuple(kind('step'), by, signal, exposed, span),
    fc.tuple(
      kind('drift'),
      by.map((size) => ({ perMinute: size.by })),
      signal,
      span,
    ),
    fc.tuple(
      kind('load'),
      by.map((size) => ({ atFull: size.by })),
      signal,
      span,
    ),
    fc.tuple(
      kind('stretch'),
      fc.record({ signal: fc.constantFrom(LATENCY, 'db.pool_saturation') }),
      times,
      fc.record({ above: decimal(0.01, 0.99) }, { requiredKeys: [] }),
      exposed,
      span,
    ),
    fc.tuple(kind('incident'), times, span),
    fc.tuple(kind('dead'), exposed, span),
    fc.tuple(kind('crash_loop'), span),
    fc.tuple(kind('misassigned'), times, span),
    fc.tuple(
      kind('bad_pod'),
      fraction.map((errorRate) => ({ errorRate })),
      span,
    ),
    fc.tuple(
      kind('bursts'),
      by,
      time.map((ms) => ({ everyMs: ms + 120_000, lastMs: 60_000 })),
      fc.record({ fromMs: time }, { requiredKeys: [] }),
    ),
    fc.tuple(
      kind('telemetry_fault'),
      fc.record({
        why: fc.constantFrom(
          'unreachable',
          'timeout',
          'not_metrics',
          'metric_missing',
          'non_finite',
          'partial',
        ),
      }),
      span,
    ),
  )
  .map((parts) => Object.assign({}, ...parts) as Effect);

test('whatever can be made is written so that it reads back the same', () => {
  fc.assert(
    fc.property(effects, (effect) => {
      const change: WorldChange = { kind: 'effect', effect };
      expect(changeOf(formatChange(change))).toEqual(change);
    }),
    { numRuns: 400 },
  );
});

test('a segment mix is written so that it reads back the same', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 99 }),
      fc.integer({ min: 1, max: 99 }),
      decimal(0.1, 9),
      (a, b, t) => {
        const text = `segment mix app ${a}%/${b}% x${t}, web ${100 - a}%/${100 - b}% x1`;
        expect(formatChange(changeOf(text))).toBe(text);
      },
    ),
  );
});

describe('what is no effect is refused with all that is accepted', () => {
  test.each([
    ['', 'begins like no effect'],
    ['2 pints', 'begins like no effect'],
    ['+2 points sometimes', '"sometimes" is left over'],
    ['+2 points from soon', '"soon" is no time'],
    ['+2 points from 0%', '"0%" is no exposure'],
    ['+2 points for 0s', '"0s" is no time'],
    ['+2 points from 5m from 6m', 'comes after another "from"'],
    ['+200 points', 'out of bounds'],
    ['+0 points', 'out of bounds'],
    ['incident x0', 'out of bounds'],
    ['incident x6 from 25%', 'does not go with it'],
    ['bursts +5 points every 1m for 2m', 'out of bounds'],
    ['p100 x2', 'out of bounds'],
    ['speed x2', 'out of bounds'],
    ['deadly', 'begins like no effect'],
    ['one bad pod 150%', 'out of bounds'],
    ['segment mix mobile 60%/30% x3', 'add up to 60%'],
    ['segment mix a 50%/50% x1, a 50%/50% x1', '"a" comes twice'],
    ['segment mix everything', '"everything" is no segment'],
  ])('%s', (text, why) => {
    const reading = readChange(text);
    expect(reading).toMatchObject({ kind: 'unreadable', why: expect.stringContaining(why) });
    for (const form of ACCEPTED_EFFECTS)
      expect(reading).toMatchObject({ why: expect.stringContaining(form) });
  });

  test('any text either reads, and then survives being written, or is refused', () => {
    const words = fc.constantFrom(
      ...[
        '+2',
        '0.5',
        'points',
        'point',
        'from',
        'at',
        'for',
        '5m',
        '25%',
        'x2',
        'dead',
        'drift',
        'per',
        'minute',
      ],
      ...[
        'incident',
        'latency',
        'above',
        'p90',
        'of',
        'cache.hit_ratio',
        'every',
        'bursts',
        'none',
        'telemetry',
      ],
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 8 }), (list) => {
        const reading = readChange(list.join(' '));
        if (reading.kind === 'unreadable') expect(reading.why).toContain('Accepted are:');
        else expect(changeOf(formatChange(reading.change))).toEqual(reading.change);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('every accepted form reads when its brackets are left out and when they are filled in', () => {
  for (const form of ACCEPTED_EFFECTS) {
    const plain = form.replaceAll('SIGNAL', 'queue.depth').split('|')[0] ?? '';
    const bare = plain.replaceAll(/ \[[^\]]*\]/g, '');
    expect(readChange(bare), bare).toMatchObject({ kind: 'read' });
    const full = plain.replaceAll(/[[\]]/g, '');
    expect(readChange(full), full).toMatchObject({ kind: 'read' });
  }
});

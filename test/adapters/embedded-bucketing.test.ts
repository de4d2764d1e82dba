import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EMPTY_DOCUMENT } from '../../src/adapters/embedded/flag-document.ts';
import { type CompiledFlags, compileFlags } from '../../src/adapters/embedded/flag-evaluator.ts';
import { flagFor, readFlag, storable } from '../../src/adapters/embedded/flag-layout.ts';
import { sha256 } from '../../src/ports/digest.ts';
import type { DesiredExposure } from '../../src/ports/exposure.ts';
import { share } from './embedded-store.ts';

const RE_DRAWN =
  'flagd-core draws users differently from murmur3-v2: do not ship this, it moves nearly every user mid-rollout';

interface Row {
  readonly flagKey: string;
  readonly targetingKey: string;
  readonly percent: number;
  readonly weights: readonly (readonly [string, number])[];
  readonly bucket: number;
  readonly variant: string;
}

const rows: readonly Row[] = JSON.parse(readFileSync('fixtures/flags/murmur3-v2-vectors.json', 'utf8'));

/**
 * MurmurHash3 x86_32, seed 0, over bytes: Austin Appleby's description, written without looking at the
 * library.
 */
function murmur3(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const mix = (k: number) => Math.imul(rotate(Math.imul(k, 0xcc9e2d51), 15), 0x1b873593);
  const whole = bytes.length - (bytes.length % 4);
  let hash = 0;
  for (let at = 0; at < whole; at += 4) {
    hash = Math.imul(rotate(hash ^ mix(view.getUint32(at, true)), 13), 5) + 0xe6546b64;
  }
  let tail = 0;
  for (let at = bytes.length - 1; at >= whole; at -= 1) tail = (tail << 8) | view.getUint8(at);
  if (bytes.length > whole) hash ^= mix(tail);
  hash ^= bytes.length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

function bucketOf({ flagKey, targetingKey }: Pick<Row, 'flagKey' | 'targetingKey'>): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is defined by its control characters too
  const key = /^[\x00-\x7f]*$/.test(targetingKey) ? targetingKey : sha256(targetingKey);
  return Math.floor((murmur3(new TextEncoder().encode(flagKey + key)) * 100_000) / 2 ** 32);
}

function variantAt(weights: Row['weights'], bucket: number): string | undefined {
  let end = 0;
  return weights.find(([, weight]) => {
    end += weight;
    return end > bucket;
  })?.[0];
}

function compiled(flagKey: string, exposure: DesiredExposure): CompiledFlags {
  const flag = flagFor({ exposure, stamp: null, superseded: [], writtenAt: 0 });
  return compileFlags({ ...EMPTY_DOCUMENT, flags: { [flagKey]: flag } }, 'test');
}

function variant(flags: CompiledFlags, targetingKey: string, flagKey = 'f'): string {
  const evaluation = flags.evaluate(flagKey, { targetingKey });
  return evaluation.kind === 'value' ? evaluation.variant : evaluation.errorCode;
}

describe('the bucketing tripwire', () => {
  test('the independent murmur3 reproduces the published hashes', () => {
    const hash = (text: string) => murmur3(new TextEncoder().encode(text));
    expect(hash('')).toBe(0);
    expect(hash('hello')).toBe(0x248bfa47);
    expect(hash('hello, world')).toBe(0x149bbb7f);
    expect(hash('The quick brown fox jumps over the lazy dog')).toBe(0x2e4ff723);
  });

  test('has at least 25 rows, with every variant and the edge of every segment', () => {
    expect(rows.length).toBeGreaterThanOrEqual(25);
    expect(new Set(rows.map((row) => row.variant))).toEqual(new Set(['on', 'off', 'control']));
    const edges = rows.filter((row) => row.percent === 5).map((row) => row.bucket);
    expect(edges).toEqual(expect.arrayContaining([0, 4_999, 5_000, 49_999, 50_000, 54_999, 55_000, 99_999]));
  });

  test.each(rows)('$flagKey + $targetingKey at $percent % is $variant', (row) => {
    expect(bucketOf(row)).toBe(row.bucket);
    expect(variantAt(row.weights, row.bucket)).toBe(row.variant);
    const flag = flagFor({ exposure: share(row.percent), stamp: null, superseded: [], writtenAt: 0 });
    expect(flag.targeting).toEqual({ fractional: row.weights });
    const evaluation = compiled(row.flagKey, share(row.percent)).evaluate(row.flagKey, {
      targetingKey: row.targetingKey,
    });
    expect(evaluation, RE_DRAWN).toMatchObject({ kind: 'value', variant: row.variant, reason: 'SPLIT' });
  });

  test('agrees with the independent murmur3 on any key', () => {
    const flags = compiled('f', share(23.4));
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (targetingKey) => {
        const bucket = bucketOf({ flagKey: 'f', targetingKey });
        const weights = [
          ['on', 23_400],
          ['off', 26_600],
          ['control', 23_400],
          ['off', 26_600],
        ] as const;
        expect(variant(flags, targetingKey), RE_DRAWN).toBe(variantAt(weights, bucket));
      }),
      { numRuns: 400 },
    );
  });
});

const anyKey = fc.oneof(
  fc.uuid(),
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }),
);
const anyPercent = fc.integer({ min: 1, max: 100_000 }).map((weight) => weight / 1_000);
const anyLadder = fc
  .uniqueArray(anyPercent, { minLength: 2, maxLength: 8 })
  .map((rungs) => rungs.sort((a, b) => a - b));

describe('a share of users', () => {
  test('is sticky: the same key has the same answer each time', () => {
    fc.assert(
      fc.property(anyKey, anyPercent, (key, percent) => {
        const flags = compiled('f', share(percent));
        expect(variant(flags, key)).toBe(variant(compiled('f', share(percent)), key));
        expect(variant(flags, key)).toBe(variant(flags, key));
      }),
    );
  });

  test('is monotone: growing it never loses a user, and nobody crosses between the canary and its control', () => {
    fc.assert(
      fc.property(anyLadder, fc.array(anyKey, { minLength: 20, maxLength: 60 }), (ladder, keys) => {
        const rungs = ladder.map((percent) => ({ percent, flags: compiled('f', share(percent)) }));
        for (const key of keys) {
          const path = rungs.map(({ percent, flags }) => ({ percent, variant: variant(flags, key) }));
          const exposed = path.map((step) => step.variant === 'on');
          expect(exposed, 'a user lost the change as it grew').toEqual([...exposed].sort());
          const withControl = path.filter((step) => step.percent <= 50).map((step) => step.variant);
          expect(withControl.includes('on') && withControl.includes('control'), 'a user crossed').toBe(false);
        }
      }),
      { numRuns: 200 },
    );
  });

  test.each([1, 5, 25, 50])('has a concurrent control of its own size at %d %%', (percent) => {
    const flags = compiled('f', share(percent));
    const users = 40_000;
    const counts = new Map<string, number>();
    for (let user = 0; user < users; user += 1) {
      const name = variant(flags, `user-${user}`);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const expected = (users * percent) / 100;
    // Four standard deviations of a fair draw: about one failure in 16,000 for a hash that is fair, and this
    // one is fixed.
    const tolerance = 4 * Math.sqrt(expected * (1 - percent / 100));
    expect(Math.abs((counts.get('on') ?? 0) - expected)).toBeLessThanOrEqual(tolerance);
    expect(Math.abs((counts.get('control') ?? 0) - expected)).toBeLessThanOrEqual(tolerance);
  });

  test('is exactly nobody at 0 % and exactly everybody at 100 %', () => {
    const nobody = compiled('f', share(0));
    const everybody = compiled('f', share(100));
    fc.assert(
      fc.property(anyKey, (key) => {
        expect(nobody.evaluate('f', { targetingKey: key })).toMatchObject({ value: false, reason: 'STATIC' });
        expect(everybody.evaluate('f', { targetingKey: key })).toMatchObject({
          value: true,
          reason: 'SPLIT',
        });
      }),
      { numRuns: 120 },
    );
  });

  test('reads back from the flag as it was written, to the finest step', () => {
    fc.assert(
      fc.property(
        fc.option(anyPercent, { nil: 0 }),
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 3 }),
        (percent, audiences) => {
          const exposure = storable({ percent, audiences });
          const flag = flagFor({ exposure, stamp: null, superseded: [], writtenAt: 0 });
          expect(readFlag(flag)).toEqual({ kind: 'known', exposure, isDisabled: false });
          expect(exposure.percent).toBe(percent);
        },
      ),
    );
  });
});

describe('the layout', () => {
  test('has four segments up to half of all users, and two above', () => {
    const targeting = (percent: number) =>
      flagFor({ exposure: share(percent), stamp: null, superseded: [], writtenAt: 0 }).targeting;
    expect(targeting(0)).toBeUndefined();
    expect(targeting(0.1)).toEqual({
      fractional: [
        ['on', 100],
        ['off', 49_900],
        ['control', 100],
        ['off', 49_900],
      ],
    });
    expect(targeting(50)).toEqual({
      fractional: [
        ['on', 50_000],
        ['off', 0],
        ['control', 50_000],
        ['off', 0],
      ],
    });
    expect(targeting(50.001)).toEqual({
      fractional: [
        ['on', 50_001],
        ['off', 49_999],
      ],
    });
    expect(targeting(100)).toEqual({
      fractional: [
        ['on', 100_000],
        ['off', 0],
      ],
    });
  });

  test('exposes an audience by name whatever its bucket, with or without a key', () => {
    const flags = compiled('f', { percent: 1, audiences: ['internal', 'beta'] });
    const insider = flags.evaluate('f', { audience: 'internal' });
    expect(insider).toEqual({ kind: 'value', value: true, variant: 'on', reason: 'TARGETING_MATCH' });
    const outsider = flags.evaluate('f', { audience: 'public', targetingKey: 'user-1' });
    expect(outsider).toMatchObject({ value: false, reason: 'SPLIT' });
  });

  test('exposes an audience alone at 0 %', () => {
    const flags = compiled('f', { percent: 0, audiences: ['internal'] });
    expect(flags.evaluate('f', { audience: 'internal' })).toMatchObject({
      value: true,
      reason: 'TARGETING_MATCH',
    });
    expect(flags.evaluate('f', { targetingKey: 'user-1' })).toMatchObject({ value: false, variant: 'off' });
    expect(flags.evaluate('f', {})).toMatchObject({ value: false, variant: 'off' });
  });

  test.each([{}, { targetingKey: '' }])('asks for a targeting key where the share decides: %j', (context) => {
    const evaluation = compiled('f', share(50)).evaluate('f', context);
    expect(evaluation).toMatchObject({ kind: 'error', errorCode: 'TARGETING_KEY_MISSING' });
  });

  test('refuses a targeting key that is not a string', () => {
    const evaluation = compiled('f', share(50)).evaluate('f', { targetingKey: 7 });
    expect(evaluation).toMatchObject({ kind: 'error', errorCode: 'INVALID_CONTEXT' });
  });
});

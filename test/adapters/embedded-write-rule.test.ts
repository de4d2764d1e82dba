import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ExposureBackend } from '../../src/ports/exposure.ts';
import { openStoreWith, share, stamp } from './embedded-store.ts';

const nobody = share(0);

describe('a write to a flag that another rollout holds', () => {
  test('may raise a flag nobody has stamped, or one at its end', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    expect(await flag.set(share(5), stamp('a', 1))).toBe('ok');
    expect(await flag.set(nobody, stamp('a', 2))).toBe('ok');
    expect(await flag.set(share(10), stamp('b', 1))).toBe('ok');
    expect(await flag.read()).toMatchObject({ percent: 10, writtenBy: stamp('b', 1) });
  });

  test('may not raise a flag in flight', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(5), stamp('a', 1));
    expect(await flag.set(share(10), stamp('b', 99, 99))).toBe('stale');
    expect(await flag.set({ percent: 5, audiences: ['internal'] }, stamp('b', 99, 99))).toBe('stale');
    expect(await flag.read()).toMatchObject({ percent: 5, audiences: [], writtenBy: stamp('a', 1) });
  });

  test('may always lower, and so takes the flag: the other one is told instead of fighting', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(50), stamp('a', 1));
    expect(await flag.set(nobody, stamp('b', 1))).toBe('ok');
    expect(await flag.set(share(50), stamp('a', 1))).toBe('stale');
    expect(await flag.read()).toMatchObject({ percent: 0, writtenBy: stamp('b', 1) });
  });

  test('late from an overtaken rollout cannot undo the newer one’s kill, whatever its stamp', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(100), stamp('older', 5));
    await flag.set(share(10), stamp('newer', 1));
    await flag.set(nobody, stamp('newer', 2));
    expect(await flag.set(share(100), stamp('older', 9_999, 9_999))).toBe('stale');
    expect(await flag.set(nobody, stamp('older', 9_999, 9_999))).toBe('stale');
    expect(await flag.read()).toMatchObject({ percent: 0, writtenBy: stamp('newer', 2) });
  });

  test('from an overtaken rollout still lowers, and gives it nothing back', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(100), stamp('older', 5));
    await flag.set(share(10), stamp('newer', 1));
    expect(await flag.set(nobody, stamp('older', 6))).toBe('ok');
    expect(await flag.set(nobody, stamp('older', 6))).toBe('ok');
    expect(await flag.set(share(1), stamp('older', 7))).toBe('stale');
    expect(await flag.set(share(10), stamp('newer', 2))).toBe('stale');
    expect(await flag.set(share(1), stamp('third', 1))).toBe('ok');
  });

  test('never raises again for a rollout that lost the flag, in any order of writes', async () => {
    const anyWrite = fc.record({
      rolloutId: fc.constantFrom('a', 'b', 'c'),
      seq: fc.integer({ min: 1, max: 5 }),
      fence: fc.integer({ min: 1, max: 3 }),
      percent: fc.constantFrom(0, 0, 1, 10, 50, 100),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(anyWrite, { maxLength: 25 }), async (writes) => {
        await using opened = await openStoreWith('f');
        const flag = opened.store.backend('f');
        const overtaken = new Set<string>();
        for (const { percent, ...by } of writes) await checkWrite(flag, overtaken, percent, by);
      }),
      { numRuns: 60 },
    );
  });
});

async function checkWrite(
  flag: ExposureBackend,
  overtaken: Set<string>,
  percent: number,
  by: { readonly rolloutId: string; readonly seq: number; readonly fence: number },
): Promise<void> {
  const before = await flag.read();
  const outcome = await flag.set(share(percent), by);
  const after = await flag.read();
  if (outcome === 'stale') expect(after).toEqual(before);
  else expect(after).toMatchObject({ percent, writtenBy: by });
  if (after.percent > before.percent) {
    expect(overtaken.has(by.rolloutId), 'an overtaken rollout raised').toBe(false);
    if (before.writtenBy !== null && before.writtenBy.rolloutId !== by.rolloutId) {
      expect([0, 100]).toContain(before.percent);
    }
  }
  const holder = before.writtenBy?.rolloutId;
  if (outcome === 'ok' && holder !== undefined && holder !== by.rolloutId) overtaken.add(holder);
}

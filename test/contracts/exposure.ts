import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ExposureBackend, ExposureUnavailable, type WriteStamp } from '../../src/ports/exposure.ts';

export interface OpenedBackend {
  /** One flag or route, fresh: it exposes nobody and nobody has stamped it. */
  readonly backend: ExposureBackend;
  close(): Promise<void>;
}

/** What every exposure backend owes the engine. `open` gives a fresh one for each test. */
export function describeExposureBackend(name: string, open: () => Promise<OpenedBackend>): void {
  describe(`the exposure backend ${name}`, () => {
    let opened: OpenedBackend;
    let backend: ExposureBackend;
    beforeEach(async () => {
      opened = await open();
      backend = opened.backend;
    });
    afterEach(async () => {
      await opened.close();
    });

    test('exposes nobody at first and says that no write of ours made it so', async () => {
      expect(await backend.read()).toMatchObject({ percent: 0, audiences: [], writtenBy: null });
    });

    test('makes true what it is told and reads it back with the stamp', async () => {
      expect(await backend.set(share(10), stamp(1))).toBe('ok');
      expect(await backend.read()).toMatchObject({ percent: 10, audiences: [], writtenBy: stamp(1) });
      expect(await backend.set(share(100), stamp(2))).toBe('ok');
      expect(await backend.read()).toMatchObject({ percent: 100, writtenBy: stamp(2) });
    });

    test('changes nothing when a write is repeated', async () => {
      await backend.set(share(10), stamp(1));
      const before = await backend.read();
      expect(await backend.set(share(10), stamp(1))).toBe('ok');
      expect(await backend.read()).toEqual(before);
    });

    test('gives each write its own revision', async () => {
      const revisions = [(await backend.read()).revision];
      for (const [index, percent] of [5, 10, 5, 0].entries()) {
        await backend.set(share(percent), stamp(index + 1));
        revisions.push((await backend.read()).revision);
      }
      expect(new Set(revisions).size).toBe(5);
    });

    test('reads back its finest step', async () => {
      const percent = backend.capabilities.minStepPercent;
      await backend.set(share(percent), stamp(1));
      expect((await backend.read()).percent).toBeCloseTo(percent, 9);
    });

    test('holds audiences beside a share, and without one', async (context) => {
      if (!backend.capabilities.kinds.includes('audience')) return context.skip('has no audiences');
      await backend.set({ percent: 0, audiences: ['internal'] }, stamp(1));
      expect(await backend.read()).toMatchObject({ percent: 0, audiences: ['internal'] });
      await backend.set({ percent: 5, audiences: ['beta', 'internal'] }, stamp(2));
      expect(await backend.read()).toMatchObject({ percent: 5, audiences: ['beta', 'internal'] });
    });

    test('lowers to nothing at once from any exposure', async () => {
      await backend.set(share(75), stamp(1));
      expect(await backend.set(share(0), stamp(2))).toBe('ok');
      expect(await backend.read()).toMatchObject({ percent: 0, audiences: [] });
    });

    test('proves its kill switch without changing anything', async () => {
      await backend.set(share(25), stamp(1));
      const before = await backend.read();
      expect(await backend.proveKillSwitch()).toEqual({ kind: 'ready' });
      expect(await backend.read()).toEqual(before);
    });

    test.for([-1, 100.5, Number.NaN, Number.POSITIVE_INFINITY])(
      'refuses %d percent and leaves what is in force',
      async (percent) => {
        await backend.set(share(25), stamp(1));
        const before = await backend.read();
        await expect(backend.set(share(percent), stamp(2))).rejects.toThrow(ExposureUnavailable);
        expect(await backend.read()).toEqual(before);
      },
    );

    test('refuses a stamp older than the one it holds, by fence first and then by log position', async (context) => {
      if (!backend.capabilities.checksFence) return context.skip('checks no fence');
      await backend.set(share(25), stamp(7, 3));
      expect(await backend.set(share(50), stamp(6, 3))).toBe('stale');
      expect(await backend.set(share(0), stamp(9, 2))).toBe('stale');
      expect(await backend.read()).toMatchObject({ percent: 25, writtenBy: stamp(7, 3) });
      expect(await backend.set(share(10), stamp(1, 4))).toBe('ok');
    });
  });
}

function share(percent: number) {
  return { percent, audiences: [] };
}

function stamp(seq: number, fence = 1): WriteStamp {
  return { rolloutId: 'r-1', seq, fence };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FlagStore, openFlagStore } from '../../src/adapters/embedded/flag-set.ts';
import type { Clock } from '../../src/ports/clock.ts';

/** Stands still, so that equal writes give equal bytes. */
export const STILL_CLOCK: Clock = { now: () => 1_700_000_000_000, mono: () => 0, sleep: async () => {} };

export interface OpenStore {
  readonly folder: string;
  readonly path: string;
  readonly store: FlagStore;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A flag store in a folder of its own, with the named flags at 0 %; both are gone at the end of the block.
 */
export async function openStoreWith(...flagKeys: readonly string[]): Promise<OpenStore> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-flags-'));
  const path = join(folder, 'flags.json');
  const store = await openFlagStore({ path, clock: STILL_CLOCK });
  for (const key of flagKeys) await store.ensure(key);
  return {
    folder,
    path,
    store,
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A share of users, no audience. */
export function share(percent: number) {
  return { percent, audiences: [] };
}

export function stamp(rolloutId: string, seq: number, fence = 1) {
  return { rolloutId, seq, fence };
}

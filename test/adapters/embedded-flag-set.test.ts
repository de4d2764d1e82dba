import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MemoryStorage } from '@openfeature/flagd-core';
import { describe, expect, test, vi } from 'vitest';
import { FlagDocumentInvalid } from '../../src/adapters/embedded/flag-document.ts';
import { temporaryFor } from '../../src/adapters/embedded/flag-file.ts';
import { type FlagChange, openFlagStore } from '../../src/adapters/embedded/flag-set.ts';
import { sha256 } from '../../src/ports/digest.ts';
import { ExposureUnavailable } from '../../src/ports/exposure.ts';
import { describeExposureBackend } from '../contracts/exposure.ts';
import { openStoreWith, STILL_CLOCK, share, stamp } from './embedded-store.ts';

describeExposureBackend('embedded', async () => {
  const opened = await openStoreWith('checkout');
  return { backend: opened.store.backend('checkout'), close: () => opened[Symbol.asyncDispose]() };
});

const reopen = (path: string) => openFlagStore({ path, clock: STILL_CLOCK });

describe('the flag file', () => {
  test('is a document flagd takes in strict validation, readable by its owner only', async () => {
    await using opened = await openStoreWith('a', 'b', 'c/with slash');
    await opened.store.backend('a').set({ percent: 5, audiences: ['internal'] }, stamp('r-1', 3, 2));
    const text = await readFile(opened.path, 'utf8');
    const flagd = new MemoryStorage({ error() {}, warn() {}, info() {}, debug() {} });
    flagd.setConfigurations(text, true);
    expect([...flagd.getFlags().keys()]).toEqual(['a', 'b', 'c/with slash']);
    expect((await stat(opened.path)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(text).flags.a).toEqual({
      state: 'ENABLED',
      variants: { on: true, off: false, control: false },
      defaultVariant: 'off',
      targeting: {
        if: [
          { in: [{ var: 'audience' }, ['internal']] },
          'on',
          {
            fractional: [
              ['on', 5_000],
              ['off', 45_000],
              ['control', 5_000],
              ['off', 45_000],
            ],
          },
        ],
      },
      metadata: {
        algorithm: 'murmur3-v2',
        writtenAt: '2023-11-14T22:13:20.000Z',
        rolloutId: 'r-1',
        seq: 3,
        fence: 2,
      },
    });
  });

  test('of a killed flag has no targeting, so flagd and every provider answer false in words', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set({ percent: 50, audiences: ['internal'] }, stamp('r', 1));
    await flag.set(share(0), stamp('r', 2));
    const { f } = JSON.parse(opened.store.document().text).flags;
    expect(f).toMatchObject({ state: 'ENABLED', defaultVariant: 'off' });
    expect(f).not.toHaveProperty('targeting');
    const evaluation = opened.store.evaluate('f', { targetingKey: 'user-1', audience: 'internal' });
    expect(evaluation).toEqual({ kind: 'value', value: false, variant: 'off', reason: 'STATIC' });
  });

  test('gives the same answers and stamps after a restart', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(33.333), stamp('r', 4, 2));
    const before = await opened.store.backend('f').read();
    const again = await reopen(opened.path);
    expect(await again.backend('f').read()).toEqual(before);
    expect(again.document()).toEqual(opened.store.document());
    expect(again.document().digest).toBe(sha256(await readFile(opened.path, 'utf8')));
    await again.close();
  });

  test('keeps what Sluice does not know: other flags, shared rules, the flag set’s metadata', async () => {
    await using opened = await openStoreWith();
    const foreign = {
      $evaluators: { staff: { in: [{ var: 'email' }, ['a@example.org']] } },
      metadata: { team: 'web' },
      flags: {
        theme: {
          state: 'ENABLED',
          variants: { dark: 'dark', light: 'light' },
          defaultVariant: 'light',
          targeting: { if: [{ $ref: 'staff' }, 'dark', 'light'] },
        },
      },
    };
    await writeFile(opened.path, JSON.stringify(foreign));
    const store = await reopen(opened.path);
    await store.ensure('f');
    expect(JSON.parse(await readFile(opened.path, 'utf8'))).toMatchObject(foreign);
    expect(store.evaluate('theme', { email: 'a@example.org' })).toMatchObject({
      value: 'dark',
      reason: 'TARGETING_MATCH',
    });
    await expect(store.backend('theme').read()).rejects.toThrow(/variants are not on\/off\/control/);
    expect(await store.backend('theme').proveKillSwitch()).toMatchObject({ kind: 'refused' });
    await store.close();
  });

  test.each([
    { title: 'is not JSON', text: '{"flags": {' },
    { title: 'has no flags', text: '{"flag": {}}' },
    {
      title: 'has a flag flagd refuses',
      text: '{"flags":{"f":{"state":"MAYBE","variants":{},"defaultVariant":"off"}}}',
    },
    {
      title: 'has a default that is no variant',
      text: '{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"defaultVariant":"off"}}}',
    },
    {
      title: 'has an unknown operator',
      text: '{"flags":{"f":{"state":"ENABLED","variants":{"on":true},"defaultVariant":"on","targeting":{"nope":[1]}}}}',
    },
  ])(
    'that $title is refused at the opening by path and with what to do, and left untouched',
    async ({ text }) => {
      await using opened = await openStoreWith();
      await writeFile(opened.path, text);
      const error = await reopen(opened.path).catch((cause) => cause);
      expect(error).toBeInstanceOf(FlagDocumentInvalid);
      expect(error.message).toContain(opened.path);
      expect(error.message).toContain('Restore it from a copy, or move it away');
      expect(await readFile(opened.path, 'utf8')).toBe(text);
    },
  );

  test('survives a crash between the new text and the rename: the old text stays, the remnant is swept', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(10), stamp('r', 1));
    await writeFile(temporaryFor(opened.path), '{"flags": {"f": {"sta');
    const again = await reopen(opened.path);
    expect(await again.backend('f').read()).toMatchObject({ percent: 10 });
    await again.backend('f').set(share(20), stamp('r', 2));
    expect(await readdir(opened.folder)).toEqual(['flags.json']);
    await again.close();
  });

  test('is never seen half written by a reader beside it', async () => {
    await using opened = await openStoreWith(
      'f',
      ...Array.from({ length: 50 }, (_, index) => `other-${index}`),
    );
    let isWriting = true;
    const reader = (async () => {
      let readings = 0;
      for (; isWriting; readings += 1) JSON.parse(await readFile(opened.path, 'utf8'));
      return readings;
    })();
    for (let seq = 1; seq <= 20; seq += 1) await opened.store.backend('f').set(share(seq), stamp('r', seq));
    isWriting = false;
    expect(await reader).toBeGreaterThan(0);
  });
});

describe('edits by hand', () => {
  test('are taken over when they are sound, and told to listeners', async () => {
    await using opened = await openStoreWith('f');
    const changes: FlagChange[] = [];
    opened.store.onChange((change) => changes.push(change));
    const text = opened.store
      .document()
      .text.replace(
        '"defaultVariant": "off"',
        '"defaultVariant": "off", "targeting": {"fractional": [["on", 100000], ["off", 0]]}',
      );
    await writeFile(opened.path, text);
    expect(await opened.store.backend('f').read()).toMatchObject({ percent: 100, writtenBy: null });
    expect(opened.store.evaluate('f', { targetingKey: 'u' })).toMatchObject({ value: true });
    await vi.waitFor(() => expect(changes).toEqual([{ digest: sha256(text), keys: ['f'] }]));
  });

  test('that flagd would not run stop every raise and no kill; the last sound flags stay in force', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(10), stamp('r', 1));
    await writeFile(opened.path, 'oops');
    await expect(flag.read()).rejects.toThrow(/not a flag set/);
    await expect(flag.set(share(20), stamp('r', 2))).rejects.toThrow(ExposureUnavailable);
    expect(JSON.parse(opened.store.document().text).flags.f.metadata).toMatchObject({ seq: 1 });
    expect(await flag.set(share(0), stamp('r', 3))).toBe('ok');
    expect(await flag.read()).toMatchObject({ percent: 0, writtenBy: stamp('r', 3) });
  });

  test('that put in targeting of their own are not read as an exposure; only a kill replaces them', async () => {
    await using opened = await openStoreWith('f');
    const document = JSON.parse(opened.store.document().text);
    document.flags.f.targeting = { if: [{ '==': [{ var: 'region' }, 'eu'] }, 'on', 'off'] };
    await writeFile(opened.path, JSON.stringify(document));
    const flag = opened.store.backend('f');
    await expect(flag.read()).rejects.toThrow(/not written by Sluice/);
    await expect(flag.set(share(5), stamp('r', 1))).rejects.toThrow(/not written by Sluice/);
    expect(await flag.proveKillSwitch()).toEqual({ kind: 'ready' });
    expect(await flag.set(share(0), stamp('r', 2))).toBe('ok');
    expect(await flag.read()).toMatchObject({ percent: 0 });
  });

  test('that disable a flag answer its off value, and stop raises until it is enabled again', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(100), stamp('r', 1));
    await writeFile(opened.path, opened.store.document().text.replace('ENABLED', 'DISABLED'));
    expect(await flag.read()).toMatchObject({ percent: 0, writtenBy: null });
    const evaluation = opened.store.evaluate('f', { targetingKey: 'u' });
    expect(evaluation).toEqual({ kind: 'value', value: false, variant: 'off', reason: 'DISABLED' });
    await expect(flag.set(share(100), stamp('r', 2))).rejects.toThrow(/DISABLED by hand/);
    expect(await flag.set(share(0), stamp('r', 3))).toBe('ok');
  });

  test('cannot resume a flag that was drawn under another algorithm', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(10), stamp('r', 1));
    await writeFile(opened.path, opened.store.document().text.replace('murmur3-v2', 'murmur3-v3'));
    await expect(flag.set(share(20), stamp('r', 2))).rejects.toThrow(
      /drawn by murmur3-v3, this build draws by murmur3-v2/,
    );
    expect(await flag.set(share(0), stamp('r', 3))).toBe('ok');
  });

  test('that delete the file change nothing in force, and the next write puts it back', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(10), stamp('r', 1));
    await rm(opened.path);
    expect(await flag.read()).toMatchObject({ percent: 10 });
    expect(await flag.set(share(10), stamp('r', 1))).toBe('ok');
    expect(JSON.parse(await readFile(opened.path, 'utf8'))).toEqual(JSON.parse(opened.store.document().text));
  });
});

describe('a disk that refuses', () => {
  /** A folder where the temporary file should go makes every replacement fail, for root as well. */
  const block = async (path: string) => {
    await mkdir(join(temporaryFor(path), 'in-the-way'), { recursive: true });
  };
  const unblock = (path: string) => rm(temporaryFor(path), { recursive: true });

  test('keeps the previous document in force for a raise', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(10), stamp('r', 1));
    const before = opened.store.document();
    await block(opened.path);
    await expect(flag.set(share(20), stamp('r', 2))).rejects.toThrow(/could not be written/);
    expect(opened.store.document()).toEqual(before);
    expect(await flag.read()).toMatchObject({ percent: 10 });
  });

  test('cannot keep users exposed: a kill is in force at once, is reported, and is saved when repeated', async () => {
    await using opened = await openStoreWith('f');
    const flag = opened.store.backend('f');
    await flag.set(share(100), stamp('r', 1));
    await block(opened.path);
    await expect(flag.set(share(0), stamp('r', 2))).rejects.toThrow(/A restart would undo it/);
    expect(opened.store.evaluate('f', { targetingKey: 'u' })).toMatchObject({ value: false });
    await unblock(opened.path);
    expect(await flag.set(share(0), stamp('r', 2))).toBe('ok');
    const again = await reopen(opened.path);
    expect(again.evaluate('f', { targetingKey: 'u' })).toMatchObject({ value: false });
    await again.close();
  });
});

describe('the flag store', () => {
  test('answers nothing but an outcome for a flag it does not have, and refuses to read or write it', async () => {
    await using opened = await openStoreWith();
    const flag = opened.store.backend('nope');
    expect(opened.store.evaluate('nope', {})).toMatchObject({ kind: 'error', errorCode: 'FLAG_NOT_FOUND' });
    expect(opened.store.evaluate('toString', {})).toMatchObject({ errorCode: 'FLAG_NOT_FOUND' });
    await expect(flag.read()).rejects.toThrow(ExposureUnavailable);
    await expect(flag.set(share(1), stamp('r', 1))).rejects.toThrow(/no flag "nope"/);
    expect(await flag.proveKillSwitch()).toMatchObject({
      kind: 'refused',
      reason: expect.stringContaining('nope'),
    });
  });

  test('refuses the kill switch where the file cannot be replaced', async () => {
    await using opened = await openStoreWith('f');
    await rm(opened.folder, { recursive: true });
    const proof = await opened.store.backend('f').proveKillSwitch();
    expect(proof).toMatchObject({ kind: 'refused', reason: expect.stringContaining(opened.path) });
  });

  test.skipIf(process.getuid?.() === 0)('refuses the kill switch on a read-only file', async () => {
    await using opened = await openStoreWith('f');
    await chmod(opened.path, 0o400);
    expect(await opened.store.backend('f').proveKillSwitch()).toMatchObject({ kind: 'refused' });
  });

  test('leaves a flag that is there alone when asked to ensure it', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.backend('f').set(share(10), stamp('r', 1));
    const before = opened.store.document();
    await opened.store.ensure('f');
    expect(opened.store.document()).toEqual(before);
    await expect(opened.store.ensure('zoë')).rejects.toThrow(/printable ASCII/);
  });

  test('refuses a share below its finest step instead of exposing nobody', async () => {
    await using opened = await openStoreWith('f');
    await expect(opened.store.backend('f').set(share(0.0001), stamp('r', 1))).rejects.toThrow(
      /finest step, 0.001 %/,
    );
  });

  test('tells listeners which flags changed, once for each write that changes answers', async () => {
    await using opened = await openStoreWith('a', 'b');
    const changes: FlagChange[] = [];
    const stop = opened.store.onChange((change) => changes.push(change));
    await opened.store.backend('a').set(share(10), stamp('r', 1));
    await opened.store.backend('a').set(share(10), stamp('r', 2));
    await opened.store.backend('b').set(share(20), stamp('q', 1));
    expect(changes.map((change) => change.keys)).toEqual([['a'], ['b']]);
    stop();
    await opened.store.backend('a').set(share(0), stamp('r', 3));
    expect(changes).toHaveLength(2);
  });

  test('takes concurrent writes one after the other', async () => {
    await using opened = await openStoreWith('a', 'b');
    const writes = Array.from({ length: 20 }, (_, index) => {
      const key = index % 2 === 0 ? 'a' : 'b';
      return opened.store.backend(key).set(share(index), stamp(key, index));
    });
    expect(await Promise.all(writes)).toEqual(Array.from({ length: 20 }, () => 'ok'));
    expect(await opened.store.backend('a').read()).toMatchObject({ percent: 18 });
    expect(await opened.store.backend('b').read()).toMatchObject({ percent: 19 });
  });

  test('refuses writes after it is closed and goes on answering', async () => {
    await using opened = await openStoreWith('f');
    await opened.store.close();
    await expect(opened.store.backend('f').set(share(1), stamp('r', 1))).rejects.toThrow(/closed/);
    expect(opened.store.evaluate('f', {})).toMatchObject({ value: false });
  });
});

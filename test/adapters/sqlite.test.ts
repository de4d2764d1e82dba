import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openConnection } from '../../src/adapters/sqlite/connection.ts';
import { refuseNetworkDisk } from '../../src/adapters/sqlite/data-file.ts';
import { asStoreFault } from '../../src/adapters/sqlite/faults.ts';
import { openSqliteStore, sqliteStoreOver } from '../../src/adapters/sqlite/store.ts';
import type { RolloutStore } from '../../src/ports/store.ts';
import { StoreFault } from '../../src/ports/store.ts';
import { describeStore } from '../contracts/store.ts';
import {
  batch,
  claimOne,
  committed,
  event,
  everythingOf,
  expectIntact,
  newRollout,
  promotion,
  type StoreHome,
} from '../contracts/store-samples.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const KILL_ROUNDS = Number(process.env['SLUICE_KILL_ROUNDS'] ?? 8);
/** A round is killed after fewer acknowledged commits than this. */
const LONGEST_ROUND = 25;
/** So many that a transaction which read before it locked would meet the other's write in most runs. */
const SHARED_COMMITS = 100;
const WRITER = join(import.meta.dirname, '../support/store-writer.ts');

async function openHome(): Promise<StoreHome> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
  const clock = virtualClock();
  return {
    clock,
    advance: clock.advance,
    connect: async () => {
      const store = openSqliteStore({ path: join(folder, 'sluice.db'), clock });
      await store.migrate();
      return store;
    },
    destroy: async () => rmSync(folder, { recursive: true }),
  };
}

describeStore('the SQLite store', openHome);

describe('the SQLite data file', () => {
  const clock = virtualClock();
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-store-'));
    path = join(folder, 'data', 'sluice.db');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('is readable by its owner alone, as are its directory and its log', async () => {
    const store = openSqliteStore({ path, clock });
    await store.migrate();
    const mode = (name: string) => (statSync(join(folder, 'data', name)).mode & 0o777).toString(8);
    expect([mode('.'), mode('sluice.db'), mode('sluice.db-wal')]).toStrictEqual(['700', '600', '600']);
    await store.close();
  });

  test('carries on where it was when it is opened again', async () => {
    const first = openSqliteStore({ path, clock });
    await first.migrate();
    await first.create(newRollout('r1', clock.now()));
    const claim = await committed(first, await claimOne(first, 'r1'), promotion(5, 1));
    const before = await everythingOf(first, 'r1');
    await first.close();
    const second = openSqliteStore({ path, clock });
    await second.migrate();
    expect(await everythingOf(second, 'r1')).toStrictEqual(before);
    await committed(second, claim, promotion(50, 2));
    expectIntact(await second.readLog('r1', 1));
    await second.close();
  });

  test('is refused, and left as it is, when a newer Sluice has written it', async () => {
    const store = openSqliteStore({ path, clock });
    await store.migrate();
    const raw = new DatabaseSync(path);
    raw.exec('PRAGMA user_version = 999');
    await expect(store.migrate()).rejects.toMatchObject({ name: 'StoreFault', code: 'newer_schema' });
    expect(raw.prepare('PRAGMA user_version').get()?.['user_version']).toBe(999);
    raw.close();
    await store.close();
  });

  test('is refused when it is something else', () => {
    const other = join(folder, 'notes.txt');
    writeFileSync(other, 'these are not the pages of a database\n'.repeat(100));
    expect(() => openSqliteStore({ path: other, clock })).toThrow(
      expect.objectContaining({ code: 'unavailable', message: expect.stringContaining('configured path') }),
    );
  });

  test('is refused where no directory can be made', () => {
    writeFileSync(join(folder, 'data'), '');
    expect(() => openSqliteStore({ path, clock })).toThrow(
      expect.objectContaining({ code: 'unavailable', message: expect.stringContaining('local disk') }),
    );
  });

  test.each([
    { disk: 'NFS', type: 0x6969 },
    { disk: 'SMB 2', type: 0xfe534d42 },
  ])('is refused on $disk', ({ disk, type }) => {
    expect(() => refuseNetworkDisk('/srv', type)).toThrow(
      expect.objectContaining({ code: 'unsupported_filesystem', message: expect.stringContaining(disk) }),
    );
  });

  test('is accepted on a local disk', () => {
    expect(() => refuseNetworkDisk('/srv', 0xef53)).not.toThrow();
  });

  test('a full disk is a fault that says so and writes nothing; with space again the store carries on', async () => {
    const connection = openConnection(path);
    const store = sqliteStoreOver(connection, clock);
    await store.migrate();
    await store.create(newRollout('r1', clock.now()));
    const claim = await claimOne(store, 'r1');
    const before = await everythingOf(store, 'r1');
    const large = batch({
      events: [event('observed'), event('observed', { payload: 'x'.repeat(1_000_000) })],
    });
    connection.script('PRAGMA max_page_count = 40');
    const fault: unknown = await store.commit(claim, large).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(StoreFault);
    expect(fault).toMatchObject({ code: 'unavailable', cause: expect.any(Error) });
    expect(String(fault)).toContain('disk is full');
    expect(await everythingOf(store, 'r1')).toStrictEqual(before);
    connection.script('PRAGMA max_page_count = 4294967294');
    await committed(store, claim, large);
    await store.close();
  });

  test('a file that another process keeps writing to is a fault, and free again it is usable', async () => {
    const connection = openConnection(path);
    const store = sqliteStoreOver(connection, clock);
    await store.migrate();
    connection.script('PRAGMA busy_timeout = 0');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.create(newRollout('r1', 0))).rejects.toMatchObject({ code: 'unavailable' });
    expect(await store.get('r1')).toBeNull();
    other.exec('ROLLBACK');
    expect(await store.create(newRollout('r1', 0))).toBe('created');
    other.close();
    await store.close();
  });

  test('is opened so that what is acknowledged is on the disk, and references hold', () => {
    const connection = openConnection(path);
    const pragma = (name: string) => connection.first(`PRAGMA ${name}`, {})?.[name];
    // 2 is FULL: the log is synced at every commit. Only a power cut could show the difference.
    expect(pragma('synchronous')).toBe(2);
    expect(pragma('journal_mode')).toBe('wal');
    expect(pragma('foreign_keys')).toBe(1);
    connection.close();
  });

  test.each([
    { what: 'a stale snapshot', errcode: 517, says: 'Another process' },
    { what: 'a short read', errcode: 522, says: 'check the disk' },
    { what: 'a damaged page', errcode: 11, says: 'last backup' },
  ])('$what is a fault with what to do', ({ errcode, says }) => {
    const cause = Object.assign(new Error('as SQLite puts it'), { code: 'ERR_SQLITE_ERROR', errcode });
    expect(asStoreFault(cause, path)).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(says),
      cause,
    });
  });

  test('a failed constraint is a bug, not a fault', () => {
    const bug = Object.assign(new Error('UNIQUE'), { code: 'ERR_SQLITE_ERROR', errcode: 2067 });
    expect(asStoreFault(bug, path)).toBe(bug);
  });

  test('a wall clock that jumps does not move the deadline of a claim', async () => {
    const jumpy = virtualClock();
    const store: RolloutStore = openSqliteStore({ path: ':memory:', clock: jumpy });
    await store.migrate();
    await store.create(newRollout('r1', jumpy.now()));
    const before = jumpy.mono();
    jumpy.jump(3_600_000);
    expect((await claimOne(store, 'r1')).deadlineMono - before).toBe(20_000);
    await store.close();
  });

  test('takes the writes of two processes at once', { timeout: 60_000 }, async () => {
    const writer = startWriter(path);
    let acknowledged = 0;
    const reading = (async () => {
      for await (const line of writer.lines) acknowledged = Number(line);
      return 'ended' as const;
    })();
    const writerPasses = async (seq: number) => {
      if ((await Promise.race([reading, nextTurn()])) === 'ended') throw new Error('the writer gave up');
      return acknowledged > seq;
    };
    while (!(await writerPasses(1)));
    const store = openSqliteStore({ path, clock });
    await store.create(newRollout('r2', clock.now()));
    let claim = await claimOne(store, 'r2');
    // SQLite's lock is not fair: a writer that never pauses can starve another past the busy timeout, so this one takes turns.
    while (!(await writerPasses(SHARED_COMMITS))) {
      claim = await committed(store, claim, batch());
      const seen = acknowledged;
      while (!(await writerPasses(seen)));
    }
    const log = await store.readLog('r2', 1);
    expect(log).toHaveLength(claim.version);
    expectIntact(log);
    await store.close();
    writer.kill();
    await reading;
    expect(await writer.gone).toBe('SIGKILL');
    await expectSound(path, acknowledged);
  });

  test(`loses no acknowledged event when its writer is killed at ${KILL_ROUNDS} random instants`, {
    timeout: 20_000 + KILL_ROUNDS * 1_000,
  }, async () => {
    let acknowledged = 0;
    for (let round = 0; round < KILL_ROUNDS; round++) {
      acknowledged = Math.max(
        acknowledged,
        await killWriter(path, Math.floor(Math.random() * LONGEST_ROUND)),
      );
      await expectSound(path, acknowledged);
    }
  });
});

interface Writer {
  /** The seqs it acknowledges, as text; what it wrote before it died is read to the end. */
  readonly lines: AsyncIterable<string>;
  /** The signal that ended it. */
  readonly gone: Promise<NodeJS.Signals | null>;
  kill(): void;
}

function startWriter(path: string): Writer {
  const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise<NodeJS.Signals | null>((resolve) =>
    child.on('exit', (_, signal) => resolve(signal)),
  );
  return { lines: createInterface({ input: child.stdout }), gone, kill: () => child.kill('SIGKILL') };
}

/** Runs a writer and kills it as soon as it has acknowledged `commits` of its own; returns the last seq it told. */
async function killWriter(path: string, commits: number): Promise<number> {
  const writer = startWriter(path);
  let last = 0;
  let lines = 0;
  for await (const line of writer.lines) {
    last = Number(line);
    if (lines++ === commits) writer.kill();
  }
  expect(await writer.gone).toBe('SIGKILL');
  return last;
}

/** Nothing acknowledged is missing; log, state and effect tell of the same last event; the file is whole. */
async function expectSound(path: string, acknowledged: number): Promise<void> {
  const clock = virtualClock();
  const store = openSqliteStore({ path, clock });
  await store.migrate();
  const log = await store.readLog('r1', 1);
  expect(log.length).toBeGreaterThanOrEqual(acknowledged);
  expectIntact(log);
  const row = await store.get('r1');
  expect(row?.state).toStrictEqual(log.length === 0 ? undefined : { seq: log.length });
  const effects = await store.pendingEffects('r1');
  expect(effects.map((effect) => effect.seq)).toStrictEqual(log.length < 2 ? [] : [log.length]);
  const bodies = await Promise.all(log.map((entry) => entry.evidence && store.evidence(entry.evidence)));
  expect(bodies).toStrictEqual(log.map(({ seq }) => (seq === 1 ? null : `{"seq":${seq}}`)));
  await store.close();
  const raw = new DatabaseSync(path);
  expect(raw.prepare('PRAGMA integrity_check').get()?.['integrity_check']).toBe('ok');
  raw.close();
}

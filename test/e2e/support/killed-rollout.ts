import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { desiredAt } from '../../../src/core/plan/plan.ts';
import { eventOf } from '../../../src/core/rollout/events.ts';
import { replay } from '../../../src/engine/replay.ts';
import type { LogEntry } from '../../../src/ports/store.ts';
import { type ChildOrders, type RunningChild, startChild } from './killed-sluice.ts';
import { LINES, openProduct, type Product, productConfig } from './product.ts';
import { exposureInFile, type StoredRollout, storedRollout } from './record.ts';
import { until } from './until.ts';

/**
 * When a Sluice is killed: so long after its birth, after it moved the flag file, or after the product was asked so often
 * (inside a tick).
 */
export type KillInstant =
  | { readonly after: 'birth' | 'move'; readonly ms: number }
  | { readonly after: 'scrape'; readonly scrapes: number; readonly ms: number };

/** What was found right after one kill. */
export interface KillFinding {
  readonly phase: string;
  /** A tick had claimed the rollout and not given it back. */
  readonly isInTick: boolean;
  /** The decision was in the log and its exposure not yet in the flag file. */
  readonly isUndelivered: boolean;
}

/** One rollout in a folder of its own, whose Sluice is killed and started again. */
export interface KilledRollout extends AsyncDisposable {
  readonly product: Product;
  /** Starts Sluice, kills it at the instant and checks what it left; null when the rollout was over first. */
  kill(instant: KillInstant): Promise<KillFinding | null>;
  /** Starts Sluice and leaves it alone until the rollout is over. */
  carryOn(): Promise<StoredRollout>;
}

const NOT_STARTED = 'not started';
const ROLLOUT = 'rl_killed';
const TICK_MS = 100;
const SAMPLE_MS = 10;
const TIMING = { leaseMs: 5_000, pollMs: 20, readTimeoutMs: 1_000, quietMs: 3_000 } as const;
const INSTRUCTION = `Start at 10% for 2 seconds, then 25% for 2 seconds, then 50% for 1 second, then 100% for 1 second. ${LINES}`;

export async function openKilledRollout(canaryErrors: (percent: number) => number): Promise<KilledRollout> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  const product = await openProduct({ exposure: () => exposureInFile(dataDir), canaryErrors });
  const config = productConfig({ metricsUrl: product.url, tickMs: TICK_MS, instruction: INSTRUCTION });
  const orders: ChildOrders = { dataDir, config, timing: TIMING, rolloutId: ROLLOUT };
  const exposures = watchExposure(dataDir);
  let known: readonly LogEntry[] = [];
  let phase = NOT_STARTED;

  const check = async (): Promise<StoredRollout | null> => {
    // The file before the log: the log may only be ahead.
    const exposed = exposureInFile(dataDir);
    const stored = await storedRollout(dataDir, ROLLOUT);
    expect(stored?.entries.slice(0, known.length) ?? [], 'events that were there before').toEqual(known);
    if (stored === null) {
      expect(exposed, 'exposure before the rollout began').toBe(0);
      return null;
    }
    expectSound(stored, exposed);
    known = stored.entries;
    phase = stored.row.state.phase;
    return stored;
  };
  return {
    product,
    kill: async (instant) => {
      const child = startChild(orders);
      await reached(instant, child, product, { phase, exposures });
      const isOver = child.lines.some((line) => line.startsWith('ended'));
      await child.kill();
      expectNoBug(child);
      const stored = await check();
      exposures.expectFinalZero();
      if (isOver || stored?.row.nextTickAt === null) return null;
      return {
        phase,
        isInTick: stored?.isLeased ?? false,
        isUndelivered: stored !== null && stored.row.state.desired.percent !== exposureInFile(dataDir),
      };
    },
    carryOn: async () => {
      const child = startChild(orders);
      try {
        await until('the rollout to be over', () => child.lines.some((line) => line.startsWith('ended')));
      } finally {
        await child.kill();
      }
      expectNoBug(child);
      const stored = await check();
      if (stored === null) throw new Error('the rollout is gone');
      exposures.expectFinalZero();
      expect(exposureInFile(dataDir)).toBe(stored.row.state.desired.percent);
      return stored;
    },
    [Symbol.asyncDispose]: async () => {
      exposures.stop();
      await product.kill();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Measuring the traffic before a rollout starts asks so often. */
const MEASURING_SCRAPES = 2;

async function reached(
  instant: KillInstant,
  child: RunningChild,
  product: Product,
  rollout: { readonly phase: string; readonly exposures: ExposureWatch },
): Promise<void> {
  if (instant.after === 'scrape') {
    const scrapes = instant.scrapes + (rollout.phase === NOT_STARTED ? MEASURING_SCRAPES : 0);
    // After a rollback telemetry is not read any more.
    const asked =
      rollout.phase === 'rolling_back'
        ? opened(child)
        : Promise.race([product.asked(scrapes), until('a rollback', rollout.exposures.isBack)]);
    await Promise.race([child.gone, asked]);
  }
  if (instant.after === 'move') {
    await Promise.race([
      child.gone,
      rollout.phase === 'rolling_back' ? opened(child) : rollout.exposures.moved(),
    ]);
  }
  await Promise.race([child.gone, pause(instant.ms)]);
}

function opened(child: RunningChild): Promise<unknown> {
  return until('an open Sluice', () => child.process.exitCode !== null || child.lines.includes('open'));
}

function expectNoBug(child: RunningChild): void {
  expect(child.errors(), 'standard error of a Sluice').toBe('');
  expect(child.lines.filter((line) => line.startsWith('not started'))).toEqual([]);
}

/** What must hold of a stored rollout whenever its Sluice was stopped. */
function expectSound({ row, entries, text }: StoredRollout, exposed: number): void {
  const found = replay(text);
  expect(found.fault, 'the log replays').toBeNull();
  expect(entries.map((entry) => entry.seq)).toEqual(entries.map((_, at) => at + 1));
  expect(found.state, 'the state beside the log is its fold').toEqual(row.state);
  const gates = entries.flatMap(({ gateEpoch }) => (gateEpoch === null ? [] : [gateEpoch]));
  expect(new Set(gates).size, 'one gate decision a stage entry').toBe(gates.length);
  const leaving = found.decisions.filter((decision) =>
    ['promote', 'widen', 'rollback', 'complete'].includes(decision.kind),
  );
  expect(leaving.map((decision) => decision.stageEpoch)).toEqual(gates);
  expect(exposed, 'exposure against the highest stage decided').toBeLessThanOrEqual(
    highestDecided(row.plan, entries),
  );
}

function highestDecided(plan: StoredRollout['row']['plan'], entries: readonly LogEntry[]): number {
  const reached = entries.flatMap((entry) => {
    const event = eventOf(entry.kind, entry.payload);
    if (event.kind === 'started') return [0];
    const isUp = event.kind === 'decided' && ['promote', 'widen'].includes(event.decision.kind);
    return isUp ? [event.decision.stageIndex + 1] : [];
  });
  return Math.max(...reached.map((index) => desiredAt(plan, index).percent));
}

/** What users were really exposed to. */
interface ExposureWatch {
  stop(): void;
  /** Resolves as soon as the flag file holds another exposure. */
  moved(): Promise<void>;
  isBack(): boolean;
  /** Up stage by stage, and if ever down, then to nothing and for good. */
  expectFinalZero(): void;
}

/** Reads the flag file at each change, and all the time besides. */
function watchExposure(dataDir: string): ExposureWatch {
  const seen: number[] = [];
  const moves = new EventEmitter();
  let fault: unknown = null;
  const look = () => {
    try {
      const percent = exposureInFile(dataDir);
      if (percent === seen.at(-1)) return;
      seen.push(percent);
      if (seen.length > 1) moves.emit('move');
    } catch (cause) {
      fault ??= cause;
    }
  };
  const timer = setInterval(look, SAMPLE_MS);
  const watcher = watch(dataDir, look);
  return {
    stop: () => {
      clearInterval(timer);
      watcher.close();
    },
    moved: () => new Promise((resolve) => moves.once('move', () => resolve())),
    isBack: () => seen.length > 1 && seen.at(-1) === 0,
    expectFinalZero: () => {
      expect(fault, 'the flag file was whole at every look').toBeNull();
      const raised = seen.filter((percent) => percent > 0);
      expect(raised, 'exposures in order').toEqual(raised.toSorted((a, b) => a - b));
      const firstRaise = seen.findIndex((percent) => percent > 0);
      const back = seen.indexOf(0, Math.max(firstRaise, 0));
      if (firstRaise >= 0 && back >= 0) expect(seen.slice(back), 'after exposure was 0').toEqual([0]);
    },
  };
}

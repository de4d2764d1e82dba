import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Decision } from '../../../src/core/gate/decision.ts';
import { eventOf } from '../../../src/core/rollout/events.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import type { EngineTiming } from '../../../src/engine/parts.ts';
import { startRollout } from '../../../src/engine/start.ts';
import { openSluice, type Sluice } from '../../../src/main.ts';
import type { ChatMessage } from '../../../src/ports/chat.ts';
import { check, ERROR_RATE } from '../../support/rollout-rig.ts';
import { openProduct, type Product, type ProductOptions, productConfig, TARGET } from './product.ts';
import { exposureInFile } from './record.ts';
import { until } from './until.ts';

/** A whole Sluice in this process, on a real file, beside a real product: only its looks are closer together. */
export interface SluiceRig extends AsyncDisposable {
  readonly sluice: Sluice;
  readonly product: Product;
  readonly dataDir: string;
  readonly told: readonly ChatMessage[];
  /** Ends all of it; what it kept stays. Throws when a tick failed. */
  close(): Promise<void>;
  /** Ends the ticking, not the store. */
  stop(): Promise<void>;
  /** Measures and starts; throws unless it started. */
  start(): Promise<void>;
  /** The same with a proposed check beside those of the words: `PROPOSED`. */
  startWithProposed(): Promise<void>;
  state(): Promise<RolloutState>;
  decisions(): Promise<readonly Decision[]>;
  /** Waits for a decision. */
  decided(what: string, is: (decision: Decision) => boolean): Promise<Decision>;
}

export interface RigOptions extends Pick<ProductOptions, 'canaryErrors'> {
  readonly instruction: string;
  readonly tickMs: number;
  readonly timing?: Partial<EngineTiming>;
  /** A folder and a product that are there already, and stay. */
  readonly at?: { readonly dataDir: string; readonly product: Product };
}

export const RIG_ROLLOUT = 'rl_rig';

/** What a planner might have proposed. */
export const PROPOSED = check({
  ...ERROR_RATE,
  id: 'rule:http.error_rate',
  rollback: null,
  severity: 'major',
  provenance: [{ source: 'rule', from: 'a test', evidence: [] }],
});

export async function openRig(options: RigOptions): Promise<SluiceRig> {
  const { instruction, tickMs, canaryErrors } = options;
  const dataDir = options.at?.dataDir ?? mkdtempSync(join(tmpdir(), 'sluice-rig-'));
  const product =
    options.at?.product ?? (await openProduct({ exposure: () => exposureInFile(dataDir), canaryErrors }));
  const told: ChatMessage[] = [];
  const faults: string[] = [];
  const sluice = await openSluice({
    dataDir,
    config: productConfig({ metricsUrl: product.url, tickMs, instruction }),
    chat: { tell: async (message) => void told.push(message) },
    log: {
      info: () => {},
      warn: (message, fields) => void faults.push(`${message} ${JSON.stringify(fields)}`),
    },
    timing: { leaseMs: 5_000, pollMs: 20, readTimeoutMs: 300, quietMs: 500, ...options.timing },
  });
  const stop = new AbortController();
  const running = sluice.run(stop.signal);
  const ended = async () => {
    stop.abort();
    await running;
  };
  const decisions = async () =>
    (await sluice.engine.store.readLog(RIG_ROLLOUT, 1)).flatMap((entry) => {
      const event = eventOf(entry.kind, entry.payload);
      return event.kind === 'decided' ? [event.decision] : [];
    });
  const close = async () => {
    await ended();
    await sluice.close();
    const bugs = faults.filter((fault) => fault.startsWith('a tick failed'));
    if (bugs.length > 0) throw new Error(bugs.join('\n'));
  };
  return {
    sluice,
    product,
    dataDir,
    told,
    stop: ended,
    start: async () => {
      const words = { target: TARGET, title: 'a new checkout', diff: '', instruction: null };
      const outcome = await sluice.control.start(
        { ...words, by: 'test', confirmed: true, rolloutId: RIG_ROLLOUT },
        () => {},
      );
      if (outcome.kind !== 'started') throw new Error(`not started: ${JSON.stringify(outcome)}`);
    },
    startWithProposed: async () => {
      const words = { target: TARGET, title: 'a new checkout', diff: '', instruction: null };
      const { plan } = await sluice.control.plan(words);
      const target = sluice.engine.targetFor(TARGET);
      if (target === null) throw new Error('no target');
      const request = {
        rolloutId: RIG_ROLLOUT,
        plan: { ...plan, checks: [...plan.checks, PROPOSED] },
        by: 'test',
        measureMs: 4 * tickMs,
      };
      const { kind } = await startRollout(request, target, sluice.engine);
      if (kind !== 'started') throw new Error('not started');
    },
    state: async () => {
      const row = await sluice.engine.store.get(RIG_ROLLOUT);
      if (row === null) throw new Error('no rollout');
      return row.state;
    },
    decisions,
    decided: (what, is) => until(what, async () => (await decisions()).find(is)),
    close,
    [Symbol.asyncDispose]: async () => {
      try {
        await close();
      } finally {
        await product.kill();
        rmSync(dataDir, { recursive: true, force: true });
      }
    },
  };
}

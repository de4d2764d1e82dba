import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { controlClient, isReachable } from './adapters/control-client/client.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { systemClock } from './adapters/system/clock.ts';
import type { Config, TargetConfig } from './config.ts';
import type { Plan } from './core/plan/plan.ts';
import { shapeOf } from './core/plan/signal-binding.ts';
import type { RolloutState } from './core/rollout/state.ts';
import {
  type EngineParts,
  type EngineTiming,
  STANDARD_TIMING,
  type Store,
  type TargetParts,
} from './engine/parts.ts';
import { recordsOf } from './engine/records.ts';
import { readableSignals } from './ports/change-reads.ts';
import type { Chat } from './ports/chat.ts';
import type { Clock } from './ports/clock.ts';
import type { Control, Records } from './ports/control.ts';
import { digestOf } from './ports/digest.ts';
import type { Log } from './ports/log.ts';
import type { Model } from './ports/model.ts';
import type { Planner } from './ports/planner.ts';
import type { Telemetry } from './ports/telemetry.ts';
import type { RunningServer } from './server/server.ts';

/** A Sluice put together from its parts: the only file that names concrete adapters. */
export interface Sluice {
  readonly control: Control;
  readonly engine: EngineParts;
  /** Ticks due rollouts until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  serve(port: number, token: string): Promise<RunningServer>;
  close(): Promise<void>;
}

export interface SluiceOptions {
  readonly dataDir: string;
  readonly config: Config;
  readonly chat: Chat;
  readonly log: Log;
  readonly timing?: Partial<EngineTiming>;
  /** Where keys are looked up; the process's own environment where none is given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Traffic is read for this many ticks before a rollout starts. */
const MEASURE_TICKS = 4;

/** The records kept in a data folder, to read and nothing else: needs no configuration and touches no flag. */
export async function openRecords(
  dataDir: string,
): Promise<{ readonly records: Records; close(): Promise<void> }> {
  const path = join(dataDir, 'sluice.db');
  const store = openSqliteStore<RolloutState, Plan>({ path, clock: systemClock });
  await store.migrate();
  return { records: recordsOf(store), close: () => store.close() };
}

/** A whole Sluice. What only it needs is loaded here: most commands read records and start faster without. */
export async function openSluice(options: SluiceOptions): Promise<Sluice> {
  const { openFlagStore } = await import('./adapters/embedded/flag-set.ts');
  const { runEngine } = await import('./engine/engine.ts');
  const { config } = options;
  const clock = systemClock;
  const store = openSqliteStore<RolloutState, Plan>({ path: join(options.dataDir, 'sluice.db'), clock });
  await store.migrate();
  const flags = await openFlagStore({ path: join(options.dataDir, 'flags.json'), clock });
  for (const target of Object.values(config.targets)) await flags.ensure(target.flag);
  const worker = `${hostname()}:${process.pid}:${Math.round(clock.now() - clock.mono())}`;
  await store.endLeases((owner) => isDeadOwner(owner, worker));

  const timing = { ...STANDARD_TIMING, ...options.timing };
  const parts = new Map<string, TargetParts>();
  for (const [name, target] of Object.entries(config.targets)) {
    const telemetry = await telemetryFor(config, target, timing);
    parts.set(name, { telemetry, exposure: flags.backend(target.flag) });
  }
  const engine: EngineParts = {
    store,
    targetFor: (name) => parts.get(name) ?? null,
    chat: options.chat,
    clock,
    log: options.log,
    worker,
    timing,
    toldFaults: new Set(),
  };
  const closing = new AbortController();
  const planners = config.model.mode === 'off' ? [rules] : [rules, modelPlannerFor(options, closing.signal)];
  const control = await controlFor(config, engine, planners);
  return {
    control,
    engine,
    run: (signal) => runEngine(engine, signal),
    // Most commands never serve, and the server's parts are slow to load.
    serve: async (port, token) =>
      (await import('./server/server.ts')).openServer({ port, control, flags, token }),
    close: async () => {
      closing.abort();
      await flags.close();
      await store.close();
    },
  };
}

/** A store in memory for one simulated rollout: opened by its clock, gone when disposed. */
export async function openMemoryStore(): Promise<
  AsyncDisposable & { readonly open: (clock: Clock) => Promise<Store> }
> {
  let opened: Store | null = null;
  return {
    open: async (clock) => {
      opened = openSqliteStore<RolloutState, Plan>({ path: ':memory:', clock });
      await opened.migrate();
      return opened;
    },
    [Symbol.asyncDispose]: async () => opened?.close(),
  };
}

/** The rule-based planner, loaded when there is a change to read: most commands never plan. */
export const rules: Planner = {
  propose: async (change) => (await import('./agent/rule-planner.ts')).rulePlanner().propose(change),
};

/** The planner that asks a model, with all that only it needs loaded when there is a change to read. */
function modelPlannerFor(options: SluiceOptions, signal: AbortSignal): Planner {
  let planner: Promise<Planner> | null = null;
  return {
    propose: async (change) => {
      try {
        planner ??= openModelPlanner(options, signal);
        return await (await planner).propose(change);
      } catch (error) {
        // A prompt that is missing, a part that cannot be loaded: the rules' plan stands, and says so.
        planner = null;
        options.log.warn('the model planner cannot be set up', { error: String(error) });
        const { neutralProposal } = await import('./agent/model/proposal.ts');
        const { reasonText } = await import('./agent/model/unusable.ts');
        return neutralProposal([], options.config.model.mode === 'assist' ? [reasonText('broken')] : []);
      }
    },
  };
}

async function openModelPlanner(options: SluiceOptions, signal: AbortSignal): Promise<Planner> {
  const { config, env = process.env } = options;
  const [{ readPrompt }, { recordFiles }, { modelPlanner }, { readDiff, pathOf }, { classOfPath }] =
    await Promise.all([
      import('./adapters/prompts/prompt-files.ts'),
      import('./adapters/model-records/record-files.ts'),
      import('./agent/model/model-planner.ts'),
      import('./agent/diff/diff.ts'),
      import('./agent/diff/path-class.ts'),
    ]);
  return modelPlanner({
    mode: config.model.mode === 'assist' ? 'assist' : 'shadow',
    model: await modelFor(config, env),
    prompt: readPrompt('plan'),
    rules,
    readDiff: (diff) =>
      readDiff(diff).files.map((file) => {
        const path = pathOf(file);
        return { path, pathClass: classOfPath(path), hunks: file.hunks };
      }),
    reads: {
      signals: readableSignals(new Set(Object.keys(config.signals))),
      components: Object.keys(config.targets),
      baseLines: null,
      signalStats: null,
      dependencies: null,
      pastRollouts: null,
    },
    policyDigest: digestOf({ surfaces: config.surfaces, targets: config.targets }),
    records: recordFiles(join(options.dataDir, 'model')),
    newNonce: () => randomBytes(16).toString('hex'),
    clock: systemClock,
    log: options.log,
    signal,
  });
}

/** Null without a key: nothing is sent anywhere, and the plan says why. */
async function modelFor(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Model | null> {
  const apiKey = env['ANTHROPIC_API_KEY'] ?? '';
  if (apiKey === '') return null;
  const { anthropicModel } = await import('./adapters/anthropic/model.ts');
  return anthropicModel({ model: config.model.id, apiKey, baseUrl: env['ANTHROPIC_BASE_URL'] ?? null });
}

async function controlFor(
  config: Config,
  engine: EngineParts,
  planners: readonly Planner[],
): Promise<Control> {
  const { localControl } = await import('./engine/control.ts');
  const measurable = new Map(
    Object.entries(config.signals).map(([name, binding]) => [name, shapeOf(binding)]),
  );
  return localControl({
    engine,
    planners,
    targets: Object.keys(config.targets),
    setupFor: (name) => {
      const target = config.targets[name];
      if (target === undefined) return null;
      return {
        surface: target.surface,
        guardrails: target.surface === null ? [] : (config.surfaces[target.surface]?.guardrails ?? []),
        measurable,
        instruction: target.instruction,
        policy: target.policy,
        tickMs: config.tickMs,
        measureMs: MEASURE_TICKS * config.tickMs,
      };
    },
  });
}

async function telemetryFor(config: Config, target: TargetConfig, timing: EngineTiming): Promise<Telemetry> {
  const { joinedTelemetry } = await import('./adapters/joined/telemetry.ts');
  const { openScrapeTelemetry } = await import('./adapters/scrape/scrape.ts');
  const sources = Object.fromEntries(
    Object.entries(config.sources).map(([name, source]) => [
      name,
      openScrapeTelemetry({
        endpoints: source.endpoints,
        bindings: config.signals,
        cohorts: target.cohorts,
        timeoutMs: timing.readTimeoutMs,
        clock: systemClock,
      }),
    ]),
  );
  return joinedTelemetry(sources, (signal) => config.signals[signal]?.source ?? '');
}

/**
 * A lease of this machine whose process is gone ends at once: a restart need not wait for it. In a container every life has
 * the same process id, so an owner of our own is told apart by its start.
 */
function isDeadOwner(owner: string, self: string): boolean {
  const [host, pid] = owner.split(':');
  if (host !== hostname()) return false;
  if (Number(pid) === process.pid) return owner !== self;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** A token nobody can guess. */
export function newToken(): string {
  return randomBytes(24).toString('base64url');
}

/** The control of a Sluice that runs already and answers at this address, or null. */
export async function runningControl(address: {
  readonly url: string;
  readonly token: string;
}): Promise<Control | null> {
  return (await isReachable(address)) ? controlClient(address) : null;
}

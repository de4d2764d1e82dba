import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { controlClient, isReachable } from './adapters/control-client/client.ts';
import { openSqliteStore } from './adapters/sqlite/store.ts';
import { systemClock } from './adapters/system/clock.ts';
import { type Config, dependenciesOf, type TargetConfig } from './config.ts';
import { readInstruction } from './core/plan/instruction.ts';
import type { Plan } from './core/plan/plan.ts';
import type { Proposal } from './core/plan/proposal.ts';
import { shapeOf } from './core/plan/signal-binding.ts';
import type { RolloutState } from './core/rollout/state.ts';
import {
  type EngineParts,
  type EngineTiming,
  STANDARD_TIMING,
  type Store,
  type TargetParts,
} from './engine/parts.ts';
import { pastRolloutsOf } from './engine/past-rollouts.ts';
import { recordsOf } from './engine/records.ts';
import { signalStatsOf } from './engine/signal-stats.ts';
import type { Agent, ModelAgent, ModelMode } from './ports/agent.ts';
import { type ChangeReads, readableSignals } from './ports/change-reads.ts';
import type { Chat } from './ports/chat.ts';
import type { Clock } from './ports/clock.ts';
import type { Control, Records } from './ports/control.ts';
import { digestOf } from './ports/digest.ts';
import type { Log } from './ports/log.ts';
import type { Model } from './ports/model.ts';
import type { Planner } from './ports/planner.ts';
import type { Repository } from './ports/repository.ts';
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
  /** A changed file's text as it was before the change, where the change's repository is at hand. */
  readonly baseFile?: ((path: string) => Promise<string | null>) | null;
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
  const closing = new AbortController();
  const targetFor = (name: string) => parts.get(name) ?? null;
  const knowledge: Knowledge = {
    pastRollouts: pastRolloutsOf(store),
    signalStats: signalStatsOf({ store, targetFor, clock }),
    dependencies: dependenciesOf(config),
  };
  const model = modelAgentFor(options, knowledge, closing.signal);
  const engine: EngineParts = {
    store,
    targetFor,
    chat: options.chat,
    summarizer: model?.summarizer ?? null,
    clock,
    log: options.log,
    worker,
    timing,
    toldFaults: new Set(),
  };
  const control = await controlFor(config, engine, model);
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

/**
 * By a name that the compiler does not follow: the house stands and decides without the agent, and a build may leave it out
 * (`npm run check:without-agent` does).
 */
const AGENT = './agent/agent.ts';

/** The agent, loaded when there is something to read: most commands never plan. Null in a build without it. */
async function loadAgent(): Promise<Agent | null> {
  try {
    return ((await import(AGENT)) as { readonly agent: Agent }).agent;
  } catch (error) {
    const { code, url, message } = error as NodeJS.ErrnoException & { readonly url?: unknown };
    // Not every loader gives the address; all of them name first what they did not find.
    const missing = url ?? /'([^']*)'/.exec(message)?.[1];
    const isAbsent = code === 'ERR_MODULE_NOT_FOUND' && String(missing).includes('/agent/agent.');
    if (isAbsent) return null;
    throw error;
  }
}

/** The rule-based planner. Where there is no agent nothing is read of a change, and nothing good is thought of it. */
export const rules: Planner = {
  propose: async (change) => (await loadAgent())?.rules.propose(change) ?? UNREAD,
};

const UNREAD: Proposal = {
  source: 'rule',
  risk: 'high',
  riskReasons: ['This build has no agent: the change was not read, and only what is required is watched.'],
  rollbackSafe: 'unknown',
  surfaces: [],
  checks: [],
  unobservable: [],
  size: { files: 0, added: 0, removed: 0 },
};

/** What a model may be asked for here; null where none is configured. All that only it needs is loaded at the first question. */
function modelAgentFor(options: SluiceOptions, known: Knowledge, signal: AbortSignal): ModelAgent | null {
  const { mode } = options.config.model;
  if (mode === 'off') return null;
  let opened: Promise<ModelAgent> | null = null;
  const agent = (): Promise<ModelAgent> => {
    opened ??= openModelAgent(options, mode, known, signal);
    // A part that cannot be loaded is tried again, and meanwhile the rules, the grammar and the template do.
    opened.catch((error: unknown) => {
      opened = null;
      options.log.warn('the model cannot be set up', { error: String(error) });
    });
    return opened;
  };
  return {
    planner: { propose: async (change) => (await agent()).planner.propose(change) },
    reader: {
      read: (text) =>
        agent().then(
          ({ reader }) => reader.read(text),
          () => readInstruction(text),
        ),
    },
    summarizer: {
      summarise: (facts) =>
        agent().then(
          ({ summarizer }) => summarizer.summarise(facts),
          () => null,
        ),
    },
  };
}

/** What this place knows beside the change itself. */
type Knowledge = Pick<ChangeReads, 'pastRollouts' | 'signalStats' | 'dependencies'>;

async function openModelAgent(
  options: SluiceOptions,
  mode: ModelMode,
  known: Knowledge,
  signal: AbortSignal,
): Promise<ModelAgent> {
  const { config, env = process.env, baseFile = null } = options;
  const [agent, { readPrompt }, { recordFiles }] = await Promise.all([
    loadAgent(),
    import('./adapters/prompts/prompt-files.ts'),
    import('./adapters/model-records/record-files.ts'),
  ]);
  if (agent === null) throw new Error('this build has no agent');
  return agent.openModelAgent({
    mode,
    model: await modelFor(config, env),
    promptOf: readPrompt,
    reads: {
      signals: readableSignals(new Set(Object.keys(config.signals))),
      components: Object.keys(config.targets),
      baseLines: baseFile === null ? null : linesOfBase(baseFile),
      ...known,
    },
    policyDigest: digestOf({ surfaces: config.surfaces, targets: config.targets }),
    records: recordFiles(join(options.dataDir, 'model')),
    newNonce: () => randomBytes(16).toString('hex'),
    clock: systemClock,
    log: options.log,
    signal,
  });
}

/** Lines of a changed file as the base side has it. A path comes from the diff and is looked up in the repository, never on the disk. */
function linesOfBase(baseFile: (path: string) => Promise<string | null>): ChangeReads['baseLines'] {
  return async ({ basePath }, from, to) => {
    const text = basePath === null ? null : await baseFile(basePath);
    return text?.split('\n').slice(from - 1, to) ?? null;
  };
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

async function controlFor(config: Config, engine: EngineParts, model: ModelAgent | null): Promise<Control> {
  const { localControl } = await import('./engine/control.ts');
  const measurable = new Map(
    Object.entries(config.signals).map(([name, binding]) => [name, shapeOf(binding)]),
  );
  return localControl({
    engine,
    planners: model === null ? [rules] : [rules, model.planner],
    ...(model === null ? {} : { reader: model.reader }),
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

/** The git repository that a folder is in. */
export async function openRepository(folder: string): Promise<Repository> {
  return (await import('./adapters/git/repository.ts')).gitRepository(folder);
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

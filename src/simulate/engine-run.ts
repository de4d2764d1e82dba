import type { Json } from '../core/canonical-json.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import { DECIDER_VERSION, type RolloutEvent } from '../core/rollout/events.ts';
import { fold } from '../core/rollout/fold.ts';
import { type RolloutState, startState } from '../core/rollout/state.ts';
import { tickOne } from '../engine/engine.ts';
import type { EngineParts, Store } from '../engine/parts.ts';
import { BUCKETING, type StartRefusal, startRollout } from '../engine/start.ts';
import { newEvent } from '../engine/tick.ts';
import { digestOf } from '../ports/digest.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { VERSION } from '../version.ts';
import { type SimulationClock, simulationClock } from './clock.ts';
import { type MemoryExposure, memoryExposure } from './memory-exposure.ts';
import { personRollback, type RunSettings } from './rollout.ts';
import { countLook, type Look, newTally, type Run, runOf, waitsForPerson } from './run-tally.ts';
import { simulatedTelemetry } from './telemetry.ts';
import type { World } from './world.ts';

export const SIMULATED_ROLLOUT = 'rl_simulated';

export type EngineRun =
  | { readonly kind: 'ran'; readonly run: Run }
  | { readonly kind: 'refused'; readonly why: StartRefusal }
  /** `signal` aborted before the rollout was over. */
  | { readonly kind: 'stopped' };

export interface EngineRunOptions {
  readonly settings: RunSettings;
  /** Go on when preflight says that the traffic cannot clear the ladder. */
  readonly anyway: boolean;
  /** Whether the world's telemetry keeps a past for the engine to learn noise and season from. */
  readonly hasPast: boolean;
  /** An empty store in memory for this one rollout, and the clock it must go by. The caller closes it. */
  readonly openStore: (clock: SimulationClock) => Promise<Store>;
  readonly onLook?: (look: Look) => void;
  readonly signal?: AbortSignal;
}

/**
 * One rollout of a plan in a world through the real engine: `startRollout` with its kill switch proof and preflight, then a
 * tick whenever one is due, each with claim, commit and delivery, on a clock that jumps from tick to tick. The simulated person
 * answers through the inbox. Throws when a tick fails: in a simulated world that is a bug.
 */
export async function runThroughEngine(
  plan: Plan,
  world: World,
  options: EngineRunOptions,
): Promise<EngineRun> {
  const { startAt, measureMs } = options.settings;
  const clock = simulationClock(startAt);
  const exposure = memoryExposure();
  // The world begins, and its effects are timed from, when the rollout starts; its traffic is measured before that.
  const telemetry = remembering(
    simulatedTelemetry(world, clock, () => exposure.now),
    options.hasPast,
  );
  clock.moveTo(startAt - measureMs);
  const store = await options.openStore(clock);
  const faults: string[] = [];
  const parts = enginePartsOver({ store, clock, exposure, telemetry, faults });
  const refusal = await begin(plan, measureMs, options.anyway, parts, telemetry);
  if (refusal !== null) return { kind: 'refused', why: refusal };
  const ended = await ticked(plan, world, options, { parts, clock, exposure, telemetry, faults });
  return ended === null ? { kind: 'stopped' } : { kind: 'ran', run: ended };
}

interface Remembering extends Telemetry {
  /** The latest reading. */
  last(): readonly Sample[];
  /** Reads on from the latest reading, for whoever counts what the engine had no need to read. */
  readOn(plan: Plan): Promise<readonly Sample[]>;
}

function remembering(telemetry: Telemetry, hasPast: boolean): Remembering {
  let samples: readonly Sample[] = [];
  let cursor: string | null = null;
  const read: Telemetry['read'] = async (request) => {
    const reading = await telemetry.read(request);
    ({ samples, cursor } = reading);
    return reading;
  };
  return {
    read,
    history: async (request) => (hasPast ? telemetry.history(request) : []),
    last: () => samples,
    readOn: async (plan) => {
      const signals = [...new Set(plan.checks.map((check) => check.signal))];
      return (await read({ signals, cursor, abort: new AbortController().signal })).samples;
    },
  };
}

interface Rig {
  readonly parts: EngineParts;
  readonly clock: SimulationClock;
  readonly exposure: MemoryExposure;
  readonly telemetry: Remembering;
  /** What the engine logged as gone wrong. */
  readonly faults: string[];
}

function enginePartsOver({
  store,
  clock,
  exposure,
  telemetry,
  faults,
}: Omit<Rig, 'parts'> & { readonly store: Store }): EngineParts {
  return {
    store,
    targetFor: () => ({ telemetry, exposure }),
    summarizer: null,
    chat: { tell: async () => {} },
    clock,
    log: {
      info: () => {},
      warn: (message, fields) => void faults.push(`${message}: ${JSON.stringify(fields ?? {})}`),
    },
    worker: 'simulated:1:1',
    timing: { leaseMs: 20_000, pollMs: 250, readTimeoutMs: READ_TIMEOUT_MS, quietMs: 0 },
    toldFaults: new Set(),
  };
}

/** Nothing in a simulated world is waited for; each tick makes a timer of this length all the same. */
const READ_TIMEOUT_MS = 5_000;

/** Null when the rollout has started. */
async function begin(
  plan: Plan,
  measureMs: number,
  anyway: boolean,
  parts: EngineParts,
  telemetry: Remembering,
): Promise<StartRefusal | null> {
  const target = parts.targetFor(plan.target);
  if (target === null) throw new Error('a simulated target is always there');
  const request = { rolloutId: SIMULATED_ROLLOUT, plan, by: 'simulation', measureMs };
  const result = await startRollout(request, target, parts);
  if (result.kind === 'started') return null;
  if (!anyway || result.why.kind !== 'not_clearable') return result.why;
  await beginAnyway(plan, telemetry.last(), parts);
  return null;
}

/** What preflight refused, started over its head: only a simulation may, so the product's own start has no such switch. */
async function beginAnyway(plan: Plan, before: readonly Sample[], parts: EngineParts): Promise<void> {
  const at = parts.clock.now();
  const planDigest = digestOf(plan);
  const versions = { sluice: VERSION, decider: DECIDER_VERSION, bucketing: BUCKETING };
  const event: RolloutEvent = { kind: 'started', plan, planDigest, before, versions };
  await parts.store.create({
    id: SIMULATED_ROLLOUT,
    target: plan.target,
    plan,
    planDigest,
    state: fold(plan, startState(plan, at), { at, event }, null),
    firstEvent: newEvent({ at, actor: 'simulation', event, usesEvidence: false, gateEpoch: null }, null),
    nextTickAt: at,
  });
}

/** Signals and the progress of others are let in every so many looks. */
const LOOKS_BETWEEN_PAUSES = 200;

/** Ticks until the rollout is over or the world is left alone; null when stopped. */
async function ticked(plan: Plan, world: World, options: EngineRunOptions, rig: Rig): Promise<Run | null> {
  const { settings, signal, onLook = () => {} } = options;
  const { clock, telemetry } = rig;
  const begunAt = clock.now();
  const tally = newTally();
  let asked: number | null = null;
  let epoch = 1;
  for (let at = begunAt; at <= begunAt + settings.horizonMs; at += plan.tickMs) {
    clock.moveTo(at);
    const isAnswered: boolean =
      asked !== null && settings.personAfterMs !== null && at - asked >= settings.personAfterMs;
    const { percent } = rig.exposure.now;
    // The engine does not wait for telemetry when a person says back; what passed meanwhile is counted all the same.
    const passed = isAnswered ? await telemetry.readOn(plan) : null;
    if (isAnswered) await answer(epoch, rig);
    const state = await tickedOnce(rig);
    const decision = state.last;
    if (decision === null) throw new Error('a look without a decision');
    const look = { elapsedMs: at - begunAt, percent, decision, samples: passed ?? telemetry.last() };
    countLook(tally, look, world, settings.startAt);
    onLook(look);
    asked = waitsForPerson(decision) ? (asked ?? at) : null;
    epoch = state.stageEpoch;
    if (state.phase !== 'running') return runOf(tally, await settled(state, rig));
    if (tally.looks % LOOKS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted === true) return null;
  }
  return runOf(tally, { phase: 'running', ended: null });
}

async function tickedOnce({ parts, faults }: Rig): Promise<RolloutState> {
  const result = await tickOne(SIMULATED_ROLLOUT, parts);
  if (result?.kind === 'ticked') return result.state;
  throw new Error(`a simulated look failed: ${faults.at(-1) ?? 'it was not due'}`);
}

/** The person's answer, as any surface would hand it in. */
async function answer(epoch: number, { parts, clock }: Rig): Promise<void> {
  await parts.store.appendInbox({
    source: 'simulation',
    deliveryId: `answer-${epoch}`,
    rolloutId: SIMULATED_ROLLOUT,
    receivedAt: clock.now(),
    body: personRollback(epoch) as unknown as Json,
  });
}

/** How often a rollback is looked at until zero is read back: the first tick after it sees that it is. */
const SETTLING_TICKS = 3;
const SETTLING_MS = 1_000;

/** The state once a rollback has ended: exposure was read back at nothing. */
async function settled(state: RolloutState, rig: Rig): Promise<RolloutState> {
  let ended = state;
  for (let ticks = 0; ended.phase === 'rolling_back' && ticks < SETTLING_TICKS; ticks++) {
    rig.clock.moveTo(rig.clock.now() + SETTLING_MS);
    ended = await tickedOnce(rig);
  }
  if (ended.phase === 'rolling_back' || (ended.phase === 'rolled_back' && rig.exposure.now.percent !== 0))
    throw new Error('a simulated rollback left something exposed');
  return ended;
}

import { openSqliteStore } from '../../src/adapters/sqlite/store.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import type { Decision } from '../../src/core/gate/decision.ts';
import { standardSettings } from '../../src/core/gate/settings.ts';
import type { Check, Line, Measure } from '../../src/core/plan/check.ts';
import type { Plan } from '../../src/core/plan/plan.ts';
import type { Command } from '../../src/core/rollout/command.ts';
import { eventOf } from '../../src/core/rollout/events.ts';
import type { RolloutState } from '../../src/core/rollout/state.ts';
import { tickDue } from '../../src/engine/engine.ts';
import type { EngineParts } from '../../src/engine/parts.ts';
import { type StartResult, startRollout } from '../../src/engine/start.ts';
import type { ChatMessage } from '../../src/ports/chat.ts';
import { type MemoryExposure, memoryExposure } from '../../src/simulate/memory-exposure.ts';
import { simulatedTelemetry } from '../../src/simulate/telemetry.ts';
import { CALM, type World } from '../../src/simulate/world.ts';
import { virtualClock } from './virtual-clock.ts';

/** The real engine on an in-memory store, a simulated world and a clock that moves when told. */
export interface Rig {
  readonly parts: EngineParts;
  readonly exposure: MemoryExposure;
  readonly told: readonly ChatMessage[];
  start(plan: Plan): Promise<StartResult>;
  /** Ticks until the time has passed or the rollout is over. */
  run(ms: number): Promise<void>;
  /** Moves the wall clock alone. */
  jump(ms: number): void;
  command(command: Partial<Command> & Pick<Command, 'verb'>): Promise<void>;
  state(): Promise<RolloutState>;
  decisions(): Promise<readonly Decision[]>;
}

export const ROLLOUT = 'rl_test';
const TICK_MS = 1_000;

export async function openRig(
  world: Partial<World> = {},
  summarizer: EngineParts['summarizer'] = null,
): Promise<Rig> {
  const clock = virtualClock();
  const store = openSqliteStore<RolloutState, Plan>({ path: ':memory:', clock });
  await store.migrate();
  const exposure = memoryExposure();
  const told: ChatMessage[] = [];
  const telemetry = simulatedTelemetry({ ...CALM, ...world }, clock, () => exposure.now);
  const parts: EngineParts = {
    store,
    targetFor: () => ({ telemetry, exposure }),
    chat: { tell: async (message) => void told.push(message) },
    summarizer,
    clock,
    log: { info: () => {}, warn: (message, fields) => failOnBug(message, fields) },
    worker: 'host:1:1',
    timing: { leaseMs: 20_000, pollMs: 250, readTimeoutMs: 5_000, quietMs: 3_000 },
    toldFaults: new Set(),
  };
  let deliveries = 0;
  const state = async () => {
    const row = await store.get(ROLLOUT);
    if (row === null) throw new Error('no rollout');
    return row.state;
  };
  return {
    parts,
    exposure,
    told,
    start: async (plan) => {
      const target = { telemetry, exposure };
      const starting = startRollout(
        { rolloutId: ROLLOUT, plan, by: 'test', measureMs: 4_000 },
        target,
        parts,
      );
      await clock.advance(4_000);
      return starting;
    },
    jump: (ms) => clock.jump(ms),
    run: async (ms) => {
      for (let passed = 0; passed < ms; passed += TICK_MS) {
        await clock.advance(TICK_MS);
        await tickDue(parts);
      }
    },
    command: async (command) => {
      const body: Command = {
        by: 'alice',
        reason: '',
        until: null,
        expectedEpoch: (await state()).stageEpoch,
        ...command,
      };
      const deliveryId = `d${++deliveries}`;
      const message = { source: 'test', deliveryId, rolloutId: ROLLOUT, receivedAt: clock.now() };
      await store.appendInbox({ ...message, body: body as unknown as Json });
      await tickDue(parts);
    },
    state,
    decisions: async () =>
      (await store.readLog(ROLLOUT, 1)).flatMap((entry) => {
        const event = eventOf(entry.kind, entry.payload);
        return event.kind === 'decided' ? [event.decision] : [];
      }),
  };
}

/** A tick that threw is a bug of ours unless the test made the outside fail on purpose. */
function failOnBug(message: string, fields: unknown): void {
  if (message.startsWith('a tick failed')) throw new Error(`${message}: ${JSON.stringify(fields)}`);
}

export function check(
  overrides: Partial<Check> & {
    readonly signal: string;
    readonly hold?: Line | null;
    readonly rollback?: Line | null;
  },
): Check {
  const measure: Measure = overrides.signal.includes('latency')
    ? { kind: 'quantile', p: 0.95 }
    : { kind: 'share' };
  return {
    id: overrides.signal,
    measure,
    worse: 'increase',
    hold: null,
    rollback: null,
    severity: 'critical',
    intent: 'guard',
    flags: [],
    why: 'a test says so',
    provenance: [{ source: 'instruction', from: 'a test', evidence: [] }],
    ...overrides,
  };
}

/** Half a point holds, two points roll back. */
export const ERROR_RATE = check({
  signal: 'http.error_rate',
  hold: { compare: 'difference', by: 0.005 },
  rollback: { compare: 'difference', by: 0.02 },
});

export const P95 = check({
  signal: 'http.latency_p95',
  hold: { compare: 'band', times: 1.5, floor: 10 },
});

export function planOf(overrides: Partial<Plan> = {}): Plan {
  const ladder =
    overrides.ladder ??
    [10, 25, 50, 100].map((percent) => ({
      exposure: { kind: 'percent' as const, percent },
      holdMs: 10_000,
    }));
  const ladderMs = ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  return {
    title: 'a change',
    target: 'checkout',
    surface: null,
    ladder,
    holdbackPercent: null,
    checks: [ERROR_RATE],
    risk: 'medium',
    riskReasons: [],
    rollbackSafe: 'yes',
    instruction: '',
    approvals: [],
    dropped: [],
    unobservable: [],
    questions: [],
    unread: [],
    allowWiden: false,
    settings: standardSettings({ tickMs: TICK_MS, ladderMs }),
    tickMs: TICK_MS,
    ...overrides,
  };
}

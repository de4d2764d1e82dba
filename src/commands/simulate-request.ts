import { existsSync } from 'node:fs';
import { loadConfig } from '../config.ts';
import { formatDuration, parseDuration } from '../core/duration.ts';
import { TICK_MS } from '../core/gate/settings.ts';
import { readInstruction } from '../core/plan/instruction.ts';
import { makePlan, type Planned, type PlanRequest } from '../core/plan/merge.ts';
import type { Plan } from '../core/plan/plan.ts';
import { shapeOf } from '../core/plan/signal-binding.ts';
import { readChange, type WorldChange } from '../simulate/effect-text.ts';
import type { RunSettings } from '../simulate/rollout.ts';
import { standardChanges } from '../simulate/standard-changes.ts';
import type { WorldFacts } from '../simulate/world-of-plan.ts';
import { type Context, readText } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

export interface SimulateOptions {
  readonly traffic: string;
  readonly errorRate: string;
  readonly effect: readonly string[];
  readonly rollouts: number;
  readonly seed: number;
  readonly startHour: string;
  readonly noise: string;
  readonly personAfter: string;
  readonly anyway: boolean;
  readonly tick?: string;
  readonly instruction?: string;
  readonly instructionFile?: string;
  readonly target?: string;
  readonly svg?: string;
}

/** What is to be simulated, every flag read. */
export interface SimulateRequest {
  readonly planned: Planned;
  readonly facts: WorldFacts;
  readonly settings: RunSettings;
  readonly changes: readonly WorldChange[];
  readonly rollouts: number;
  readonly seed: number;
  readonly anyway: boolean;
}

/** The day is a Monday like any other; only the hour matters to a simulated world. */
const MONDAY = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;
const MEASURE_TICKS = 4;

/** Reads the flags; whatever is wrong with them ends the command as wrong usage, before anything runs. */
export async function simulateRequest(context: Context, options: SimulateOptions): Promise<SimulateRequest> {
  const facts: WorldFacts = {
    requestsPerMinute: trafficOf(options.traffic),
    errorRate: rateOf(options.errorRate),
    noise:
      options.noise === 'none' || options.noise === 'usual'
        ? options.noise
        : wrong('--noise', options.noise, 'none or usual'),
  };
  const startHour = Number(options.startHour);
  if (!(startHour >= 0 && startHour < 24)) wrong('--start-hour', options.startHour, 'an hour from 0 to 23');
  const personAfterMs =
    options.personAfter === 'never' ? null : timeOf('--person-after', options.personAfter, 0);
  const planned = makePlan(await planRequest(context, options));
  const { plan } = planned;
  const written = options.effect.map(changeOf);
  return {
    planned,
    facts,
    settings: {
      startAt: MONDAY + startHour * HOUR_MS,
      horizonMs: horizonMs(plan, personAfterMs),
      measureMs: MEASURE_TICKS * plan.tickMs,
      personAfterMs,
    },
    changes: written.length > 0 ? written : standardChanges(plan, facts),
    rollouts: options.rollouts,
    seed: options.seed,
    anyway: options.anyway,
  };
}

/** Every stage extended once, a person's answer, and the ticks between: nothing that is going to end takes longer. */
function horizonMs(plan: Plan, personAfterMs: number | null): number {
  const ladderMs = plan.ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  return 2 * ladderMs + (personAfterMs ?? 0) + (2 * plan.ladder.length + MEASURE_TICKS) * plan.tickMs;
}

async function planRequest(context: Context, options: SimulateOptions): Promise<PlanRequest> {
  const words = await instructionOf(options);
  const tickMs = options.tick === undefined ? null : timeOf('--tick', options.tick, 1_000);
  if (options.target === undefined && words !== null) return bareRequest(words, tickMs ?? TICK_MS);
  if (options.target === undefined && !existsSync(context.configPath)) {
    throw new CommandEnd(
      EXIT.usage,
      `say what to simulate: --instruction, --instruction-file, or --target with a ${context.configPath}`,
    );
  }
  const config = loadConfig(context.configPath);
  const names = Object.keys(config.targets);
  const name = options.target ?? (names.length === 1 ? names[0] : undefined);
  const target = name === undefined ? undefined : config.targets[name];
  if (name === undefined || target === undefined) {
    const known = names.join(', ') || 'none is configured';
    if (name === undefined) throw new CommandEnd(EXIT.usage, `name a target with --target: ${known}`);
    throw new CommandEnd(EXIT.notFound, `no target "${name}" is configured: ${known}`);
  }
  const text = words ?? target.instruction;
  return {
    ...bareRequest(text, tickMs ?? config.tickMs),
    target: name,
    surface: target.surface,
    guardrails: target.surface === null ? [] : (config.surfaces[target.surface]?.guardrails ?? []),
    measurable: new Map(
      Object.entries(config.signals).map(([signal, binding]) => [signal, shapeOf(binding)]),
    ),
    ...target.policy,
  };
}

/** Words and nothing else: every signal is taken to be measurable, and no surface adds guardrails. */
function bareRequest(text: string | null, tickMs: number): PlanRequest {
  return {
    title: 'simulated change',
    target: 'simulated',
    surface: null,
    guardrails: [],
    instruction: text === null ? null : { text, reading: readInstruction(text) },
    proposals: [],
    measurable: null,
    exposureKinds: null,
    allowWiden: false,
    tickMs,
  };
}

async function instructionOf(options: SimulateOptions): Promise<string | null> {
  const { instruction, instructionFile } = options;
  if (instruction !== undefined && instructionFile !== undefined) {
    throw new CommandEnd(EXIT.usage, 'give --instruction or --instruction-file, not both');
  }
  return instruction ?? (instructionFile === undefined ? null : readText(instructionFile, 'instruction'));
}

function changeOf(text: string): WorldChange {
  const reading = readChange(text);
  if (reading.kind === 'unreadable') throw new CommandEnd(EXIT.usage, reading.why);
  return reading.change;
}

const PER_MINUTE = { s: 60, min: 1, h: 1 / 60 } as const;
const MOST_PER_MINUTE = 1e8;

/** "2000/min", "30/s", "500/h"; a bare number is a minute's. */
function trafficOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(?:\/(s|min|h))?$/.exec(text);
  const perMinute = Number(match?.[1]) * PER_MINUTE[(match?.[2] ?? 'min') as keyof typeof PER_MINUTE];
  return perMinute > 0 && perMinute <= MOST_PER_MINUTE
    ? perMinute
    : wrong('--traffic', text, 'requests of the whole target, as 2000/min, 30/s or 500/h');
}

function rateOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%$/.exec(text);
  const rate = Math.round(Number(match?.[1]) * 1e7) / 1e9;
  return rate >= 0 && rate <= 0.5
    ? rate
    : wrong('--error-rate', text, 'a share of requests up to 50%, as 0.5%');
}

function timeOf(flag: string, text: string, leastMs: number): number {
  const ms = parseDuration(text);
  return ms !== null && ms >= leastMs
    ? ms
    : wrong(
        flag,
        text,
        `a time${leastMs > 0 ? ` of at least ${formatDuration(leastMs)}` : ''}, as 15s or 15m`,
      );
}

function wrong(flag: string, given: string, wanted: string): never {
  throw new CommandEnd(EXIT.usage, `${flag} "${given}": ${wanted} is needed`);
}

import type { Json } from '../core/canonical-json.ts';
import { formatDuration } from '../core/duration.ts';
import { readInstruction } from '../core/plan/instruction.ts';
import { formatLadder } from '../core/plan/ladder.ts';
import { type Guardrail, makePlan, type Planned, type PlanPolicy } from '../core/plan/merge.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Preflight } from '../core/plan/preflight.ts';
import type { Measurable } from '../core/plan/rule-checks.ts';
import type { Command } from '../core/rollout/command.ts';
import { eventOf } from '../core/rollout/events.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import type { RolloutView } from '../core/rollout/view.ts';
import { shownLine } from '../core/shown-text.ts';
import type {
  CommandReply,
  CommandWords,
  Control,
  PlanWords,
  StartOutcome,
  StartWords,
} from '../ports/control.ts';
import { digestOf } from '../ports/digest.ts';
import type { InstructionReader } from '../ports/instruction-reader.ts';
import type { Planner } from '../ports/planner.ts';
import type { RolloutRow } from '../ports/store.ts';
import { tickOne } from './engine.ts';
import type { EngineParts } from './parts.ts';
import { RECENT_EVENTS, recordsOf, rolloutView } from './records.ts';
import { type StartRefusal, startRollout } from './start.ts';

/** What is configured for one target, beside its parts. */
export interface TargetSetup {
  readonly surface: string | null;
  readonly guardrails: readonly Guardrail[];
  readonly measurable: Measurable;
  /** The target's standing instruction, or null. */
  readonly instruction: string | null;
  readonly policy: PlanPolicy;
  readonly tickMs: number;
  readonly measureMs: number;
}

export interface ControlParts {
  readonly engine: EngineParts;
  readonly planners: readonly Planner[];
  /** Reads a standing instruction; absent: by the grammar alone. */
  readonly reader?: InstructionReader;
  readonly setupFor: (target: string) => TargetSetup | null;
  readonly targets: readonly string[];
}

/** Every surface's one way in: plan, start, command and look, on this process's own store. */
export function localControl(parts: ControlParts): Control {
  const { store } = parts.engine;
  const view = (row: RolloutRow<RolloutState, Plan>) => rolloutView(store, row);
  const starting = new Set<string>();
  return {
    ...recordsOf(store),
    plan: (words) => planFor(words, parts),
    start: async (words, onProgress) => {
      // Both would find the target free, and measure for a while before either is in the store.
      if (starting.has(words.target)) return startUnderWay(words.target);
      starting.add(words.target);
      try {
        return await start(words, parts, onProgress);
      } finally {
        starting.delete(words.target);
      }
    },
    command: (rolloutId, words) => command(rolloutId, words, parts, view),
  };
}

function startUnderWay(target: string): StartOutcome {
  const why = `another start on ${target} is reading its traffic; look at that one first`;
  return { kind: 'refused', why, planned: null, preflight: null };
}

/** The request names something this Sluice does not have. */
export class UnknownTarget extends Error {
  override readonly name = 'UnknownTarget';
  readonly code = 'unknown_target';
  constructor(target: string, known: readonly string[]) {
    super(
      `no target "${target}" is configured; there ${known.length === 0 ? 'are none' : `is ${known.join(', ')}`}`,
    );
  }
}

async function planFor(words: PlanWords, parts: ControlParts): Promise<Planned> {
  const setup = parts.setupFor(words.target);
  const target = parts.engine.targetFor(words.target);
  if (setup === null || target === null) throw new UnknownTarget(words.target, parts.targets);
  const proposals = await Promise.all(
    parts.planners.map((planner) => planner.propose({ diff: words.diff, title: words.title })),
  );
  const text = words.instruction ?? setup.instruction;
  const instruction =
    text === null ? null : { text, reading: (await parts.reader?.read(text)) ?? readInstruction(text) };
  return makePlan({
    title: words.title,
    target: words.target,
    surface: setup.surface,
    guardrails: setup.guardrails,
    instruction,
    proposals,
    measurable: setup.measurable,
    exposureKinds: target.exposure.capabilities.kinds,
    ...setup.policy,
    tickMs: setup.tickMs,
  });
}

async function start(
  words: StartWords,
  parts: ControlParts,
  onProgress: (message: string) => void,
): Promise<StartOutcome> {
  const planned = await planFor(words, parts);
  const refused = (why: string, preflight: Preflight | null = null): StartOutcome => ({
    kind: 'refused',
    why,
    planned,
    preflight,
  });
  if (planned.faults.length > 0) return refused(`this plan cannot be started: ${planned.faults.join('; ')}`);
  const isOpen = planned.plan.questions.length + planned.plan.unread.length > 0;
  if (isOpen && !words.confirmed) return { kind: 'needs_confirmation', planned };
  const target = parts.engine.targetFor(words.target);
  const setup = parts.setupFor(words.target);
  if (target === null || setup === null) throw new UnknownTarget(words.target, parts.targets);
  const digest = digestOf({ plan: planned.plan, at: parts.engine.clock.now() });
  const result = await startRollout(
    {
      rolloutId: words.rolloutId ?? `rl_${digest.slice(0, 8)}`,
      plan: planned.plan,
      by: shownLine(words.by),
      measureMs: setup.measureMs,
      onProgress,
    },
    target,
    parts.engine,
  );
  if (result.kind === 'started') {
    const { rolloutId, preflight } = result;
    return { kind: 'started', rolloutId, planned: { plan: result.plan, faults: [] }, preflight };
  }
  const forecast = result.why.kind === 'not_clearable' ? result.why.preflight : null;
  return refused(refusalText(result.why), forecast);
}

function refusalText(why: StartRefusal): string {
  switch (why.kind) {
    case 'target_busy':
      return `rollout ${why.rolloutId} is under way on this target; finish it or roll it back first`;
    case 'id_taken':
      return 'a rollout of this id was started before, and the same id starts once; nothing new was started';
    case 'kill_switch':
      return `the backend would refuse the kill switch: ${why.reason}`;
    case 'unreadable':
      return `a required signal cannot be read: ${why.details.join('; ')}`;
    case 'not_clearable':
      return notClearableText(why.preflight);
  }
}

/** Numbers first, then a ladder that would work, in words that can be given back as an instruction. */
function notClearableText(forecast: Preflight): string {
  const rate = `${Math.round(forecast.unitsPerMinute)} requests/min`;
  const stages = forecast.stages
    .filter((stage) => stage.verdict === 'not_clearable')
    .map((stage) => {
      const need =
        stage.neededMs === null ? 'can never be cleared' : `needs ${formatDuration(roundUp(stage.neededMs))}`;
      const units =
        stage.neededUnits === null
          ? ''
          : ` (${stage.neededUnits} canary requests for ${stage.slowest}, ${stage.expectedUnits} expected)`;
      return `${stage.exposure} ${need} and has ${formatDuration(stage.holdMs)}${units}`;
    });
  const workable = forecast.workable;
  const offer =
    workable === null
      ? forecast.unitsPerMinute === 0
        ? 'No traffic was seen at all.'
        : 'No ladder of these checks can be cleared by it.'
      : `A ladder that can: ${formatLadder(workable)}.`;
  return `at ${rate} not every stage can be cleared: ${stages.join('; ')}. ${offer}`;
}

function roundUp(ms: number): number {
  const step = ms >= 60_000 ? 60_000 : 1_000;
  return Math.ceil(ms / step) * step;
}

async function command(
  rolloutId: string,
  words: CommandWords,
  parts: ControlParts,
  view: (row: RolloutRow<RolloutState, Plan>) => Promise<RolloutView>,
): Promise<CommandReply> {
  const { engine } = parts;
  if ((await engine.store.get(rolloutId)) === null) return { kind: 'unknown_rollout' };
  const now = engine.clock.now();
  const body: Command = {
    verb: words.verb,
    by: shownLine(words.by),
    reason: words.reason,
    until: words.verb === 'hold' && words.holdMs !== null ? now + words.holdMs : null,
    expectedEpoch: words.expectedEpoch,
    ...(words.check === undefined ? {} : { check: words.check }),
  };
  const message = { source: 'control', deliveryId: words.deliveryId, rolloutId, receivedAt: now };
  await engine.store.appendInbox({ ...message, body: body as unknown as Json });
  const isHandled = await acted(rolloutId, words.deliveryId, engine);
  const row = await engine.store.get(rolloutId);
  if (!isHandled || row === null) return { kind: 'queued' };
  const refusal = await refusalInLog(engine, row, body);
  return refusal === null
    ? { kind: 'accepted', view: await view(row) }
    : { kind: 'refused', why: refusal, view: await view(row) };
}

/** A tick under way elsewhere has the rollout leased: it is waited for this often and so long, not answered with a shrug. */
const ACT_TRIES = 20;
const ACT_PAUSE_MS = 100;

/** Ticks until the message is handled, by whoever holds the rollout; false when that takes too long. */
async function acted(rolloutId: string, deliveryId: string, engine: EngineParts): Promise<boolean> {
  for (let tries = 0; tries < ACT_TRIES; tries++) {
    if (tries > 0) await engine.clock.sleep(ACT_PAUSE_MS);
    await tickOne(rolloutId, engine);
    const pending = await engine.store.pendingInbox(rolloutId);
    if (pending.every((message) => message.deliveryId !== deliveryId)) return true;
  }
  return false;
}

/** How the log says the command ended: refused when it came in, or by the gate that weighed it. */
async function refusalInLog(
  engine: EngineParts,
  row: RolloutRow<RolloutState, Plan>,
  given: Command,
): Promise<string | null> {
  const recent = await engine.store.readLog(row.id, Math.max(1, row.version - RECENT_EVENTS));
  const at = recent.findLastIndex((entry) => {
    const event = eventOf(entry.kind, entry.payload);
    return event.kind === 'commanded' && event.command.verb === given.verb && event.command.by === given.by;
  });
  for (const entry of recent.slice(Math.max(at, 0))) {
    const event = eventOf(entry.kind, entry.payload);
    if (event.kind === 'commanded' && event.outcome.kind === 'refused') return event.outcome.why;
    if (event.kind === 'decided') return event.decision.refusedOrder;
  }
  return null;
}

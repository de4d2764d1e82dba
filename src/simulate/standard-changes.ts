import type { Plan } from '../core/plan/plan.ts';
import type { WorldChange } from './effect-text.ts';
import type { Effect } from './world.ts';
import { type Distance, leadingLines, linesOf, scaledDistance, type WorldFacts } from './world-of-plan.ts';

const INCIDENT_TIMES = 6;
const INCIDENT_MS = 480_000;
/** Just over the hold line: so many times as far as it, or half-way to the rollback line where that is nearer. */
const OVER_HOLD = 1.4;

/**
 * The effects that answer "what would this plan catch?" by themselves, made from the plan's own lines: a good release, bad luck
 * that is nobody's change, a change inside the hold line, one just over it, one on the rollback line, one three times as bad,
 * one that begins late, and a canary that dies. Without a line that an effect could be measured by, those without a size.
 */
export function standardChanges(plan: Plan, facts: WorldFacts): readonly WorldChange[] {
  const lines = leadingLines(plan, facts);
  const ladderMs = plan.ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  const whole = (ms: number) => roundTime(ms, plan.tickMs);
  const timed = (effect: Effect): WorldChange => ({ kind: 'effect', effect });
  const lastMs = plan.ladder.at(-1)?.holdMs ?? 0;
  const before = plan.ladder.at(-2)?.holdMs ?? 0;
  const sized = lines === null ? [] : sizes(lines);
  const late = sized.length === 0 || lines === null ? [] : [lateDistance(lines)];
  return [
    { kind: 'none' },
    timed({
      kind: 'incident',
      times: INCIDENT_TIMES,
      fromMs: whole(ladderMs / 3),
      forMs: whole(Math.min(INCIDENT_MS, (ladderMs * 2) / 15)),
    }),
    ...sized.map((distance) => timed(effectOf(distance, null))),
    ...late.map((distance) => timed(effectOf(distance, whole(ladderMs - lastMs - before / 2)))),
    timed({ kind: 'dead', fromMs: whole((plan.ladder[0]?.holdMs ?? 0) / 2) }),
  ];
}

const MINUTE_MS = 60_000;
const LONG_MS = 300_000;

/** To whole ticks; to whole minutes, as people would write it, where that changes little. */
function roundTime(ms: number, tickMs: number): number {
  const unit = ms >= LONG_MS ? Math.max(tickMs, MINUTE_MS) : tickMs;
  return Math.max(1, Math.round(ms / unit)) * unit;
}

type Leading = NonNullable<ReturnType<typeof leadingLines>>;

function sizes({ hold, rollback }: Leading): readonly Distance[] {
  const over = scaledDistance(hold, OVER_HOLD);
  const inside = scaledDistance(hold, 0.5);
  if (rollback === null) return [inside, over, scaledDistance(hold, 3)];
  const isWide = sizeOf(rollback) > sizeOf(hold);
  const between = sizeOf(over) < sizeOf(rollback) ? over : midway(hold, rollback);
  return [inside, ...(isWide ? [between] : []), rollback, scaledDistance(rollback, 3)];
}

function lateDistance({ hold, rollback }: Leading): Distance {
  return rollback === null ? scaledDistance(hold, 3) : scaledDistance(rollback, 1.5);
}

function sizeOf(distance: Distance): number {
  return distance.kind === 'points' ? distance.by : Math.log(distance.times);
}

function midway(hold: Distance, rollback: Distance): Distance {
  return scaledDistance(hold, (1 + sizeOf(rollback) / sizeOf(hold)) / 2);
}

/** As people write it: to a hundredth of a point, or of a factor. */
function effectOf(distance: Distance, fromMs: number | null): Effect {
  const timing = fromMs === null ? {} : { fromMs };
  if (distance.kind === 'times') {
    const times = Math.max(1.01, Math.round(distance.times * 100) / 100);
    return { kind: 'stretch', signal: distance.signal, times, ...timing };
  }
  const size = Math.max(0.0001, Math.round(distance.by * 1e4) / 1e4);
  const by = distance.worse === 'increase' ? size : -size;
  const named = distance.signal === 'http.error_rate' ? {} : { signal: distance.signal };
  return { kind: 'step', by, ...named, ...timing };
}

/**
 * What an honest plan should make of a change: `good` and `shared` ones go out (a rollback would be a false alarm), `allowed`
 * ones lie inside every hold line they touch, `blind` ones take the sight away and should be held, `harm` should be caught.
 */
export type Expectation = 'good' | 'shared' | 'allowed' | 'blind' | 'harm';

export function expectationOf(plan: Plan, facts: WorldFacts, change: WorldChange): Expectation {
  if (change.kind === 'none') return 'good';
  if (change.kind === 'segments') return 'shared';
  const { effect } = change;
  switch (effect.kind) {
    case 'incident':
    case 'misassigned':
      return 'shared';
    case 'dead':
    case 'telemetry_fault':
      return 'blind';
    case 'step':
    case 'stretch':
      return isAllowed(plan, facts, effect) ? 'allowed' : 'harm';
    default:
      return 'harm';
  }
}

function isAllowed(
  plan: Plan,
  facts: WorldFacts,
  effect: Extract<Effect, { kind: 'step' | 'stretch' }>,
): boolean {
  const signal = effect.signal ?? 'http.error_rate';
  const touched = plan.checks.filter(
    (check) => check.signal === signal && check.intent === 'guard' && check.severity !== 'advisory',
  );
  // What no check watches is inside no line: it is harm that nobody will catch.
  if (touched.length === 0) return false;
  return touched.every((check) => {
    const hold = linesOf(check, facts)?.hold;
    if (hold === undefined) return false;
    if (hold.kind === 'points')
      return effect.kind === 'step' && (hold.worse === 'increase' ? effect.by : -effect.by) < hold.by;
    return effect.kind === 'stretch' && effect.times < hold.times;
  });
}

import { decide } from '../../../src/core/gate/decide.ts';
import type { Decision } from '../../../src/core/gate/decision.ts';
import type { Evidence } from '../../../src/core/gate/evidence.ts';
import type { Finding } from '../../../src/core/gate/finding.ts';
import { enterStage } from '../../../src/core/gate/gate-state.ts';
import type { Sample } from '../../../src/core/gate/sample.ts';
import { desiredAt, type Plan } from '../../../src/core/plan/plan.ts';
import { fold } from '../../../src/core/rollout/fold.ts';
import type { RolloutState } from '../../../src/core/rollout/state.ts';
import { planOf } from '../../support/rollout-rig.ts';
import { lookAt, NOW, running, TICK_MS } from './looks.ts';

export interface GateRun {
  readonly decisions: readonly Decision[];
  readonly state: RolloutState;
  readonly plan: Plan;
}

/** A plan whose stages last for ever, so that looks are judged in one stage until the test ends. */
export function endlessPlan(overrides: Partial<Plan> = {}): Plan {
  const stages = [10, 25, 50, 100].map((percent) => ({
    exposure: { kind: 'percent' as const, percent },
    holdMs: 1e9,
  }));
  const plan = planOf(overrides);
  return { ...plan, ladder: overrides.ladder ?? stages };
}

/**
 * Windows, one a second, through decision and fold: what a tick does, without a store. A window that is placed already
 * (`isPlaced`) keeps its own times.
 */
export function gateRun(
  plan: Plan,
  windows: readonly (readonly Sample[])[],
  more: {
    readonly from?: RolloutState;
    readonly isPlaced?: boolean;
    readonly overlap?: (look: number) => Evidence['overlap'] | undefined;
  } = {},
): GateRun {
  let state = more.from ?? running(plan, { stageSince: NOW, enteredAt: NOW, watchedMs: 0, startedAt: NOW });
  const decisions: Decision[] = [];
  const begunAt = state.lookedAt;
  for (const [look, samples] of windows.entries()) {
    const at = begunAt + (look + 1) * TICK_MS;
    const placed =
      more.isPlaced === true ? samples : samples.map((s) => ({ ...s, from: at - TICK_MS, to: at }));
    const overlap = more.overlap?.(look);
    const evidence: Evidence = {
      ...lookAt(plan, state, placed, at),
      ...(overlap === undefined ? {} : { overlap }),
    };
    const { decision } = decide(plan, state, evidence, at);
    state = fold(plan, state, { at, event: { kind: 'decided', decision } }, evidence);
    decisions.push(decision);
  }
  return { decisions, state, plan };
}

/** The same rollout in its next stage, entered at the last look. */
export function promoted({ plan, state }: GateRun): RolloutState {
  const stageIndex = state.stageIndex + 1;
  return {
    ...state,
    stageIndex,
    stageEpoch: state.stageEpoch + 1,
    stageSince: state.lookedAt,
    enteredAt: state.lookedAt,
    watchedMs: 0,
    extensions: 0,
    extendedAt: null,
    asked: null,
    desired: desiredAt(plan, stageIndex),
    gate: enterStage(state.gate),
  };
}

/** One check's findings, look by look. */
export function findingsOf(run: GateRun, checkId: string): readonly Finding[] {
  return run.decisions.map((decision) => {
    const found = decision.findings.find((finding) => finding.checkId === checkId);
    if (found === undefined) throw new Error(`no finding of ${checkId}`);
    return found;
  });
}

export function lastOf<T>(list: readonly T[]): T {
  const last = list.at(-1);
  if (last === undefined) throw new Error('nothing');
  return last;
}

export function repeated<T>(item: T, count: number): readonly T[] {
  return Array.from({ length: count }, () => item);
}

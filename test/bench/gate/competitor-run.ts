import type { Sample, Stat } from '../../../src/core/gate/sample.ts';
import { desiredAt, isLastStage, type Plan, stageAt } from '../../../src/core/plan/plan.ts';
import type { RunSettings } from '../../../src/simulate/rollout.ts';
import { worldTraffic } from '../../../src/simulate/traffic.ts';
import { addedRate, ERROR_RATE, type World } from '../../../src/simulate/world.ts';
import { MINUTE_MS } from './bench-plan.ts';
import type { Judge, LookVerdict, StageVerdict } from './judge.ts';
import { laterHarm } from './later-harm.ts';
import type { Outcome } from './outcome.ts';

/**
 * One rollout of a plan's ladder under a competitor's rule, in the same world and under the same rules of the house as
 * Sluice's: a look per tick, one extension of a stage's own length, then a person; a person who is asked, or sees an alarm that
 * lasts, rolls back after `personAfterMs`. It is complete when the step to 100 % is made: no peer watches beyond it with these
 * rules, and what a promoted change breaks counts until the horizon.
 */
export function competitorRun(plan: Plan, world: World, settings: RunSettings, judge: Judge): Outcome {
  const signal = plan.checks[0]?.signal ?? ERROR_RATE;
  const signals = [signal];
  const { startAt } = settings;
  const traffic = worldTraffic(world, startAt);
  traffic.count({ from: startAt - settings.measureMs, to: startAt, percent: 0, signals });
  const ladder = onLadder(plan, judge);
  let [badRequests, firstActionMs, isBreachClaimed] = [0, null as number | null, false];
  let waitingSince: number | null = null;
  const outcome = (end: Outcome['end'], endedMs: number): Outcome => ({
    end,
    endedMs,
    firstActionMs,
    isBreachClaimed,
    badRequests:
      badRequests +
      (end === 'complete' ? laterHarm(world, { startAt, fromMs: endedMs, toMs: settings.horizonMs }) : 0),
    blindPromotions: 0,
    widened: 0,
  });
  for (let from = 0; from < settings.horizonMs; from += plan.tickMs) {
    const to = from + plan.tickMs;
    const percent = ladder.percent();
    const samples = traffic.count({ from: startAt + from, to: startAt + to, percent, signals });
    const canary = statOf(samples, 'canary');
    badRequests += unitsOf(canary) * addedRate(world.effects, ERROR_RATE, { elapsedMs: from, percent });
    const isAnswered =
      waitingSince !== null && settings.personAfterMs !== null && to - waitingSince >= settings.personAfterMs;
    if (isAnswered) return outcome('person', to);
    const fromMinutes = from / MINUTE_MS;
    const verdict = ladder.after(judge.look({ fromMinutes, canary, stable: statOf(samples, 'stable') }), to);
    const isAction = verdict === 'alarm' || verdict === 'ask' || verdict === 'rollback';
    if (isAction) firstActionMs ??= to;
    if (verdict === 'alarm' || verdict === 'rollback') isBreachClaimed = true;
    if (verdict === 'rollback') return outcome('rolled_back', to);
    if (verdict === 'done') return outcome('complete', to);
    waitingSince = isAction ? (waitingSince ?? to) : null;
  }
  return outcome('unfinished', settings.horizonMs);
}

/** The ladder a judge climbs: what its verdicts come to, given how long the stage has lasted. A question stands until it is answered. */
function onLadder(plan: Plan, judge: Judge) {
  let [index, enteredMs, isAsked] = [0, 0, false];
  const percentAt = (at: number) => desiredAt(plan, at).percent;
  return {
    percent: () => percentAt(index),
    after: (look: LookVerdict, nowMs: number): 'go_on' | 'alarm' | 'ask' | 'rollback' | 'done' => {
      if (look === 'rollback') return look;
      if (isAsked) return 'ask';
      if (look === 'alarm') return look;
      const { holdMs } = stageAt(plan, index);
      const spentMs = nowMs - enteredMs;
      if (spentMs < holdMs) return 'go_on';
      const verdict: StageVerdict = judge.stageEnd(percentAt(index + 1));
      if (verdict === 'rollback') return verdict;
      isAsked = verdict === 'ask' || (verdict === 'wait' && spentMs >= 2 * holdMs);
      if (isAsked) return 'ask';
      if (verdict === 'wait') return 'go_on';
      index += 1;
      enteredMs = nowMs;
      judge.enterStage();
      return isLastStage(plan, index) ? 'done' : 'go_on';
    },
  };
}

function statOf(samples: readonly Sample[], cohort: Sample['cohort']): Stat {
  const stat = samples.find((sample) => sample.cohort === cohort)?.stat ?? null;
  if (stat === null) throw new Error(`nothing was counted of ${cohort}`);
  return stat;
}

function unitsOf(stat: Stat): number {
  return stat.kind === 'share' ? stat.n : 0;
}

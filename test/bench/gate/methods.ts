import type { Plan } from '../../../src/core/plan/plan.ts';
import type { RunSettings } from '../../../src/simulate/rollout.ts';
import type { World } from '../../../src/simulate/world.ts';
import { asymptoticSequence } from './asymptotic-sequence.ts';
import { competitorRun } from './competitor-run.ts';
import type { Brief, Judge } from './judge.ts';
import { mannWhitney } from './mann-whitney.ts';
import { oracle } from './oracle.ts';
import type { Outcome } from './outcome.ts';
import { peekedZ } from './peeked-z.ts';
import { pocock } from './pocock.ts';
import { rawDifference } from './raw-difference.ts';
import { sluiceRun } from './sluice-run.ts';

interface Method {
  /** As tables and pictures name it. */
  readonly name: string;
  /** The rule needs one value per interval only, which a quantile has as well as a rate. */
  readonly takesValues: boolean;
  judge(brief: Brief, world: World): Judge;
}

/** The competitors, in the order of the tables. */
const JUDGES = {
  raw0: { name: 'raw, failureLimit 0', takesValues: true, judge: (brief) => rawDifference(brief, 0) },
  raw3: { name: 'raw, failureLimit 3', takesValues: true, judge: (brief) => rawDifference(brief, 3) },
  mann_whitney: { name: 'Mann-Whitney 95 %', takesValues: true, judge: (brief) => mannWhitney(brief) },
  mann_whitney_98: {
    name: 'Mann-Whitney 98 %',
    takesValues: true,
    judge: (brief) => mannWhitney(brief, 0.98),
  },
  peeked_z: { name: 'z at every look', takesValues: false, judge: () => peekedZ() },
  pocock: { name: 'group-sequential (Pocock)', takesValues: false, judge: (brief) => pocock(brief) },
  sequence: {
    name: 'plain confidence sequence',
    takesValues: false,
    judge: (brief) => asymptoticSequence(brief),
  },
  oracle: { name: 'oracle SPRT', takesValues: false, judge: (brief, world) => oracle(brief, world) },
} satisfies Readonly<Record<string, Method>>;

export type CompetitorId = keyof typeof JUDGES;
export type MethodId = 'sluice' | CompetitorId;

export const COMPETITORS = Object.keys(JUDGES) as readonly CompetitorId[];

export function methodName(id: MethodId): string {
  return id === 'sluice' ? 'Sluice' : JUDGES[id].name;
}

export function takesValues(id: CompetitorId): boolean {
  return JUDGES[id].takesValues;
}

/** One rollout under a method. */
export function runMethod(id: MethodId, plan: Plan, world: World, settings: RunSettings): Outcome {
  if (id === 'sluice') return sluiceRun(plan, world, settings);
  const [check] = plan.checks;
  const [first] = plan.ladder;
  if (check === undefined || first === undefined) throw new Error('a plan without a check or a stage');
  const brief = { check, settings: plan.settings, looksPerStage: Math.round(first.holdMs / plan.tickMs) };
  return competitorRun(plan, world, settings, JUDGES[id].judge(brief, world));
}

import type { Background } from '../gate/background.ts';
import type { GateSettings } from '../gate/settings.ts';
import type { Check } from './check.ts';
import { type Exposure, formatExposure, type Ladder, type Risk, type Stage } from './ladder.ts';
import type { Unobservable } from './proposal.ts';

/** One rollout's contract: immutable, named by the digest of its canonical JSON, shown to people before anything moves. */
export interface Plan {
  readonly title: string;
  readonly target: string;
  readonly surface: string | null;
  /** Product areas that the changed files belong to, beside the target's own surface. Absent: none was told. */
  readonly surfacesTouched?: readonly string[];
  readonly ladder: Ladder;
  /** `adaptive`: the ladder was to be chosen by the traffic at start (opt-in by policy). Absent: as written. */
  readonly ladderMode?: 'adaptive';
  /** Why the ladder is the one it is, where it was not written so. */
  readonly ladderWhy?: string;
  /** The largest exposure a proposed ladder may start at (policy); absent: 25. */
  readonly largestFirstPercent?: number;
  /** Percent of units kept on the old experience after the last stage; null for none. */
  readonly holdbackPercent: number | null;
  readonly checks: readonly Check[];
  readonly risk: Risk;
  readonly riskReasons: readonly string[];
  readonly rollbackSafe: 'yes' | 'no' | 'unknown';
  /** The standing instruction as it was given. */
  readonly instruction: string;
  /** Stages that need a person's word before they begin. */
  readonly approvals: readonly { readonly beforePercent: number; readonly phrase: string }[];
  readonly dropped: readonly { readonly what: string; readonly why: string }[];
  readonly unobservable: readonly Unobservable[];
  /** What a person must settle before start. */
  readonly questions: readonly string[];
  /** Parts of the instruction that nothing in this plan accounts for. */
  readonly unread: readonly string[];
  /** The next stage may be entered without full evidence while the blast radius stays small (opt-in by policy). */
  readonly allowWiden: boolean;
  /** What was learned of each signal from stable's past when the rollout began; a signal not named has the settings' noise. */
  readonly background?: Background;
  /** The signal that counts units as they are assigned to a side: what a sample-ratio mismatch is read from. */
  readonly assignment?: string;
  readonly settings: GateSettings;
  readonly tickMs: number;
}

/** The largest next exposure at which the wide margin may still serve: the blast radius is bounded. */
export const EARLY_PERCENT = 25;

export function stageAt(plan: Pick<Plan, 'ladder'>, index: number): Stage {
  const stage = plan.ladder[index];
  if (stage === undefined) throw new RangeError(`stage ${index} of ${plan.ladder.length}`);
  return stage;
}

export function isLastStage(plan: Pick<Plan, 'ladder'>, index: number): boolean {
  return index >= plan.ladder.length - 1;
}

/** What the backend must make true at a stage: audiences add up along the ladder, the holdback stays out. */
export function desiredAt(
  plan: Pick<Plan, 'ladder' | 'holdbackPercent'>,
  index: number,
): { readonly percent: number; readonly audiences: readonly string[] } {
  const reached = plan.ladder.slice(0, index + 1).map((stage) => stage.exposure);
  const audiences = reached.flatMap((exposure) => (exposure.kind === 'audience' ? [exposure.name] : []));
  const percent = Math.max(0, ...reached.map(percentOf));
  return { percent: Math.min(percent, 100 - (plan.holdbackPercent ?? 0)), audiences };
}

/** Everyone on the new side and nobody left to compare with. */
export function isAlone(plan: Pick<Plan, 'ladder' | 'holdbackPercent'>, index: number): boolean {
  return desiredAt(plan, index).percent >= 100;
}

/** Share of units exposed by design, or null where a ring or tier decides. */
export function exposedShare(plan: Pick<Plan, 'ladder' | 'holdbackPercent'>, index: number): number | null {
  const { percent, audiences } = desiredAt(plan, index);
  return audiences.length > 0 ? null : percent / 100;
}

/** The margin safety evidence must rule out before leaving a stage: wide while the next step is small, else the hold line. */
export function marginAt(plan: Pick<Plan, 'ladder' | 'holdbackPercent'>, index: number): 'wide' | 'tight' {
  if (isLastStage(plan, index)) return 'tight';
  const { exposure } = stageAt(plan, index + 1);
  return exposure.kind !== 'switch' && desiredAt(plan, index + 1).percent <= EARLY_PERCENT ? 'wide' : 'tight';
}

/** The approval a person must give before the next stage begins, if any. */
export function approvalBefore(plan: Plan, nextIndex: number): string | null {
  const from = desiredAt(plan, nextIndex - 1).percent;
  const to = desiredAt(plan, nextIndex).percent;
  const due = plan.approvals.find(({ beforePercent }) => from <= beforePercent && to > beforePercent);
  const atStage = plan.approvals.find(({ beforePercent }) => from < beforePercent && to >= beforePercent);
  return (due ?? atStage)?.phrase ?? null;
}

export function exposureText(plan: Pick<Plan, 'ladder'>, index: number): string {
  return formatExposure(stageAt(plan, index).exposure);
}

function percentOf(exposure: Exposure): number {
  if (exposure.kind === 'audience') return 0;
  return exposure.kind === 'percent' ? exposure.percent : 100;
}

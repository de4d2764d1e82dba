import type { Check, Line } from '../plan/check.ts';
import type { CheckState } from './check-state.ts';
import type { Arm, Finding, FindingReason, JudgeContext, Outcome } from './finding.ts';
import type { Interval } from './interval.ts';
import { type Edges, edgesOf, isOver, type Pair } from './lines.ts';
import { LOG_FLOOR } from './log-sum.ts';
import type { Unusable } from './sample.ts';

/** What a judge has worked out about one check; `outcomeOf` turns it into a finding by the rules of the gate. */
export interface Judged {
  readonly canary: Arm;
  readonly baseline: Arm;
  readonly trailing: Finding['trailing'];
  /** This stage's values as they were one look ago; left out where no window can be taken back. */
  readonly before?: Finding['trailing'];
  /** ln evidence of the trailing window by itself against the hold line; left out where a window has none of its own. */
  readonly trailingLog?: number;
  /** ln evidence that an expected change went the other way. */
  readonly oppositeLog?: number;
  /** The canary's values without its worst cluster, where clusters are told apart. */
  readonly withoutWorst?: WithoutWorst;
  readonly interval?: Interval | null;
  /** Worked out only for a finding that is open. */
  readonly clearInMs?: () => number | null;
  readonly harmLog: number;
  readonly safetyLog: number;
  /** Canary units in each of the last `SILENT_WINDOWS`, oldest first, and what the baseline side saw. */
  readonly recent: readonly { readonly canary: number; readonly stable: number }[];
  /** The measurement cannot resolve the line, whatever the traffic. */
  readonly tooCoarse: boolean;
}

export interface WithoutWorst {
  readonly stage: ClusterRest;
  readonly trailing: ClusterRest;
}

/** The others' value, and ln of what they say by themselves against the evidence edge. */
type ClusterRest = { readonly key: string; readonly value: number; readonly log: number } | null;

/** How many of the last windows the canary must be missing from. */
export const SILENT_WINDOWS = 3;
/** How many canary units should have been seen before their absence means something. */
const SILENT_EXPECTED = 20;

/**
 * The rules of one finding, first match wins: breaches (tested even on thin data, because harm needs no minimum sample), then
 * absence of data, then positive evidence of safety; everything else is ambiguous. Absence of alarm is never enough.
 */
export function outcomeOf(check: Check, state: CheckState, judged: Judged, context: JudgeContext): Finding {
  const [outcome, reason] = verdict(check, state, judged, context);
  return {
    checkId: check.id,
    severity: check.severity,
    intent: check.intent,
    outcome,
    reason,
    canary: judged.canary,
    baseline: judged.baseline,
    trailing: judged.trailing,
    harm: {
      log: judged.harmLog,
      holdThreshold: context.thresholds.hold,
      rollbackThreshold: context.thresholds.rollback,
    },
    safety: { log: judged.safetyLog, threshold: context.thresholds.safe, margin: context.margin },
    interval: judged.interval ?? null,
    clearInMs: clearIn(outcome, judged),
    blind: blindness(state, context),
  };
}

function clearIn(outcome: Outcome, judged: Judged): number | null {
  if (outcome === 'clear') return 0;
  return outcome === 'ambiguous' || outcome === 'no_data' ? (judged.clearInMs?.() ?? null) : null;
}

type Verdict = readonly [Outcome, FindingReason];

function verdict(check: Check, state: CheckState, judged: Judged, context: JudgeContext): Verdict {
  const edges = edgesOf(check, context.settings.kappa);
  const missing = absence(check, state, judged, context);
  if (check.intent === 'expect_change') return missing ?? expectation(judged, context);
  if (edges === null) return missing ?? ['clear', 'informs_only'];
  const stage = pairOf(judged.canary.value, judged.baseline.value, check);
  const recent = pairOf(judged.trailing.canary, judged.trailing.baseline, check);
  const harmLog = context.settings.isLiteral === true ? literalHarm(check, judged, context) : judged.harmLog;
  const breach = breachOf(check, { ...judged, harmLog }, edges, context, { stage, recent });
  // One bad cluster explains an estimate; it never hides that nothing can be read.
  if (breach !== null && (missing === null || breach[0] !== 'ambiguous')) return breach;
  if (missing !== null) return missing;
  if (judged.tooCoarse) return ['ambiguous', 'resolution_limited'];
  const isStageOver = stage !== null && isOver(edges.tight, check.worse, stage);
  const isRecentOver = recent !== null && isOver(edges.wide, check.worse, recent);
  if (isStageOver || isRecentOver) return ['ambiguous', 'over_line_unconfirmed'];
  return judged.safetyLog >= context.thresholds.safe
    ? ['clear', 'within_lines']
    : ['ambiguous', 'not_enough_evidence'];
}

/** The estimate alone, at or over a line now and one look ago, of enough units: what "literal" asks of harm. */
function literalHarm(check: Check, judged: Judged, { settings, thresholds }: JudgeContext): number {
  const pairs = [
    pairOf(judged.canary.value, judged.baseline.value, check),
    pairOf(judged.before?.canary ?? null, judged.before?.baseline ?? null, check),
  ];
  const isOverTwice = (line: Line | null) =>
    line !== null && pairs.every((pair) => pair !== null && isOver(line, check.worse, pair));
  if (judged.canary.units < settings.minUnits) return LOG_FLOOR;
  if (isOverTwice(check.rollback)) return Math.max(thresholds.rollback, thresholds.hold);
  return isOverTwice(edgesOf(check, settings.kappa)?.tight ?? null) ? thresholds.hold : LOG_FLOOR;
}

/**
 * A breach: the estimate at or over the line, of the stage or of the trailing window, and evidence enough. One bad cluster calls
 * nothing by itself: without it, the canary must still be over the line, and say so. Evidence that the bad one brought is none
 * against the others, whose estimate crosses a line by chance sooner or later.
 */
function breachOf(
  check: Check,
  judged: Judged,
  edges: Edges,
  context: JudgeContext,
  { stage, recent }: { readonly stage: Pair | null; readonly recent: Pair | null },
): Verdict | null {
  const { hold, rollback } = context.thresholds;
  const whole = { pair: stage, rest: judged.withoutWorst?.stage ?? null };
  const trailing = { pair: recent, rest: judged.withoutWorst?.trailing ?? null };
  const over = (line: Line, { pair }: { readonly pair: Pair | null }) =>
    pair !== null && isOver(line, check.worse, pair);
  const isExplained = (line: Line, threshold: number, { pair, rest }: typeof whole) =>
    pair !== null &&
    rest !== null &&
    (rest.log < threshold || !isOver(line, check.worse, { ...pair, canary: rest.value }));
  let isOneCluster = false;
  const called = (line: Line | null, threshold: number, windows: readonly (typeof whole)[]) => {
    const overs = line === null ? [] : windows.filter((window) => over(line, window));
    const standing = overs.filter((window) => line !== null && !isExplained(line, threshold, window));
    isOneCluster ||= overs.length > 0 && standing.length === 0;
    return standing.length > 0;
  };
  // A few noisy minutes over the line are no "over two points" unless they say so by themselves.
  const isRecentSolid = (judged.trailingLog ?? Number.POSITIVE_INFINITY) >= rollback;
  const solid = isRecentSolid ? [whole, trailing] : [whole];
  if (
    check.severity === 'critical' &&
    judged.harmLog >= rollback &&
    called(check.rollback, rollback, solid)
  ) {
    return ['breach_rollback', 'over_line_confirmed'];
  }
  if (judged.harmLog >= hold && called(edges.tight, hold, [whole, trailing])) {
    return ['breach_hold', 'over_line_confirmed'];
  }
  return isOneCluster ? ['ambiguous', 'one_cluster_explains'] : null;
}

/** An expected change is confirmed, absent, or opposite. It informs and never blocks. */
function expectation(judged: Judged, context: JudgeContext): Verdict {
  if (judged.harmLog >= Math.log(1 / context.settings.alphaHold))
    return ['clear', 'expected_change_confirmed'];
  const isOpposite = (judged.oppositeLog ?? LOG_FLOOR) >= Math.log(1 / context.settings.alphaHold);
  return ['ambiguous', isOpposite ? 'expected_change_opposite' : 'expected_change_not_seen'];
}

/** Why there is no evidence to be had from this check right now; null when there is. */
function absence(check: Check, state: CheckState, judged: Judged, context: JudgeContext): Verdict | null {
  const blind = blindness(state, context);
  if (blind !== null) return ['no_data', blind.why === 'stale' ? 'stale' : 'unreadable'];
  if (isSilent(state, judged, context)) return ['no_data', 'canary_silent'];
  const isLevel = check.measure.kind === 'level';
  const needsBaseline = !context.alone && !isAbsolute(check);
  const least = isLevel ? 1 : context.settings.minUnits;
  const isThin =
    state.intervals < context.settings.minIntervals ||
    judged.canary.units < least ||
    (needsBaseline && judged.baseline.units < least);
  return isThin ? ['no_data', 'thin'] : null;
}

/** The last reading could not be used, or there has been none for too long. */
function blindness(state: CheckState, context: JudgeContext): Finding['blind'] {
  if (state.blind !== null) return state.blind;
  if (state.lastUsableAt === null || context.now - state.lastUsableAt <= context.settings.staleMs)
    return null;
  const why: Unusable | 'stale' = 'stale';
  return { since: state.lastUsableAt, why, detail: `no reading for ${context.now - state.lastUsableAt} ms` };
}

/**
 * The canary has gone quiet: a crashed one emits nothing. Held against the other side while there is one, and against what the
 * canary itself showed before in this stage when nobody is left beside it.
 */
function isSilent(state: CheckState, judged: Judged, context: JudgeContext): boolean {
  const last = judged.recent.slice(-SILENT_WINDOWS);
  if (last.length < SILENT_WINDOWS || last.some((window) => window.canary > 0)) return false;
  if (context.alone) {
    // Over the whole stage: a short memory would take a long silence for how things always were.
    const mean = judged.canary.units / Math.max(state.intervals, 1);
    return mean * SILENT_WINDOWS >= SILENT_EXPECTED;
  }
  const stable = last.reduce((sum, window) => sum + window.stable, 0);
  const share = context.exposedShare;
  const expected = share === null ? stable : (stable * share) / Math.max(1 - share, 0.01);
  return expected >= SILENT_EXPECTED;
}

/** Whether this stage's estimate is at or over the hold edge; null while there is no estimate. */
export function isOverHold(check: Check, finding: Finding, kappa: number): boolean | null {
  const edges = edgesOf(check, kappa);
  const pair = pairOf(finding.canary.value, finding.baseline.value, check);
  return edges === null || pair === null ? null : isOver(edges.tight, check.worse, pair);
}

export function isAbsolute(check: Check): boolean {
  return [check.hold, check.rollback].every((line) => line === null || line.compare === 'absolute');
}

function pairOf(canary: number | null, baseline: number | null, check: Check): Pair | null {
  if (canary === null) return null;
  if (baseline === null) return isAbsolute(check) ? { canary, baseline: canary } : null;
  return { canary, baseline };
}

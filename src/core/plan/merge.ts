import { formatDuration, parseDuration } from '../duration.ts';
import { orient } from '../gate/orientation.ts';
import { type EvidenceMode, standardSettings } from '../gate/settings.ts';
import { shownLine } from '../shown-text.ts';
import { type Check, isRequired, type Line } from './check.ts';
import type { InstructionReading } from './instruction.ts';
import {
  type Exposure,
  type Ladder,
  ladderFaults,
  ladderForRisk,
  parseExposure,
  type Risk,
} from './ladder.ts';
import type { Plan } from './plan.ts';
import type { Proposal } from './proposal.ts';
import { checksOfProposals } from './proposed-checks.ts';
import {
  checkId,
  checksOfRules,
  isSameBaseline,
  type Measurable,
  type Predictions,
  sameMeasure,
  uniqueId,
} from './rule-checks.ts';
import { stageWatches } from './stage-watches.ts';

/** A check every plan on a surface must carry, from the operator's policy. */
export type Guardrail = Pick<Check, 'signal' | 'measure' | 'worse' | 'hold' | 'rollback' | 'severity'>;

/** What an operator decides for every plan on a target. */
export interface PlanPolicy {
  readonly allowWiden: boolean;
  /** What A/B tests predicted; nothing by default. */
  readonly predictions?: Predictions;
  /** The signal that counts assigned units, where one does. */
  readonly assignment?: string;
  /** What harm evidence is measured against; `standard` by default. */
  readonly evidence?: EvidenceMode;
  /** The ladder is chosen by the traffic at start. */
  readonly adaptive?: boolean;
  /** The largest exposure a proposed ladder may start at, percent. */
  readonly largestFirstPercent?: number;
}

export interface PlanRequest extends PlanPolicy {
  readonly title: string;
  readonly target: string;
  readonly surface: string | null;
  readonly guardrails: readonly Guardrail[];
  readonly instruction: { readonly text: string; readonly reading: InstructionReading } | null;
  readonly proposals: readonly Proposal[];
  readonly measurable: Measurable;
  /** What the exposure backend can express; null when unknown. */
  readonly exposureKinds: readonly Exposure['kind'][] | null;
  readonly tickMs: number;
}

/** A plan, or why this request makes none. A plan may still carry questions that a person must settle before start. */
export interface Planned {
  readonly plan: Plan;
  /** What no confirmation can mend: no critical check, a ladder that falls, an exposure the backend cannot express. */
  readonly faults: readonly string[];
}

/** Assumed where the words give a ladder without times. */
const ASSUMED_HOLD_MS = 900_000;
const RISKS: readonly Risk[] = ['low', 'medium', 'high'];

/**
 * Policy, words and proposals as one plan; stricter wins. Nothing here removes, renames, rescopes or loosens a required check,
 * and nothing proposed can roll back.
 */
export function makePlan(request: PlanRequest): Planned {
  const reading = shownReading(request.instruction?.reading ?? null);
  const rules = checksOfRules(reading?.rules ?? [], request.measurable, request.predictions);
  const required = rules.checks.reduce(stricter, guardrailChecks(request));
  const proposed = checksOfProposals(request.proposals, required, request.measurable);
  const checks = [...required, ...proposed.checks, ...stageWatches(required)];
  const risk = highestRisk(request.proposals);
  const { ladder, questions: ladderQuestions } = ladderOf(reading, risk);
  const { approvals, questions: approvalQuestions } = approvalsOf(reading, ladder);
  const rollbackSafe = leastSafe(request.proposals);
  const ladderMs = ladder.reduce((sum, stage) => sum + stage.holdMs, 0);
  const plan: Plan = {
    title: shownLine(request.title),
    target: request.target,
    surface: request.surface,
    ...touchedBy(request),
    ladder,
    ...(request.adaptive === true ? { ladderMode: 'adaptive' as const } : {}),
    ...(request.largestFirstPercent === undefined
      ? {}
      : { largestFirstPercent: request.largestFirstPercent }),
    holdbackPercent: percentOf(reading?.holdback ?? null),
    checks,
    risk,
    riskReasons: request.proposals.flatMap((proposal) => proposal.riskReasons),
    rollbackSafe,
    instruction: request.instruction?.text ?? '',
    approvals,
    dropped: proposed.dropped,
    unobservable: proposed.unobservable,
    questions: [
      ...(reading?.questions ?? []),
      ...hiddenQuestion(request.instruction?.text ?? ''),
      ...rules.questions,
      ...ladderQuestions,
      ...approvalQuestions,
      ...timeQuestions(reading),
      ...unsafeQuestion(rollbackSafe),
    ],
    unread: reading?.unread ?? [],
    allowWiden: request.allowWiden,
    ...(request.assignment === undefined ? {} : { assignment: request.assignment }),
    settings: standardSettings({ tickMs: request.tickMs, ladderMs }, request.evidence),
    tickMs: request.tickMs,
  };
  return { plan, faults: faultsOf(plan, request) };
}

/** What people wrote is shown and kept with nothing in it that a reader cannot see, and without credentials. */
function shownReading(reading: InstructionReading | null): InstructionReading | null {
  if (reading === null) return null;
  const ofPhrase = <T extends { readonly phrase: string }>(each: T): T => ({
    ...each,
    phrase: shownLine(each.phrase),
  });
  return {
    ...reading,
    rules: reading.rules.map(ofPhrase),
    windows: reading.windows.map(ofPhrase),
    approvals: reading.approvals.map(ofPhrase),
    questions: reading.questions.map(shownLine),
    unread: reading.unread.map(shownLine),
  };
}

function touchedBy({ surface, proposals }: PlanRequest): Pick<Plan, 'surfacesTouched'> {
  const named = new Set(proposals.flatMap((proposal) => proposal.surfaces));
  if (surface !== null) named.delete(surface);
  return named.size === 0 ? {} : { surfacesTouched: [...named].sort() };
}

function guardrailChecks(request: PlanRequest): readonly Check[] {
  const surface = request.surface ?? 'policy';
  const checks: Check[] = [];
  for (const guardrail of request.guardrails) {
    checks.push({
      ...guardrail,
      id: uniqueId(checkId(guardrail, guardrail.worse), checks),
      intent: 'guard',
      flags: [],
      why: `required of every plan on ${surface}`,
      provenance: [{ source: 'policy', from: surface, evidence: [] }],
    });
  }
  return checks;
}

/** Adds a check from the words: onto a guardrail of the same signal where their lines compare, beside it otherwise. */
function stricter(checks: readonly Check[], added: Check): readonly Check[] {
  const at = checks.findIndex(
    (check) =>
      check.signal === added.signal &&
      sameMeasure(check.measure, added.measure) &&
      isSameBaseline(check, added) &&
      check.worse === added.worse &&
      check.severity !== 'advisory' &&
      added.severity !== 'advisory' &&
      comparable(check.hold, added.hold) &&
      comparable(check.rollback, added.rollback) &&
      sameFamily(check, added) &&
      hasLinesOf(check, added),
  );
  const existing = checks[at];
  if (existing === undefined) return [...checks, { ...added, id: uniqueId(added.id, checks) }];
  const merged: Check = {
    ...existing,
    hold: stricterLine(existing.hold, added.hold, added.worse),
    rollback: stricterLine(existing.rollback, added.rollback, added.worse),
    severity: existing.severity === 'critical' || added.severity === 'critical' ? 'critical' : 'major',
    provenance: [...existing.provenance, ...added.provenance],
  };
  return checks.with(at, merged);
}

/**
 * A line that the guardrail left to be derived is never written into it: the written one could lie beyond the derived one, and
 * move the margin that an early promotion must rule out.
 */
function hasLinesOf(existing: Check, added: Check): boolean {
  return (
    (added.hold === null || existing.hold !== null) && (added.rollback === null || existing.rollback !== null)
  );
}

function comparable(a: Line | null, b: Line | null): boolean {
  return a === null || b === null || a.compare === b.compare;
}

function sameFamily(a: Check, b: Check): boolean {
  const lines = [a.hold, a.rollback, b.hold, b.rollback].filter((line) => line !== null);
  return new Set(lines.map((line) => line.compare === 'absolute')).size <= 1;
}

/** The line that is reached first. */
export function stricterLine(a: Line | null, b: Line | null, worse: Check['worse']): Line | null {
  if (a === null || b === null) return a ?? b;
  const nearer = worse === 'increase' ? Math.min : Math.max;
  if (a.compare === 'difference' && b.compare === 'difference') {
    return { compare: 'difference', by: Math.min(a.by, b.by) };
  }
  if (a.compare === 'absolute' && b.compare === 'absolute') {
    return { compare: 'absolute', at: nearer(a.at, b.at) };
  }
  if (a.compare === 'ratio' && b.compare === 'ratio') {
    return { compare: 'ratio', times: nearer(a.times, b.times) };
  }
  if (a.compare === 'band' && b.compare === 'band') {
    return { compare: 'band', times: nearer(a.times, b.times), floor: Math.min(a.floor, b.floor) };
  }
  return a;
}

function ladderOf(
  reading: InstructionReading | null,
  risk: Risk,
): { readonly ladder: Ladder; readonly questions: readonly string[] } {
  if (reading === null || reading.ladder.length === 0) return { ladder: ladderForRisk(risk), questions: [] };
  const questions: string[] = [];
  const ladder = reading.ladder.flatMap(({ exposure, hold }) => {
    const parsed = parseExposure(exposure);
    if (parsed === null) {
      questions.push(`"${exposure}" is no exposure. Which share of units, ring or switch is meant?`);
      return [];
    }
    if (hold === null) {
      questions.push(
        `How long should ${exposure} last at the least? Nothing is said; ${formatDuration(ASSUMED_HOLD_MS)} would be assumed.`,
      );
    }
    return [{ exposure: parsed, holdMs: (hold === null ? null : parseDuration(hold)) ?? ASSUMED_HOLD_MS }];
  });
  return { ladder, questions };
}

/** Approvals are kept before percentages; what is asked before anything else is left to people, who must know it. */
function approvalsOf(
  reading: InstructionReading | null,
  ladder: Ladder,
): { readonly approvals: Plan['approvals']; readonly questions: readonly string[] } {
  const percents = ladder.flatMap(({ exposure }) => (exposure.kind === 'percent' ? [exposure.percent] : []));
  const questions: string[] = [];
  const approvals = (reading?.approvals ?? []).flatMap(({ before, phrase }) => {
    const isEvery = before === 'every stage';
    const beforePercent = percentOf(before);
    if (beforePercent === null && !(isEvery && percents.length === ladder.length)) {
      questions.push(
        `"${phrase}" asks before ${before}, and approvals are kept before percentages here: hold the others by hand. Is that agreed?`,
      );
    }
    if (isEvery) return percents.map((percent) => ({ beforePercent: percent, phrase }));
    return beforePercent === null ? [] : [{ beforePercent, phrase }];
  });
  return { approvals, questions };
}

function timeQuestions(reading: InstructionReading | null): readonly string[] {
  const phrases = (reading?.windows ?? []).map((window) => window.phrase);
  if (reading?.startAfter != null) phrases.push(reading.startAfter);
  return phrases.map(
    (phrase) =>
      `"${phrase}" is a time rule, and times are kept by people here: hold and resume by hand. Is that agreed?`,
  );
}

/** What a reader of the instruction sees must be what is read. */
function hiddenQuestion(text: string): readonly string[] {
  const hidden = [...new Set(text.match(HIDDEN) ?? [])].map(
    (char) => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
  return hidden.length === 0
    ? []
    : [
        `The instruction holds characters that nobody sees (${hidden.slice(0, 5).join(', ')}). Write it anew without them, or is it as intended?`,
      ];
}

/** Control and format characters but a line's end, a tab, and the mark that some editors begin a file with. */
const HIDDEN = /(?![\n\r\t\uFEFF])[\p{Cc}\p{Cf}]/gu;

function unsafeQuestion(rollbackSafe: Plan['rollbackSafe']): readonly string[] {
  return rollbackSafe === 'no'
    ? ['Rolling back does not undo this change. Is there a way back, and should it start all the same?']
    : [];
}

function faultsOf(plan: Plan, request: PlanRequest): readonly string[] {
  const faults = [...ladderFaults(plan.ladder)];
  const hasCritical = plan.checks.some((check) => isRequired(check) && check.severity === 'critical');
  if (!hasCritical) {
    faults.push('no critical check: write a hold or rollback rule, or give the surface a guardrail');
  }
  const unknown = request.guardrails.filter(
    (g) => request.measurable !== null && !request.measurable.has(g.signal),
  );
  faults.push(...unknown.map((g) => `the guardrail ${g.signal} has no configured signal`));
  faults.push(
    ...plan.checks
      .filter(hasFixedFall)
      .map((c) => `${c.id}: a fall of this kind has no fixed limit; write the limit as a check of its own`),
  );
  const { exposureKinds } = request;
  for (const { exposure } of plan.ladder) {
    if (exposureKinds !== null && !exposureKinds.includes(exposure.kind)) {
      faults.push(`the exposure backend knows no ${exposure.kind}`);
    }
  }
  return faults;
}

/** Turned about so that stable is the side that must not rise, a check cannot be held to a fixed limit. */
function hasFixedFall(check: Check): boolean {
  const isFixed = [check.hold, check.rollback].some((line) => line?.compare === 'absolute');
  return isFixed && check.measure.kind !== 'level' && orient(check) === 'swapped';
}

function highestRisk(proposals: readonly Proposal[]): Risk {
  const highest = Math.max(...proposals.map((proposal) => RISKS.indexOf(proposal.risk)), -1);
  return RISKS[highest] ?? 'medium';
}

function leastSafe(proposals: readonly Proposal[]): Plan['rollbackSafe'] {
  const said = proposals.map((proposal) => proposal.rollbackSafe);
  if (said.includes('no')) return 'no';
  return said.length > 0 && said.every((word) => word === 'yes') ? 'yes' : 'unknown';
}

function percentOf(text: string | null): number | null {
  if (text === null) return null;
  const exposure = parseExposure(text);
  return exposure?.kind === 'percent' ? exposure.percent : null;
}

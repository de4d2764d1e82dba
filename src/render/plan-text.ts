import { styleText } from 'node:util';
import { formatDuration } from '../core/duration.ts';
import { type EvidenceMode, modeOf } from '../core/gate/settings.ts';
import { type Check, checkName, type Line } from '../core/plan/check.ts';
import { formatExposure, formatLadder } from '../core/plan/ladder.ts';
import { formatLine } from '../core/plan/line-text.ts';
import type { Planned } from '../core/plan/merge.ts';
import type { Advice } from '../core/plan/preflight/advice.ts';
import type { StageForecast } from '../core/plan/preflight/stage-forecast.ts';
import type { Preflight } from '../core/plan/preflight.ts';

/** A plan that a person can review in a minute. */
export function planText({ plan, faults }: Planned): readonly string[] {
  return [
    `${styleText('bold', plan.title)}  on ${plan.target}`,
    `  ladder    ${formatLadder(plan.ladder)}`,
    ...ladderNote(plan),
    ...touchNote(plan),
    `  risk      ${plan.risk}${plan.riskReasons.length === 0 ? '' : `: ${plan.riskReasons.map(unstopped).join('; ')}`}`,
    `  way back  ${wayBack(plan.rollbackSafe)}`,
    '  checks',
    ...plan.checks.filter((check) => check.intent !== 'watch').flatMap(checkText),
    ...watchText(plan.checks),
    ...evidenceNote(plan),
    ...section(
      'cannot be seen',
      plan.unobservable.map((entry) => `${entry.what}: ${entry.why}`),
    ),
    ...section(
      'left out',
      plan.dropped.map((entry) => `${entry.what}: ${entry.why}`),
    ),
    ...section('a person must settle', plan.questions),
    ...section(
      'not read',
      plan.unread.map((phrase) => `"${phrase}"`),
    ),
    ...section('cannot start', faults),
  ];
}

/** Watches may hold and are never needed for promoting: one line for all of them. */
function watchText(checks: readonly Check[]): readonly string[] {
  const watches = checks.filter((check) => check.intent === 'watch');
  const texts = watches.map(({ hold, ...check }) =>
    hold === null
      ? checkName(check)
      : `${checkName(check)} (${formatLine(hold, check.measure, check.worse)})`,
  );
  return texts.length === 0 ? [] : [`    holds on  ${texts.join(', ')}; not needed for promoting`];
}

/** What the mode means where it is not the usual one: what it was measured to do on the benchmark's worlds. */
function evidenceNote({ settings }: Planned['plan']): readonly string[] {
  const mode = modeOf(settings);
  return mode === 'standard' ? [] : [`  evidence  ${mode}: ${MODE_TEXT[mode]} (docs/benchmarks.md)`];
}

const MODE_TEXT: Readonly<Record<Exclude<EvidenceMode, 'standard'>, string>> = {
  strict:
    'a rollback needs evidence against the rollback line itself, and seldom comes before a person is asked',
  cautious: 'harm is measured from the hold line: slower, with fewer rollbacks of releases just over it',
  fast: 'harm is measured from no effect: quicker, and releases within the hold line are held more often',
  literal:
    'estimates alone call a breach: of good releases about three in ten were held for a person at 20,000 requests/min and more than half at 2,000',
};

function ladderNote(plan: Planned['plan']): readonly string[] {
  const note =
    plan.ladderWhy ??
    (plan.ladderMode === 'adaptive' ? 'adaptive: chosen anew from the traffic measured at start' : null);
  return note === null ? [] : [`            ${note}`];
}

function touchNote({ surfacesTouched = [] }: Planned['plan']): readonly string[] {
  return surfacesTouched.length === 0 ? [] : [`  touches   ${surfacesTouched.join(', ')}`];
}

/** Reasons are sentences; joined in a row they lose their full stops. */
function unstopped(sentence: string): string {
  return sentence.replace(/\.$/, '');
}

function wayBack(rollbackSafe: Planned['plan']['rollbackSafe']): string {
  switch (rollbackSafe) {
    case 'yes':
      return 'rolling back undoes it';
    case 'no':
      return 'rolling back does NOT undo it';
    case 'unknown':
      return 'not known whether rolling back undoes all of it';
  }
}

function checkText(check: Check): readonly string[] {
  const lines = [
    check.hold === null ? null : `hold ${formatLine(check.hold, check.measure, check.worse)}`,
    check.rollback === null ? null : `roll back ${formatLine(check.rollback, check.measure, check.worse)}`,
  ].filter((line) => line !== null);
  const intent = check.intent === 'expect_change' ? 'expected to improve' : lines.join(', ') || 'informs';
  const sources = [...new Set(check.provenance.map((line) => line.source))].join(' + ');
  const places = check.provenance.flatMap((line) => line.evidence);
  const where = places.length === 0 ? '' : `  [${places.slice(0, 3).join(', ')}]`;
  return [
    `    ${check.severity.padEnd(8)}  ${checkName(check)}: ${intent}  (${sources})`,
    styleText('gray', `              ${check.why}${where}`),
  ];
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`  ${title}`, ...lines.map((line) => `    - ${line}`)];
}

/** The forecast, a row a stage: what it needs, what it has, and what a regression costs before it is found; then what would do. */
export function preflightText(forecast: Preflight): readonly string[] {
  return [
    `  preflight at ${Math.round(forecast.unitsPerMinute)} requests/min`,
    ...forecast.stages.map((stage) => `    ${stage.exposure.padEnd(6)} ${needText(stage)}${harmText(stage)}`),
    ...(forecast.workable === null ? [] : [`    a ladder that works: ${formatLadder(forecast.workable)}`]),
    ...forecast.advice.map((advice) => `    ${adviceText(advice)}`),
  ];
}

function needText(stage: StageForecast): string {
  const need = stage.neededMs === null ? 'never' : about(stage.neededMs);
  const what =
    stage.slowest === null
      ? ''
      : ` (${stage.slowest}: ${stage.isTooCoarse ? 'its buckets are too wide for its line' : `${stage.neededUnits ?? 'no number of'} canary ${stage.unit}, ${stage.expectedUnits} expected`})`;
  return `has ${formatDuration(stage.holdMs)}, needs ${need}${what}: ${stage.verdict.replaceAll('_', ' ')}`;
}

/** "; error rate +2 points: found after about 430 requests, 9 of them bad because of it, in 22m" */
function harmText({ harm }: StageForecast): string {
  if (harm === null) return '';
  const unit = harm.badRequests === null ? 'units' : 'requests';
  const bad = harm.badRequests === null ? '' : `, ${harm.badRequests} of them bad because of it`;
  return `; ${harm.signal} ${formatLine(harm.line, harm.measure, harm.worse)} is found after about ${harm.requests} ${unit}${bad}, in ${about(harm.ms)}`;
}

function adviceText(advice: Advice): string {
  switch (advice.kind) {
    case 'coarser_lines': {
      const line = (verb: string, at: Line | null) =>
        at === null ? [] : [`${verb} ${formatLine(at, advice.measure, advice.worse)}`];
      const lines = [...line('hold', advice.hold), ...line('roll back', advice.rollback)].join(', ');
      return `${advice.signal} could be cleared with coarser lines: ${lines}`;
    }
    case 'never':
      return `${advice.signal} cannot be cleared by this traffic, however coarse its lines`;
    case 'widen':
      return `\`widen: true\` on the target lets steps up to ${advice.upToPercent}% be taken without full evidence`;
  }
}

/** From ten of a unit on, whole ones will do: 26m rather than 1530s. */
function about(ms: number): string {
  const unitMs = [86_400_000, 3_600_000, 60_000].find((unit) => ms >= 10 * unit) ?? 1_000;
  return formatDuration(Math.ceil(ms / unitMs) * unitMs);
}

/** The plan as JSON for other programs; the contract of `sluice plan --json`. */
export function planJson({ plan, faults }: Planned): object {
  return {
    risk: plan.risk,
    riskReasons: plan.riskReasons,
    rollbackSafe: plan.rollbackSafe,
    surfaces: [...(plan.surface === null ? [] : [plan.surface]), ...(plan.surfacesTouched ?? [])],
    ...(plan.ladderMode === undefined ? {} : { ladderMode: plan.ladderMode }),
    ...(plan.ladderWhy === undefined ? {} : { ladderWhy: plan.ladderWhy }),
    ladder: plan.ladder.map((stage) => ({
      exposure: formatExposure(stage.exposure),
      hold: formatDuration(stage.holdMs),
    })),
    checks: [...plan.checks.filter((check) => check.intent !== 'watch').map(checkJson), ...unseenJson(plan)],
    watches: plan.checks
      .filter((check) => check.intent === 'watch')
      .map((check) => ({
        signalKind: check.signal,
        against: check.against?.kind ?? 'stable',
        hold: check.hold === null ? null : formatLine(check.hold, check.measure, check.worse),
      })),
    evidence: modeOf(plan.settings),
    dropped: plan.dropped,
    unobservable: plan.unobservable.map(({ what, why }) => ({ what, why })),
    questions: plan.questions,
    unread: plan.unread,
    faults,
  };
}

function checkJson(check: Check): object {
  return {
    signalKind: check.signal,
    intent: check.intent,
    direction: check.intent === 'expect_change' ? opposite(check.worse) : check.worse,
    severity: check.severity,
    compare: (check.hold ?? check.rollback)?.compare ?? null,
    hold: check.hold === null ? null : formatLine(check.hold, check.measure, check.worse),
    rollback: check.rollback === null ? null : formatLine(check.rollback, check.measure, check.worse),
    flags: check.flags,
    why: check.why,
    evidence: check.provenance.flatMap((line) => line.evidence),
    source: check.provenance[0]?.source ?? 'policy',
  };
}

/** What somebody would watch and nobody can: told as checks without a line, so that a reader finds every signal in one list. */
function unseenJson({ checks, unobservable }: Planned['plan']): readonly object[] {
  const watched = new Set<string>(checks.map((check) => check.signal));
  return unobservable.flatMap(({ why, proposed }) =>
    proposed === undefined || watched.has(proposed.signalKind)
      ? []
      : [
          {
            signalKind: proposed.signalKind,
            intent: 'not_observable',
            direction: proposed.direction,
            severity: 'advisory',
            compare: null,
            hold: null,
            rollback: null,
            flags: proposed.flags,
            why,
            evidence: proposed.evidence,
            source: proposed.source,
          },
        ],
  );
}

function opposite(worse: Check['worse']): Check['worse'] {
  return worse === 'increase' ? 'decrease' : 'increase';
}

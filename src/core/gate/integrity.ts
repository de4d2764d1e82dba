import type { Check } from '../plan/check.ts';
import type { Background } from './background.ts';
import type { Evidence } from './evidence.ts';
import { type Counts, logEvidence, type NullLine } from './evidence-process.ts';
import { settingsFor } from './gate-state.ts';
import { LOG_FLOOR, logAdd } from './log-sum.ts';
import { orient } from './orientation.ts';
import type { Sample } from './sample.ts';
import { type RatioState, startRatio, stepRatio } from './sample-ratio.ts';
import type { GateSettings } from './settings.ts';
import { countsIn, NONE, plusCounts } from './share-counts.ts';

/**
 * What can be wrong with the comparison itself, whatever the checks say. Each is a reason to hold and to blame nobody: none is
 * ever a reason to promote, and none stops a rollback.
 */
export interface IntegrityState {
  /** By check id: how far stable itself is from what it was before the rollout. */
  readonly incidents: Readonly<Record<string, IncidentState>>;
  /** Restarts of either side at each recent look. */
  readonly restarts: readonly { readonly at: number; readonly canary: number; readonly stable: number }[];
  readonly ratio: RatioState;
}

export interface IncidentState {
  /** Stable's rate before the rollout: what it is held against. */
  readonly before: Counts;
  /** Looks so far, and ln of the evidence that stable is beyond the incident line since some look. */
  readonly looks: number;
  readonly log: number;
  /** Since when both sides have been worse; null when they are not. */
  readonly since: number | null;
  readonly calmLooks: number;
}

export const NO_INTEGRITY: IntegrityState = { incidents: {}, restarts: [], ratio: startRatio() };

/** Stable before the rollout, for every share check: what an incident is an excess over. */
export function seedIntegrity(
  state: IntegrityState,
  checks: readonly Check[],
  before: readonly Sample[],
): IntegrityState {
  const incidents = Object.fromEntries(
    checks.flatMap((check) => {
      const stable = before.find((s) => s.signal === check.signal && s.cohort === 'stable')?.stat ?? null;
      const counts = countsIn(check, stable);
      if (counts === null || counts.n === 0 || check.intent !== 'guard') return [];
      return [
        [check.id, { before: badOf(check, counts), looks: 0, log: LOG_FLOOR, since: null, calmLooks: 0 }],
      ];
    }),
  );
  return { ...state, incidents };
}

export interface IntegrityContext {
  readonly settings: GateSettings;
  /** What was learned of each signal before the rollout. */
  readonly background?: Background;
  /** Share of units exposed by design; null where no share says who should be where. */
  readonly exposedShare: number | null;
  /** The signal that counts units as they are assigned to a side; null where nothing does. */
  readonly assignment: string | null;
}

/** One look more. */
export function absorbIntegrity(
  state: IntegrityState,
  checks: readonly Check[],
  evidence: Evidence,
  context: IntegrityContext,
): IntegrityState {
  const { settings } = context;
  const incidents = Object.fromEntries(
    checks.flatMap((check) => {
      const known = state.incidents[check.id];
      const own = settingsFor(settings, context.background, check.signal);
      return known === undefined ? [] : [[check.id, incidentAfter(known, check, evidence, own)]];
    }),
  );
  const resets = (cohort: Sample['cohort']) =>
    Math.max(0, ...evidence.samples.filter((s) => s.cohort === cohort).map((s) => s.quality.resets));
  const restarts = [
    ...state.restarts,
    { at: evidence.at, canary: resets('canary'), stable: resets('stable') },
  ].filter((look) => look.at > evidence.at - settings.trailingMs);
  return { incidents, restarts, ratio: ratioAfter(state.ratio, evidence, context) };
}

/** Stable this many times as bad as before, and worse by this much, is an incident and no drift. */
const INCIDENT_TIMES = 3;
const INCIDENT_SHARE = 0.005;
/** One in a thousand rollouts without an incident may see one. */
const LOG_INCIDENT = Math.log(1_000);
/** It is over after this many looks back under the line. */
const CALM_LOOKS = 3;
/** The one alternative: stable at twice the incident line. An incident that matters is no fine distinction. */
const INCIDENT_FACTOR = 2;
/** Fewer expected events than this on the canary say nothing about whether it shares the incident. */
const TELLING_EVENTS = 5;

function incidentAfter(
  state: IncidentState,
  check: Check,
  evidence: Evidence,
  settings: GateSettings,
): IncidentState {
  const sampleOf = (cohort: Sample['cohort']) =>
    evidence.samples.find((s) => s.signal === check.signal && s.cohort === cohort)?.stat ?? null;
  const stable = countsIn(check, sampleOf('stable'));
  const canary = countsIn(check, sampleOf('canary'));
  if (stable === null || canary === null || stable.n === 0) return state;
  const line = incidentLine(state.before);
  const seen = { stable: badOf(check, stable), canary: badOf(check, canary) };
  const isStableOver = seen.stable.x >= line.plus * seen.stable.n;
  const isCanaryOver =
    seen.canary.n * line.plus < TELLING_EVENTS || seen.canary.x >= line.plus * seen.canary.n;
  if (state.since !== null) {
    const calmLooks = isStableOver ? 0 : state.calmLooks + 1;
    return calmLooks >= CALM_LOOKS
      ? { ...state, looks: 0, log: LOG_FLOOR, since: null, calmLooks: 0 }
      : { ...state, calmLooks };
  }
  const looks = state.looks + 1;
  // Weighted Shiryaev-Roberts: the weights 1 / (t (t + 1)) of a start at look t add up to 1.
  const started = logAdd(state.log, -Math.log(looks * (looks + 1)));
  const ls = line.plus / INCIDENT_TIMES;
  const step = logEvidence(
    seen.stable,
    NONE,
    line,
    { lc: INCIDENT_FACTOR * line.plus, ls },
    { tau: settings.tau },
  );
  const log = Math.max(started + step, LOG_FLOOR);
  const hasBegun = log >= LOG_INCIDENT && isStableOver && isCanaryOver;
  return { ...state, looks, log, since: hasBegun ? evidence.at : null };
}

function incidentLine(before: Counts): NullLine {
  const rate = plusCounts(before, { n: 0, x: 0.5 });
  const base = rate.x / rate.n;
  return { times: 0, plus: Math.max(INCIDENT_TIMES * base, base + INCIDENT_SHARE) };
}

/** Bad events, whichever way the check is turned. */
function badOf(check: Check, { n, x }: Counts): Counts {
  const isGood = check.worse === 'decrease' && check.measure.kind === 'share';
  return orient(check) === 'failures' || isGood ? { n, x: n - x } : { n, x };
}

function ratioAfter(state: RatioState, evidence: Evidence, context: IntegrityContext): RatioState {
  const { assignment, exposedShare } = context;
  if (assignment === null || exposedShare === null || exposedShare >= 1) return state;
  const units = (cohort: Sample['cohort']) => {
    const stat = evidence.samples.find((s) => s.signal === assignment && s.cohort === cohort)?.stat;
    return stat?.kind === 'share' || stat?.kind === 'count' || stat?.kind === 'moments' ? stat.n : null;
  };
  const [canary, stable] = [units('canary'), units('stable')];
  return canary === null || stable === null ? state : stepRatio(state, { canary, stable }, exposedShare);
}

/** What speaks against trusting this look, most telling first; null when nothing does. */
export type IntegrityFault =
  | { readonly kind: 'overlap'; readonly detail: string }
  | { readonly kind: 'sample_ratio'; readonly detail: string }
  | { readonly kind: 'canary_restarting'; readonly detail: string }
  | { readonly kind: 'shared_incident'; readonly detail: string };

/** A canary that restarted at this many looks of the trailing window, more often than stable, is in a crash loop. */
const RESTART_LOOKS = 3;

export function integrityFault(
  state: IntegrityState,
  evidence: Evidence,
  exposedShare: number | null,
): IntegrityFault | null {
  const { overlap } = evidence;
  if (overlap !== undefined) {
    return {
      kind: 'overlap',
      detail: `rollout ${overlap.rolloutId} on ${overlap.target} began first and is still under way`,
    };
  }
  if (state.ratio.peak >= LOG_RATIO) {
    const { canary, stable } = state.ratio;
    const seen = (100 * canary) / Math.max(canary + stable, 1);
    const meant = exposedShare === null ? '' : `, by design ${round(100 * exposedShare)} %`;
    return {
      kind: 'sample_ratio',
      detail: `${round(seen)} % of ${canary + stable} units are canary${meant}`,
    };
  }
  const looks = state.restarts.filter((look) => look.canary > 0);
  const total = (side: 'canary' | 'stable') => state.restarts.reduce((sum, look) => sum + look[side], 0);
  if (looks.length >= RESTART_LOOKS && total('canary') > total('stable')) {
    return {
      kind: 'canary_restarting',
      detail: `the canary restarted ${total('canary')} times in ${looks.length} of the last ${state.restarts.length} looks, stable ${total('stable')} times`,
    };
  }
  const incident = Object.entries(state.incidents).find(([, { since }]) => since !== null);
  return incident === undefined
    ? null
    : { kind: 'shared_incident', detail: `${incident[0]} is worse on both sides than before the rollout` };
}

/** Evidence of a sample-ratio mismatch that holds: one in a thousand rollouts assigned as designed. */
const LOG_RATIO = Math.log(1_000);

function round(percent: number): number {
  return Math.round(percent * 100) / 100;
}

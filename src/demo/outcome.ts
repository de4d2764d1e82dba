import type { Decision } from '../core/gate/decision.ts';
import type { Evidence } from '../core/gate/evidence.ts';
import type { Plan } from '../core/plan/plan.ts';
import { explain } from '../core/report.ts';
import { eventOf } from '../core/rollout/events.ts';
import type { LogEntry } from '../ports/store.ts';

/** What a rollout did to its users, worked out from its log alone. */
export interface Outcome {
  readonly stages: readonly string[];
  readonly decision: Decision | null;
  /** From the first look that showed harm over the hold line to exposure read back at 0; null when there was none. */
  readonly harmToZeroMs: number | null;
  /** Failed canary requests beyond what stable's rate explains; never below 0. */
  readonly extraFailures: number;
  /** The same share of failures over everyone's requests in the same seconds. */
  readonly extraFailuresAtFull: number;
  /** What the gate held the rollout for before a person ended it; null when it ended by itself. */
  readonly heldFor: string | null;
}

const ERROR_RATE = 'http.error_rate';

interface Look {
  readonly decision: Decision;
  readonly from: number;
  readonly canary: { readonly n: number; readonly x: number };
  readonly stable: { readonly n: number; readonly x: number };
}

export function outcomeOf(
  plan: Plan,
  entries: readonly LogEntry[],
  evidenceOf: (digest: string) => Evidence | null,
): Outcome {
  const looks: Look[] = [];
  let zeroAt: number | null = null;
  for (const entry of entries) {
    const event = eventOf(entry.kind, entry.payload);
    if (event.kind === 'exposure_zero') zeroAt = entry.at;
    if (event.kind !== 'decided') continue;
    const evidence = entry.evidence === null ? null : evidenceOf(entry.evidence);
    looks.push({ decision: event.decision, from: fromOf(evidence, entry.at), ...countsOf(evidence) });
  }
  const closing = looks.findLast(({ decision }) => decision.kind !== 'wait');
  // What an early look wrongly suspected at an earlier stage was cleared there; harm is what the last stage showed.
  const harmful = looks.filter(
    ({ decision }) => decision.stageEpoch === closing?.decision.stageEpoch && isHarmful(decision),
  );
  const [firstHarm] = harmful;
  const harmed = firstHarm === undefined ? [] : looks.slice(looks.indexOf(firstHarm));
  const excess = (look: Look) =>
    look.canary.x - (look.stable.n > 0 ? (look.canary.n * look.stable.x) / look.stable.n : look.canary.x);
  const extraFailures = Math.max(0, Math.round(sum(harmed.map(excess))));
  const canaryN = sum(harmed.map((look) => look.canary.n));
  const everyoneN = canaryN + sum(harmed.map((look) => look.stable.n));
  return {
    stages: [...new Set(looks.map(({ decision }) => decision.exposure))],
    decision: closing?.decision ?? null,
    harmToZeroMs: firstHarm === undefined || zeroAt === null ? null : zeroAt - firstHarm.from,
    extraFailures,
    extraFailuresAtFull: canaryN === 0 ? 0 : Math.round((extraFailures * everyoneN) / canaryN),
    heldFor: heldFor(
      plan,
      looks.map((look) => look.decision),
    ),
  };
}

function heldFor(plan: Plan, decisions: readonly Decision[]): string | null {
  if (decisions.at(-1)?.reason !== 'person_rollback') return null;
  const held = decisions.findLast(({ kind, reason }) => kind === 'hold' && reason !== 'person_hold');
  return held === undefined ? null : explain(plan, held).headline;
}

/** A look whose recent window is over a line of a voting check, confirmed or not yet. */
function isHarmful(decision: Decision): boolean {
  return decision.findings.some(
    (finding) =>
      finding.severity !== 'advisory' &&
      (finding.outcome.startsWith('breach') || finding.reason === 'over_line_unconfirmed'),
  );
}

function fromOf(evidence: Evidence | null, at: number): number {
  return evidence?.samples[0]?.from ?? at;
}

function countsOf(evidence: Evidence | null): Pick<Look, 'canary' | 'stable'> {
  const side = (cohort: 'canary' | 'stable') => {
    const stat = evidence?.samples.find((s) => s.signal === ERROR_RATE && s.cohort === cohort)?.stat;
    return stat?.kind === 'share' ? { n: stat.n, x: stat.x } : { n: 0, x: 0 };
  };
  return { canary: side('canary'), stable: side('stable') };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

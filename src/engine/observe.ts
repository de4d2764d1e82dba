import type { Evidence } from '../core/gate/evidence.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Command } from '../core/rollout/command.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import { ExposureUnavailable } from '../ports/exposure.ts';
import type { Claim } from '../ports/store.ts';
import type { EngineParts, TargetParts } from './parts.ts';
import { MOST_LIVE } from './records.ts';

/**
 * Looks once: the counts since the last committed look, and the exposure really in force. What cannot be read becomes evidence
 * of absence, never an exception that skips the decision. A rollback that a person ordered does not wait for telemetry.
 */
export async function observe(
  claim: Claim<RolloutState, Plan>,
  commands: readonly Command[],
  target: TargetParts,
  parts: EngineParts,
): Promise<{ readonly evidence: Evidence; readonly cursor: string | null }> {
  const isUrgent = commands.some((command) => command.verb === 'rollback');
  const needsTelemetry = claim.state.phase === 'running' && !isUrgent;
  const [reading, actual, overlap] = await Promise.all([
    needsTelemetry
      ? target.telemetry.read({
          signals: signalsOf(claim.plan),
          cursor: claim.cursor,
          abort: AbortSignal.timeout(parts.timing.readTimeoutMs),
        })
      : null,
    readExposure(target, parts),
    needsTelemetry ? overlapOf(claim, parts) : null,
  ]);
  const samples: readonly Sample[] = reading?.samples ?? [];
  const evidence = { at: parts.clock.now(), samples, actual, ...(overlap === null ? {} : { overlap }) };
  return { evidence, cursor: reading?.cursor ?? null };
}

/** Each signal once, however many checks rest on it, in the plan's order; and what counts assigned units, if anything does. */
export function signalsOf(plan: Pick<Plan, 'checks' | 'assignment'>): readonly string[] {
  const assignment = plan.assignment === undefined ? [] : [plan.assignment];
  return [...new Set([...plan.checks.map((check) => check.signal), ...assignment])];
}

/** An earlier rollout still raising exposure on this target or surface: two at once cannot be told apart. */
async function overlapOf(
  claim: Claim<RolloutState, Plan>,
  parts: EngineParts,
): Promise<{ readonly rolloutId: string; readonly target: string } | null> {
  const { surface } = claim.plan;
  const live = await parts.store.list({
    unfinishedOnly: true,
    limit: MOST_LIVE,
    on: { target: claim.target, surface },
  });
  const isEarlier = (row: (typeof live)[number]) =>
    row.state.startedAt < claim.state.startedAt ||
    (row.state.startedAt === claim.state.startedAt && row.id < claim.rolloutId);
  const other = live.find(
    (row) => row.id !== claim.rolloutId && row.state.phase === 'running' && isEarlier(row),
  );
  return other === undefined ? null : { rolloutId: other.id, target: other.target };
}

async function readExposure(target: TargetParts, parts: EngineParts): Promise<Evidence['actual']> {
  try {
    const { percent, audiences } = await target.exposure.read();
    return { percent, audiences };
  } catch (error) {
    if (!(error instanceof ExposureUnavailable)) throw error;
    parts.log.warn('the exposure backend cannot be read', { fault: error.message });
    return null;
  }
}

import type { Evidence } from '../core/gate/evidence.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { Command } from '../core/rollout/command.ts';
import type { RolloutState } from '../core/rollout/state.ts';
import { ExposureUnavailable } from '../ports/exposure.ts';
import type { Claim } from '../ports/store.ts';
import type { EngineParts, TargetParts } from './parts.ts';

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
  const [reading, actual] = await Promise.all([
    needsTelemetry
      ? target.telemetry.read({
          signals: signalsOf(claim.plan),
          cursor: claim.cursor,
          abort: AbortSignal.timeout(parts.timing.readTimeoutMs),
        })
      : null,
    readExposure(target, parts),
  ]);
  const samples: readonly Sample[] = reading?.samples ?? [];
  return { evidence: { at: parts.clock.now(), samples, actual }, cursor: reading?.cursor ?? null };
}

/** Each signal once, however many checks rest on it, in the plan's order. */
export function signalsOf(plan: Pick<Plan, 'checks'>): readonly string[] {
  return [...new Set(plan.checks.map((check) => check.signal))];
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

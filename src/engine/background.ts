import { type Background, backgroundOf } from '../core/gate/background.ts';
import type { Sample } from '../core/gate/sample.ts';
import type { Plan } from '../core/plan/plan.ts';
import type { EngineParts, TargetParts } from './parts.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/**
 * Noise is learned from a day of windows of at least a minute: what makes one side differ from the other lasts longer than a look
 * of a few seconds, and shorter windows would take it for the signal.
 */
const NOISE_WINDOW_MS = 60_000;
const SEASON_DAYS = 7;

/**
 * What stable's past teaches before a rollout: each share's noise from look to look, and how its rate goes with the hour. From a
 * source that keeps no history, only what was measured just now, and no season. Fixed in the plan, so that a replay judges alike.
 */
export async function learnedBackground(
  plan: Plan,
  measured: readonly Sample[],
  target: TargetParts,
  parts: Pick<EngineParts, 'clock' | 'timing' | 'log'>,
): Promise<Background> {
  const to = parts.clock.now();
  const past = (lengthMs: number, windowMs: number) =>
    historyOf(plan, { from: to - lengthMs, to, windowMs }, target, parts);
  const windowMs = Math.max(NOISE_WINDOW_MS, plan.tickMs);
  const windows = await past(DAY_MS, windowMs);
  const hours = await past(SEASON_DAYS * DAY_MS, HOUR_MS);
  return windows.length > 0
    ? backgroundOf(plan.checks, windows, hours, windowMs / plan.tickMs)
    : backgroundOf(plan.checks, measured, hours, 1);
}

/** Only counts have a noise floor and a season. */
function countedSignals({ checks }: Plan): readonly string[] {
  const counted = checks.filter(({ measure }) => ['share', 'count', 'share_over'].includes(measure.kind));
  return [...new Set(counted.map((check) => check.signal))];
}

/** A source that fails to answer about its past is no reason to refuse a rollout: less is known then, and that is logged. */
async function historyOf(
  plan: Plan,
  span: { readonly from: number; readonly to: number; readonly windowMs: number },
  target: TargetParts,
  parts: Pick<EngineParts, 'timing' | 'log'>,
): Promise<readonly Sample[]> {
  try {
    const abort = AbortSignal.timeout(parts.timing.readTimeoutMs);
    return await target.telemetry.history({ signals: countedSignals(plan), ...span, abort });
  } catch (fault) {
    parts.log.warn('the past of a target could not be read', { target: plan.target, fault: String(fault) });
    return [];
  }
}

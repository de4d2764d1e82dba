import type { Json } from '../core/canonical-json.ts';
import type { Decision } from '../core/gate/decision.ts';
import type { SummaryNote } from '../core/rollout/events.ts';
import { summaryFacts } from '../core/summary-facts.ts';
import type { EngineParts, RolloutClaim } from './parts.ts';

/** Where a paragraph comes in from; everything else in the inbox is a command. */
export const SUMMARY_SOURCE = 'summary';

/**
 * Asks for a paragraph about a decision that a person has to weigh, and hands it in as a message, like anything else from outside.
 * It runs beside the ticks and holds no lease; when it fails, or the process ends first, the summary that code has written stands
 * alone. Never rejects.
 */
export async function summarise(claim: RolloutClaim, decision: Decision, parts: EngineParts): Promise<void> {
  const { summarizer, store, clock, log } = parts;
  if (summarizer === null) return;
  try {
    const paragraph = await summarizer.summarise(summaryFacts(claim.plan, decision));
    if (paragraph === null) return;
    const { at, stageEpoch, reason } = decision;
    const note: SummaryNote = { at, stageEpoch, reason, ...paragraph };
    await store.appendInbox({
      source: SUMMARY_SOURCE,
      deliveryId: `${claim.rolloutId}/${at}`,
      rolloutId: claim.rolloutId,
      receivedAt: clock.now(),
      body: note as unknown as Json,
    });
  } catch (error) {
    log.warn('a summary could not be handed in', { rollout: claim.rolloutId, fault: String(error) });
  }
}

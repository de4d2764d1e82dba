import type { Json } from '../core/canonical-json.ts';
import { canonicalJson } from '../core/canonical-json.ts';
import type { Decision } from '../core/gate/decision.ts';
import type { Evidence } from '../core/gate/evidence.ts';
import { explain } from '../core/report.ts';
import { type Command, wordsOf } from '../core/rollout/command.ts';
import { eventPayload, type SummaryNote, type TimedEvent } from '../core/rollout/events.ts';
import { NOTHING_EXPOSED, type RolloutState } from '../core/rollout/state.ts';
import { type Step, step } from '../core/rollout/step.ts';
import { shownLine } from '../core/shown-text.ts';
import { isForPerson } from '../core/summary.ts';
import type { ChatMessage } from '../ports/chat.ts';
import { sha256 } from '../ports/digest.ts';
import type { InboxMessage, NewEffect, NewEvent } from '../ports/store.ts';
import { deliver, setExposure } from './deliver.ts';
import { observe } from './observe.ts';
import type { EngineParts, RolloutClaim, Store, TargetParts } from './parts.ts';
import { otherRolloutOn } from './records.ts';
import { SUMMARY_SOURCE } from './summaries.ts';

/** What one tick did, for whoever waits on it. */
export type TickResult =
  /** `asked` is the decision that people were just told of and have to weigh, or null. */
  | { readonly kind: 'ticked'; readonly state: RolloutState; readonly asked: Decision | null }
  | { readonly kind: 'lost' };

/**
 * One tick of one claimed rollout: observe, decide, commit, deliver. Self-contained and idempotent; a crash anywhere is mended
 * by the next tick, which reads everything anew. Nothing is promised to the outside before it is in the log.
 */
export async function tick(
  claim: RolloutClaim,
  target: TargetParts,
  parts: EngineParts,
): Promise<TickResult> {
  const inbox = await parts.store.pendingInbox(claim.rolloutId);
  const [notes, orders] = [inbox.filter(isSummary), inbox.filter((message) => !isSummary(message))];
  const commands = orders.map(commandOf);
  const seen = await observe(claim, commands, target, parts);
  const isOver = claim.state.phase === 'completed' || claim.state.phase === 'rolled_back';
  const successor = isOver ? await otherRolloutOn(parts.store, claim.target, claim.rolloutId) : null;
  const next = step(claim.plan, claim.state, {
    commands,
    summaries: notes.map((message) => message.body as unknown as SummaryNote),
    evidence: seen.evidence,
    quietMs: parts.timing.quietMs,
    supersededBy: successor,
  });
  const messages = messagesOf(claim, next);
  let committed: Awaited<ReturnType<Store['commit']>>;
  try {
    committed = await parts.store.commit(claim, batchOf(next, seen, messages, inbox));
  } catch (fault) {
    await breakGlass(claim, next, target, parts, fault);
    throw fault;
  }
  if (committed.kind === 'lost') return { kind: 'lost' };
  const isOurs = !isOver || (successor === null && commands.some((command) => command.verb === 'rollback'));
  await deliver(claim, next.state, seen.evidence, target, parts, isOurs);
  return { kind: 'ticked', state: next.state, asked: askedIn(next) };
}

function askedIn(next: Step): Decision | null {
  const told = next.tellEvents.flatMap((at) => {
    const event = next.events[at]?.event;
    return event?.kind === 'decided' ? [event.decision] : [];
  });
  return told.find(isForPerson) ?? null;
}

/**
 * The store is down and the last look calls for a rollback: lowering exposure is safe and idempotent, so it is done without a
 * durable intent. The rollback itself is decided and logged again when the store is back, from the same uncommitted counts.
 */
async function breakGlass(
  claim: RolloutClaim,
  next: Step,
  target: TargetParts,
  parts: EngineParts,
  fault: unknown,
): Promise<void> {
  if (next.state.phase !== 'rolling_back') return;
  parts.log.warn('the store is down and a rollback is due: exposure is lowered without it', {
    rollout: claim.rolloutId,
    fault: String(fault),
  });
  await setExposure(claim, NOTHING_EXPOSED, next.state.stageEpoch, target, parts);
}

function isSummary(message: InboxMessage): boolean {
  return message.source === SUMMARY_SOURCE;
}

/** Whatever surface it came by, its words are other people's. */
function commandOf(message: InboxMessage): Command {
  const command = message.body as unknown as Command;
  return { ...command, by: shownLine(command.by), reason: shownLine(command.reason) };
}

function batchOf(
  next: Step,
  seen: { readonly evidence: Evidence; readonly cursor: string | null },
  messages: readonly { readonly eventIndex: number; readonly message: ChatMessage }[],
  handled: readonly InboxMessage[],
) {
  const body = canonicalJson(seen.evidence);
  const digest = sha256(body);
  const usesEvidence = next.events.some((event) => event.usesEvidence);
  const effects: NewEffect[] = messages.map(({ eventIndex, message }) => ({
    kind: 'tell',
    eventIndex,
    desired: message as unknown as Json,
  }));
  if (next.exposureEvent !== null) {
    effects.push({ kind: 'exposure', eventIndex: next.exposureEvent, desired: next.state.desired });
  }
  return {
    events: next.events.map((event) => newEvent(event, event.usesEvidence ? digest : null)),
    state: next.state,
    effects,
    evidence: usesEvidence ? [{ digest, body }] : [],
    cursor: usesEvidence ? seen.cursor : null,
    handled,
  };
}

export function newEvent(timed: TimedEvent, evidence: string | null): NewEvent {
  return {
    kind: timed.event.kind,
    at: timed.at,
    actor: timed.actor,
    payload: eventPayload(timed.event),
    evidence,
    gateEpoch: timed.gateEpoch,
  };
}

function messagesOf(
  claim: RolloutClaim,
  next: Step,
): readonly { readonly eventIndex: number; readonly message: ChatMessage }[] {
  return next.tellEvents.flatMap((eventIndex) => {
    const timed = next.events[eventIndex];
    if (timed === undefined) return [];
    const key = `${claim.rolloutId}/${claim.version}/${eventIndex}`;
    return [{ eventIndex, message: messageOf(claim, timed, key) }];
  });
}

function messageOf(claim: RolloutClaim, timed: TimedEvent, key: string): ChatMessage {
  const base = { key, rolloutId: claim.rolloutId };
  const { event } = timed;
  switch (event.kind) {
    case 'decided': {
      const { urgency, headline, next, checks, waived, summary } = explain(claim.plan, event.decision);
      const rows = checks
        .filter((row) => row.outcome !== 'clear')
        .map(
          (row) =>
            `${row.name}: ${row.canary} against ${row.baseline} (${row.difference}; ${row.lines}), ${row.note}`,
        );
      const refused = event.decision.refusedOrder;
      const ending =
        summary === null
          ? [next]
          : [
              `How sure: ${summary.howSure}`,
              `What would settle it: ${summary.settle}`,
              `Your options: ${summary.options}`,
            ];
      const lines = [
        ...(refused === null ? [] : [`The promotion was refused: ${refused}.`]),
        ...rows,
        ...waived,
        ...ending,
      ];
      return { ...base, urgency, headline, lines };
    }
    case 'commanded': {
      const { command, outcome } = event;
      const said = command.reason === '' ? '' : `: ${command.reason}`;
      const refused = outcome.kind === 'refused' ? ` was refused: ${outcome.why}` : '';
      return {
        ...base,
        urgency: 'info',
        headline: `${claim.target}: ${wordsOf(command)} by ${command.by}${refused === '' ? said : refused}`,
        lines: [],
      };
    }
    // A model's words stand beneath the verdict that code has rendered, and never alone (B9).
    case 'summarised': {
      const { last } = claim.state;
      const headline = last === null ? claim.target : explain(claim.plan, last).headline;
      return { ...base, urgency: 'info', headline, lines: [`The model adds: ${event.text}`] };
    }
    case 'exposure_zero':
      return { ...base, urgency: 'info', headline: `${claim.target}: exposure is 0, read back`, lines: [] };
    case 'started':
    case 'settled':
      return { ...base, urgency: 'info', headline: `${claim.target}: ${event.kind}`, lines: [] };
  }
}

import { canonicalJson } from '../core/canonical-json.ts';
import { decide } from '../core/gate/decide.ts';
import type { Decision } from '../core/gate/decision.ts';
import type { Evidence } from '../core/gate/evidence.ts';
import type { Plan } from '../core/plan/plan.ts';
import { DECIDER_VERSION, eventOf } from '../core/rollout/events.ts';
import { fold } from '../core/rollout/fold.ts';
import { type RolloutState, startState } from '../core/rollout/state.ts';
import { digestOf } from '../ports/digest.ts';
import { CHAIN_START, chained } from '../ports/event-chain.ts';
import type { LogEntry } from '../ports/store.ts';
import { LOG_FORMAT } from './log-file.ts';

/** What a replay found. `fault` names the first line that is not what was written, or the first decision that differs. */
export interface Replay {
  readonly rolloutId: string | null;
  readonly plan: Plan | null;
  readonly events: number;
  readonly decisions: readonly Decision[];
  readonly state: RolloutState | null;
  readonly fault: ReplayFault | null;
}

export interface ReplayFault {
  /** 1-based line of the file. */
  readonly line: number;
  /** Position in the rollout's log, where the line holds an event. */
  readonly seq: number | null;
  readonly kind:
    | 'not_a_log'
    | 'altered'
    | 'evidence_altered'
    | 'cut_off'
    | 'other_decider'
    | 'decision_differs';
  readonly message: string;
}

/**
 * Decides everything again from the record: verifies each byte (canonical text, hash chain, evidence digests, the closing
 * line), then recomputes every decision and compares bytes. Needs nothing but the text; contacts nothing.
 */
export function replay(text: string): Replay {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  let found: Replay = { rolloutId: null, plan: null, events: 0, decisions: [], state: null, fault: null };
  let prevHash = CHAIN_START;
  const stop = (line: number, seq: number | null, kind: ReplayFault['kind'], message: string): Replay => ({
    ...found,
    fault: { line, seq, kind, message },
  });

  for (const [at, raw] of lines.entries()) {
    const line = at + 1;
    const parsed = canonicalLine(raw);
    if (parsed === null)
      return stop(line, null, at === 0 ? 'not_a_log' : 'altered', `line ${line} is not as it was written`);
    if (at === 0) {
      if (parsed['format'] !== LOG_FORMAT)
        return stop(line, null, 'not_a_log', `this is no ${LOG_FORMAT} file`);
      if (typeof parsed['rolloutId'] !== 'string' || Object.keys(parsed).length !== 2)
        return stop(line, null, 'altered', 'the first line is not as it was written');
      found = { ...found, rolloutId: parsed['rolloutId'] };
    } else if ('end' in parsed) {
      const isFitting = raw === canonicalJson({ end: { events: found.events, head: prevHash } });
      if (!isFitting || line !== lines.length)
        return stop(line, null, 'altered', 'the closing line does not fit the events before it');
      return text.endsWith('\n') ? found : stop(line, null, 'cut_off', 'the closing line has no end');
    } else {
      const entry = parsed['entry'] as LogEntry;
      if (parsed['evidence'] === undefined || Object.keys(parsed).length !== 2)
        return stop(line, null, 'altered', `line ${line} is not one event with its evidence`);
      const problem = entryFault(entry, parsed['evidence'], {
        line,
        prevHash,
        rolloutId: found.rolloutId,
        seq: found.events + 1,
      });
      if (problem !== null) return { ...found, fault: problem };
      const next = replayed(found, entry, parsed['evidence'] as Evidence | null, line);
      if (next.fault !== null) return next;
      found = next;
      prevHash = entry.hash;
    }
  }
  return stop(
    lines.length,
    null,
    'cut_off',
    `the file ends after event ${found.events} without its closing line`,
  );
}

/** A line that is exactly the canonical text of an object; null otherwise. */
function canonicalLine(raw: string): Readonly<Record<string, unknown>> | null {
  try {
    const parsed: unknown = JSON.parse(raw);
    const isObject = typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
    return isObject && canonicalJson(parsed) === raw ? (parsed as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function entryFault(
  entry: LogEntry | undefined,
  evidence: unknown,
  expected: {
    readonly line: number;
    readonly prevHash: string;
    readonly rolloutId: string | null;
    readonly seq: number;
  },
): ReplayFault | null {
  const { line, seq } = expected;
  if (typeof entry !== 'object' || entry === null) {
    return { line, seq: null, kind: 'altered', message: `line ${line} holds no event` };
  }
  const rebuilt = chained(entry, {
    rolloutId: entry.rolloutId,
    seq: entry.seq,
    fence: entry.fence,
    prevHash: entry.prevHash,
  });
  const what = `event ${entry.seq} (${entry.kind}), line ${line}`;
  if (rebuilt.hash !== entry.hash || canonicalJson(rebuilt) !== canonicalJson(entry)) {
    return { line, seq: entry.seq, kind: 'altered', message: `${what}: its content does not match its hash` };
  }
  if (entry.prevHash !== expected.prevHash || entry.seq !== seq || entry.rolloutId !== expected.rolloutId) {
    return {
      line,
      seq: entry.seq,
      kind: 'altered',
      message: `${what}: it does not follow the event before it`,
    };
  }
  const isNamed = entry.evidence === null ? evidence === null : digestOf(evidence) === entry.evidence;
  return isNamed
    ? null
    : {
        line,
        seq: entry.seq,
        kind: 'evidence_altered',
        message: `${what}: its evidence does not match its digest`,
      };
}

function replayed(found: Replay, entry: LogEntry, evidence: Evidence | null, line: number): Replay {
  const event = eventOf(entry.kind, entry.payload);
  const fault = (kind: ReplayFault['kind'], message: string): Replay => ({
    ...found,
    fault: { line, seq: entry.seq, kind, message },
  });
  if (event.kind === 'started') {
    if (digestOf(event.plan) !== event.planDigest)
      return fault('altered', 'the plan does not match its digest');
    if (event.versions.decider !== DECIDER_VERSION) {
      return fault(
        'other_decider',
        `these decisions were made by decider ${event.versions.decider}; this is decider ${DECIDER_VERSION}`,
      );
    }
    const start = startState(event.plan, entry.at);
    const state = fold(event.plan, start, { at: entry.at, event }, null);
    return { ...found, events: entry.seq, plan: event.plan, state };
  }
  const { plan, state } = found;
  if (plan === null || state === null) return fault('altered', 'the log does not begin with its start');
  let decisions = found.decisions;
  if (event.kind === 'decided' && evidence === null) {
    return fault('evidence_altered', `event ${entry.seq}: a decision without the evidence it was made on`);
  }
  if (event.kind === 'decided' && evidence !== null) {
    const again = decide(plan, state, evidence, entry.at).decision;
    if (canonicalJson(again) !== canonicalJson(event.decision)) {
      return fault(
        'decision_differs',
        `event ${entry.seq}: decided ${event.decision.kind}, replayed ${again.kind}`,
      );
    }
    decisions = [...decisions, again];
  }
  return {
    ...found,
    events: entry.seq,
    decisions,
    state: fold(plan, state, { at: entry.at, event }, evidence),
  };
}

import type { Risk } from '../core/plan/ladder.ts';
import type { CheckFlag, ProposedCheck } from '../core/plan/proposal.ts';
import { SIGNAL_KINDS, type SignalKind } from '../core/plan/signal-kinds.ts';
import { type Call, wordsOf } from './code/calls.ts';
import type { ChangedFile, CodeLine } from './code/changed-code.ts';

/**
 * One subject a change can touch, and the signals that would show harm there. To add one, write a file beside the
 * others in `detectors/` and list it in `detectors/registry.ts`.
 *
 * `detect` is pure and sees one file. It looks at names and calls on added and removed lines, never at mere words in
 * strings. The signals come most telling first; which of them a plan holds is learned (`experience/`).
 */
export interface Detector {
  readonly id: string;
  /** What the change touches, as in "touches <subject> in src/a.ts". */
  readonly subject: string;
  /** What a change is at the least when this detector speaks. */
  readonly risk: Risk;
  /** Code that runs in a browser is shown only to those who ask for it; by default a detector reads what a service runs. */
  readonly reads?: 'browser' | 'both';
  /** Goes by names alone: what others say comes first. */
  readonly isHint?: boolean;
  /** What it speaks about is never only old code written anew. */
  readonly isAlwaysNew?: boolean;
  detect(file: ChangedFile): readonly DetectedCheck[];
}

/** A check without its author, which the planner adds. */
export interface DetectedCheck extends Omit<ProposedCheck, 'proposedBy'> {
  /** A second thought, not what the change is about. */
  readonly isSecondary?: boolean;
  /** What the change is at the least when this check is drawn, where that differs from the detector's own. */
  readonly risk?: Risk;
}

export interface Reason {
  readonly why: string;
  readonly evidence: readonly string[];
  readonly flags?: readonly CheckFlag[];
  readonly direction?: ProposedCheck['direction'];
}

/** Watches a signal for harm, in the direction that is bad for its kind unless `direction` says otherwise. */
export function guard(signalKind: SignalKind, reason: Reason): DetectedCheck {
  return {
    signalKind,
    intent: 'guard',
    direction: reason.direction ?? SIGNAL_KINDS[signalKind].worse,
    flags: reason.flags ?? [],
    why: reason.why,
    evidence: reason.evidence,
  };
}

/** Says that the change is meant to move a signal, so that a healthy release is not held for it. */
export function expectChange(
  signalKind: SignalKind,
  direction: ProposedCheck['direction'],
  reason: Reason,
): DetectedCheck {
  const flags: readonly CheckFlag[] = [...(reason.flags ?? []), 'expected_to_move'];
  return { ...guard(signalKind, reason), intent: 'expect_change', direction, flags };
}

/** Says that harm there would come after the ladder has ended; it becomes a line of the plan, not a check. */
export function notObservable(signalKind: SignalKind, reason: Reason): DetectedCheck {
  const flags: readonly CheckFlag[] = [...(reason.flags ?? []), 'not_observable_in_ladder'];
  return { ...guard(signalKind, reason), intent: 'not_observable', flags };
}

/** The same check, as a second thought. */
export function secondary(check: DetectedCheck): DetectedCheck {
  return { ...check, isSecondary: true };
}

/** Essential where `isMain` says so, else a second thought. */
export function mainIf(isMain: boolean, check: DetectedCheck): DetectedCheck {
  return isMain ? check : secondary(check);
}

/** A reason whose sentence begins with the first place: "src/a.ts:12 changes how often it tries". */
export function because(
  lines: readonly CodeLine[],
  text: string,
  more: Pick<Reason, 'flags' | 'direction'> = {},
): Reason {
  const evidence = placesOf(lines);
  return { why: `${evidence[0] ?? 'it'} ${text}`, evidence, ...more };
}

/** A call and the line it is on. */
export interface Hit {
  readonly line: CodeLine;
  readonly call: Call;
}

export function callsOn(lines: readonly CodeLine[], matches: (call: Call) => boolean): readonly Hit[] {
  return lines.flatMap((line) => line.calls.filter(matches).map((call) => ({ line, call })));
}

/** Where the hits are, each place once, in the order given. */
export function placesOf(lines: readonly CodeLine[]): readonly string[] {
  return [...new Set(lines.map((line) => line.at))];
}

/** "cache.get, cache.set": what was hit, for a sentence; at most three. */
export function namesOf(hits: readonly Hit[]): string {
  const names = [...new Set(hits.map(({ call }) => call.chain.slice(-2).join('.')))];
  return names.length <= 3
    ? names.join(', ')
    : `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

export function linesOf(hits: readonly Hit[]): readonly CodeLine[] {
  return hits.map((hit) => hit.line);
}

/** True when the folders or the name of a path hold one of the words. */
export function isUnder(file: ChangedFile, wanted: ReadonlySet<string>): boolean {
  const words = wordsOfPaths.get(file) ?? pathWords(file.path);
  wordsOfPaths.set(file, words);
  return hasAny(words, wanted);
}

const wordsOfPaths = new WeakMap<ChangedFile, readonly string[]>();

/** "src/orderJobs/send_mail.ts" is src, order, jobs, send, mail, ts. */
function pathWords(path: string): readonly string[] {
  return wordsOf(path.replaceAll(/[^A-Za-z\d]+/g, ' '));
}

/** True for a line that gives something a value: `limit: 5`, `LIMIT = 5`, `limit(5)`, `limit 5`. */
export function assigns(line: CodeLine): boolean {
  return /[:=(,]\s?['"\d\w[{-]|\s\d/.test(line.code) && line.names.length > 0;
}

export function hasAny(words: Iterable<string>, wanted: ReadonlySet<string>): boolean {
  if (Array.isArray(words)) return words.some((word) => wanted.has(word));
  for (const word of words) if (wanted.has(word)) return true;
  return false;
}

/** A closed vocabulary written as one string of words. */
export function vocabulary(words: string): ReadonlySet<string> {
  return new Set(words.trim().split(/\s+/));
}

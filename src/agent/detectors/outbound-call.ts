import { argumentLines } from '../code/arguments.ts';
import { type ChangedFile, linesBefore } from '../code/changed-code.ts';
import {
  callsOn,
  type DetectedCheck,
  type Detector,
  expectChange,
  guard,
  namesOf,
  placesOf,
  secondary,
} from '../detector.ts';
import { isOutboundCall, outboundCallsOf } from './outbound-names.ts';

/** Calls to other services: new ones, dropped ones, and how long and how often they are tried. */
export const outboundCallDetector: Detector = {
  id: 'outbound-call',
  subject: 'calls to other services',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql') return [];
    const isOutbound = outboundCallsOf(file);
    const added = callsOn(file.added, isOutbound);
    const removed = callsOn(file.removed, isOutbound);
    return [
      ...(added.length > removed.length ? newCallChecks(file, added) : []),
      ...(added.length > 0 && added.length <= removed.length ? changedCallChecks(added) : []),
      ...(added.length === 0 && removed.length > 0 ? droppedCallChecks(removed) : []),
      ...addressChecks(file),
      ...(added.length + removed.length === 0 ? optionChecks(file) : []),
    ];
  },
};

function newCallChecks(file: ChangedFile, hits: ReturnType<typeof callsOn>): readonly DetectedCheck[] {
  const isFirst = !linesBefore(file).some((line) => line.calls.some(isOutboundCall));
  const why = `${hits[0]?.line.at} calls another service (${namesOf(hits)})`;
  const evidence = placesOf(hits.map((hit) => hit.line));
  const flags = isFirst ? (['new_series'] as const) : [];
  return [
    guard('dependency.error_rate', { why, evidence, flags }),
    guard('dependency.latency_p95', { why, evidence, flags }),
    guard('http.latency_p95', { why: `${why}, and its own callers wait for the answer`, evidence }),
  ];
}

function changedCallChecks(hits: ReturnType<typeof callsOn>): readonly DetectedCheck[] {
  const why = `${hits[0]?.line.at} changes how it calls another service (${namesOf(hits)})`;
  const reason = { why, evidence: placesOf(hits.map((hit) => hit.line)) };
  return [guard('dependency.error_rate', reason), guard('dependency.latency_p95', reason)];
}

function droppedCallChecks(hits: ReturnType<typeof callsOn>): readonly DetectedCheck[] {
  const why = `${hits[0]?.line.at} no longer calls another service (${namesOf(hits)})`;
  const reason = { why, evidence: placesOf(hits.map((hit) => hit.line)) };
  return [secondary(expectChange('dependency.call_rate', 'decrease', reason))];
}

/** A call that stands as it stood, with other words between its parentheses. */
function optionChecks(file: ChangedFile): readonly DetectedCheck[] {
  const changed = file.hunks.flatMap((hunk) =>
    [hunk.after, hunk.before].flatMap((side) =>
      argumentLines(side, isOutboundCall).filter(
        (line) => line.novelty === 'code' && line.kind !== 'context',
      ),
    ),
  );
  if (changed.length === 0) return [];
  const why = `${changed[0]?.at} changes with what it calls another service`;
  const reason = { why, evidence: placesOf(changed) };
  return [guard('dependency.error_rate', reason), secondary(guard('dependency.latency_p95', reason))];
}

/** A call whose address alone changed goes to somebody else. */
function addressChecks(file: ChangedFile): readonly DetectedCheck[] {
  const isAddress = (text: string): boolean => /^(?:https?:\/\/|\/)\S/.test(text);
  const lines = file.hunks
    .flatMap((hunk) => hunk.after)
    .filter(
      (line) => line.novelty === 'text' && line.strings.some(isAddress) && line.calls.some(isOutboundCall),
    );
  if (lines.length === 0) return [];
  const why = `${lines[0]?.at} calls another address than before`;
  const reason = { why, evidence: placesOf(lines) };
  return [guard('dependency.error_rate', reason), guard('dependency.latency_p95', reason)];
}

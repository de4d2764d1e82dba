import type { Call } from '../code/calls.ts';
import { type ChangedFile, isLooped, linesBefore } from '../code/changed-code.ts';
import { helpersThat } from '../code/helper-functions.ts';
import {
  type Detector,
  guard,
  type Hit,
  hasAny,
  namesOf,
  placesOf,
  secondary,
  vocabulary,
} from '../detector.ts';
import { outboundCallsOf } from './outbound-names.ts';
import { isQueryCall } from './query.ts';

/** A call that was made once and is now made once per item: every request multiplies. */
export const callInLoopDetector: Detector = {
  id: 'call-in-loop',
  subject: 'how many calls one request makes',
  risk: 'medium',
  detect(file) {
    const isOutbound = outboundCallsOf(file);
    const asks = (call: Call): boolean => isQueryCall(call) || isOfRepository(call);
    const [calling, asking] = [helpersThat(file, isOutbound), helpersThat(file, asks)];
    const calls = loopedHits(file, (call) => isOutbound(call) || calling.has(call.name));
    const queries = loopedHits(file, (call) => asks(call) || asking.has(call.name));
    return [...outboundChecks(calls), ...queryChecks(queries)];
  },
};

const REPOSITORIES = vocabulary('repository repositories repo repos dao daos');

/** A repository may be one of code: what it is asked for tells. */
const DATA_VERBS = vocabulary(
  'find get load fetch list query select exists count save insert update upsert delete remove add store read search by',
);

function isOfRepository(call: Call): boolean {
  return (
    hasAny(call.receiver.slice(-1), REPOSITORIES) &&
    DATA_VERBS.has(call.verbs[0] ?? '') &&
    !call.isNew &&
    !call.isAnnotation
  );
}

function outboundChecks(hits: readonly Hit[]) {
  if (hits.length === 0) return [];
  const why = `${hits[0]?.line.at} calls another service once per item (${namesOf(hits)})`;
  const reason = { why, evidence: placesOf(hits.map((hit) => hit.line)) };
  return [
    guard('dependency.call_rate', { ...reason, direction: 'increase' }),
    guard('dependency.latency_p95', reason),
    guard('http.latency_p95', { ...reason, why: `${why}, and the request waits for all of them` }),
    secondary(guard('dependency.error_rate', reason)),
  ];
}

function queryChecks(hits: readonly Hit[]) {
  if (hits.length === 0) return [];
  const why = `${hits[0]?.line.at} asks the database once per item (${namesOf(hits)})`;
  const reason = { why, evidence: placesOf(hits.map((hit) => hit.line)) };
  return [
    guard('http.latency_p95', { ...reason, why: `${why}, and the request waits for all of them` }),
    guard('db.query_latency_p95', reason),
    guard('db.pool_saturation', reason),
  ];
}

/** Calls in a loop on new or moved lines, that no loop made before under the same name. */
function loopedHits(file: ChangedFile, matches: (call: Hit['call']) => boolean): readonly Hit[] {
  const inLoop = (lines: Parameters<typeof placesOf>[0]): readonly Hit[] =>
    lines.flatMap((line) =>
      line.calls.filter((call) => matches(call) && isLooped(line, call)).map((call) => ({ line, call })),
    );
  const before = new Set(inLoop(linesBefore(file)).map(({ call }) => call.name));
  const moved = file.hunks.flatMap((hunk) => hunk.after.filter((line) => line.novelty === 'place'));
  return inLoop([...file.added, ...moved]).filter(({ call }) => !before.has(call.name));
}

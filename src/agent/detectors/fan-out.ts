import { type ChangedFile, type CodeLine, linesAfter, linesBefore } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isOutboundCall } from './outbound-names.ts';
import { isQueryCall } from './query.ts';
import { isProducing } from './queue.ts';

/** Calls that let many things run side by side. */
const SIDE_BY_SIDE = vocabulary(
  'gather allsettled promiseall whenall parallelstream parallelforeachasync parallelfor invokeall joinall foreachasync errgroup taskgroup createtask ensurefuture supplyasync runasync executormap',
);
const WAITS = vocabulary('sleep delay usleep waitfor settimeout');
const CONCURRENCY =
  /\b(?:go func|go [\w.]+\(|tokio::spawn|thread::spawn|Thread\.new|launch\s?[({]|async\s?\{)/;

const CONCURRENT: ReadonlySet<string> = new Set(['go', 'rust', 'java', 'ruby']);

/** Work that was done one after the other and now runs side by side, and loops that no longer pause. */
export const fanOutDetector: Detector = {
  id: 'fan-out',
  subject: 'how much runs side by side',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'settings' || file.language === 'sql') return [];
    return [...fanOutChecks(file), ...pauseChecks(file), ...nearChecks(file)];
  },
};

function fanOutChecks(file: ChangedFile): readonly DetectedCheck[] {
  const spreads = (line: CodeLine): boolean =>
    (CONCURRENT.has(file.language ?? '') && CONCURRENCY.test(line.code)) ||
    line.calls.some(
      (call) =>
        (SIDE_BY_SIDE.has(call.verbs.join('')) || (call.name === 'all' && call.chain.at(-2) === 'Promise')) &&
        // Two or three things named one by one are no crowd.
        !line.code
          .slice(call.column + call.name.length)
          .trimStart()
          .startsWith('(['),
    );
  const added = file.added.filter(spreads);
  if (added.length <= file.removed.filter(spreads).length) return [];
  const text = 'lets work run side by side that took turns, or did not run at all';
  const after = linesAfter(file);
  const calls = after.some((line) => line.calls.some(isOutboundCall));
  const asks = after.some((line) => line.calls.some(isQueryCall));
  const reason = because(added, text);
  return [
    ...(calls ? [guard('dependency.call_rate', reason), guard('dependency.error_rate', reason)] : []),
    ...(asks ? [secondary(guard('db.pool_saturation', reason))] : []),
    calls || asks ? secondary(guard('process.memory', reason)) : guard('process.memory', reason),
    secondary(guard('process.cpu', reason)),
  ];
}

/** Work that others did meanwhile and that the caller now waits for. */
function nearChecks(file: ChangedFile): readonly DetectedCheck[] {
  const away = (lines: readonly CodeLine[]) => callsOn(lines, (call) => AWAY.has(call.verbs.join('')));
  const removed = away(file.removed);
  if (removed.length <= away(file.added).length) return [];
  const reason = because(
    removed.map(({ line }) => line),
    'does itself what was done beside it before',
  );
  return [guard('http.latency_p95', reason), guard('process.cpu', reason)];
}

const AWAY = vocabulary(
  'spawnblocking runinexecutor tothread runinthreadpool synctoasync runonpool piscinarun',
);

/** A loop that slept between its rounds and does not any more asks as fast as it can. */
function pauseChecks(file: ChangedFile): readonly DetectedCheck[] {
  const pauses = (lines: readonly CodeLine[]) =>
    callsOn(lines, (call) => WAITS.has(call.verbs.join('')) && !isProducing(call));
  const removed = pauses(file.removed);
  const loops = [...linesBefore(file), ...linesAfter(file)].some((line) =>
    /\b(?:while|loop|for)\b/.test(line.code),
  );
  if (!loops || removed.length <= pauses(file.added).length) return [];
  const reason = because(
    removed.map(({ line }) => line),
    'no longer pauses between the rounds of a loop',
  );
  return [guard('process.cpu', reason), secondary(guard('dependency.call_rate', reason))];
}

import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  isUnder,
  linesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

const HEALTH = vocabulary(
  'readiness liveness healthz readyz livez healthcheck healthchecks terminus actuator',
);
const HEALTH_PATH = vocabulary('health healthcheck healthz readiness liveness ready');
/** How somebody else is. */
const OF_OTHERS = vocabulary(
  'host hosts remote peer peers domain domains upstream upstreams provider providers connector connectors',
);
const HEALTH_ROUTE =
  /^\/?(?:_?health(?:z|check)?|ready(?:z)?|live(?:z)?|readiness|liveness|healthy|up|ping|-\/(?:ready|healthy))(?:\/\w*)?$/;
const HEALTH_CALLS = vocabulary(
  'addhealthchecks maphealthchecks addcheck createterminus usehealthchecks healthindicator setready markready isready setservingstatus isready',
);
const SHUTDOWN_CALLS = vocabulary(
  'shutdown gracefulshutdown closeallconnections closeidleconnections setgracefulshutdown enableshutdownhooks onshutdown beforeexit notifycontext drain',
);
const WATCHING = vocabulary('telemetry logging metrics tracing log');
const SIGNAL_NAMES = /^SIG(?:TERM|INT|QUIT)$/;
const PROBE = /(readiness|liveness|startup)_?(?:probe)?/i;
const SHUTDOWN_NAME =
  /terminationGracePeriod|preStop|graceful|shutdown_?(?:timeout|delay|grace)|drain_?(?:timeout|seconds)|stop_?(?:grace|timeout)/i;

/** When an instance says that it is ready or alive, and how it leaves. */
export const readinessDetector: Detector = {
  id: 'readiness',
  subject: 'start and end of an instance',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    // Where health checks are left out of what is logged or measured nothing changes about them.
    if (isUnder(file, WATCHING)) return [];
    const changed = changedLines(file);
    const probes = changed.filter((line) => isProbeLine(file, line));
    const endings = [...linesOf(callsOn(changed, isShutdownCall)), ...changed.filter(isShutdownLine)];
    return [...probeChecks(probes), ...shutdownChecks(endings)];
  },
};

function probeChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes when an instance counts as ready or alive';
  const restarts = guard(
    'process.restart_rate',
    because(lines, `${text}, and one that does not is started anew`),
  );
  const isLiveness = lines.some((line) => /liv(?:e|eness)/i.test([line.code, ...line.strings].join(' ')));
  return [
    guard('process.readiness_failure_rate', because(lines, text)),
    isLiveness ? restarts : secondary(restarts),
    secondary(guard('http.error_rate', because(lines, `${text}, and too few that are refuse requests`))),
  ];
}

function shutdownChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  if (lines.length === 0) return [];
  const text = 'changes how an instance stops';
  return [
    guard('http.error_rate', because(lines, `${text}, and requests under way may be cut off`)),
    guard('process.restart_rate', because(lines, text)),
  ];
}

function isProbeLine(file: ChangedFile, line: CodeLine): boolean {
  if (line.novelty === 'place' || line.novelty === 'nothing') return false;
  if (file.language === 'settings') return PROBE.test(line.names.join('.')) && line.code !== '';
  const isHealthCall = (call: Call): boolean =>
    HEALTH_CALLS.has(call.verbs.join('')) &&
    (!/ready$/.test(call.verbs.join('')) || isUnder(file, HEALTH_PATH) || hasAny(call.receiver, HEALTH_PATH));
  if (line.calls.some(isHealthCall)) return true;
  if (line.calls.length > 0 && line.strings.some((text) => HEALTH_ROUTE.test(text))) return true;
  if (isUnder(file, OF_OTHERS)) return false;
  const isAboutHealth = isUnder(file, HEALTH_PATH) || hasAny(line.words, HEALTH);
  return isAboutHealth && (line.calls.length > 0 || /\breturn\b|=/.test(line.code)) && line.names.length > 0;
}

function isShutdownCall(call: Call): boolean {
  const joined = call.verbs.join('');
  if (!SHUTDOWN_CALLS.has(joined)) return false;
  // An executor or a tracer that is shut down is not the instance.
  return (
    !/^(?:shutdown|drain)$/.test(joined) ||
    /^(?:server|srv|app|http|host|fastify)$/.test(call.receiver.at(-1) ?? '')
  );
}

function isShutdownLine(line: CodeLine): boolean {
  if (line.novelty !== 'code') return false;
  if (line.strings.some((text) => SIGNAL_NAMES.test(text)) && line.calls.length > 0) return true;
  if (line.names.some((name) => SIGNAL_NAMES.test(name)) && line.calls.length > 0) return true;
  return SHUTDOWN_NAME.test(line.names.join('.')) && /[:=]\s?['"\d\w]/.test(line.code);
}

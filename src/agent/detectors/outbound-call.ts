import { argumentLines } from '../code/arguments.ts';
import type { Call } from '../code/calls.ts';
import { type ChangedFile, linesBefore } from '../code/changed-code.ts';
import {
  callsOn,
  type DetectedCheck,
  type Detector,
  expectChange,
  guard,
  hasAny,
  namesOf,
  placesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

/** Names that are HTTP clients by themselves. */
const LIBRARIES = vocabulary(
  `
    axios got ky superagent needle undici requests httpx aiohttp urllib urllib3 faraday httparty
    typhoeus resttemplate webclient okhttpclient reqwest guzzle httpclient feign
`,
);
const VERBS = vocabulary(
  `
    get post put patch delete head options request send do fetch exchange execute retrieve stream
    newcall urlopen create session client async
`,
);
const FETCH_OWNERS = vocabulary('window globalThis self global undici');
/** `inventoryClient.reserve()` calls out; these clients talk to something that has its own detector, or to nobody. */
const OTHER_CLIENTS = vocabulary(
  `
    redis db pg sql mongo cache prisma query queue kafka sqs s3 storage stats statsd metrics test mock
    database mysql memcached ws socket flag flags log
`,
);
/** Names for what belongs to somebody else, whatever hangs below them: `suppliers.keys.check()`. */
const OUTSIDERS = vocabulary(
  'supplier suppliers upstream upstreams vendor vendors partner partners remote remotes thirdparty',
);

/** Calls to other services: new ones, dropped ones, and how long and how often they are tried. */
export const outboundCallDetector: Detector = {
  id: 'outbound-call',
  subject: 'calls to other services',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql') return [];
    const added = callsOn(file.added, isOutboundCall);
    const removed = callsOn(file.removed, isOutboundCall);
    return [
      ...(added.length > removed.length ? newCallChecks(file, added) : []),
      ...(added.length > 0 && added.length <= removed.length ? changedCallChecks(added) : []),
      ...(added.length === 0 && removed.length > 0 ? droppedCallChecks(removed) : []),
      ...addressChecks(file),
      ...(added.length + removed.length === 0 ? optionChecks(file) : []),
    ];
  },
};

/** True for a call that leaves the process: a known HTTP client, bare `fetch`, or a `…Client` of another service. */
export function isOutboundCall(call: Call): boolean {
  if (call.isAnnotation) return false;
  const [owner] = call.chain;
  if (call.name === 'fetch') {
    return call.chain.length === 1 || (call.chain.length === 2 && FETCH_OWNERS.has(owner ?? ''));
  }
  if (call.chain.length === 1) return call.name === 'axios' || call.name === 'got' || call.name === 'urlopen';
  const owners = call.chain.slice(0, -1).map((name) => name.toLowerCase());
  const [verb = ''] = call.verbs;
  if (hasAny(owners, LIBRARIES)) return VERBS.has(verb) || VERBS.has(call.name.toLowerCase());
  const near = owners.at(-1) ?? '';
  if (near === 'http' || near === 'https')
    return /^(?:get|post|request|do|newrequest|head|put)/i.test(call.name);
  return isServiceClient(call, near);
}

function isServiceClient(call: Call, near: string): boolean {
  if (hasAny(call.receiver, OTHER_CLIENTS)) return false;
  if (hasAny(call.receiver, OUTSIDERS) && !/^(?:on|with|map|filter|forEach|find)/.test(call.name))
    return true;
  if (/^_?(?:http_?client|client)$/.test(near)) {
    return /^(?:do|send|sendasync|getasync|postasync|putasync|deleteasync|request|execute)$/i.test(call.name);
  }
  return (
    /[a-z](?:client|stub|gateway)$/.test(near) &&
    !/^(?:on|use|with|set|close|connect|disconnect)/.test(call.name)
  );
}

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
  return [expectChange('dependency.call_rate', 'decrease', reason)];
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

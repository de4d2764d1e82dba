import type { Call } from '../code/calls.ts';
import type { ChangedFile } from '../code/changed-code.ts';
import { hasAny, vocabulary } from '../detector.ts';

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

const SOME_CLIENT = /Client|Gateway|Connector|ApiService|Stub|HttpService|RemoteService/;
const ADDRESSES = vocabulary('ip address addr host port user');
/** Types whose names say that what they stand for is somebody else's. */
const CLIENT = '\\w{2,60}(?:Client|Gateway|Connector|ApiService|Stub|HttpService|RemoteService)';
/** `calendars: CalendarGateway`, `private readonly rates: RatesClient`. */
const TYPED = new RegExp(`([A-Za-z_$][\\w$]{0,60})\\??\\s?:\\s?(?:\\w+\\.)?I?${CLIENT}\\b`, 'g');
/** `IRoutePlannerClient planner`, `GatewayClient $gateway`, `rates *RatesClient`. */
const DECLARED = new RegExp(`\\bI?${CLIENT}\\s\\$?([A-Za-z_$][\\w$]{0,60})\\s?[,;)={]`, 'g');
const POINTED = new RegExp(`\\b([a-z]\\w{0,60})\\s+\\*?(?:\\w+\\.)?${CLIENT}$`, 'g');
/** Clients of what has detectors of its own. */
const OTHERS = /redis|database|db|sql|mongo|cache|queue|kafka|sqs|s3|storage|prisma|elastic|smtp|mail/i;

/** What leaves the process in this file: by the name of the call, or by the type of what it is called on. */
export function outboundCallsOf(file: ChangedFile): (call: Call) => boolean {
  const names = known.get(file) ?? clientNames(file);
  known.set(file, names);
  return (call) =>
    isOutboundCall(call) ||
    (!call.isNew &&
      !call.isAnnotation &&
      call.chain.length >= 2 &&
      call.chain.slice(0, -1).some((part) => names.has(part.replace(/^[_$]+/, ''))));
}

const known = new WeakMap<ChangedFile, ReadonlySet<string>>();

function clientNames(file: ChangedFile): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { before, after } of file.hunks) {
    for (const { code } of [...before, ...after]) {
      if (!SOME_CLIENT.test(code)) continue;
      for (const pattern of [TYPED, DECLARED, POINTED]) {
        for (const [whole, name = ''] of code.matchAll(pattern)) {
          if (!OTHERS.test(whole)) names.add(name.replace(/^[_$]+/, ''));
        }
      }
    }
  }
  return names;
}

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
  // Python's module, and no collection of requests.
  if (owners.includes('requests'))
    return (
      call.chain[0] === 'requests' &&
      /^(?:get|post|put|patch|delete|head|options|request|session)$/i.test(call.name)
    );
  if (hasAny(owners, LIBRARIES)) return VERBS.has(verb) || VERBS.has(call.name.toLowerCase());
  const near = owners.at(-1) ?? '';
  if (near === 'http' || near === 'https')
    return /^(?:get|post|request|do|newrequest|head|put)/i.test(call.name);
  return isServiceClient(call, near);
}

function isServiceClient(call: Call, near: string): boolean {
  if (hasAny(call.receiver, OTHER_CLIENTS)) return false;
  if (
    hasAny(call.receiver, OUTSIDERS) &&
    !hasAny(call.receiver, ADDRESSES) &&
    !/^(?:on|with|map|filter|forEach|find|is|has|to)(?![a-z])/.test(call.name)
  )
    return true;
  if (/^_?(?:http_?client|client)$/.test(near)) {
    return /^(?:do|send|sendasync|getasync|postasync|putasync|deleteasync|request|execute)$/i.test(call.name);
  }
  return (
    /[a-z](?:client|stub|gateway)$/.test(near) &&
    !/^(?:on|use|with|set|close|connect|disconnect|for|new|build|create|instance|default|from)(?![a-z])/.test(
      call.name,
    )
  );
}

import type { Call } from '../code/calls.ts';
import type { ChangedFile, CodeLine } from '../code/changed-code.ts';
import { type Detector, guard, hasAny, placesOf, secondary, vocabulary } from '../detector.ts';

const HANDLER_PATH = vocabulary(
  `
    routes route router routers handler handlers controller controllers middleware middlewares endpoint
    endpoints resolver resolvers
`,
);
const ROUTERS = vocabulary('app router server fastify mux blueprint bp routes route');
const ROUTE_VERBS = vocabulary('get post put patch delete all route handle handlefunc options');
const ROUTE_MARKERS = vocabulary(
  `
    getmapping postmapping putmapping deletemapping patchmapping requestmapping httpget httppost httpput
    httpdelete
`,
);
const REPLIES = vocabulary('res reply');
const REPLY_VERBS = vocabulary('status send end render redirect code writehead');

/** Code that takes a request and answers it: anything wrong there shows as errors or as time. */
export const requestHandlerDetector: Detector = {
  id: 'request-handler',
  subject: 'request handling',
  risk: 'low',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === null || file.language === 'sql') return [];
    const changed = [...file.added, ...file.removed].filter(does);
    const lines = isHandlerPath(file) ? changed : changed.filter(handles);
    if (lines.length === 0) return [];
    const reason = { why: `${lines[0]?.at} changes how requests are answered`, evidence: placesOf(lines) };
    return [secondary(guard('http.error_rate', reason)), secondary(guard('http.latency_p95', reason))];
  },
};

/** A lone bracket or `else` does nothing by itself. */
function does(line: CodeLine): boolean {
  return line.names.length > 0;
}

function handles(line: CodeLine): boolean {
  return line.calls.some((call) => isHandling(call) || repliesWithJson(line, call));
}

/** `res.json(body)` answers a request; `res.json()` reads somebody else's answer. */
function repliesWithJson(line: CodeLine, call: Call): boolean {
  const isReply = call.name === 'json' && REPLIES.has(call.receiver[0] ?? '');
  return isReply && !line.code.startsWith('()', call.column + call.name.length);
}

function isHandling(call: Call): boolean {
  if (call.isAnnotation && ROUTE_MARKERS.has(call.name.toLowerCase())) return true;
  const near = call.receiver.at(-1) ?? '';
  const name = call.name.toLowerCase();
  return (
    (ROUTERS.has(near) && ROUTE_VERBS.has(name)) ||
    (REPLIES.has(call.receiver[0] ?? '') && REPLY_VERBS.has(name))
  );
}

function isHandlerPath(file: ChangedFile): boolean {
  if (/routes\/console\.php$/.test(file.path)) return false;
  return hasAny(file.path.toLowerCase().split(/[^a-z]+/), HANDLER_PATH);
}

import { type Call, wordsOf } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  callsOn,
  type DetectedCheck,
  type Detector,
  guard,
  hasAny,
  namesOf,
  notObservable,
  placesOf,
  vocabulary,
} from '../detector.ts';
import { isOutboundCall } from './outbound-names.ts';

const CREDENTIALS = vocabulary(
  'token tokens jwt jws jwe jose bearer credential credentials oauth oidc apikey saml claims',
);
const VALIDATING = vocabulary('verify validate decode introspect authenticate parse check sign unsign');
const SIGN_IN = vocabulary('login signin authenticate password bcrypt argon2 passport logon');
const SIGN_IN_CALLS = vocabulary(
  'login signin authenticate compare verify checkpassword logon hash comparesync',
);
const SESSION_VERBS = vocabulary(
  'create save destroy regenerate touch revoke set clear invalidate delete start rotate reload',
);
const CLAIMS = vocabulary('aud audience iss issuer exp nbf skew tolerance leeway algorithms');
const KEY_SERVER = vocabulary('jwks jwk keyset introspect introspection keyserver discovery');
const SESSION = vocabulary('session sessions');
const SESSION_STORES = vocabulary('session sessions cookie cookies sessionstore');
const LIFETIME = vocabulary('ttl age max timeout lifetime expiry expires expire idle duration hours days');
const REFRESHING = vocabulary('refresh renew rotate reissue');
const REPLIES = vocabulary('res reply response ctx c');
/** Tokens of another trade: paging, cancelling, parsing, forgery, language models. */
const OTHER_TOKENS = vocabulary(
  `
    page next cursor continuation cancellation csrf xsrf syntax lexer count counts tokenizer prompt
`,
);
const AUTH_PATH = vocabulary(
  `
    auth authn authz authentication authorization session sessions token tokens jwt oauth login oidc sso
`,
);

/** Who somebody is: tokens, sessions and sign-in. What they may do is `authorization.ts`. */
export const authenticationDetector: Detector = {
  id: 'authentication',
  subject: 'authentication',
  risk: 'high',
  detect(file) {
    if (file.language === 'manifest' || file.pathClass === 'migration') return [];
    const lines = changedLines(file);
    return [
      ...tokenChecks(file, lines),
      ...gateChecks(lines),
      ...refreshChecks(lines),
      ...signInChecks(lines),
      ...(isOtherSession(file) ? [] : sessionChecks(lines)),
    ];
  },
};

function tokenChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  // In a file about tokens, a call that leaves the process is somebody else checking them.
  const asked = isAuthPath(file) ? callsOn(file.added, isOutboundCall) : [];
  const hits = [...callsOn(lines, isTokenCall), ...asked];
  const claims = lines.filter((line) => hasAny(line.words, CLAIMS) && isAuthPath(file));
  if (hits.length + claims.length === 0) return [];
  const evidence = placesOf([...hits.map((hit) => hit.line), ...claims]);
  const what = hits.length > 0 ? namesOf(hits) : 'the claims it accepts';
  const why = `${evidence[0]} changes how tokens are checked (${what})`;
  const checks = [
    guard('auth.unauthorized_rate', { why, evidence }),
    guard('http.error_rate', { why: `${why}, and a failure there fails the request`, evidence }),
  ];
  const keyLines = lines.filter((line) => hasAny(line.words, KEY_SERVER) || line.calls.some(isOutboundCall));
  if (keyLines.length > 0) {
    const whyKeys = `${keyLines[0]?.at} asks a key server while it checks tokens`;
    const reason = { why: whyKeys, evidence: placesOf(keyLines) };
    checks.push(guard('dependency.error_rate', reason), guard('dependency.latency_p95', reason));
  }
  return checks;
}

/** A door in front of requests: who comes without signing in is turned away. */
function gateChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const gated = lines.filter(
    (line) =>
      !/\b(?:function|def|func|class)\b/.test(line.code) &&
      line.names.some((name) => GATES.has(wordsOf(name).join(''))),
  );
  if (gated.length === 0) return [];
  const why = `${gated[0]?.at} changes which requests need somebody who is signed in`;
  return [guard('auth.unauthorized_rate', { why, evidence: placesOf(gated), direction: 'either' })];
}

const GATES = vocabulary(
  `loginrequired requireauth requireslogin authenticateuser ensureauthenticated ensureloggedin authguard jwtauthguard requirelogin authmiddleware
   requiresauthentication isauthenticated requireauthentication authenticaterequest authrequired loginrequiredmixin jwtrequired requireuser requiresession
   withauth withauthentication requireauthmiddleware authenticatetoken`,
);

function refreshChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(
    lines,
    (call) => hasAny(call.verbs, REFRESHING) && hasAny([...call.receiver, ...call.verbs], CREDENTIALS),
  );
  if (hits.length === 0) return [];
  const why = `${hits[0]?.line.at} changes how tokens are refreshed (${namesOf(hits)})`;
  const reason = { why, evidence: placesOf(hits.map((hit) => hit.line)) };
  return [guard('auth.token_refresh_failure_rate', reason), guard('auth.session_loss_rate', reason)];
}

function signInChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(
    lines,
    (call) =>
      !GATES.has(call.verbs.join('')) &&
      hasAny([...call.receiver, ...call.verbs], SIGN_IN) &&
      (SIGN_IN_CALLS.has(call.verbs.join('')) || SIGN_IN_CALLS.has(call.verbs[0] ?? '')),
  );
  if (hits.length === 0) return [];
  const why = `${hits[0]?.line.at} changes how people sign in (${namesOf(hits)})`;
  return [guard('auth.login_failure_rate', { why, evidence: placesOf(hits.map((hit) => hit.line)) })];
}

function sessionChecks(lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(lines, isSessionCall);
  const lifetimes = lines.filter(
    (line) => speaksOfLifetime(line) && /[:=]/.test(line.code) && !line.code.includes('Math.'),
  );
  if (hits.length + lifetimes.length === 0) return [];
  const evidence = placesOf([...hits.map((hit) => hit.line), ...lifetimes]);
  const what = hits.length > 0 ? namesOf(hits) : 'their lifetime';
  const why = `${evidence[0]} changes how sessions are kept (${what})`;
  if (hits.length > 0) return [guard('auth.session_loss_rate', { why, evidence })];
  const whyLate = `${why}, which shows only when sessions of the new length run out`;
  return [
    guard('auth.session_loss_rate', { why, evidence, flags: ['not_observable_in_ladder'] }),
    notObservable('auth.session_loss_rate', { why: whyLate, evidence }),
  ];
}

/** A session with another service, or with the database, is nobody's sign-in. */
function isOtherSession(file: ChangedFile): boolean {
  return file.hunks.some((hunk) =>
    [...hunk.before, ...hunk.after].some((line) =>
      /\b(?:ClientSession|AsyncSession|requests\.Session|sessionmaker|TCPConnector|SessionLocal|gocql|SqlSession|concurrency\\.NewSession|etcd|HttpSession\w*Builder)\b/.test(
        line.code,
      ),
    ),
  );
}

/** In one name, or in the options of what makes sessions. */
function speaksOfLifetime(line: CodeLine): boolean {
  const isOne = line.names.some((name) => hasAny(wordsOf(name), SESSION) && hasAny(wordsOf(name), LIFETIME));
  const isMade = line.calls.some((call) => /^(?:express)?session$/i.test(call.name));
  return isOne || (isMade && hasAny(line.words, LIFETIME));
}

function isTokenCall(call: Call): boolean {
  const words = [...call.receiver, ...call.verbs];
  if (hasAny(words, OTHER_TOKENS)) return false;
  return hasAny(words, CREDENTIALS) && hasAny(call.verbs, VALIDATING);
}

function isSessionCall(call: Call): boolean {
  const [verb = ''] = call.verbs;
  const isCookie = call.verbs.includes('cookie') && hasAny(call.receiver, REPLIES);
  return isCookie || (hasAny(call.receiver.slice(-2), SESSION_STORES) && SESSION_VERBS.has(verb));
}

function isAuthPath(file: ChangedFile): boolean {
  return hasAny(file.path.toLowerCase().split(/[^a-z]+/), AUTH_PATH);
}

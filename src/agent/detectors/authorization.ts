import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type Detector,
  guard,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  vocabulary,
} from '../detector.ts';

const DECIDING_VERBS = vocabulary(
  'authorize authorise can cannot has have require requires check is allow deny forbid enforce assert ensure verify user needs',
);
const DECIDING_NOUNS = vocabulary(
  `permission permissions role roles scope scopes policy policies access allowed authorized authorised admin privilege
   privileges ability abilities entitlement entitlements owner ownership can`,
);
const MARKERS = vocabulary(
  `authorize preauthorize postauthorize rolesallowed secured permissionrequired userpassestest requiresroles isgranted can
   useguards roles permissions requirepermission allowanonymous permitall denyall permissionclasses
   scopes requiredscope requiresscopes hasrole hasauthority allowedroles adminonly requirerole
   requirerolesdecorator anonymousallowed`,
);
const GRANTED = vocabulary(
  'role roles scope scopes permission permissions privileges entitlements admin authorities',
);
const POLICY_PATH = vocabulary(
  'policy policies permissions permission abilities ability rbac abac acl authz authorization guard guards voter voters',
);
/** A policy of another trade: how often to retry, what to keep, what to scale. */
const OTHER_POLICIES = vocabulary(
  'retry retries backoff cache eviction retention lifecycle scaling timeout breaker rate privacy refund security cors csp backend backends resilience polly delay jitter status response handle http address network networks ip cidr upload s3 bucket fields lock locks mutex property',
);
const PAYING = vocabulary(
  'payment payments stripe adyen paypal braintree gateway charge card capture psp connector acquirer processor provider',
);
/** A folder about safety in general: only what speaks of people and what they are given counts there. */
const ACCESS_PATH = vocabulary('security access');
const HOLDERS = vocabulary(
  'admin member members owner role roles grants granted allows allowed permission permissions principal',
);
const RULE_COMMANDS = vocabulary('can cannot allow deny forbid permit');

/** Who may do what: roles, scopes, permissions and the policies that grant them. */
export const authorizationDetector: Detector = {
  id: 'authorization',
  subject: 'authorization',
  risk: 'high',
  detect(file) {
    if (file.language === 'manifest') return [];
    const changed = changedLines(file);
    const rows = changed.filter((line) => [line.code, ...line.strings].some((text) => ROW_RULE.test(text)));
    if (rows.length > 0)
      return [
        guard('auth.forbidden_rate', because(rows, 'changes who sees which rows', { direction: 'either' })),
      ];
    if (file.pathClass === 'migration' || file.language === 'sql') return [];
    const hits = callsOn(changed, (call) => isDecidingCall(call) || (isPolicyFile(file) && isRule(call)));
    const compared = changed.filter((line) => line.novelty !== 'place' && comparesGrant(line));
    const inPolicy = isPolicyFile(file)
      ? changed.filter(decides)
      : isUnder(file, ACCESS_PATH)
        ? changed.filter((line) => decides(line) && hasAny(line.words, HOLDERS))
        : [];
    const lines = [...linesOf(hits), ...compared, ...inPolicy];
    if (lines.length === 0) return [];
    const what = hits.length > 0 ? namesOf(hits) : 'a comparison of roles, scopes or owners';
    return [
      guard(
        'auth.forbidden_rate',
        because(lines, `changes who is allowed to do what (${what})`, { direction: 'either' }),
      ),
    ];
  },
};

/** The database's own rules of who sees a row. */
const ROW_RULE = /\b(?:create|alter|drop)\s+policy\b|\brow\s+level\s+security\b/i;

function isDecidingCall(call: Call): boolean {
  if (hasAny([...call.receiver, ...call.verbs], OTHER_POLICIES)) return false;
  if (call.isAnnotation) return MARKERS.has(call.verbs.join(''));
  const [verb = ''] = call.verbs;
  if (call.verbs.length === 1) {
    return /^(?:authoriz|authoris)e$/.test(verb) && !hasAny(call.receiver, PAYING);
  }
  return (
    (DECIDING_VERBS.has(verb) && hasAny(call.verbs.slice(1), DECIDING_NOUNS)) ||
    /^(?:authorize|authorise)(?:requests|resource|httprequests)$/.test(call.verbs.join('')) ||
    verb === 'requirepermission' ||
    MARKERS.has(call.verbs.join(''))
  );
}

/** A rule of a policy file: `can :read, Order`. */
function isRule(call: Call): boolean {
  return RULE_COMMANDS.has(call.verbs[0] ?? '');
}

/** `user.role === 'admin'`, `scopes.includes('orders:write')`, `if (!user.isAdmin)`. */
function comparesGrant(line: CodeLine): boolean {
  if (!hasAny(line.words, GRANTED) || hasAny(line.words, OTHER_POLICIES)) return false;
  // A role of the page's own markup is not a grant: `<div role="button">`.
  if (/\brole=/.test(line.code) || /\baria/.test(line.code)) return false;
  const isTest =
    /[=!]==?|\bnot?\s|\.(?:includes|contains|has|some|every|Contains|include\?)\(|\bin\b|&&|\|\|/.test(
      line.code,
    );
  const isBranch = /\b(?:if|unless|return|when|guard|assert|elif)\b/.test(line.code);
  return isTest && isBranch && !/\b(?:length|count|size)\b/.test(line.code);
}

function decides(line: CodeLine): boolean {
  return (
    /\b(?:return|if|unless|and|or|allow|deny|true|false)\b|&&|\|\||=>/.test(line.code) &&
    line.names.length > 0
  );
}

function isPolicyFile(file: ChangedFile): boolean {
  return (
    (file.pathClass === 'code' || file.pathClass === 'config') &&
    file.language !== 'settings' &&
    isUnder(file, POLICY_PATH) &&
    !isUnder(file, OTHER_POLICIES)
  );
}

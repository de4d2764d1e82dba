import type { SignalKind } from '../../core/plan/signal-kinds.ts';
import type { CodeLine } from '../code/changed-code.ts';
import {
  because,
  type DetectedCheck,
  type Detector,
  guard,
  isUnder,
  secondary,
  vocabulary,
} from '../detector.ts';

interface Status {
  readonly pattern: RegExp;
  readonly kind: SignalKind;
  readonly what: string;
}

/** By number beside a word for an answer, by the name frameworks have for it, and by the exception that becomes it. */
const STATUSES: readonly Status[] = [
  { pattern: /\b401\b|unauthorized|unauthenticated/i, kind: 'auth.unauthorized_rate', what: '401' },
  {
    pattern: /\b403\b|forbidden|permission_?denied|access_?denied/i,
    kind: 'auth.forbidden_rate',
    what: '403',
  },
  { pattern: /\b429\b|too_?many_?requests/i, kind: 'ratelimit.rejected_rate', what: '429' },
  {
    pattern:
      /\b(?:400|404|405|406|409|410|412|413|415|422)\b|bad_?request|not_?found|method_?not_?allowed|conflict|\bgone\b|unprocessable|payload_?too_?large|precondition_?failed/i,
    kind: 'http.client_error_rate',
    what: '4xx',
  },
  {
    pattern: /\b50[0-4]\b|internal_?server_?error|service_?unavailable|bad_?gateway|gateway_?timeout/i,
    kind: 'http.error_rate',
    what: '5xx',
  },
];

/** Something is answered: a status is set, an exception that stands for one is thrown, a block answers with one. */
const ANSWERS =
  /\bstatus|\babort\b|\bhead\b|\bhalt\b|HTTP_\d|HttpStatus|StatusCodes?\b|http\.Status|\bthrow\b|\braise\b|panic!|Exception\b|HttpError|\breturn (?:NotFound|BadRequest|Conflict|Forbid|Unauthorized|Unprocessable)|Results\.|exception<|\.respond\(/i;
/** Asking what somebody else answered is no answer. */
const ASKS =
  /\b(?:catch|rescue|except|expect|assert|if|elif|when|case|while)\b|[!=]==?\s?(?:\d|http|Http|Status)|\bin\s+\d{3}\.\.|=>\s?true\b|\bResult\.StatusCode\b/;

/** What lies here answers for every route. */
const EVERYWHERE = vocabulary(
  'filter filters exception exceptions errors middleware middlewares advice handler rescue',
);

/** `if (late) return …` answers behind its condition. */
const CONDITION = /^.{0,200}?\bif\b.{0,200}?(?=\b(?:return|throw|raise)\b)/;

/** Requests that are answered with another status than before: refused, not found, or failed. */
export const responseStatusDetector: Detector = {
  id: 'response-status',
  subject: 'what requests are answered with',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'settings' || file.language === 'sql') return [];
    const answers = ({ code }: CodeLine): boolean => {
      const done = code.replace(CONDITION, '');
      return ANSWERS.test(done) && !ASKS.test(done);
    };
    const [added, removed] = [file.added.filter(answers), file.removed.filter(answers)];
    const isEverywhere = isUnder(file, EVERYWHERE);
    return STATUSES.flatMap((status) => checkOf(status, added, removed, isEverywhere));
  },
};

function checkOf(
  { pattern, kind, what }: Status,
  added: readonly CodeLine[],
  removed: readonly CodeLine[],
  isEverywhere: boolean,
): readonly DetectedCheck[] {
  const names = (line: CodeLine): boolean => pattern.test(line.code);
  const [now, before] = [added.filter(names), removed.filter(names)];
  if (now.length === before.length) return [];
  const lines = now.length > before.length ? now : before;
  const text = `answers ${now.length > before.length ? 'more' : 'fewer'} cases with ${what}`;
  const check = guard(kind, because(lines, text));
  return [kind === 'http.error_rate' && !isEverywhere ? secondary(check) : check];
}

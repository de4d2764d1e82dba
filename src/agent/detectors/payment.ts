import type { CheckFlag } from '../../core/plan/proposal.ts';
import type { Call } from '../code/calls.ts';
import type { ChangedFile, CodeLine } from '../code/changed-code.ts';
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

const PROVIDERS = vocabulary(
  `
    stripe paypal adyen braintree payment payments paymentintents charge charges refund refunds billing
    klarna mollie psp acquirer square razorpay checkoutsession subscription subscriptions payout payouts setupintents
    paymentintent paymentgateway paymentservice invoice invoices ledger wallet
`,
);
const MOVING = vocabulary(
  'charge capture authorize authorise refund create confirm cancel void pay payout submit settle transfer credit debit reverse',
);
const MONEY = vocabulary(
  'amount price total subtotal cents currency tax vat discount fee surcharge money minor',
);
const ROUNDING = vocabulary(
  'round floor ceil trunc tofixed parsefloat decimal bigdecimal setscale quantize tod tof tocents fromfloat float parsedouble rounded multiply divide roundtoint',
);
const IDEMPOTENCY = vocabulary('idempotency idempotent');
/** Money arithmetic outside these folders is left alone: a "total" is more often a count than a sum. */
const MONEY_PATH = vocabulary(
  `
    payment payments billing checkout invoice invoices pricing price prices cart order orders tax taxes
    discount discounts refund refunds money currency charge charges subscription subscriptions
`,
);
/** A type, a pattern of a path or a label is no sum. */
const NO_SUM = /^\s*(?:import|use|type|interface|@\w+)\b|:\s*(?:string|number|boolean)\b\s*[;,]?$/;
/** An amount that is written for people is worked out elsewhere. */
const SHOWN = /\b(?:NumberFormat|NumberFormatter|toLocaleString|formatCurrency|number_to_currency)\b/;
const FLAGS: readonly CheckFlag[] = ['low_volume'];

/** Money taken, given back or worked out. */
export const paymentDetector: Detector = {
  id: 'payment',
  subject: 'payments',
  risk: 'high',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'sql') return [];
    const lines = [...file.added, ...file.removed];
    return [...movementChecks(file, lines), ...amountChecks(file, lines)];
  },
};

function movementChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const hits = callsOn(lines, isPaymentCall);
  const keys = lines.filter((line) => hasAny(line.words, IDEMPOTENCY) && isMoneyPath(file));
  if (hits.length + keys.length === 0) return [];
  const what = hits.length > 0 ? namesOf(hits) : 'the key that makes a retry harmless';
  const evidence = placesOf([...hits.map((hit) => hit.line), ...keys]);
  const reason = { why: `${evidence[0]} changes how money is moved (${what})`, evidence, flags: FLAGS };
  return [guard('payment.failure_rate', reason), guard('payment.duplicate_rate', reason)];
}

function amountChecks(file: ChangedFile, lines: readonly CodeLine[]): readonly DetectedCheck[] {
  const sums = isMoneyPath(file) ? lines.filter(isMoneyArithmetic) : [];
  if (sums.length === 0) return [];
  const evidence = placesOf(sums);
  const why = `${evidence[0]} changes how an amount is worked out, so the right status may carry the wrong sum`;
  const whyLate = `${evidence[0]} changes an amount, and what providers and accounts make of it shows only when they settle`;
  return [
    guard('payment.amount_mismatch_rate', { why, evidence, flags: FLAGS }),
    notObservable('payment.amount_mismatch_rate', { why: whyLate, evidence }),
  ];
}

function isPaymentCall(call: Call): boolean {
  if (call.isNew || call.isAnnotation) return false;
  const [verb = '', ...rest] = call.verbs;
  if (!MOVING.has(verb)) return false;
  return hasAny(call.receiver, PROVIDERS) || hasAny(rest, PROVIDERS);
}

function isMoneyArithmetic(line: CodeLine): boolean {
  if (!hasAny(line.words, MONEY)) return false;
  if (NO_SUM.test(line.code) || SHOWN.test(line.code)) return false;
  const calculates = /[\w)\]]\s?[*/%]\s?[\w(]|[\w)\]]\s[+-]\s[\w(]|[+\-*/]=/.test(line.code);
  return calculates || line.calls.some((call) => ROUNDING.has(call.verbs.join('')));
}

function isMoneyPath(file: ChangedFile): boolean {
  return file.language !== 'settings' && hasAny(file.path.toLowerCase().split(/[^a-z]+/), MONEY_PATH);
}

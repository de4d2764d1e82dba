import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines, linesAfter } from '../code/changed-code.ts';
import {
  because,
  callsOn,
  type Detector,
  guard,
  hasAny,
  isUnder,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';
import { isOutboundCall } from './outbound-names.ts';
import { isProducing } from './queue.ts';

const HOOKS = vocabulary('webhook webhooks');
const DELIVERING = vocabulary('send deliver dispatch post publish retry redeliver notify emit sign enqueue');
const VERIFYING = vocabulary(
  'constructevent verifysignature verifywebhook verifyheader timingsafeequal comparedigest securecompare constructeventasync verifyhmac validatesignature hashequals fixedtimeequals webhookconstructevent validaterequest',
);
const QUIET = vocabulary('log logger console metrics statsd');

/** Events that other firms send us, and those that we send them. */
export const webhookDetector: Detector = {
  id: 'webhook',
  subject: 'webhooks',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code' || file.language === 'settings') return [];
    const changed = changedLines(file);
    const verified = callsOn(
      changed,
      (call) => VERIFYING.has(call.verbs.join('')) && isAboutHooks(file, call),
    );
    const sent = callsOn(changed, (call) => isDelivery(file, call));
    if (sent.length > 0) {
      const text = `changes how webhooks are delivered (${namesOf(sent)})`;
      return [guard('webhook.delivery_failure_rate', because(linesOf(sent), text))];
    }
    const ours = verified.length === 0 ? sentBody(file) : [];
    if (ours.length > 0) {
      const text = 'changes what a webhook that we send holds or how it is signed';
      return [
        guard('webhook.delivery_failure_rate', because(ours, text)),
        ...(ours.some((line) => hasAny(line.words, SIGNING))
          ? []
          : [secondary(guard('serialization.error_rate', because(ours, text)))]),
      ];
    }
    const body = isUnder(file, HOOKS)
      ? [...file.added, ...file.removed].filter(
          (line) =>
            line.calls.some((call) => !hasAny(call.receiver, QUIET)) ||
            /\b(?:if|case|switch|return|when)\b/.test(line.code),
        )
      : [];
    const lines = [...linesOf(verified), ...body];
    if (lines.length === 0) return [];
    const text =
      verified.length > 0
        ? `changes which webhooks are believed (${namesOf(verified)})`
        : 'changes how webhooks of others are taken';
    if (!isUnder(file, TAKING) && isUnder(file, SENT)) {
      return [
        guard(
          'webhook.delivery_failure_rate',
          because(lines, 'changes what a webhook that we send holds or how it is signed'),
        ),
        secondary(guard('serialization.error_rate', because(lines, text))),
      ];
    }
    return [
      guard('http.client_error_rate', because(lines, `${text}, and what is refused is sent again or lost`)),
      secondary(guard('serialization.error_rate', because(lines, text))),
      ...(verified.length > 0 ? [guard('auth.unauthorized_rate', because(lines, text))] : []),
    ];
  },
};

/** Changed lines of a file that hands webhooks to others: a delivery stands beside them, and nothing there takes a request. */
function sentBody(file: ChangedFile): readonly CodeLine[] {
  const isSigned = linesAfter(file).some((line) => hasAny(line.words, SIGNING));
  const isOurs =
    isUnder(file, HOOKS) ||
    (isUnder(file, SHORT_HOOKS) && isUnder(file, DELIVERING)) ||
    (isUnder(file, DELIVERERS) && isSigned);
  if (!isOurs || isUnder(file, TAKING)) return [];
  const isDelivered = linesAfter(file).some(
    (line) => line.calls.some(isOutboundCall) && !hasAny(line.words, QUIET),
  );
  const isNamed = linesAfter(file).some((line) => hasAny(line.words, DELIVERING));
  if (!isDelivered || !isNamed) return [];
  return [...file.added, ...file.removed].filter((line) => line.names.length > 0);
}

const DELIVERERS = vocabulary('deliver delivery deliverer deliveries');
const SHORT_HOOKS = vocabulary('hook hooks');
/** Where requests of others come in. */
const TAKING = vocabulary(
  'controller controllers route routes router handler handlers receiver receivers incoming inbound endpoint api stripe github',
);
/** Parts of a webhook of ours. */
const SENT = vocabulary(
  'payload payloads signature sign signer encode envelope deliver delivery deliverer dispatcher sender outgoing outbound',
);
const SIGNING = vocabulary('signature sign signed hmac digest');

function isAboutHooks(file: ChangedFile, call: Call): boolean {
  return (
    isUnder(file, HOOKS) ||
    hasAny([...call.receiver, ...call.verbs], HOOKS) ||
    /^constructevent/.test(call.verbs.join(''))
  );
}

function isDelivery(file: ChangedFile, call: Call): boolean {
  const named = hasAny([...call.receiver, ...call.verbs], HOOKS) && hasAny(call.verbs, DELIVERING);
  return (
    named ||
    (isUnder(file, HOOKS) &&
      (isOutboundCall(call) ||
        (isProducing(call) && /deliver|webhook/.test(call.chain.join(' ').toLowerCase()))))
  );
}

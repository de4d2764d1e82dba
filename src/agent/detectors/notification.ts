import type { Call } from '../code/calls.ts';
import { changedLines } from '../code/changed-code.ts';
import { because, callsOn, type Detector, guard, hasAny, linesOf, namesOf, vocabulary } from '../detector.ts';

const SENDERS = vocabulary(
  'mailer mail email emails smtp ses sendgrid mailgun postmark twilio sms push apns fcm notifier notification notifications messaging transporter resend nodemailer sns',
);
const VERBS = vocabulary('send deliver notify push create publish sendmail later now multicast');
const CALLS = vocabulary(
  'sendmail sendemail deliverlater delivernow deliver_now sendnotification sendsms sendpush sendtemplatedemail sendemailcommand emailmessage sendmulticast sendeachformulticast notifyuser sendandwait sendmailasync sendemailasync pushnotification sendpushnotification sendtextmessage',
);
/** Toasts of a page and events within a process reach nobody's mailbox. */
const OTHERS = vocabulary('toast snackbar event array stack history router state queue list git');

/** Messages to people: e-mail, text messages, push. */
export const notificationDetector: Detector = {
  id: 'notification',
  subject: 'messages to people',
  risk: 'medium',
  detect(file) {
    if (file.pathClass !== 'code') return [];
    const hits = callsOn(changedLines(file), isSending);
    if (hits.length === 0) return [];
    const text = `changes what is sent to people (${namesOf(hits)})`;
    return [guard('notification.delivery_failure_rate', because(linesOf(hits), text))];
  },
};

function isSending(call: Call): boolean {
  if (call.isAnnotation || hasAny([...call.receiver, ...call.verbs], OTHERS)) return false;
  if (CALLS.has(call.verbs.join(''))) return true;
  return hasAny(call.receiver.slice(-2), SENDERS) && VERBS.has(call.verbs[0] ?? '');
}

import { argumentLines } from '../code/arguments.ts';
import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
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
    const lines = [...linesOf(hits), ...file.hunks.flatMap(partsOfMessages)];
    if (lines.length === 0) return [];
    const what = hits.length > 0 ? ` (${namesOf(hits)})` : '';
    return [
      guard('notification.delivery_failure_rate', because(lines, `changes what is sent to people${what}`)),
    ];
  },
};

/** Changed lines of a message whose sending stands beside them unchanged: its address, its variables, how long it is tried. */
function partsOfMessages(hunk: ChangedFile['hunks'][number]): readonly CodeLine[] {
  return [hunk.after, hunk.before].flatMap((side) => {
    const inside = argumentLines(side, isSending);
    const isMail = side.some((line) => line.names.some((name) => MESSAGES.test(name)));
    const sends = isMail || side.some((line) => line.calls.some(isSending));
    return side.filter((line) => {
      if (line.novelty !== 'code' || line.kind === 'context') return false;
      if (inside.includes(line)) return line.names.length > 0;
      if (isMail && line.calls.some((call) => SETTERS.has(call.verbs.join('')))) return true;
      return sends && line.names.some((name) => VARIABLES.test(name));
    });
  });
}

const MESSAGES =
  /^(?:Mime|SimpleMail|SendGrid|Mail|Email)Message\w*$|^(?:EmailMultiAlternatives|SendEmailRequest|JavaMailSender)$/;
const SETTERS = vocabulary(
  'setto setfrom setreplyto setsubject settext setbody sethtml setcc setbcc settemplateid settemplatedata addrecipient addto setrecipients addattachment addalternative attachalternative',
);
const VARIABLES =
  /^(?:dynamic_?)?template_?(?:data|vars|variables|params|id|model|context)$|^merge_?(?:vars|fields|info)$/i;

function isSending(call: Call): boolean {
  if (call.isAnnotation || hasAny([...call.receiver, ...call.verbs], OTHERS)) return false;
  if (CALLS.has(call.verbs.join(''))) return true;
  return hasAny(call.receiver.slice(-2), SENDERS) && VERBS.has(call.verbs[0] ?? '');
}

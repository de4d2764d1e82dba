import { shownText } from '../../core/shown-text.ts';

/**
 * A model's sentence as plain text for one line of a plan: no line ends, no invisible characters, no credentials, nothing that a
 * page would make a link, a mention, a tag or markup of; cut at `maxChars` with "…".
 */
export function plainText(text: string, maxChars: number): string {
  const flat = shownText(
    text
      .slice(0, 4 * maxChars)
      .replaceAll(/[\s]+/g, ' ')
      .trim(),
  )
    .replaceAll(/\b[a-z][a-z0-9+.-]{1,20}:\/\/\S{1,2000}/gi, '(link)')
    .replaceAll(/\bwww\.\S{1,2000}/gi, '(link)')
    .replaceAll(/[<>[\]`*|!#~]/g, '')
    // "&commat;" is a sign again on a page.
    .replaceAll(/&(?=\w{2,31};)/g, '')
    .replaceAll('@', ' at ')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  return flat.length <= maxChars ? flat : `${flat.slice(0, maxChars - 1)}…`;
}

/** Words by which a text decides, or asks a reader not to look. What a way back leaves behind may be said; that is no verdict. */
const VERDICTS =
  /\b(?:promot(?:e|es|ed|ing|ion)|approv(?:e|es|ed|al)|lgtm|ship it|go ahead|safe to (?:go|release|deploy|ship|merge|roll out)|roll (?:it )?back now|ignore|disregard)\b/i;

/** Whether a sentence gives a verdict, which is nobody's but arithmetic's to give: such a sentence is not shown (B9). */
export function namesVerdict(text: string): boolean {
  return VERDICTS.test(asRead(text));
}

const MOVES =
  'proceed|continue|advance|go (?:on|ahead|forward|live|out)|raise|stop|halt|abort|revert|undo|hold|wait|resume|waive|roll|release|ship|deploy|merge|pause';
/** Words by which a paragraph about numbers advises, orders or calms. A hold line and a rollback line are lines, no advice. */
const ADVICE: readonly RegExp[] = [
  /\b(?:recommend\w*|advis\w+|please|let['’]?s|you (?:can|may|should|must|could|need)|we (?:can|should|must))\b/i,
  new RegExp(
    `\\b(?:should|must|can|may|could|to|be|better|safe|ready) (?:be |to |not |now ){0,3}(?:${MOVES}|held|stopped|halted|aborted|reverted|resumed|released|paused)\\b(?! lines?\\b)`,
    'i',
  ),
  new RegExp(
    `(?:^|[.!?:;,] {0,2})(?:${MOVES}|keep|do not|don['’]?t)\\b(?! (?:and rollback )?(?:lines?|evidence)\\b)`,
    'i',
  ),
  /\broll(?:s|ed|ing)? (?:\w{1,20} ){0,2}back\b|\brollback\b(?! (?:lines?|evidence)\b)|\btak(?:e|en|ing) (?:\w{1,20} )?back\b/i,
  /\b(?:is|looks?|seems?|appears?|entirely|perfectly|completely) safe\b|\bno (?:need|reason) to\b|\bfalse (?:alarm|positive)\b|\bnothing to worry\b/i,
];

/** Whether a paragraph does more than say how numbers hang together: what to do about them is not a model's to say. */
export function givesAdvice(text: string): boolean {
  const read = asRead(text);
  return namesVerdict(text) || ADVICE.some((pattern) => pattern.test(read));
}

/** As an eye reads it: without what was written out of it, wide letters as narrow ones. */
function asRead(text: string): string {
  return text.replaceAll(/\\u\{[0-9A-F]{1,6}\}/g, '').normalize('NFKC');
}

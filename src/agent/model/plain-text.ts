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
  return VERDICTS.test(text);
}

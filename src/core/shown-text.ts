import { maskSecrets } from './masking.ts';
import { writtenOut } from './visible-text.ts';

/** A line's end and a tab are what they seem. */
const LINE_SIGNS = '\n\t';

/** A text of somebody else's with its credentials masked and its invisible characters written out, "\u{202E}". */
export function shownText(text: string): string {
  // Masked before and after: an invisible character inside a credential must not hide it, nor its writing out.
  return maskSecrets(writtenOut(maskSecrets(text), LINE_SIGNS));
}

/** The same as one line: whatever would end a line is a space, so that it cannot pass for a line of ours. */
export function shownLine(text: string): string {
  return shownText(text.replaceAll(/\s+/g, ' ').trim());
}

/**
 * Characters a reader cannot see or that reorder what they see: controls, bidi and zero-width marks, tags, unassigned
 * and private code points, lone surrogates, variation selectors, blank letters, and every space but the plain one.
 */
const INVISIBLE =
  /[\p{C}\p{Zl}\p{Zp}]|[\u{FE00}-\u{FE0F}]|[\u{E0100}-\u{E01EF}]|\u034F|\u115F|\u1160|\u2800|\u3164|\uFFA0|(?! )\p{Zs}/gu;

/**
 * Untrusted text made safe to show on one line: every invisible character becomes its code point, "\u{202E}", and what
 * is longer than `maxChars` ends in "…".
 */
export function visible(text: string, maxChars: number): string {
  const shown = writtenOut(text);
  return shown.length <= maxChars ? shown : `${shown.slice(0, maxChars - 1)}…`;
}

/** The same for text of any length; `but` names characters that stay as they are (a line's end, a tab). */
export function writtenOut(text: string, but = ''): string {
  return text.replaceAll(INVISIBLE, (char) => (but.includes(char) ? char : `\\u{${codePoint(char)}}`));
}

function codePoint(char: string): string {
  return (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
}

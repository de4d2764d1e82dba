import type { Json } from '../../core/canonical-json.ts';
import { shownText } from '../../core/shown-text.ts';

/** Words by which people name the block's edges; the nonce beside them is new for each request. */
const NAME = 'untrusted';

/**
 * Untrusted data as the one block a prompt may hold: JSON on one line between two lines that carry the nonce. In every string
 * (keys are ours) credentials are masked and what cannot be seen is written out, "\u{202E}". No line of the block can be forged
 * from inside: JSON has no bare line end, and the nonce cannot be known to whoever wrote the text (B12).
 */
export function untrustedBlock(data: Json, nonce: string): string {
  return `<${NAME} ${nonce}>\n${JSON.stringify(shown(data))}\n</${NAME} ${nonce}>`;
}

function shown(value: Json): Json {
  if (typeof value === 'string') return shownText(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(shown);
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json | undefined>>).map(([key, member]) => [
      key,
      member === undefined ? undefined : shown(member),
    ]),
  );
}

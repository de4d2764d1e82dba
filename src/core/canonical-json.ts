/** Any value JSON can carry. Core data are plain readonly objects of these. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json | undefined };

/**
 * The one text of a JSON value: keys sorted by code unit, no white space, `undefined` members left out.
 * Equal values give equal bytes, so digests and replays can compare text.
 *
 * A number that is not finite has no JSON text and is a bug where it appears: it throws `TypeError`.
 * Source: the ordering of RFC 8785 (JSON Canonicalization Scheme), which also keeps ECMAScript's own number text.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} has no JSON text`);
      // A number's own text is its JSON text, minus zero too: "0".
      return `${value}`;
    case 'string':
      return quoted(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? arrayText(value) : objectText(value as Readonly<Record<string, unknown>>);
    default:
      throw new TypeError(`a ${typeof value} has no JSON text`);
  }
}

function arrayText(values: readonly unknown[]): string {
  let text = '[';
  for (let at = 0; at < values.length; at++) text += (at === 0 ? '' : ',') + canonicalJson(values[at]);
  return `${text}]`;
}

function objectText(members: Readonly<Record<string, unknown>>): string {
  // Without a comparison function keys sort by code unit, which is the order wanted.
  const keys = Object.keys(members);
  if (!isSorted(keys)) keys.sort();
  let text = '{';
  let separator = '';
  for (const key of keys) {
    const member = members[key];
    if (member === undefined) continue;
    text += `${separator}${quoted(key)}:${canonicalJson(member)}`;
    separator = ',';
  }
  return `${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at++) {
    if ((keys[at - 1] ?? '') > (keys[at] ?? '')) return false;
  }
  return true;
}

/** What no text needs escaped: words as identifiers, signals and units write them. */
const PLAIN = /^[ !#-[\]-~]*$/;

function quoted(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

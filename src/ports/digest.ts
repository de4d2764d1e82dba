import { createHash } from 'node:crypto';
import { canonicalJson } from '../core/canonical-json.ts';

/** SHA-256 of the text's UTF-8 bytes, lower-case hex: 64 characters. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The name of a value by its content: SHA-256 of its canonical JSON. Equal values have equal names. */
export function digestOf(value: unknown): string {
  return sha256(canonicalJson(value));
}

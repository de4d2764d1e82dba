import { parse } from 'yaml';
import * as z from 'zod';
import { ConfigInvalid } from './config.ts';

/** Where a product repository keeps its standing instruction. Read from the base of a change, never from the change (B10). */
export const ROLLOUT_FILE = '.github/ROLLOUT.md';

export interface RolloutFile {
  /** The target this repository's changes go to, or null where the file names none. */
  readonly target: string | null;
  /** The standing instruction, or null for a file without words. */
  readonly instruction: string | null;
}

const frontSchema = z.strictObject({ target: z.string().min(1).optional() });

/** Three dashes on the first line begin it; three dashes on a line of their own end it. */
const FRONT = /^---[ \t]*\r?\n(?:([\s\S]*?)\r?\n)?---[ \t]*(?:\r?\n([\s\S]*))?$/;

/** Front matter, if there is some, then the instruction in prose. Throws `ConfigInvalid`. */
export function parseRolloutFile(text: string, path: string = ROLLOUT_FILE): RolloutFile {
  // What no UTF-8 decodes to; a number beside it may be another one.
  if (/[\uFFFD\0]/.test(text)) throw new ConfigInvalid(`${path} is not UTF-8 text; save it as UTF-8`);
  const plain = text.replace(/^\uFEFF/, '');
  const fronted = FRONT.exec(plain);
  if (fronted === null && /^---[ \t]*(?:\r?\n|$)/.test(plain)) {
    throw new ConfigInvalid(`${path}: its front matter has no line "---" that ends it`);
  }
  const [, front, body] = fronted ?? [null, '', plain];
  let document: unknown;
  try {
    document = parse(front ?? '');
  } catch (cause) {
    throw new ConfigInvalid(`${path}: its front matter is not YAML: ${String(cause)}`, { cause });
  }
  const parsed = frontSchema.safeParse(document ?? {});
  if (!parsed.success) throw new ConfigInvalid(`${path}:\n${z.prettifyError(parsed.error)}`);
  const words = (body ?? '').trim();
  return { target: parsed.data.target ?? null, instruction: words === '' ? null : words };
}

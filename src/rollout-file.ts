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

/** Front matter, if there is some, then the instruction in prose. Throws `ConfigInvalid`. */
export function parseRolloutFile(text: string, path: string = ROLLOUT_FILE): RolloutFile {
  const [, front, body] = /^---\r?\n([\s\S]*?)\r?\n---\r?(?:\n([\s\S]*))?$/.exec(text) ?? [null, '', text];
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

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { sha256 } from '../../ports/digest.ts';
import type { Prompt } from '../../ports/prompts.ts';

const amount = z.number().int().positive();
const orNone = z.number().int().nonnegative();
const frontSchema = z.strictObject({
  id: z.string(),
  version: amount,
  schema: z.string(),
  effort: z.enum(['low', 'medium', 'high']),
  budgets: z.strictObject({
    turns: amount,
    toolCalls: orNone,
    resultBytes: orNone,
    totalResultBytes: orNone,
    changeBytes: amount,
    inputTokens: amount,
    outputTokens: amount,
    deadline: z
      .string()
      .transform((text) => parseDuration(text) ?? 0)
      .refine((ms) => ms > 0),
  }),
});
const partSchema = z.strictObject({ id: z.string(), version: amount });

/** A prompt is missing, or not of the form that docs and tests describe. */
export class PromptInvalid extends Error {
  override readonly name = 'PromptInvalid';
  readonly code = 'prompt_invalid';
}

/** Where the prompts of this release are: beside its package file, wherever the program was built to. */
export function promptFolder(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const prompts = join(folder, 'prompts', 'plan.md');
    if (existsSync(prompts)) return dirname(prompts);
    if (dirname(folder) === folder) throw new PromptInvalid(`no prompts/plan.md in ${from} or above it`);
  }
}

/**
 * Reads `prompts/<id>.md`: front matter, then the words, with each `{{part}}` replaced by the part's own words. Prompts come
 * from the release, never from a change (B10). Throws `PromptInvalid`.
 */
export function readPrompt(id: string, folder: string = promptFolder()): Prompt {
  const { front, body } = readParts(folder, id);
  const parsed = frontSchema.safeParse(front);
  if (!parsed.success || parsed.data.id !== id) {
    const why = parsed.success ? `calls itself ${parsed.data.id}` : z.prettifyError(parsed.error);
    throw new PromptInvalid(`prompts/${id}.md: ${why}`);
  }
  const text = body.replaceAll(/\{\{([a-z-]+)\}\}/g, (_, part: string) => partText(folder, part));
  const { budgets, version, effort } = parsed.data;
  const { deadline: deadlineMs, ...rest } = budgets;
  return { id, version, effort, budgets: { ...rest, deadlineMs }, text, digest: sha256(text) };
}

function partText(folder: string, id: string): string {
  const { front, body } = readParts(folder, id);
  if (!partSchema.safeParse(front).success) {
    throw new PromptInvalid(`prompts/${id}.md: a part has an id and a version`);
  }
  return body.trim();
}

function readParts(folder: string, id: string): { readonly front: unknown; readonly body: string } {
  let file: string;
  try {
    file = readFileSync(join(folder, `${id}.md`), 'utf8');
  } catch (cause) {
    throw new PromptInvalid(`prompts/${id}.md cannot be read`, { cause });
  }
  const [, front, body] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(file) ?? [];
  if (front === undefined || body === undefined)
    throw new PromptInvalid(`prompts/${id}.md has no front matter`);
  return { front: parse(front), body };
}

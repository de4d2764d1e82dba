import { readdirSync, readFileSync } from 'node:fs';
import { type Label, labelSchema } from './label.ts';

const FOLDER = new URL('../../fixtures/eval/cases/', import.meta.url);

export interface LabelledCase {
  readonly name: string;
  readonly diff: string;
  readonly label: Label;
}

/** Every case, by name. Throws when a label does not parse or a diff has none. */
export function readCases(): readonly LabelledCase[] {
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.diff'))
    .map((file) => file.slice(0, -'.diff'.length));
  return names.sort().map((name) => {
    const parsed = labelSchema.safeParse(JSON.parse(read(`${name}.json`)));
    if (!parsed.success) throw new Error(`the label of ${name}: ${parsed.error.message}`);
    return { name, diff: read(`${name}.diff`), label: parsed.data };
  });
}

/** The names of all files beside the cases, to find labels without a diff. */
export function caseFiles(): readonly string[] {
  return readdirSync(FOLDER);
}

function read(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8');
}

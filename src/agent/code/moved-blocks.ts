import type { ChangedFile, CodeLine } from './changed-code.ts';

/** What a Terraform state is told when a resource gets another address: `moved { from = … to = … }`. */
const MOVED = /^moved\.(?:from|to) =/;
/** Keys that say what a thing is called, where it comes from or what it is for. */
const NAMING = /^(?:from|to|source|version|type|description|value|name|name_prefix)$/;

/**
 * The changed lines of Terraform files whose resources only get another address, as `moved` blocks say, while every number and
 * switch is set to what it was. Empty where there is no such block, or where a value is new or lost.
 */
export function linesOfMovedBlocks(files: readonly ChangedFile[]): ReadonlySet<CodeLine> {
  const lines = files
    .filter(({ path }) => /\.tf$/.test(path))
    .flatMap(({ hunks }) => hunks.flatMap((hunk) => [...hunk.before, ...hunk.after]))
    .filter(({ kind }) => kind !== 'context');
  if (!lines.some((line) => MOVED.test(line.code))) return new Set();
  const settings = (kind: CodeLine['kind']): string =>
    [...new Set(lines.filter((line) => line.kind === kind).flatMap(settingOf))].sort().join('\n');
  return settings('removed') === settings('added') ? new Set(lines) : new Set();
}

/** "max_receive_count = 5"; a text or a reference is left to its name. */
function settingOf({ code }: CodeLine): readonly string[] {
  const [, key = '', value = ''] = /([\w-]+) = (-?\d[\w.]*|true|false)$/.exec(code) ?? [];
  return key === '' || NAMING.test(key) ? [] : [`${key.toLowerCase().replaceAll('_', '')} = ${value}`];
}

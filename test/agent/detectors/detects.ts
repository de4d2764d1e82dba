import { expect, test } from 'vitest';
import { kindsOf } from '../diff-writing.ts';

interface Case {
  readonly title: string;
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly kinds: readonly string[];
}

/** One test per change: the signal kinds that detectors draw from it, in order. */
export function detects(cases: readonly Case[]): void {
  test.each(cases)('$title', ({ path, before, after, kinds }) => {
    expect(kindsOf(path, before, after)).toEqual(kinds);
  });
}

/** A path that says nothing of what the code in it does, and code that does nothing of note. */
export const ts = 'src/shop/stock.ts';
export const read = 'async function read(id) {\n  return load(id);\n}\n';

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface SourceFile {
  /** From the root of the repository, with slashes: "src/core/duration.ts". */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '../..');

/** Every TypeScript file below a folder of the repository. */
export function sourceFiles(folder: string): readonly SourceFile[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .toSorted()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
}

/** What a file imports, type-only and dynamic imports too, as written. */
export function specifiersOf({ text }: SourceFile): readonly string[] {
  const found = text.matchAll(/(?:^|[\s}])(?:from|import)\s*\(?\s*'([^']+)'/g);
  return [...found].flatMap(([, specifier]) => (specifier === undefined ? [] : [specifier]));
}

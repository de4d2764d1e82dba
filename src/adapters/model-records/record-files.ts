import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../core/canonical-json.ts';
import { sha256 } from '../../ports/digest.ts';
import type { ModelRecords } from '../../ports/model-records.ts';

/** One JSON file a record, readable by its owner alone. A file that is damaged counts as none: the model is asked again. */
export function recordFiles(folder: string): ModelRecords {
  // The key is ours, and is hashed once more all the same: no key can name a path.
  const pathOf = (key: string) => join(folder, `${sha256(key)}.json`);
  return {
    get: async (key) => {
      try {
        return JSON.parse(await readFile(pathOf(key), 'utf8')) as Json;
      } catch (error) {
        const isAbsent = (error as NodeJS.ErrnoException).code === 'ENOENT';
        if (isAbsent || error instanceof SyntaxError) return null;
        throw error;
      }
    },
    put: async (key, record) => {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const path = pathOf(key);
      // Whole or not at all, also for whoever reads meanwhile.
      const draft = `${path}.${process.pid}`;
      await writeFile(draft, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
      await rename(draft, path);
    },
  };
}

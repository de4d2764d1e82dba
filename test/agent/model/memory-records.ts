import type { Json } from '../../../src/core/canonical-json.ts';
import type { ModelRecords } from '../../../src/ports/model-records.ts';

export function memoryRecords(): ModelRecords & { readonly kept: Map<string, Json> } {
  const kept = new Map<string, Json>();
  return {
    kept,
    get: async (key) => kept.get(key) ?? null,
    put: async (key, record) => {
      kept.set(key, record);
    },
  };
}

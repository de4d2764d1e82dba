import type { Json } from '../core/canonical-json.ts';

/**
 * What a model answered, kept by a key of everything its answer depends on: asked again, it costs nothing. A record is data from
 * outside when it is read back, and is checked as the answer was.
 */
export interface ModelRecords {
  get(key: string): Promise<Json | null>;
  put(key: string, record: Json): Promise<void>;
}

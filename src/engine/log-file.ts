import { canonicalJson, type Json } from '../core/canonical-json.ts';
import type { LogEntry } from '../ports/store.ts';
import type { Store } from './parts.ts';

/** A log as a file: one canonical JSON object a line. Head, entries each with the evidence it names, end. */
export type LogLine =
  | { readonly format: typeof LOG_FORMAT; readonly rolloutId: string }
  | { readonly entry: LogEntry; readonly evidence: Json }
  | { readonly end: { readonly events: number; readonly head: string } };

export const LOG_FORMAT = 'sluice-log/1';

/** The whole log of a rollout, or null when there is none. The last line names the head, so that a cut-off tail is seen. */
export async function exportLog(store: Store, rolloutId: string): Promise<string | null> {
  const entries = await store.readLog(rolloutId, 1);
  const head = entries.at(-1);
  if (head === undefined) return null;
  const lines: LogLine[] = [{ format: LOG_FORMAT, rolloutId }];
  for (const entry of entries) {
    const body = entry.evidence === null ? null : await store.evidence(entry.evidence);
    lines.push({ entry, evidence: body === null ? null : (JSON.parse(body) as Json) });
  }
  lines.push({ end: { events: entries.length, head: head.hash } });
  return `${lines.map(canonicalJson).join('\n')}\n`;
}

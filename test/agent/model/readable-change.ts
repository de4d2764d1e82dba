import { type DiffFileFacts, readableFiles } from '../../../src/agent/model/readable-files.ts';
import { type ChangeReads, readableSignals } from '../../../src/ports/change-reads.ts';
import type { Prompt } from '../../../src/ports/prompts.ts';

export const NONCE = '0123456789abcdef0123456789abcdef';

export function diffFile(path: string, added: readonly string[], pathClass = 'code'): DiffFileFacts {
  return {
    path,
    basePath: path,
    pathClass,
    hunks: [
      {
        newStart: 10,
        lines: added.map((text, at) => ({ kind: 'added', text, oldLine: null, newLine: 10 + at })),
      },
    ],
  };
}

export function readsOf(files: readonly DiffFileFacts[], more: Partial<ChangeReads> = {}): ChangeReads {
  return {
    files: readableFiles(files),
    signals: readableSignals(new Set(['http.error_rate', 'cache.hit_ratio'])),
    components: ['checkout'],
    baseLines: null,
    signalStats: null,
    dependencies: null,
    pastRollouts: null,
    ...more,
  };
}

export const CHANGE: readonly DiffFileFacts[] = [
  diffFile('src/price.ts', ['const cached = await cache.get(id);', 'return cached ?? load(id);']),
];

export function promptOf(budgets: Partial<Prompt['budgets']> = {}): Prompt {
  return {
    id: 'plan',
    version: 1,
    effort: 'medium',
    text: 'What should we watch?',
    digest: 'd',
    budgets: {
      turns: 4,
      toolCalls: 6,
      resultBytes: 4_000,
      totalResultBytes: 8_000,
      changeBytes: 4_000,
      inputTokens: 10_000,
      outputTokens: 1_000,
      deadlineMs: 60_000,
      ...budgets,
    },
  };
}

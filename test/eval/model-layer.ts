import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readPrompt } from '../../src/adapters/prompts/prompt-files.ts';
import { systemClock } from '../../src/adapters/system/clock.ts';
import { agent } from '../../src/agent/agent.ts';
import type { Json } from '../../src/core/canonical-json.ts';
import { SIGNAL_KINDS } from '../../src/core/plan/signal-kinds.ts';
import { readableSignals } from '../../src/ports/change-reads.ts';
import type { Model } from '../../src/ports/model.ts';
import type { ModelRecords } from '../../src/ports/model-records.ts';
import { type Answering, answering } from './answer.ts';

const RECORDED = new URL('../../fixtures/recorded/', import.meta.url);

/** What a model answered about one case: by which key it was asked, and what was kept. */
interface Recording {
  readonly model: string;
  readonly key: string;
  readonly record: Json;
}

/** Where the answers to the plan prompt of this release are kept. */
export function recordingFolder(): string {
  const { id, version } = readPrompt('plan');
  return fileURLToPath(new URL(`${id}.v${version}/`, RECORDED));
}

/** Whether any answer to the prompt of this release was ever recorded. */
export function isRecorded(): boolean {
  const folder = recordingFolder();
  return existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json'));
}

/** The rules and a model, merged as a plan merges them. */
export function withModel(name: string, model: Model, records: ModelRecords): Answering {
  const { planner } = agent.openModelAgent({
    mode: 'assist',
    model,
    promptOf: readPrompt,
    reads: {
      signals: readableSignals(new Set(Object.keys(SIGNAL_KINDS))),
      components: [],
      baseLines: null,
      signalStats: null,
      dependencies: null,
      pastRollouts: null,
    },
    policyDigest: 'eval',
    records,
    newNonce: () => randomBytes(16).toString('hex'),
    clock: systemClock,
    log: { info: () => {}, warn: () => {} },
    signal: new AbortController().signal,
  });
  return answering(name, agent.rules, planner);
}

/** Nothing is kept: every question is asked. */
export const NO_RECORDS: ModelRecords = { get: async () => null, put: async () => {} };

/** One file for the case that is asked about, to be read in a review; what was kept under another key counts as none. */
export function recordingOf(name: string, model: string, folder: string = recordingFolder()): ModelRecords {
  return {
    get: async (key) => {
      const recording = read(name, folder);
      return recording?.key === key ? recording.record : null;
    },
    put: async (key, record) => {
      mkdirSync(folder, { recursive: true });
      const recording: Recording = { model, key, record };
      writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(recording, null, 1)}\n`);
    },
  };
}

/** The rules and what a model was recorded to answer about a case; where nothing was, the rules alone. Asks nobody. */
export function recorded(name: string, folder: string = recordingFolder()): Answering {
  const id = read(name, folder)?.model ?? '';
  const silent: Model = { id, ask: async () => ({ kind: 'aborted' }) };
  return withModel('rules and recorded model', silent, recordingOf(name, id, folder));
}

function read(name: string, folder: string): Recording | null {
  const path = join(folder, `${name}.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Recording) : null;
}

import type { ChangeReads } from './change-reads.ts';
import type { Clock } from './clock.ts';
import type { InstructionReader } from './instruction-reader.ts';
import type { Log } from './log.ts';
import type { Model } from './model.ts';
import type { ModelRecords } from './model-records.ts';
import type { Planner } from './planner.ts';
import type { Prompt } from './prompts.ts';
import type { Summarizer } from './summarizer.ts';

/** `shadow`: asked, recorded and scored beside the rules, and not used. `assist`: merged with theirs, stricter wins. */
export type ModelMode = 'shadow' | 'assist';

/** What a model is asked with. All of it reads. */
export interface ModelParts {
  readonly mode: ModelMode;
  /** Null where there is no key. */
  readonly model: Model | null;
  /** The prompt of this release with this id. Throws where there is none. */
  readonly promptOf: (id: 'plan' | 'instruction' | 'summary') => Prompt;
  /** What its tools can read beside the change itself. */
  readonly reads: Omit<ChangeReads, 'files'>;
  /** The name of the operator's policy: with another one, the model is asked again. */
  readonly policyDigest: string;
  readonly records: ModelRecords;
  /** Never the same twice, and not to be guessed. */
  readonly newNonce: () => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The three things a model may be asked for. */
export interface ModelAgent {
  readonly planner: Planner;
  readonly reader: InstructionReader;
  readonly summarizer: Summarizer;
}

/**
 * The agent as the rest of the house sees it: what `src/agent/agent.ts` exports. It may be left out of a build; what the words
 * and the policy require is planned, watched and decided without it.
 */
export interface Agent {
  /** Reads a change with rules alone: no key, no network. */
  readonly rules: Planner;
  openModelAgent(parts: ModelParts): ModelAgent;
}

import type { Planned } from '../core/plan/merge.ts';
import type { Preflight } from '../core/plan/preflight.ts';
import type { Command } from '../core/rollout/command.ts';
import type { RolloutView } from '../core/rollout/view.ts';

/** What people can read: kept by the store, whatever runs. */
export interface Records {
  list(filter: { readonly unfinishedOnly: boolean }): Promise<readonly RolloutView[]>;
  get(rolloutId: string): Promise<RolloutView | null>;
  /** The whole log as a file `replay` reads, or null. */
  log(rolloutId: string): Promise<string | null>;
}

/** What people can do with Sluice, whichever surface they stand at and wherever it runs. */
export interface Control extends Records {
  plan(request: PlanWords): Promise<Planned>;
  /** Plans, measures the traffic and starts. `confirmed` says that a person has settled the plan's questions. */
  start(request: StartWords, onProgress: (message: string) => void): Promise<StartOutcome>;
  command(rolloutId: string, words: CommandWords): Promise<CommandReply>;
}

export interface PlanWords {
  readonly target: string;
  readonly title: string;
  readonly diff: string;
  /** Null takes the target's standing instruction. */
  readonly instruction: string | null;
}

export interface StartWords extends PlanWords {
  readonly by: string;
  readonly confirmed: boolean;
  /** Makes the start idempotent; null names the rollout by plan and time. */
  readonly rolloutId: string | null;
}

export type StartOutcome =
  | {
      readonly kind: 'started';
      readonly rolloutId: string;
      readonly planned: Planned;
      readonly preflight: Preflight;
    }
  /** A person must settle these first. */
  | { readonly kind: 'needs_confirmation'; readonly planned: Planned }
  | {
      readonly kind: 'refused';
      readonly why: string;
      readonly planned: Planned | null;
      readonly preflight: Preflight | null;
    };

export interface CommandWords {
  readonly verb: Command['verb'];
  readonly by: string;
  readonly reason: string;
  /** For `hold`: how long, ms; null until resumed. */
  readonly holdMs: number | null;
  /** The stage entry the person saw; null where none was shown. */
  readonly expectedEpoch: number | null;
  /** For `waive`: the id of the check. */
  readonly check?: string;
  /** Unique to this command: sent twice it acts once. */
  readonly deliveryId: string;
}

export type CommandReply =
  | { readonly kind: 'accepted'; readonly view: RolloutView }
  | { readonly kind: 'refused'; readonly why: string; readonly view: RolloutView }
  /** Kept, and acted on at the rollout's next tick. */
  | { readonly kind: 'queued' }
  | { readonly kind: 'unknown_rollout' };

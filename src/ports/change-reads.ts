import { SIGNAL_KINDS, type SignalKind } from '../core/plan/signal-kinds.ts';

/** One changed file, as much of it as a reader of the change may see. Paths and lines are untrusted text. */
export interface ReadableFile {
  /** Short and ours: "f1". Evidence and tool calls name files by it, never by path. */
  readonly id: string;
  readonly path: string;
  /** Where the base has it: elsewhere for a file that was moved or copied, null for a new one. */
  readonly basePath: string | null;
  /** "code", "migration", "lock" … */
  readonly pathClass: string;
  readonly added: number;
  readonly removed: number;
  readonly hunks: readonly ReadableHunk[];
}

export interface ReadableHunk {
  /** "f1h2": the second hunk of the first file. */
  readonly id: string;
  /** Where the hunk's first changed line is: "path:line". */
  readonly place: string;
  /** Each with its marker: "+", "-" or " ". */
  readonly lines: readonly string[];
}

/** What is known of a signal, all of it from the closed list and the operator's configuration. */
export interface ReadableSignal {
  readonly id: SignalKind;
  readonly text: string;
  readonly worse: 'increase' | 'decrease' | 'either';
  /** Whether this place can measure it; what it cannot is still worth naming. */
  readonly isMeasured: boolean;
}

/** The closed list, with what a place's configuration measures of it. */
export function readableSignals(measured: ReadonlySet<string>): readonly ReadableSignal[] {
  return (Object.keys(SIGNAL_KINDS) as SignalKind[]).map((id) => {
    const { text, worse } = SIGNAL_KINDS[id];
    return { id, text, worse, isMeasured: measured.has(id) };
  });
}

export const STATS_WINDOWS = ['1h', '1d', '7d'] as const;
export type StatsWindow = (typeof STATS_WINDOWS)[number];

export interface SignalStats {
  readonly events: number;
  readonly perMinute: number;
  /** The signal's value in its own unit, or null where the window shows none. */
  readonly value: number | null;
}

/** Of a service and a signal, over a window that ends now; null where nothing of it was counted. */
export type SignalStatsOf = (
  component: string,
  id: SignalKind,
  window: StatsWindow,
  signal: AbortSignal,
) => Promise<SignalStats | null>;

/** What a service calls and what calls it, by name. */
export interface Dependencies {
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
}

export const PAST_OUTCOMES = ['complete', 'rolled_back', 'held', 'under_way'] as const;

/** Enums and numbers only: words of an earlier rollout would be a stored injection. */
export interface PastRollout {
  readonly outcome: (typeof PAST_OUTCOMES)[number];
  readonly reachedPercent: number;
  readonly fired: readonly SignalKind[];
  readonly falseAlarms: number;
}

/**
 * All that a model's tools can reach: functions that read. A source that this place does not have is null, and the tools that
 * need it are not offered. Nothing here takes a query, an address, or a path that the change does not name.
 */
export interface ChangeReads {
  readonly files: readonly ReadableFile[];
  readonly signals: readonly ReadableSignal[];
  /** Services by name, as configured. */
  readonly components: readonly string[];
  /** Lines `from` to `to` (from 1, both included) of a changed file as the base branch has it; null where it has none. */
  readonly baseLines:
    | ((
        file: ReadableFile,
        from: number,
        to: number,
        signal: AbortSignal,
      ) => Promise<readonly string[] | null>)
    | null;
  readonly signalStats: SignalStatsOf | null;
  readonly dependencies: ((component: string) => Promise<Dependencies>) | null;
  readonly pastRollouts: ((component: string, limit: number) => Promise<readonly PastRollout[]>) | null;
}

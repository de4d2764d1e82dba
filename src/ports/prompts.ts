/** How much one run of a prompt may use. Bytes are of UTF-8 JSON; tokens are the server's count. */
export interface PromptBudgets {
  readonly turns: number;
  readonly toolCalls: number;
  /** One tool's answer. */
  readonly resultBytes: number;
  /** All tools' answers. */
  readonly totalResultBytes: number;
  /** Hunks given with the task; the rest is there to be asked for. */
  readonly changeBytes: number;
  /** Read anew, written to the cache and read from it, of all turns together. */
  readonly inputTokens: number;
  /** Of all turns together. */
  readonly outputTokens: number;
  readonly deadlineMs: number;
}

/** One released prompt. `digest` is of the file and of every part it takes in: the name of exactly these words. */
export interface Prompt {
  readonly id: string;
  readonly version: number;
  readonly effort: 'low' | 'medium' | 'high';
  readonly budgets: PromptBudgets;
  readonly text: string;
  readonly digest: string;
}

/** Where people are told. One message per thing worth interrupting someone for. */
export interface Chat {
  /** Delivers once or more: `key` is the same when it is sent again. Throws when it could not be delivered. */
  tell(message: ChatMessage): Promise<void>;
}

export interface ChatMessage {
  /** Rollout and log position: the same for every delivery of the same message. */
  readonly key: string;
  readonly rolloutId: string;
  /** `needs_person` asks for an answer; the rest inform. */
  readonly urgency: 'info' | 'alert' | 'needs_person';
  /** The verdict in one line, rendered from the decision record. */
  readonly headline: string;
  /** Further lines: numbers with units on both sides, what happens next, how to override. */
  readonly lines: readonly string[];
}

import type { SummaryFacts } from '../core/summary-facts.ts';

/** A paragraph of a model about a decision that a person has to weigh: plain text, one line, at most 600 characters. */
export interface Paragraph {
  readonly text: string;
  /** Prompt, model and answer: "summary.v1 claude-… 3f9a…". */
  readonly writtenBy: string;
}

/** Adds words for people to what code has decided; nothing it returns can reach a decision. */
export interface Summarizer {
  /** Null where there is nothing that can be shown: no model, a failure, a paragraph that names a verdict. Never rejects. */
  summarise(facts: SummaryFacts): Promise<Paragraph | null>;
}

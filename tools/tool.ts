import type * as z from 'zod';
import type { ChangeReads } from '../src/ports/change-reads.ts';

/** A read-only tool of the agent: what a model may ask, in the form it must ask in, and the form of every answer. */
export interface Tool<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** For the model: what it answers, and when to use it. */
  readonly description: string;
  readonly input: Input;
  readonly output: Output;
  /** Whether this place has what the tool reads from; one that could never answer is not offered. */
  readonly isOffered: (reads: ChangeReads) => boolean;
  readonly run: (
    input: z.output<Input>,
    reads: ChangeReads,
    signal: AbortSignal,
  ) => Promise<z.input<Output>> | z.input<Output>;
}

/** What was asked for does not exist; the message goes to the model, and names nothing it did not name itself. */
export class ToolRefusal extends Error {
  override readonly name = 'ToolRefusal';
  readonly code = 'tool_refusal';
}

/** Ties a tool's input, output and run together; adds nothing. */
export function tool<Input extends z.ZodType, Output extends z.ZodType>(
  definition: Tool<Input, Output>,
): Tool<Input, Output> {
  return definition;
}

import type { InstructionReading } from '../core/plan/instruction.ts';

/** Reads a standing instruction: by the grammar, and where one is configured with a model for what the grammar left. */
export interface InstructionReader {
  /** Never rejects; whatever a model makes of a phrase is a question for a person before anything starts. */
  read(text: string): Promise<InstructionReading>;
}

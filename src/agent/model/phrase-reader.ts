import * as z from 'zod';
import { type InstructionReading, readInstruction } from '../../core/plan/instruction.ts';
import { shownText } from '../../core/shown-text.ts';
import type { ModelParts } from '../../ports/agent.ts';
import type { InstructionReader } from '../../ports/instruction-reader.ts';
import { askOnce, jsonIn, keepAnswer } from './asking.ts';
import { untrustedBlock } from './untrusted.ts';

/** A text that leaves more unread than this is no instruction to be mended phrase by phrase. */
const MOST_PHRASES = 12;
const MOST_PHRASE_CHARS = 400;
const MOST_SENTENCE_CHARS = 300;

const replySchema = z.strictObject({
  readings: z
    .array(
      z.strictObject({
        phrase: z.number().int().describe('The number of the phrase.'),
        sentence: z.string().max(2_000).nullable().describe('What it says, or null where it cannot be told.'),
      }),
    )
    .max(2 * MOST_PHRASES),
});
type PhraseReply = z.output<typeof replySchema>;
const replyJsonSchema = z.toJSONSchema(replySchema) as Readonly<Record<string, unknown>>;

/**
 * Reads by the grammar first, and asks a model only what the phrases mean that the grammar left. A model's sentence is read by the
 * same grammar, must carry exactly the numbers of its phrase, and becomes a question to a person beside that phrase: nothing starts
 * on it unasked. In `shadow` it is kept and not used.
 */
export function phraseReader(parts: ModelParts): InstructionReader {
  return {
    read: async (text) => {
      const reading = readInstruction(text);
      const phrases = reading.unread.filter((phrase) => phrase.length <= MOST_PHRASE_CHARS);
      if (phrases.length === 0 || phrases.length > MOST_PHRASES) return reading;
      const hasLadder = reading.ladder.length > 0;
      const numbered = phrases.map((phrase, at) => ({ number: at + 1, phrase }));
      const asked = await askOnce<PhraseReply>(
        {
          promptId: 'instruction',
          legend: '',
          task: (_, nonce) =>
            `Here are the phrases. The instruction ${hasLadder ? 'gives' : 'does not give'} stages. The code of this request is ${nonce}.\n\n${untrustedBlock({ phrases: numbered }, nonce)}\n\nWhat does each of them say?`,
          reads: null,
          schema: replyJsonSchema,
          parse: (answer) => replySchema.safeParse(jsonIn(answer)).data ?? null,
          about: { phrases, hasLadder },
        },
        parts,
      );
      if (asked.kind === 'unusable') {
        parts.log.warn('the model read no phrase of the instruction', { why: asked.why });
        return reading;
      }
      await keepAnswer(asked, 'instruction', parts);
      if (parts.mode === 'shadow') return reading;
      return asked.reply.readings.reduce(
        (sum, { phrase, sentence }) => withSentence(sum, phrases[phrase - 1], sentence, asked.by),
        reading,
      );
    },
  };
}

/** The reading with what a model made of one phrase of it, or as it was. */
function withSentence(
  reading: InstructionReading,
  phrase: string | undefined,
  sentence: string | null,
  readBy: string,
): InstructionReading {
  if (phrase === undefined || sentence === null || !reading.unread.includes(phrase)) return reading;
  const plain = shownText(sentence.replaceAll(/\s+/g, ' ')).trim();
  if (plain.length > MOST_SENTENCE_CHARS || numbersIn(plain) !== numbersIn(phrase)) return reading;
  const read = readInstruction(plain);
  const isWhole = read.unread.length + read.questions.length === 0;
  const isAbout =
    read.ladder.length > 0 || read.rules.length + read.windows.length + read.approvals.length > 0;
  // Stages that the instruction gives are never added to, and what stays out or when it starts is not a model's to say.
  const isAllowed =
    (read.ladder.length === 0 || reading.ladder.length === 0) &&
    read.holdback === null &&
    read.startAfter === null;
  if (!isWhole || !isAbout || !isAllowed) return reading;
  return {
    ...reading,
    ladder: [...reading.ladder, ...read.ladder],
    rules: [...reading.rules, ...read.rules.map((rule) => ({ ...rule, phrase, readBy }))],
    windows: [...reading.windows, ...read.windows.map((window) => ({ ...window, phrase }))],
    approvals: [...reading.approvals, ...read.approvals.map((approval) => ({ ...approval, phrase }))],
    questions: [
      ...reading.questions,
      `"${phrase}" could not be read by rule. The model takes it to say "${plain}" Is that what is meant?`,
    ],
    unread: reading.unread.filter((other) => other !== phrase),
  };
}

/** Every number of a text as it is written, in order of size; what a sentence adds or leaves out shows. */
function numbersIn(text: string): string {
  return (text.match(/\d+(?:[.,]\d+)*/g) ?? []).sort().join(' ');
}

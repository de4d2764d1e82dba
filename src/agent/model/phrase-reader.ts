import * as z from 'zod';
import { type InstructionReading, readInstruction } from '../../core/plan/instruction.ts';
import { SIGNAL_KINDS } from '../../core/plan/signal-kinds.ts';
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
 * same grammar, must carry exactly the numbers of its phrase with their units, and becomes a question to a person beside that phrase: nothing starts
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
  if (plain.length > MOST_SENTENCE_CHARS || figuresIn(plain) !== figuresIn(phrase)) return reading;
  if (!hasOnlyKnownWords(plain, phrase)) return reading;
  const read = readInstruction(plain);
  const isWhole = read.unread.length + read.questions.length === 0;
  const isAbout =
    read.ladder.length > 0 || read.rules.length + read.windows.length + read.approvals.length > 0;
  // Stages that the instruction gives are never added to, and what stays out or when it starts is not a model's to say.
  const isAllowed =
    (read.ladder.length === 0 || reading.ladder.length === 0) &&
    read.holdback === null &&
    read.startAfter === null;
  if (!isWhole || !isAbout || !isAllowed || isSofter(read, phrase)) return reading;
  return {
    ...reading,
    ladder: [...reading.ladder, ...read.ladder],
    rules: [...reading.rules, ...read.rules.map((rule) => ({ ...rule, phrase, readBy }))],
    windows: [...reading.windows, ...read.windows.map((window) => ({ ...window, phrase }))],
    approvals: [...reading.approvals, ...read.approvals.map((approval) => ({ ...approval, phrase }))],
    questions: [
      ...reading.questions,
      `"${phrase}" could not be read by rule. The model takes it to say "${plain}" (${readBy}). Is that what is meant?`,
    ],
    unread: reading.unread.filter((other) => other !== phrase),
  };
}

/** The grammar passes over words that ask for nothing, and a person who is asked to confirm should not be talked to by them. */
const SENTENCE_WORDS = `a above an and any approval are ask at back before below between by compared day days each exceeds fall falls for
  from hold hour hours if in is least less lower minute minutes more most ms not notify of on only or over p points point percent
  previous ratio rise rises roll second seconds share stable stage than the then times to under version with`;
const KNOWN_WORDS: ReadonlySet<string> = new Set([
  ...SENTENCE_WORDS.split(/\s+/),
  ...Object.keys(SIGNAL_KINDS).flatMap((kind) => kind.split(/[._]/)),
]);

/** Whether each word is the phrase's own or one that sentences are made of: no number or day in words is added, and no talk. */
function hasOnlyKnownWords(sentence: string, phrase: string): boolean {
  const own = new Set(wordsIn(phrase));
  return wordsIn(sentence).every((word) => KNOWN_WORDS.has(word) || own.has(word));
}

function wordsIn(text: string): readonly string[] {
  return (text.toLowerCase().match(/\p{L}+/gu) ?? []).map((word) => word.replace(/(?<=day)s$/, ''));
}

/** Whether the reading does less than the phrase says: a rollback read as a hold, or a hold as a notice. */
function isSofter(read: InstructionReading, phrase: string): boolean {
  const does = (...actions: readonly string[]) => read.rules.some(({ action }) => actions.includes(action));
  if (/\b(?:roll\w*(?: \w+)? back|rollback|revert\w*|undo|back \w+ out)\b/i.test(phrase))
    return !does('rollback');
  return /\b(?:hold|halt|stop|pause|freeze)\b/i.test(phrase) && !does('rollback', 'hold');
}

/** Units as people write them, each with the one it stands for; what is none of them is no unit. */
const UNITS: readonly (readonly [name: string, written: string])[] = [
  ['points', 'percentage[ -]points?|points?|pp'],
  ['percent', '%|percent'],
  ['ms', 'ms|milliseconds?'],
  ['seconds', 'seconds?|secs?|s'],
  ['minutes', 'minutes?|mins?|m'],
  ['hours', 'hours?|hrs?|h'],
  ['days', 'days?|d'],
  ['weeks', 'weeks?|w'],
  ['times', 'times|x'],
];
const FIGURE = new RegExp(
  `(\\d+(?:[.,:]\\d+)*)(?:[ -]?(?:${UNITS.map(([, written]) => `(${written})`).join('|')})(?!\\p{L}))?`,
  'giu',
);

/** Every number of a text with its unit, in order of size; what a sentence adds, leaves out, exchanges or converts shows. */
function figuresIn(text: string): string {
  return Array.from(text.matchAll(FIGURE), ([, number, ...units]) => {
    const at = units.findIndex((unit) => unit !== undefined);
    return `${number} ${UNITS[at]?.[0] ?? ''}`;
  })
    .sort()
    .join();
}

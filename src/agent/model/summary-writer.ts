import * as z from 'zod';
import type { Json } from '../../core/canonical-json.ts';
import type { ModelParts } from '../../ports/agent.ts';
import type { Summarizer } from '../../ports/summarizer.ts';
import { askOnce, jsonIn, keepAnswer } from './asking.ts';
import { givesAdvice, plainText } from './plain-text.ts';
import { untrustedBlock } from './untrusted.ts';

/** What is shown of a paragraph; a longer one is cut. */
const MOST_CHARS = 600;

const replySchema = z.strictObject({ paragraph: z.string().max(4_000) });
const replyJsonSchema = z.toJSONSchema(replySchema) as Readonly<Record<string, unknown>>;

/**
 * Asks for one paragraph about a decision that a person has to weigh. What comes back is plain text, and is dropped where it advises
 * or names a verdict: that is nobody's but arithmetic's to give (B9). In `shadow` it is kept and not shown.
 */
export function summaryWriter(parts: ModelParts): Summarizer {
  return {
    summarise: async (facts) => {
      const asked = await askOnce(
        {
          promptId: 'summary',
          legend: '',
          task: (_, nonce) =>
            `Here is the decision. The code of this request is ${nonce}.\n\n${untrustedBlock(facts as unknown as Json, nonce)}\n\nWhat do these numbers say together?`,
          reads: null,
          schema: replyJsonSchema,
          parse: (text) => replySchema.safeParse(jsonIn(text)).data ?? null,
          about: facts as unknown as Json,
        },
        parts,
      );
      if (asked.kind === 'unusable') {
        parts.log.warn('the model wrote no summary', { why: asked.why });
        return null;
      }
      await keepAnswer(asked, 'summary', parts);
      const text = plainText(asked.reply.paragraph, MOST_CHARS);
      if (parts.mode === 'shadow' || text === '') return null;
      if (givesAdvice(text)) {
        parts.log.warn('the model’s summary gave advice or a verdict and is not shown', { by: asked.by });
        return null;
      }
      return { text, writtenBy: asked.by };
    },
  };
}

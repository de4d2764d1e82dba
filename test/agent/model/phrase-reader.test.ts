import { describe, expect, test } from 'vitest';
import { readPrompt } from '../../../src/adapters/prompts/prompt-files.ts';
import { phraseReader } from '../../../src/agent/model/phrase-reader.ts';
import { canonicalJson } from '../../../src/core/canonical-json.ts';
import { readInstruction } from '../../../src/core/plan/instruction.ts';
import type { ModelParts } from '../../../src/ports/agent.ts';
import { plannedWhole } from '../../core/plan/plan-request.ts';
import { memoryRecords } from './memory-records.ts';
import { FAILURES, messagesWire, saying, wiredParts } from './messages-wire.ts';
import { NONCE } from './readable-change.ts';

const READ = 'Roll back if p95 latency doubles.';
const TIMEOUTS = 'Halt the thing when timeouts go past 2 percent of calls';
const MONDAYS = 'Go gently on Mondays';
const TEXT = `${READ} ${TIMEOUTS}. ${MONDAYS}.`;
const SENTENCE = 'Hold if error rate is above 2 percent.';

const wire = messagesWire();

const sentences = (...list: readonly (string | null)[]) => ({
  readings: list.map((sentence, at) => ({ phrase: at + 1, sentence })),
});

async function readAs(reply: unknown, text = TEXT, more: Partial<ModelParts> = {}) {
  wire.answering(saying(reply));
  return phraseReader(wiredParts(more)).read(text);
}

/** What was sent about the instruction: the words before the block, and the block. */
function asked() {
  const [body] = wire.bodies();
  const [task] = body?.messages ?? [];
  const [{ text = '' } = {}] = (task?.content ?? []) as readonly { readonly text?: string }[];
  const [before = '', , json = '', , after = ''] = text.split('\n').filter((line) => line !== '');
  return { body, text, before, after, block: JSON.parse(json) as unknown };
}

test('the texts of this file leave to a model what they say they leave', () => {
  expect(readInstruction(TEXT)).toMatchObject({
    unread: [TIMEOUTS, MONDAYS],
    rules: [{ action: 'rollback' }],
  });
});

describe('what is asked of an instruction', () => {
  test('is only what the grammar left, by number, in one marked block, without tools', async () => {
    await readAs(sentences(null, null));
    const { body, before, after, block } = asked();
    expect(wire.bodies()).toHaveLength(1);
    expect(block).toEqual({
      phrases: [
        { number: 1, phrase: TIMEOUTS },
        { number: 2, phrase: MONDAYS },
      ],
    });
    expect(before).toBe(
      `Here are the phrases. The instruction does not give stages. The code of this request is ${NONCE}.`,
    );
    expect(after).toBe('What does each of them say?');
    expect(body).not.toHaveProperty('tools');
    expect(body).toMatchObject({
      max_tokens: readPrompt('instruction').budgets.outputTokens,
      system: [{ text: expect.stringContaining('# What did they mean by this phrase?') }],
      output_config: {
        effort: 'low',
        format: {
          schema: {
            additionalProperties: false,
            properties: {
              readings: {
                items: {
                  additionalProperties: false,
                  required: ['phrase', 'sentence'],
                },
              },
            },
          },
        },
      },
    });
    expect(JSON.stringify(body)).not.toContain('p95 latency doubles');
  });

  test('is nothing where the grammar read it all, and nobody is asked', async () => {
    for (const text of ['', READ, '1% for 15 minutes, then 100%. Not on Fridays.']) {
      expect(canonicalJson(await readAs(sentences('Ask before 50%.'), text))).toBe(
        canonicalJson(readInstruction(text)),
      );
    }
    expect(wire.bodies()).toEqual([]);
  });

  test('says whether there are stages, so that none are made up', async () => {
    await readAs(sentences(null), `1% for 15 minutes, then 100%. ${MONDAYS}.`);
    expect(asked().before).toContain('The instruction gives stages.');
  });

  test('is not a whole essay, nor a phrase as long as a page', async () => {
    const essay = Array.from({ length: 13 }, (_, at) => `${MONDAYS} and feed cat ${at + 2}`).join('.\n');
    expect(readInstruction(essay).unread.length).toBeGreaterThan(12);
    await readAs(sentences(null), essay);
    expect(wire.bodies()).toEqual([]);
    const long = `${MONDAYS} ${'and mind the cat '.repeat(30)}`;
    await readAs(sentences(null), `${long}. ${TIMEOUTS}.`);
    expect(asked().block).toEqual({ phrases: [{ number: 1, phrase: TIMEOUTS }] });
  });

  test('shows no credential and hides no character', async () => {
    const secret = `ghp_${'a1B2c3D4e5F6g7H8i9J0k1L2'}`;
    await readAs(sentences(null), `${MONDAYS} with ${secret} and \u202E5 cats.`);
    const { text } = asked();
    for (const raw of [secret, '\u202E']) expect(text).not.toContain(raw);
    expect(text.split(`</untrusted ${NONCE}>`)).toHaveLength(2);
  });

  test('is asked once for the same phrases, whatever the grammar read beside them', async () => {
    wire.answering(saying(sentences(SENTENCE, null)));
    const reader = phraseReader(wiredParts());
    const first = await reader.read(TEXT);
    expect(await reader.read(TEXT)).toEqual(first);
    await reader.read(TEXT.replace('doubles', 'triples'));
    expect(wire.bodies()).toHaveLength(1);
    await reader.read(TEXT.replace('2 percent', '3 percent'));
    expect(wire.bodies()).toHaveLength(2);
  });
});

describe('a reading that is taken', () => {
  test('becomes a rule with the person’s phrase and who read it, and a question that must be confirmed', async () => {
    const reading = await readAs(sentences(SENTENCE, null));
    const { readBy } = reading.rules.at(-1) ?? {};
    const bare = readInstruction(TEXT);
    expect(reading).toEqual({
      ...bare,
      rules: [
        ...bare.rules,
        {
          ...readInstruction(SENTENCE).rules[0],
          phrase: TIMEOUTS,
          readBy: expect.stringMatching(/^instruction\.v2 model-x [0-9a-f]{12}$/),
        },
      ],
      questions: [
        ...bare.questions,
        `"${TIMEOUTS}" could not be read by rule. The model takes it to say "${SENTENCE}" (${readBy}). Is that what is meant?`,
      ],
      unread: [MONDAYS],
    });
    const plan = plannedWhole({ reading });
    expect(plan.questions).toEqual(expect.arrayContaining([...reading.questions]));
    expect(JSON.stringify(plan.checks.map(({ provenance }) => provenance))).toContain(
      `${TIMEOUTS} (read by ${readBy})`,
    );
  });

  test.each([
    ['a time', 'Mind the cat and leave Fridays out 9:00 to 17:00 UTC', 'Only between 9:00 and 17:00 UTC.'],
    ['an approval', 'Have Bob look at it ahead of the 50% mark', 'Ask before 50%.'],
    ['stages', 'One could try 1% and later 100%', '1%, then 100%.'],
  ])('may be %s, where the numbers are the phrase’s own', async (_, phrase, sentence) => {
    expect(readInstruction(phrase).unread).toHaveLength(1);
    const reading = await readAs(sentences(sentence), phrase);
    expect(reading.unread).toEqual([]);
    expect(reading.questions.at(-1)).toMatch(
      /\(instruction\.v2 model-x [0-9a-f]{12}\)\. Is that what is meant\?$/,
    );
    expect(reading.questions.at(-1)).toContain(
      `"${phrase}" could not be read by rule. The model takes it to say "${sentence}"`,
    );
    expect(reading.ladder.length + reading.windows.length + reading.approvals.length).toBeGreaterThan(0);
  });

  test('is each sentence that the prompt says is read, and none of them in two ways', () => {
    const [, after = ''] = readPrompt('instruction').text.split('## Sentences that are read');
    const [section = ''] = after.split('\n## ');
    const examples = [...section.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(examples.length).toBeGreaterThan(6);
    for (const example of examples) {
      expect(readInstruction(example)).toMatchObject({ unread: [], questions: [], startAfter: null });
    }
  });

  test.each(['Hold if error rate is above 2 percent.', 'Roll back if error rate is above 2 percent.'])(
    'may do what the phrase says, or what is stricter: %s',
    async (sentence) => {
      expect((await readAs(sentences(sentence, null))).unread).toEqual([MONDAYS]);
    },
  );
});

describe('a phrase stays unread', () => {
  const stays = async (reply: unknown, text = TEXT) =>
    expect(canonicalJson(await readAs(reply, text))).toBe(canonicalJson(readInstruction(text)));

  test.each([
    ['adds a number', 'Hold if error rate is above 2 percent. Ask before 50%.'],
    ['changes a number', 'Hold if error rate is above 20 percent.'],
    ['leaves a number out', 'Not on Mondays.'],
    ['puts a number in words', 'Hold if error rate doubles.'],
    ['does less than the phrase says', 'Notify if error rate is above 2 percent.'],
    ['leaves the action out', 'Ask before 2%.'],
    ['names a metric that there is none of', 'Hold if vibes are above 2 percent.'],
    ['has two readings', 'Hold if error rate is more than 2 percent above stable.'],
    ['sets a holdback', 'Keep 2% on the old version.'],
    ['sets a start', 'Start after 2:00 UTC.'],
    ['asks for checks to be left out', 'Ignore error rate above 2 percent.'],
    ['is no rule', 'Be careful at 2 percent.'],
    ['is nonsense', 'xyzzy 2'],
    ['is empty', ''],
    ['talks to the person', 'Hold if error rate is above 2 percent. The person should just confirm this.'],
    ['calms the person', 'Hold if error rate is above 2 percent because this is safe.'],
    ['talks between the lines', 'Hold, and this is fine, if error rate is above 2 percent.'],
    ['trusts itself', 'Hold if error rate is above 2 percent; trust me.'],
    ['has a link', 'Hold if error rate is above 2 percent. See https://evil.example'],
    ['has markup', '**Hold** if error rate is above 2 percent <!-- and confirm -->'],
    ['hides a character', 'Hold if error\u202E rate is above 2 percent.'],
    ['is as long as a page', `Hold if error rate is above 2 percent${' or more'.repeat(60)}.`],
    ['cannot tell', null],
  ])('where the answer %s', async (_, sentence) => {
    await stays(sentences(sentence, null));
  });

  test.each([
    ['another day', 'Not on Fridays.'],
    ['a day and a rule', 'Not on Mondays. Roll back if error rate doubles.'],
    ['a rule out of nothing', 'Roll back if error rate doubles.'],
  ])('where the answer to one without a number makes it %s', async (_, sentence) => {
    await stays(sentences(null, sentence));
  });

  test('where a rollback would become a hold', async () => {
    const text = 'Roll it back once 3 percent of shoppers grumble.';
    await stays(sentences('Hold if error rate is above 3 percent.'), text);
    expect((await readAs(sentences('Roll back if error rate is above 3 percent.'), text)).unread).toEqual([]);
  });

  test.each([
    [
      'exchanges them',
      'One could try 1% for about 15 minutes and later 100%',
      '15% for 1 minute, then 100%.',
    ],
    ['gives a unit', 'We halt at more than 3 customers', 'Hold if error rate is above 3 percent.'],
    [
      'takes points for percent',
      'We halt 3 percent up on the old grumbles',
      'Hold if error rate exceeds stable by more than 3 points.',
    ],
    [
      'takes hours for minutes',
      'One could try 1% for about 15 minutes and later 100%',
      '1% for 15 hours, then 100%.',
    ],
    ['takes another hour', 'Mind the cat from 9:00 to 17:00 UTC', 'Only between 17:00 and 9:30 UTC.'],
  ])('where the answer has its numbers and %s', async (_, phrase, sentence) => {
    expect(readInstruction(phrase).unread).toEqual([phrase]);
    await stays(sentences(sentence), phrase);
  });

  test('but not for the way a unit is written', async () => {
    const text = 'One could try 1 percent for about 15 min and later 100%.';
    const reading = await readAs(sentences('1% for 15 minutes, then 100%.'), text);
    expect(reading.ladder).toEqual([
      { exposure: '1%', hold: '15m' },
      { exposure: '100%', hold: null },
    ]);
  });

  test('where a time gets a zone that nobody named', async () => {
    const text = 'Mind the cat from 9:00 to 17:00.';
    await stays(sentences('Only between 9:00 and 17:00 UTC.'), text);
  });

  test('where stages would be added to those that there are', async () => {
    const text = '1% for 15 minutes, then 100%. One could try 5% and later 50%.';
    expect(readInstruction(text).unread).toHaveLength(1);
    await stays(sentences('5%, then 50%.'), text);
  });

  test('where the answer is about a phrase that was not asked', async () => {
    const readings = [0, -1, 3, 99].map((phrase) => ({ phrase, sentence: SENTENCE }));
    await stays({ readings });
  });

  test('beyond its first reading: more lines than phrases are not taken', async () => {
    const readings = [SENTENCE, 'Roll back if error rate is above 2 percent.', SENTENCE].map((sentence) => ({
      phrase: 1,
      sentence,
    }));
    const once = await readAs(sentences(SENTENCE, null));
    const often = await readAs({ readings });
    expect([often.rules.length, often.unread, often.questions.length]).toEqual([
      once.rules.length,
      once.unread,
      once.questions.length,
    ]);
    await stays({ readings: Array.from({ length: 25 }, () => ({ phrase: 1, sentence: SENTENCE })) });
  });

  test.each([
    ['a member nobody knows', { ...sentences(SENTENCE), start: true }],
    ['a phrase by its words', { readings: [{ phrase: TIMEOUTS, sentence: SENTENCE }] }],
    ['half a number', { readings: [{ phrase: 1.5, sentence: SENTENCE }] }],
    ['no list', { readings: SENTENCE }],
    ['a rule of its own form', { readings: [{ phrase: 1, rule: { action: 'hold' } }] }],
  ])('all of them, where the answer has %s', async (_, reply) => {
    await stays(reply);
  });
});

describe('B13: a model that reads nothing', () => {
  test.each(FAILURES)('because it %s leaves the grammar’s result byte-identical', async (_, answer, more) => {
    const records = memoryRecords();
    wire.answering(answer);
    const reading = await phraseReader(wiredParts({ ...more, records })).read(TEXT);
    expect(canonicalJson(reading)).toBe(canonicalJson(readInstruction(TEXT)));
    expect(records.kept.size).toBe(0);
  });

  test('B13: in shadow is asked and kept, and its reading is not used', async () => {
    const records = memoryRecords();
    const reading = await readAs(sentences(SENTENCE, null), TEXT, { mode: 'shadow', records });
    expect(canonicalJson(reading)).toBe(canonicalJson(readInstruction(TEXT)));
    expect([...records.kept.values()]).toMatchObject([
      { mode: 'shadow', prompt: { id: 'instruction', version: 2 }, reply: sentences(SENTENCE, null) },
    ]);
  });

  test('or whose answer cannot be kept, has been read all the same', async () => {
    const records = { get: async () => null, put: () => Promise.reject(new Error('disk full')) };
    expect((await readAs(sentences(SENTENCE, null), TEXT, { records })).unread).toEqual([MONDAYS]);
  });

  test('trusts no record: one that was tampered with is asked for anew', async () => {
    const records = memoryRecords();
    await readAs(sentences(null, null), TEXT, { records });
    for (const key of records.kept.keys()) records.kept.set(key, { reply: { readings: 'all', start: true } });
    await readAs(sentences(null, null), TEXT, { records });
    expect(wire.bodies()).toHaveLength(2);
  });
});

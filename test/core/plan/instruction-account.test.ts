import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type InstructionReading, readInstruction } from '../../../src/core/plan/instruction.ts';

/** Instructions with holes for numbers; each reads without questions for any numbers its ranges allow. */
const TEMPLATES: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
  [
    'Advance {}% → {}% → 100%, {} minutes per stage.',
    [
      [1, 30],
      [31, 99],
      [1, 59],
    ],
  ],
  [
    'Start at {}% and double the exposure every {} minutes.',
    [
      [1, 30],
      [1, 59],
    ],
  ],
  [
    '{}% for {} hours, then {}% for {} days, then everyone.',
    [
      [1, 30],
      [1, 23],
      [31, 99],
      [1, 30],
    ],
  ],
  [
    'Hold if error rate exceeds the stable fleet by more than {} points; roll back if it exceeds {} points.',
    [
      [1, 9],
      [10, 40],
    ],
  ],
  [
    'Hold if p{} latency rises {}% compared with the previous stage.',
    [
      [50, 99],
      [1, 90],
    ],
  ],
  [
    'Roll back if error rate is above {}% or p95 exceeds {} ms.',
    [
      [1, 90],
      [1, 5000],
    ],
  ],
  ['Alert me if queue depth goes above {}.', [[1, 5000]]],
  [
    'Keep error rate within {}% of stable and cache hit rate above {}%.',
    [
      [1, 90],
      [1, 99],
    ],
  ],
  ['Keep {}% on the old version.', [[1, 99]]],
  [
    'Ask me before going past {}%. Start after {}:00 UTC.',
    [
      [1, 99],
      [10, 23],
    ],
  ],
  ['Only during business hours {}-17 UTC.', [[1, 12]]],
];

/** A reading without the words it came from, so that only its meaning is compared. */
function meaning(reading: InstructionReading): unknown {
  const { rules, windows, approvals, ladder, holdback, startAfter } = reading;
  const wordless = [...rules, ...windows, ...approvals].map((line) => ({ ...line, phrase: '' }));
  return { wordless, ladder, holdback, startAfter };
}

function filled(template: string, numbers: readonly number[]): string {
  return numbers.reduce((text, number) => text.replace('{}', String(number)), template);
}

test('another number is another reading, or is reported', () => {
  const instruction = fc.constantFrom(...TEMPLATES).chain(([template, ranges]) =>
    fc.record({
      template: fc.constant(template),
      numbers: fc.tuple(...ranges.map(([min, max]) => fc.integer({ min, max }))),
      at: fc.integer({ min: 0, max: ranges.length - 1 }),
      other: fc.integer({ min: 0, max: 9_999 }),
    }),
  );
  fc.assert(
    fc.property(instruction, ({ template, numbers, at, other }) => {
      fc.pre(numbers[at] !== other);
      const before = readInstruction(filled(template, numbers));
      const after = readInstruction(filled(template, numbers.with(at, other)));
      expect([...before.questions, ...before.unread]).toEqual([]);
      const isReported = after.questions.length + after.unread.length > 0;
      if (!isReported) expect(meaning(after)).not.toEqual(meaning(before));
    }),
    { numRuns: 150 },
  );
});

const SOUND = [
  'Advance 1% → 5% → 100%, 15 minutes per stage',
  '5% for 10 minutes, then everyone',
  'Start at 2% of traffic and double the exposure every 20 minutes if error rate stays within 10% of stable',
  'Hold if canary error rate exceeds the stable fleet by more than 0.5 points',
  'Roll back automatically if error rate doubles',
  'Error rate must stay below 1%',
  'Alert me if queue depth goes above 1000',
  'Keep 5% on the old version',
  'Not on Fridays',
  'Ask me before going past 50%',
];

test('a word that turns a sentence around is never swallowed', () => {
  for (const text of SOUND) {
    const words = text.split(' ');
    const sound = meaning(readInstruction(text));
    for (const turn of [
      'not',
      'never',
      'except',
      'without',
      'unless',
      'nobody',
      "isn't",
      'avoid',
      'roughly',
      'instead',
    ]) {
      for (let at = 0; at <= words.length; at += 1) {
        const turned = words.toSpliced(at, 0, turn).join(' ');
        const reading = readInstruction(turned);
        const isReported = reading.questions.length + reading.unread.length > 0;
        if (!isReported) expect(meaning(reading), turned).not.toEqual(sound);
      }
    }
  }
});

/** Everything a person can see of a reading. */
function shown(reading: InstructionReading): string {
  return JSON.stringify(reading);
}

const WORDS =
  'hold roll back alert me if unless when the canary stable error rate p95 latency exceeds rises drops below by more than within of not never ' +
  'only and or then , ; . → : - ( ) 1% 5% 25% 100% 0.5 points 2 points 300 ms 15 minutes for per stage each every double it everyone internal users ' +
  'keep on old version ask before going past Fridays 14:00 UTC 9-17 start at after cache hit queue depth checkout 7 3x 20 percent relative previous stage ' +
  'in Germany about 42 holdback switch to green until advance must stay no worse band either metric breaches that';

test('any digits of any words are shown in the result or listed as unread', () => {
  const soup = fc
    .array(fc.constantFrom(...WORDS.split(' ')), { maxLength: 24 })
    .map((words) => words.join(' '));
  fc.assert(
    fc.property(soup, (text) => {
      const reading = shown(readInstruction(text));
      for (const digits of text.match(/\d+/g) ?? []) expect(reading).toContain(digits);
    }),
    { numRuns: 400 },
  );
});

test('any text at all has a reading, and its digits are accounted for', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({ unit: 'grapheme', maxLength: 80 }),
    fc.string({ maxLength: 80 }),
  );
  fc.assert(
    fc.property(text, (any) => {
      const reading = readInstruction(any);
      // The number of a list item and a version such as "v2" say nothing.
      const bare = any.replace(/^\s*\d{1,2}[.)]\s/gm, '').replace(/v\d+/gi, '');
      const told = [...reading.unread, ...reading.questions, shown(reading)].join('\n');
      for (const digits of bare.match(/\d+/g) ?? []) expect(told).toContain(digits);
    }),
    { numRuns: 400 },
  );
});

test('reading is deterministic', () => {
  const text = 'Start at 2% and double every 20 minutes. Hold if error rate rises 2%. Roll back on vibes.';
  expect(shown(readInstruction(text))).toBe(shown(readInstruction(text)));
});

import { describe, expect, test } from 'vitest';
import { readInstruction } from '../../../src/core/plan/instruction.ts';
import { PHRASINGS } from './instruction-phrasings.ts';
import { meaningLines } from './reading-lines.ts';

describe('what a team wrote is read in full, or asked about, and never anything else', () => {
  test.each(PHRASINGS)('%s', (text, meaning) => {
    const parts = meaning.split('; ').filter((part) => part !== '');
    const reported = parts.filter((part) => part.startsWith('!')).map((part) => part.slice(1));
    const reading = readInstruction(text);
    const doubts = [...reading.questions, ...reading.unread].join('\n');
    expect(meaningLines(reading), doubts).toEqual(parts.filter((part) => !part.startsWith('!')));
    if (reported.length === 0) expect(doubts).toBe('');
    for (const words of reported) expect(doubts).toContain(words);
  });
});

/** Phrasings that read whole, for edits to start from. */
const WHOLE = PHRASINGS.filter(([, meaning]) => meaning !== '' && !meaning.includes('!')).map(
  ([text]) => text,
);

const sorted = (text: string) => [...meaningLines(readInstruction(text))].sort();

const isReported = (text: string) => {
  const { questions, unread } = readInstruction(text);
  return questions.length + unread.length > 0;
};

test('any number of any phrasing, changed to any other, changes the result or is reported', () => {
  for (const text of WHOLE) {
    const before = sorted(text);
    for (const number of text.matchAll(/\d+(?:[.,]\d+)*/g)) {
      for (const other of ['0', '7', '13', '42', '101', '1000', '2.5', '0.07']) {
        if (Number(other) === Number(number[0].replace(',', ''))) continue;
        const edited = `${text.slice(0, number.index)}${other}${text.slice(number.index + number[0].length)}`;
        if (!isReported(edited)) expect(sorted(edited), edited).not.toEqual(before);
      }
    }
  }
});

test('a word that turns a sentence around is seen wherever it stands in any phrasing', () => {
  for (const text of WHOLE) {
    const before = sorted(text);
    const words = text.split(' ');
    for (const turn of ['not', 'except', 'unless', "don't", 'without']) {
      for (let at = 0; at <= words.length; at += 1) {
        const edited = words.toSpliced(at, 0, turn).join(' ');
        if (!isReported(edited)) expect(sorted(edited), edited).not.toEqual(before);
      }
    }
  }
});

test('there are at least 150 phrasings, each once', () => {
  expect(new Set(PHRASINGS.map(([text]) => text)).size).toBe(PHRASINGS.length);
  expect(PHRASINGS.length).toBeGreaterThanOrEqual(150);
});

import { describe, expect, test } from 'vitest';
import { ConfigInvalid } from '../src/config.ts';
import { parseRolloutFile } from '../src/rollout-file.ts';

const WORDS = 'Go to 10% for 1 hour, then 100%.';

function refusal(text: string): string {
  try {
    parseRolloutFile(text);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigInvalid);
    return (error as ConfigInvalid).message;
  }
  throw new Error('it was read');
}

describe('ROLLOUT.md', () => {
  test.each([
    ['front matter and words', `---\ntarget: checkout\n---\n\n${WORDS}\n`, 'checkout', WORDS],
    ['words alone', `${WORDS}\n`, null, WORDS],
    ['front matter alone', '---\ntarget: checkout\n---', 'checkout', null],
    ['front matter that names no target', `---\n# none yet\n---\n${WORDS}`, null, WORDS],
    ['empty front matter', `---\n---\n${WORDS}`, null, WORDS],
    ['the line ends of Windows', `---\r\ntarget: checkout\r\n---\r\n${WORDS}\r\n`, 'checkout', WORDS],
    ['a byte order mark', `\uFEFF---\ntarget: checkout\n---\n${WORDS}`, 'checkout', WORDS],
    ['blanks behind the dashes', `--- \ntarget: checkout\n---\t\n${WORDS}`, 'checkout', WORDS],
    ['nothing', '', null, null],
    ['blank lines', '\n \n', null, null],
  ])('may be %s', (_, text, target, instruction) => {
    expect(parseRolloutFile(text)).toEqual({ target, instruction });
  });

  test('keeps a line of dashes in its words', () => {
    const words = `${WORDS}\n\n---\n\nHold if the error rate doubles.`;
    expect(parseRolloutFile(words)).toEqual({ target: null, instruction: words });
    expect(parseRolloutFile(`---\ntarget: checkout\n---\n${words}`)).toEqual({
      target: 'checkout',
      instruction: words,
    });
  });

  test.each([
    ['front matter that does not end', `---\ntarget: checkout\n\n${WORDS}`, 'no line "---" that ends it'],
    ['front matter that is no YAML', `---\ntarget: [checkout\n---\n${WORDS}`, 'is not YAML'],
    ['one key twice', '---\ntarget: checkout\ntarget: search\n---\n', 'is not YAML'],
    ['front matter that is no table', `---\ncheckout\n---\n${WORDS}`, 'expected object'],
    ['a target without a name', '---\ntarget:\n---\n', 'target'],
    ['a target of an empty name', '---\ntarget: ""\n---\n', 'target'],
    ['a target that is a number', '---\ntarget: 7\n---\n', 'target'],
    ['keys nobody knows', '---\ntarget: checkout\nladder: 1%\n---\n', '"ladder"'],
    ['a key that only looks like a target', '---\nTarget: checkout\n---\n', '"Target"'],
    ['text of another encoding', `---\ntarget: caf\uFFFD\n---\n${WORDS}`, 'save it as UTF-8'],
    ['two bytes to a letter', [...WORDS].join('\0'), 'save it as UTF-8'],
  ])('is refused with %s, by its name', (_, text, why) => {
    const said = refusal(text);
    expect(said).toContain('.github/ROLLOUT.md');
    expect(said).toContain(why);
  });
});

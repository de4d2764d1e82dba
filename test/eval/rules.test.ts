import { describe, expect, test } from 'vitest';
import { rules } from './answer.ts';
import { readCases } from './labelled-case.ts';

const cases = readCases();

// How good the rules are is for `npm run eval` to say, with its bars; these are what no version of them may break.
describe('the rules', () => {
  test('propose nothing for at least four in five of the changes that need nothing, the hard ones among them', async () => {
    const empty = cases.filter(({ label }) => label.empty && label.split === 'build');
    expect(empty.length).toBeGreaterThan(300);
    let silent = 0;
    for (const { diff, label } of empty) {
      const { watched } = await rules().answer({ diff, title: label.title });
      if (watched.length === 0) silent += 1;
    }
    expect(silent / empty.length).toBeGreaterThanOrEqual(0.8);
  });

  test('plan every case, with at most eight checks', async () => {
    for (const { diff, label } of cases) {
      const { checks } = await rules().answer({ diff, title: label.title });
      expect(checks).toBeLessThanOrEqual(8);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { rules } from './answer.ts';
import { readCases } from './labelled-case.ts';

const cases = readCases();

// How good the rules are is for `npm run eval` to say, with its bars; these are what no version of them may break.
describe('the rules', () => {
  test('plan every case with at most eight checks, and leave alone nine in ten of those that need nothing, and of the others at most three in a hundred', async () => {
    let [empties, silent, others, missed] = [0, 0, 0, 0];
    for (const { diff, label } of cases) {
      const { watched, checks } = await rules().answer({ diff, title: label.title });
      expect(checks).toBeLessThanOrEqual(8);
      if (label.split !== 'build') continue;
      const isSilent = watched.length === 0;
      if (label.empty) [empties, silent] = [empties + 1, silent + Number(isSilent)];
      else [others, missed] = [others + 1, missed + Number(isSilent)];
    }
    expect(empties).toBeGreaterThan(300);
    expect(silent / empties).toBeGreaterThanOrEqual(0.9);
    expect(missed / others).toBeLessThanOrEqual(0.03);
  });
});

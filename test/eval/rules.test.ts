import { describe, expect, test } from 'vitest';
import { rules } from './answer.ts';
import { readCases } from './labelled-case.ts';

const cases = readCases();

// How good the rules are is for `npm run eval` to say, with its bars; these are what no version of them may break.
describe('the rules', () => {
  test('plan every case with at most eight checks, and leave alone four in five of those that need nothing', async () => {
    let [empties, silent] = [0, 0];
    for (const { diff, label } of cases) {
      const { watched, checks } = await rules().answer({ diff, title: label.title });
      expect(checks).toBeLessThanOrEqual(8);
      if (!label.empty || label.split !== 'build') continue;
      empties += 1;
      if (watched.length === 0) silent += 1;
    }
    expect(empties).toBeGreaterThan(300);
    expect(silent / empties).toBeGreaterThanOrEqual(0.8);
  });
});

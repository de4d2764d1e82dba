import { describe, expect, test } from 'vitest';
import { rules } from './answer.ts';
import { readCases } from './labelled-case.ts';

const cases = readCases();

// How good the rules are is for `npm run eval` to say, with its bars; these are what no version of them may break.
describe('the rules', () => {
  test('propose nothing where nothing can change', async () => {
    const spoken: string[] = [];
    for (const { name, diff, label } of cases.filter((each) => each.label.empty)) {
      const { watched } = await rules().answer({ diff, title: label.title });
      if (watched.length > 0)
        spoken.push(`${name}: ${watched.map(({ signalKind }) => signalKind).join(', ')}`);
    }
    expect(spoken).toEqual([]);
  });

  test('plan every case, with at most eight checks', async () => {
    for (const { diff, label } of cases) {
      const { checks } = await rules().answer({ diff, title: label.title });
      expect(checks).toBeLessThanOrEqual(8);
    }
  });
});

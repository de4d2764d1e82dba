import { describe, expect, test } from 'vitest';
import { rules } from './answer.ts';
import { readCases } from './labelled-case.ts';

const cases = readCases();

// How good the rules are is for `npm run eval` to say, with its bars; these are what no version of them may break.
/** Changes of which only their meaning tells that nothing changes: another idiom for the same, one block in place of three. */
const NOT_TOLD = [
  'clippy-sweep-rust',
  'collection-idioms-kotlin',
  'go-split-queue-consumer-file',
  'kotlin-sealed-upload-state',
  'rubocop-bump-and-ci-matrix',
  'ruby-extract-cache-key-concern',
  'rust-cache-module-docs-and-clippy',
  'rust-move-connection-pool-module',
  'video-publish-handler-split',
];

describe('the rules', () => {
  test('propose nothing where nothing can change', async () => {
    const spoken: string[] = [];
    const empty = cases.filter(({ label }) => label.empty && label.split === 'build');
    expect(empty.length).toBeGreaterThan(60);
    for (const { name, diff, label } of empty) {
      const { watched } = await rules().answer({ diff, title: label.title });
      if (watched.length > 0) spoken.push(name);
    }
    expect(spoken.sort()).toEqual(NOT_TOLD);
  });

  test('plan every case, with at most eight checks', async () => {
    for (const { diff, label } of cases) {
      const { checks } = await rules().answer({ diff, title: label.title });
      expect(checks).toBeLessThanOrEqual(8);
    }
  });
});

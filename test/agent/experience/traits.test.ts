import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changedFileOf } from '../../../src/agent/code/changed-code.ts';
import { readDiff } from '../../../src/agent/diff/diff.ts';
import { drawnFrom } from '../../../src/agent/drawing.ts';
import { traitsOf } from '../../../src/agent/experience/traits.ts';
import { diffOf } from '../diff-writing.ts';

function traitsIn(diff: string) {
  const files = readDiff(diff)
    .files.map(changedFileOf)
    .filter((file) => file !== null);
  return traitsOf(files, drawnFrom(files));
}

const BEFORE = 'function price(item) {\n  return lookup(item);\n}\n';
const AFTER = "function price(item) {\n  return ledgerClient.fetch(item, 'gross total');\n}\n";

test('a word counts by where it stands: in what changes, in a path, in a setting, or around', () => {
  const traits = traitsIn(diffOf('src/billing/price.ts', BEFORE, AFTER));
  const amountOf = (name: string) => traits.get(name)?.amount;
  expect(amountOf('word ledger')).toBe(1);
  expect(amountOf('word billing')).toBe(1);
  expect(amountOf('word gross')).toBeUndefined();
  const settings = traitsIn(diffOf('config/app.yaml', 'mode: "off"\n', 'mode: "gross"\n'));
  expect(settings.get('word gross')?.amount).toBe(0.6);
  expect(amountOf('word price')).toBe(1);
  expect(traitsIn(diffOf('src/a.ts', BEFORE, AFTER)).get('word price')?.amount).toBe(0.4);
  expect(traits.get('word ledger')?.lines.map(({ at }) => at)).toEqual(['src/billing/price.ts:2']);
  expect(traits.get('word billing')?.lines).toEqual([]);
});

test('longer words count by their beginning too, and the shortest not at all', () => {
  const traits = traitsIn(diffOf('src/a.ts', null, 'retrying(x1, by, retries);\n'));
  expect(traits.get('stem retry')?.amount).toBe(1);
  expect(traits.get('stem retri')?.amount).toBe(1);
  expect(traits.has('word by')).toBe(false);
});

test('what detectors say is a trait, and how much they mean it', () => {
  const traits = traitsIn(diffOf('src/stock.ts', 'load(id);\n', 'await redis.get(id);\n'));
  expect(traits.has('says cache.hit_ratio mainly')).toBe(true);
  expect(traits.has('from cache cache.hit_ratio mainly')).toBe(true);
});

test('a file in which only comments change adds nothing, not even its path', () => {
  const diff = diffOf('src/payments/refund.ts', 'const a = 1;\n', '// refunds the capture\nconst a = 1;\n');
  expect([...traitsIn(diff).keys()]).toEqual([]);
});

test('the traits are the same whatever the order of the files', () => {
  const diffs = [
    diffOf('src/a.ts', BEFORE, AFTER),
    diffOf('lib/b.rb', 'go\n', 'Redis.current.get(key)\n'),
    diffOf('c/d.sql', null, 'ALTER TABLE orders ADD COLUMN state text;\n'),
  ];
  const amounts = (diff: string) =>
    [...traitsIn(diff)].map(([name, { amount }]) => `${name} ${amount}`).sort();
  fc.assert(
    fc.property(fc.shuffledSubarray(diffs, { minLength: 3 }), (shuffled) => {
      expect(amounts(shuffled.join(''))).toEqual(amounts(diffs.join('')));
    }),
  );
});

import { describe, expect, test } from 'vitest';
import { readDiff } from '../../src/agent/diff/diff.ts';
import { digestOf } from '../../src/ports/digest.ts';
import { caseFiles, readCases } from './labelled-case.ts';
import { filesOf } from './metamorphic.ts';

const cases = readCases();
const CLASSES = [
  ...['cache', 'auth', 'authorization', 'query', 'migration', 'pool', 'lock', 'queue', 'retry', 'outbound'],
  ...['rate_limit', 'payment', 'storage', 'serialization', 'webhook', 'error_handling', 'logging', 'metrics'],
  ...['readiness', 'frontend', 'hot_loop', 'package', 'notification', 'validation', 'schedule'],
  ...['request_handler', 'message_shape', 'infrastructure', 'mixed', 'refactor', 'clean'],
];
const LANGUAGES = [
  ...['typescript', 'javascript', 'python', 'go', 'java', 'kotlin', 'ruby', 'csharp', 'php', 'rust'],
  ...['sql', 'terraform', 'yaml'],
];
/** Counts of every hunk against its header, read apart from the product's own reader. */
function wrongCounts(diff: string): readonly string[] {
  const wrong: string[] = [];
  let header = '';
  let left: [number, number] = [0, 0];
  for (const line of [...diff.replace(/\n$/, '').split('\n'), '@@ end']) {
    const counts = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line);
    if (counts === null && !line.startsWith('@@ end') && left[0] + left[1] > 0) {
      if (!line.startsWith('+')) left[0] -= 1;
      if (!line.startsWith('-')) left[1] -= 1;
      continue;
    }
    if (left[0] !== 0 || left[1] !== 0) wrong.push(header);
    header = line;
    left = counts === null ? [0, 0] : [Number(counts[1] ?? 1), Number(counts[2] ?? 1)];
  }
  return wrong;
}

describe('every case', () => {
  test('is a diff whose hunks have the lines their headers count', () => {
    expect(cases.filter(({ diff }) => wrongCounts(diff).length > 0).map(({ name }) => name)).toEqual([]);
    expect(wrongCounts('@@ -1,2 +1 @@\n a\n+b\n')).toHaveLength(1);
  });

  test('is read without fault by the product', () => {
    const faulty = cases.filter(({ diff }) => {
      const reading = readDiff(diff);
      return reading.faults.length > 0 || reading.files.length === 0;
    });
    expect(faulty.map(({ name }) => name)).toEqual([]);
  });

  test('starts each further hunk of a file where the lines before it lead', () => {
    const shifted = cases.filter(({ diff }) =>
      readDiff(diff).files.some(({ hunks }) => {
        let grown = 0;
        return hunks.some(({ oldStart, newStart, lines }) => {
          const isOff = oldStart > 0 && newStart > 0 && newStart - oldStart !== grown;
          const added = lines.filter(({ kind }) => kind === 'added').length;
          grown += added - lines.filter(({ kind }) => kind === 'removed').length;
          return isOff;
        });
      }),
    );
    expect(shifted.map(({ name }) => name)).toEqual([]);
  });

  test('has a label, and every label a diff', () => {
    const labels = caseFiles().filter((file) => file.endsWith('.json'));
    expect(labels.map((file) => file.slice(0, -5)).sort()).toEqual(cases.map(({ name }) => name));
  });

  test('is unlike every other', () => {
    const digests = new Map(
      cases.map(({ name, diff }) => [digestOf(diff.replaceAll(/^index .*$/gm, '')), name]),
    );
    expect(cases.map(({ name }) => name).filter((name) => ![...digests.values()].includes(name))).toEqual([]);
  });

  test('is text of our own: no licence, no copyright line', () => {
    const marked = cases.filter(({ diff }) =>
      /copyright|SPDX|licensed under|all rights reserved/i.test(diff),
    );
    expect(marked.map(({ name }) => name)).toEqual([]);
  });
});

describe('every label', () => {
  test('says one thing of each signal kind', () => {
    const twice = cases.filter(({ label }) => {
      const kinds = [...label.must, ...label.nice];
      return (
        new Set(kinds).size < kinds.length || label.should_not.some((text) => kinds.some((k) => k === text))
      );
    });
    expect(twice.map(({ name }) => name)).toEqual([]);
  });

  test('expects intents and flags only of signals it names', () => {
    const odd = cases.filter(({ label }) =>
      label.expected.some(({ kind }) => !label.must.includes(kind) && !label.nice.includes(kind)),
    );
    expect(odd.map(({ name }) => name)).toEqual([]);
  });

  test('of an empty case asks for nothing and of any other for something', () => {
    const odd = cases.filter(({ label }) => label.empty !== (label.must.length + label.nice.length === 0));
    expect(odd.map(({ name }) => name)).toEqual([]);
    const high = cases.filter(({ label }) => label.empty && label.risk !== 'low');
    expect(high.map(({ name }) => name)).toEqual([]);
  });

  test('of a variant agrees with the case it varies, and both are in one split', () => {
    const byName = new Map(cases.map((each) => [each.name, each.label]));
    const odd = cases.filter(({ label }) => {
      if (label.variantOf === undefined) return false;
      const base = byName.get(label.variantOf);
      return base?.split !== label.split || base.must.join() !== label.must.join();
    });
    expect(odd.map(({ name }) => name)).toEqual([]);
    const unknown = cases.filter(
      ({ label }) => label.nearMissOf !== undefined && !byName.has(label.nearMissOf),
    );
    expect(unknown.map(({ name }) => name)).toEqual([]);
  });
});

describe('the set', () => {
  test('is large enough, and a good part of it needs nothing', () => {
    expect(cases.length).toBeGreaterThanOrEqual(500);
    expect(cases.filter(({ label }) => label.empty).length).toBeGreaterThanOrEqual(80);
    expect(cases.filter(({ label }) => label.variantOf !== undefined).length).toBeGreaterThanOrEqual(8);
    expect(cases.filter(({ label }) => label.nearMissOf !== undefined).length).toBeGreaterThanOrEqual(8);
    expect(cases.some(({ diff }) => filesOf(diff).length > 5)).toBe(true);
  });

  test.each(CLASSES)('has %s in both splits', (name) => {
    const splits = new Set(cases.filter(({ label }) => label.class === name).map(({ label }) => label.split));
    expect([...splits].sort()).toEqual(['build', 'held_out']);
  });

  test('has no class but these', () => {
    expect(
      [...new Set(cases.map(({ label }) => label.class))].filter((name) => !CLASSES.includes(name)),
    ).toEqual([]);
  });

  test.each(LANGUAGES)('has %s', (language) => {
    expect(cases.filter(({ label }) => label.languages.includes(language)).length).toBeGreaterThanOrEqual(2);
  });

  test.each([
    'injection',
    'expected',
    'unsafe',
    'shared',
    'not_observable',
    'new_series',
    'low_volume',
    'mixed',
  ])('has cases marked %s', (tag) => {
    expect(cases.some(({ label }) => label.tags.includes(tag))).toBe(true);
  });

  test('has sixty cases held out, and ten of them empty', () => {
    const aside = cases.filter(({ label }) => label.split === 'held_out');
    expect(aside.length).toBeGreaterThanOrEqual(60);
    expect(aside.filter(({ label }) => label.empty).length).toBeGreaterThanOrEqual(10);
  });
});

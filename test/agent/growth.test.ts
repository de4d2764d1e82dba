import { describe, expect, test } from 'vitest';
import { changedFileOf } from '../../src/agent/code/changed-code.ts';
import { DETECTORS } from '../../src/agent/detectors/registry.ts';
import { readDiff } from '../../src/agent/diff/diff.ts';
import { growthOf } from '../support/growth.ts';
import { diffOf, planOf } from './diff-writing.ts';

/** Fourfold input may take tenfold time, with some milliseconds for what does not grow; a square would take sixteenfold. */
async function expectLinear(diffOfSize: (size: number) => string, size: number): Promise<void> {
  await planOf(diffOfSize(size));
  const [small, large] = [diffOfSize(size), diffOfSize(size * 4)];
  const growth = await growthOf(
    () => planOf(small),
    () => planOf(large),
    { enough: 10, grain: 8 },
  );
  expect(growth).toBeLessThan(10);
}

const LINES = [
  "  const row = await db.query('select a from b', [ID]);",
  '  const hit = await redis.get(ID);',
  "  if (user.role !== 'admin') throw new Forbidden(ID);",
  "  logger.info('ran', { ID, count });",
  '  for (const x of rows.filter((r) => r.open)) total += x.amount * rate;',
  '  return res.status(200).json({ ID, name });',
  "  await queue.add('bill', { ID });",
];
const codeOf = (lines: number): string =>
  Array.from({ length: lines }, (_, at) => LINES[at % LINES.length]?.replaceAll('ID', `id${at % 97}`)).join(
    '\n',
  );

describe('time grows with the text and no faster', () => {
  test('with more lines in one file', async () => {
    await expectLinear((lines) => diffOf('src/a.ts', null, `${codeOf(lines)}\n`), 2_000);
  }, 60_000);

  test('with more lines on both sides', async () => {
    const both = (lines: number): string =>
      diffOf('src/a.ts', `${codeOf(lines).replaceAll('const', 'let')}\n`, `${codeOf(lines)}\n`);
    await expectLinear(both, 1_000);
  }, 60_000);

  test('with more migrations', async () => {
    const steps = (lines: number): string =>
      diffOf(
        'migrations/1.ts',
        null,
        'exports.up = function (knex) {\n'.concat("  table.string('a');\n".repeat(lines)),
      );
    await expectLinear(steps, 1_000);
  }, 60_000);

  // Each is a run that some pattern could read in many ways.
  test.each([
    ['spaces', ' '],
    ['words', 'a '],
    ['names in a chain', 'a.b.'],
    ['open brackets', 'f('],
    ['closed brackets', 'f()'],
    ['commas', 'a, '],
    ['equals', 'a = '],
    ['quotes', "'a' "],
    ['modifiers', 'public static '],
    ['catches', 'catch ('],
    ['types', 'Map<'],
    ['braces', '{ a: '],
    ['numbers', '1.2.3'],
    ['arithmetic', 'amount * '],
    ['limits', 'timeout retry '],
    ['statements', 'update a set not null '],
    ['tags', '<a '],
    ['underscores', '_a_B'],
    ['back quotes', '`${'],
    ['comments', '/* '],
  ])(
    'with longer lines of %s',
    async (_, piece) => {
      for (const path of [
        'src/payments/client.ts',
        'app/jobs/a.py',
        'db/migrations/1.sql',
        'config/app.yaml',
        'package.json',
        'src/components/a.tsx',
      ]) {
        const wide = (chars: number): string =>
          diffOf(
            path,
            null,
            `${`${piece.repeat(Math.ceil(chars / piece.length)).slice(0, chars)}\n`.repeat(4)}`,
          );
        // Longer lines are not read at all.
        await expectLinear(wide, 950);
      }
    },
    60_000,
  );
});

test('every detector keeps its peace on a file it cannot know', () => {
  const [file] = readDiff(diffOf('src/run.zig', 'a\n', 'b\n')).files;
  const changed = file === undefined ? null : changedFileOf(file);
  expect(changed?.language).toBeNull();
  expect(changed === null ? null : DETECTORS.flatMap((detector) => detector.detect(changed))).toEqual([]);
});

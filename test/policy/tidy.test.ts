import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SIGNAL_KINDS } from '../../src/core/plan/signal-kinds.ts';
import { digestOf } from '../../src/ports/digest.ts';
import { VERSION } from '../../src/version.ts';
import { ROOT, sourceFiles } from './source-files.ts';

const MOST_LINES = 400;
const MOST_FUNCTION_LINES = 60;
/** The list of verbs and their options is one table, written as calls. */
const LONG_BY_NATURE = new Set(['src/cli.ts main']);

const source = [...sourceFiles('src'), ...sourceFiles('tools')];
const all = [...source, ...sourceFiles('test')];

/** Top-level functions with their lengths: from their first line to the brace that closes them at the margin. */
function functionsOf(text: string): readonly { readonly name: string; readonly lines: number }[] {
  const found: { name: string; lines: number }[] = [];
  let open: { readonly name: string; readonly at: number } | null = null;
  for (const [at, line] of text.split('\n').entries()) {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/.exec(line)?.[1];
    if (name !== undefined) open = { name, at };
    if (line.startsWith('}') && !line.startsWith('} ') && open !== null) {
      found.push({ name: open.name, lines: at - open.at + 1 });
      open = null;
    }
  }
  return found;
}

describe('every file', () => {
  test('was looked at', () => {
    expect(source.length).toBeGreaterThan(150);
    expect(all.length - source.length).toBeGreaterThan(50);
  });

  test(`of the source has at most ${MOST_LINES} lines`, () => {
    const long = source.filter(({ text }) => text.split('\n').length - 1 > MOST_LINES);
    expect(long.map(({ path }) => path)).toEqual([]);
  });

  test(`has functions of at most ${MOST_FUNCTION_LINES} lines`, () => {
    const functions = source.flatMap(({ path, text }) =>
      functionsOf(text).map(({ name, lines }) => ({ name: `${path} ${name}`, lines })),
    );
    expect(functions.length).toBeGreaterThan(600);
    const long = functions.filter(
      ({ name, lines }) => lines > MOST_FUNCTION_LINES && !LONG_BY_NATURE.has(name),
    );
    expect(long).toEqual([]);
  });

  test('is named in kebab-case, after a thing', () => {
    const odd = all.filter(({ path }) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(basename(path)));
    expect(odd.map(({ path }) => path)).toEqual([]);
    // The agent's closed list of tools is the one barrel there is.
    const vague = all
      .filter(({ path }) => path !== 'tools/index.ts')
      .filter(({ path }) =>
        /^(utils?|helpers?|misc|common|index|manager|service|types)\.ts$|-(utils?|helpers?|manager)\.ts$/.test(
          basename(path),
        ),
      );
    expect(vague.map(({ path }) => path)).toEqual([]);
  });

  test('exports by name, and has no enum', () => {
    const odd = source.filter(({ text }) => /^export default |^(?:export )?(?:const )?enum /m.test(text));
    expect(odd.map(({ path }) => path)).toEqual([]);
  });

  test('leaves nothing to do for later without an issue', () => {
    const later = all.filter(
      ({ path, text }) => !path.includes('tidy') && /\b(TODO|FIXME|XXX)\b(?! \(#\d+\))/.test(text),
    );
    expect(later.map(({ path }) => path)).toEqual([]);
  });
});

test('the version is the package’s', () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(VERSION).toBe(version);
});

test('the signal kinds are the closed list of fifty, and a change of it is a change of this line', () => {
  const kinds = Object.keys(SIGNAL_KINDS).toSorted();
  expect(kinds).toHaveLength(50);
  expect(digestOf(kinds)).toBe('17431517c790f6df2b7594e4e74956e1e2f9d4cffd25504557fab3bc6e5905c0');
});

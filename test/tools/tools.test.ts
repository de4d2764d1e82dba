import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { ChangeReads } from '../../src/ports/change-reads.ts';
import { TOOLS } from '../../tools/index.ts';
import { diffFile, readsOf } from '../agent/model/readable-change.ts';
import { sourceFiles, specifiersOf } from '../policy/source-files.ts';

const signal = new AbortController().signal;
const WIDE = Array.from({ length: 150 }, (_, at) =>
  diffFile(`src/f${at}.ts`, Array<string>(100).fill('x'.repeat(500))),
);
const EVERYTHING: ChangeReads = readsOf(WIDE, {
  components: ['checkout', 'search'],
  baseLines: async (_, from, to) => Array<string>(to - from + 1).fill('y'.repeat(200)),
  signalStats: async () => ({ events: 10, perMinute: 1, value: 0.5 }),
  dependencies: async () => ({ upstream: Array<string>(100).fill('a'), downstream: [] }),
  pastRollouts: async () =>
    Array(50).fill({
      outcome: 'complete',
      reachedPercent: 100,
      fired: Array(50).fill('cache.hit_ratio'),
      falseAlarms: 0,
    }),
});

async function use(name: string, input: unknown, reads = EVERYTHING) {
  const tool = TOOLS.find((each) => each.name === name);
  if (tool === undefined) throw new RangeError(`no tool ${name}`);
  return tool.output.parse(await tool.run(tool.input.parse(input), reads, signal)) as Record<string, never>;
}

describe('the tools', () => {
  test('are the closed list of seven, one to a file of its name', () => {
    const names = TOOLS.map(({ name }) => name);
    expect(names).toEqual([
      'list_changed_files',
      'read_hunks',
      'read_base_file',
      'list_signals',
      'get_signal_stats',
      'get_dependencies',
      'get_past_rollouts',
    ]);
    const files = sourceFiles('tools').map(({ path }) => path);
    const expected = names.map((name) => `tools/${name.replaceAll('_', '-')}.ts`);
    expect(files.toSorted()).toEqual([...expected, 'tools/index.ts', 'tools/tool.ts'].toSorted());
  });

  test('import nothing but their form, the closed lists and zod: nothing that reads by itself, or writes', () => {
    const taken = new Set(
      sourceFiles('tools')
        .flatMap(specifiersOf)
        .filter((name) => !name.startsWith('./')),
    );
    expect([...taken].sort()).toEqual([
      '../src/core/plan/signal-kinds.ts',
      '../src/ports/change-reads.ts',
      'zod',
    ]);
  });

  test('take no path, address or query: every text in an input is short or of a closed list', () => {
    for (const { name, input } of TOOLS) {
      const { properties = {} } = z.toJSONSchema(input);
      expect(Object.keys(properties), name).not.toContain('path');
      for (const [member, form] of Object.entries(properties)) {
        expect(JSON.stringify(form), `${name}.${member}`).toMatch(/"(?:maxLength|maximum|enum)"/);
      }
    }
  });

  test('are offered only where this place can answer', () => {
    const offered = (reads: ChangeReads) =>
      TOOLS.filter(({ isOffered }) => isOffered(reads)).map(({ name }) => name);
    expect(offered(readsOf(WIDE))).toEqual(['list_changed_files', 'read_hunks', 'list_signals']);
    expect(offered(EVERYTHING)).toHaveLength(7);
  });

  test.each([
    ['list_changed_files', { after: null }],
    ['list_changed_files', { after: 'f60' }],
    ['read_hunks', { file: 'f1', first: 1, count: 8 }],
    ['read_base_file', { file: 'f1', from: 1, to: 200 }],
    ['list_signals', { family: 'cache' }],
    ['list_signals', { family: null }],
    ['get_signal_stats', { component: 'checkout', signal: 'cache.hit_ratio', window: '7d' }],
    ['get_dependencies', { component: 'checkout' }],
    ['get_past_rollouts', { component: 'checkout', limit: 5 }],
  ])('%s answers %o in its own form, and in eight kilobytes', async (name, input) => {
    expect(JSON.stringify(await use(name, input)).length).toBeLessThan(8_192);
  });

  test('answer within eight kilobytes of the longest paths too, and say how many files are left', async () => {
    const files = Array.from({ length: 100 }, (_, at) => diffFile(`${'long/'.repeat(100)}${at}.ts`, ['x']));
    const answer = await use('list_changed_files', { after: null }, readsOf(files));
    expect(JSON.stringify(answer).length).toBeLessThan(8_192);
    expect(answer).toMatchObject({ more: expect.any(Number), files: expect.any(Array) });
    const { files: listed, more } = answer as unknown as {
      readonly files: readonly unknown[];
      readonly more: number;
    };
    expect(listed.length).toBeGreaterThan(5);
    expect(listed.length + more).toBe(100);
  });

  test('take no input of another form, and name nothing the change does not name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...TOOLS), fc.anything(), async ({ name }, input) => {
        const isListing = name === 'list_changed_files' || name === 'list_signals';
        if (isListing) return;
        await expect(use(name, input)).rejects.toThrow();
      }),
    );
    await expect(use('read_hunks', { file: '../../etc/passwd', first: 1, count: 1 })).rejects.toThrow();
    await expect(use('read_base_file', { file: 'f999', from: 1, to: 2 })).rejects.toThrow('no file');
    await expect(use('read_base_file', { file: 'f1', from: 1, to: 201 })).rejects.toThrow('200 lines');
    await expect(
      use('get_signal_stats', { component: 'other', signal: 'cache.hit_ratio', window: '1h' }),
    ).rejects.toThrow('no component');
    await expect(use('get_dependencies', { component: 'other' })).rejects.toThrow('no component');
    await expect(use('get_past_rollouts', { component: 'other', limit: 1 })).rejects.toThrow('no component');
  });

  test('page through files without losing or repeating one', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page++) {
      const { files, more } = (await use('list_changed_files', { after })) as unknown as {
        readonly files: readonly { readonly id: string }[];
        readonly more: number;
      };
      seen.push(...files.map(({ id }) => id));
      after = seen.at(-1) ?? null;
      if (more === 0) break;
    }
    expect(seen).toEqual(EVERYTHING.files.map(({ id }) => id));
  });

  test('say what they cut', async () => {
    const { hunks } = (await use('read_hunks', { file: 'f1', first: 1, count: 1 })) as unknown as {
      readonly hunks: readonly { readonly isCut: boolean; readonly text: string }[];
    };
    expect(hunks[0]?.isCut).toBe(true);
    expect(hunks[0]?.text.length).toBeLessThanOrEqual(6_000);
    expect(await use('read_base_file', { file: 'f1', from: 1, to: 200 })).toMatchObject({ isCut: true });
    const small = readsOf([diffFile('a.ts', ['one', 'two'])]);
    expect(await use('read_hunks', { file: 'f1', first: 1, count: 1 }, small)).toEqual({
      hunks: [{ id: 'f1h1', place: 'a.ts:10', text: '+one\n+two', isCut: false }],
    });
  });
});

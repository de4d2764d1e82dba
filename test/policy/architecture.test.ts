import { dirname, posix } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type SourceFile, sourceFiles, specifiersOf } from './source-files.ts';

/**
 * Who may import whom (DESIGN §2): core ← ports ← {agent, engine, simulate, render, server} ← main, commands, cli, demo.
 * Adapters stand beside, on ports and core; one never leans on another. A part is a folder of `src`, or a file in it.
 * Simulate drives the engine itself: what a plan would do is only worth knowing of the real one.
 */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ['core'],
  agent: ['tools', 'ports', 'core'],
  tools: ['ports', 'core'],
  engine: ['ports', 'core', 'version.ts'],
  simulate: ['engine', 'version.ts', 'ports', 'core'],
  render: ['ports', 'core'],
  server: ['ports', 'core', 'version.ts'],
  adapters: ['ports', 'core'],
  'config.ts': ['core'],
  'rollout-file.ts': ['config.ts'],
  'version.ts': [],
  // The agent is loaded by name, so that a build can do without it: see below.
  'main.ts': ['adapters', 'engine', 'server', 'config.ts', 'ports', 'core'],
  commands: [
    'adapters/terminal',
    'engine',
    'simulate',
    'main.ts',
    'config.ts',
    'rollout-file.ts',
    'render',
    'ports',
    'core',
  ],
  demo: [
    'adapters/terminal',
    'adapters/embedded',
    'commands',
    'main.ts',
    'config.ts',
    'render',
    'simulate',
    'ports',
    'core',
  ],
  'cli.ts': ['commands', 'demo', 'version.ts'],
};

/** What each inner part may take from outside the repository; the others answer for themselves. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  core: ['zod'],
  ports: ['node:crypto'],
  agent: ['zod'],
  tools: ['zod'],
  engine: [],
  simulate: [],
  render: ['node:util'],
};

const files = [...sourceFiles('src'), ...sourceFiles('tools')];
const partOf = (path: string) => path.split('/')[path.startsWith('tools/') ? 0 : 1] ?? '';
const folderOf = (path: string) => path.split('/').slice(1, 3).join('/');
const isRelative = (specifier: string) => specifier.startsWith('.');
const targetOf = (file: SourceFile, specifier: string) => posix.join(dirname(file.path), specifier);

function isAllowed(from: string, to: string): boolean {
  const allowed = ALLOWED[partOf(from)] ?? [];
  if (partOf(from) === 'adapters' && partOf(to) === 'adapters') return folderOf(from) === folderOf(to);
  return partOf(from) === partOf(to) || allowed.includes(partOf(to)) || allowed.includes(folderOf(to));
}

describe('the way through the house', () => {
  test('was looked at in full', () => {
    expect(files.length).toBeGreaterThan(150);
    const relative = files.flatMap((file) => specifiersOf(file).filter(isRelative));
    expect(relative.length).toBeGreaterThan(400);
    expect(new Set(files.map((file) => partOf(file.path)))).toEqual(new Set(Object.keys(ALLOWED)));
  });

  test('has no forbidden import, type-only ones included', () => {
    const forbidden = files.flatMap((file) =>
      specifiersOf(file)
        .filter(isRelative)
        .map((specifier) => targetOf(file, specifier))
        .filter((to) => !/^(?:src|tools)\//.test(to) || !isAllowed(file.path, to))
        .map((to) => `${file.path} → ${to}`),
    );
    expect(forbidden).toEqual([]);
  });

  test('leads to no package the inner parts may not take', () => {
    const taken = files.flatMap((file) => {
      const allowed = PACKAGES[partOf(file.path)];
      const outside = specifiersOf(file).filter((specifier) => !isRelative(specifier));
      return allowed === undefined
        ? []
        : outside.filter((name) => !allowed.includes(name)).map((name) => `${file.path} → ${name}`);
    });
    expect(taken).toEqual([]);
  });

  test('is seen where it is broken', () => {
    const broken: SourceFile = {
      path: 'src/core/gate/decide.ts',
      text: "import type { Clock } from '../../ports/clock.ts';\nawait import('../../engine/tick.ts');\nexport {\n} from 'zod';\n",
    };
    expect(specifiersOf(broken)).toEqual(['../../ports/clock.ts', '../../engine/tick.ts', 'zod']);
    expect(isAllowed(broken.path, targetOf(broken, '../../ports/clock.ts'))).toBe(false);
    expect(isAllowed('src/engine/tick.ts', 'src/agent/risk.ts')).toBe(false);
    expect(isAllowed('src/server/api.ts', 'src/adapters/sqlite/store.ts')).toBe(false);
    expect(isAllowed('src/commands/plan.ts', 'src/adapters/sqlite/store.ts')).toBe(false);
  });
});

describe('the agent', () => {
  test('is known to the rest of the house by one name in main.ts alone', () => {
    const namers = sourceFiles('src')
      .filter(({ path, text }) => !path.startsWith('src/agent/') && /'[^'\n]*agent\/[^'\n]*'/.test(text))
      .map(({ path }) => path);
    expect(namers).toEqual(['src/main.ts']);
  });
});

describe('the planners (B1)', () => {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const reached = (from: readonly string[]): ReadonlySet<string> => {
    const seen = new Set<string>();
    const next = [...from];
    for (let path = next.pop(); path !== undefined; path = next.pop()) {
      const file = byPath.get(path);
      if (file === undefined || seen.has(path)) continue;
      seen.add(path);
      next.push(
        ...specifiersOf(file)
          .filter(isRelative)
          .map((specifier) => targetOf(file, specifier)),
      );
    }
    return seen;
  };
  const planners = files.map(({ path }) => path).filter((path) => /^(?:src\/agent|tools)\//.test(path));
  const WRITERS =
    /^src\/(?:adapters|engine|server|commands|demo)\/|^src\/ports\/(?:exposure|store|chat|control)\.ts$/;

  test('reach no client, and no port, that could write to anything', () => {
    const graph = [...reached(planners)];
    expect(graph).toContain('src/agent/model/conversation.ts');
    expect(graph).toContain('tools/read-hunks.ts');
    expect(graph.length).toBeGreaterThan(60);
    expect(graph.filter((path) => WRITERS.test(path))).toEqual([]);
  });

  test('would be seen to, if one did', () => {
    expect([...reached(['src/main.ts'])].filter((path) => WRITERS.test(path)).length).toBeGreaterThan(10);
  });

  test('leave the model’s SDK to its adapter', () => {
    const users = files.filter((file) =>
      specifiersOf(file).some((name) => name.startsWith('@anthropic-ai/')),
    );
    expect(users.length).toBeGreaterThan(0);
    expect(users.filter(({ path }) => !path.startsWith('src/adapters/anthropic/'))).toEqual([]);
  });
});

describe('the core', () => {
  const core = files.filter((file) => partOf(file.path) === 'core');

  test.each([
    { what: 'chance', pattern: /Math\.random|crypto\./ },
    { what: 'clock', pattern: /\bDate\b|performance\.now/ },
    { what: 'waiting', pattern: /\bawait\b|\basync\b|\bPromise\b|setTimeout/ },
    {
      what: 'outside',
      pattern: /\bprocess\.(?:env|argv|cwd|exit|stdout|stderr|hrtime|on)\b|\bfetch\(|globalThis|console\./,
    },
  ])('knows no $what', ({ pattern }) => {
    expect(core.length).toBeGreaterThan(60);
    const known = core.flatMap(({ path, text }) => {
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'[^'\n]*'/g, '');
      return pattern.test(code) ? [path] : [];
    });
    expect(known).toEqual([]);
  });

  test('makes a decision in one place only', () => {
    const makers = core
      .filter(({ text }) => /open\('promote'|kind: 'promote'/.test(text))
      .map(({ path }) => path);
    expect(makers).toEqual(['src/core/gate/decide.ts']);
  });
});

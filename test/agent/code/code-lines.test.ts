import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { strippedLines } from '../../../src/agent/code/code-lines.ts';
import type { Language } from '../../../src/agent/code/language.ts';

/** Code with white space folded, one string per line; lines of nothing are empty. */
const codeOf = (language: Language, ...lines: string[]): string[] =>
  strippedLines(lines, language).map((line) => line.code.replaceAll(/\s+/g, ' ').trim());

describe('strips comments and the insides of strings', () => {
  test.each<{ title: string; language: Language; lines: string[]; code: string[] }>([
    {
      title: 'TypeScript comments, strings and templates, but not the code inside a template',
      language: 'typescript',
      lines: [
        "a('cache'); // cache",
        '/* cache',
        ' * cache */ b("x\\"cache");',
        `\`cache \${redis.get(\`k\${id}\`)} cache\`;`,
      ],
      code: ["a('');", '', "b('');", "'' redis.get('' id ) ;"],
    },
    {
      title: 'a quote inside a regular expression',
      language: 'typescript',
      lines: ["const quote = /['\"/]/.test(x) ? a / b : c / d; cache('x');"],
      code: ["const quote = ''.test(x) ? a / b : c / d; cache('');"],
    },
    {
      title: 'an apostrophe in the text of a page, up to the end of its line',
      language: 'typescript',
      lines: ["<p>Don't cache</p>", 'fetch(url)'],
      code: ["<p>Don''", 'fetch(url)'],
    },
    {
      title: 'a template over several lines',
      language: 'typescript',
      lines: ['const q = sql`', '  select cache from token', '`;', 'run(q);'],
      code: ["const q = sql''", '', ';', 'run(q);'],
    },
    {
      title: 'Python comments and documentation strings',
      language: 'python',
      lines: [
        'def f():  # cache',
        '    """Cache.',
        '    token',
        '    """',
        "    return g(r'\\d cache', \"it's\")",
      ],
      code: ['def f():', "''", '', '', "return g(r'', '')"],
    },
    {
      title: 'Go raw strings, where a backslash is a backslash',
      language: 'go',
      lines: ['a(`\\`); b("cache") // cache', "c('x')"],
      code: ["a(''); b('')", "c('')"],
    },
    {
      title: 'Kotlin text blocks',
      language: 'java',
      lines: ['val q = """', 'cache " token', '"""', "f('c')"],
      code: ["val q = ''", '', '', "f('')"],
    },
    {
      title: 'Ruby comments, word lists and here-documents',
      language: 'ruby',
      lines: [
        'run(<<~SQL, %w[cache token]) # cache',
        '  drop table cache',
        'SQL',
        'go "#{cache}"',
        '=begin',
        'cache',
        '=end',
        'x',
      ],
      code: ["run('', '')", '', '', "go ''", '', '', '', 'x'],
    },
    {
      title: 'C# verbatim strings',
      language: 'csharp',
      lines: ['a(@"c:\\"); b(@"say ""cache"""); c()'],
      code: ["a(''); b(''); c()"],
    },
    {
      title: 'PHP hash comments, but not attributes',
      language: 'php',
      lines: ['#[Route("/cache")]', '$a = 1; # cache', '$q = <<<EOT', 'cache', 'EOT;', 'f();'],
      code: ["#[Route('')]", '$a = 1;', "$q = ''", '', '', 'f();'],
    },
    {
      title: 'Rust lifetimes, characters, raw strings and nested comments',
      language: 'rust',
      lines: ["fn f<'a>(x: &'a str) { g('\"'); }", '/* a /* b */ cache */ h(r#"say "cache""#);'],
      code: ["fn f<'a>(x: &'a str) { g(''); }", "h('');"],
    },
    {
      title: 'SQL comments and strings',
      language: 'sql',
      lines: ["select 'it''s cache' -- cache", '/* token */ from x'],
      code: ["select ''", 'from x'],
    },
    {
      title: 'a script inside a page',
      language: 'markup',
      lines: ['<!-- cache.get(x) -->', '<script>', "fetch('/x')", '</script>'],
      code: ['', '<script>', "fetch('')", '</script>'],
    },
    {
      title: 'fields of messages',
      language: 'schema',
      lines: ['// cache', 'message Order {', '  string id = 1; // token', '}'],
      code: ['', 'message Order {', 'string id = 1;', '}'],
    },
  ])('$title', ({ language, lines, code }) => {
    expect(codeOf(language, ...lines)).toEqual(code);
  });

  test('keeps what the strings held beside the code', () => {
    expect(strippedLines([`f('a', \`b\${c}d\`)`], 'typescript')[0]?.strings).toEqual(['a', 'b', 'd']);
  });
});

describe('knows when a hunk begins inside of something', () => {
  test('a documentation comment that closes', () => {
    expect(codeOf('typescript', ' * cache.get', ' */', 'run();')).toEqual(['', '', 'run();']);
  });

  test('a documentation comment that does not close in the hunk', () => {
    expect(codeOf('typescript', ' * cache.get(x)', ' * jwt.verify(x)')).toEqual(['', '']);
  });

  test('a comment without stars', () => {
    expect(codeOf('java', 'cache.get(x);', '*/', 'run();')).toEqual(['', '', 'run();']);
  });

  test('a documentation string', () => {
    expect(codeOf('python', '    Uses the cache.', '    """', '    run()')).toEqual(['', '', 'run()']);
  });

  test('but a string that runs on past the hunk hides only itself', () => {
    expect(codeOf('python', 'run()', 'q = """', '  cache')).toEqual(['run()', "q = ''", '']);
  });

  test('and a close inside a string opens nothing', () => {
    expect(codeOf('typescript', 'run();', "glob('**/*.ts');", 'walk();')).toEqual([
      'run();',
      "glob('');",
      'walk();',
    ]);
  });
});

describe('marks imports', () => {
  test.each<{ language: Language; lines: string[]; imports: boolean[] }>([
    {
      language: 'typescript',
      lines: [
        "import { a } from 'a';",
        "export * from 'b';",
        "const c = require('c');",
        "await import('d');",
      ],
      imports: [true, true, true, false],
    },
    {
      language: 'typescript',
      lines: ['import {', '  redis,', "} from 'redis';", 'redis.get(x);'],
      imports: [true, true, true, false],
    },
    {
      language: 'typescript',
      lines: ['  redis,', '  cache,', "} from 'redis';"],
      imports: [true, true, true],
    },
    {
      language: 'python',
      lines: ['import redis', 'from a import b', 'from a import (', '    b,', ')', 'b()'],
      imports: [true, true, true, true, true, false],
    },
    {
      language: 'go',
      lines: ['import (', '\t"context"', '\tr "redis"', ')', 'r.Get()'],
      imports: [true, true, true, true, false],
    },
    { language: 'java', lines: ['package a;', 'import b.C;', 'C.d();'], imports: [true, true, false] },
    { language: 'csharp', lines: ['using System.Net;', 'using var x = Open();'], imports: [true, false] },
    { language: 'php', lines: ['use App\\Cache;', 'cache();'], imports: [true, false] },
    { language: 'ruby', lines: ["require 'redis'", 'redis.get'], imports: [true, false] },
    { language: 'rust', lines: ['use a::{', '    b,', '};', 'b();'], imports: [true, true, true, false] },
  ])('$language: $lines', ({ language, lines, imports }) => {
    expect(strippedLines(lines, language).map((line) => line.isImport)).toEqual(imports);
  });
});

describe('settings become names with plain values', () => {
  test.each([
    {
      title: 'YAML with parents',
      lines: ['db:', '  pool:', '    max: 20 # more', '  name: cache'],
      code: ['', '', 'db.pool.max = 20', "db.name = ''"],
    },
    {
      title: 'YAML with anchors',
      lines: ['base: &base', '  replicas: &count 3', 'app:', '  <<: *base', '  workers: *count'],
      code: ['', 'base.replicas = 3', '', '', ''],
    },
    {
      title: 'blocks of Terraform',
      lines: ['resource "aws_sqs_queue" "orders" {', '  visibility_timeout_seconds = 30', '}'],
      code: ['', 'resource_aws_sqs_queue_orders.visibility_timeout_seconds = 30', ''],
    },
    {
      title: 'directives of a proxy',
      lines: ['server {', '  proxy_read_timeout 10s;', '}'],
      code: ['', 'server.proxy_read_timeout = 10s', ''],
    },
    {
      title: 'JSON',
      lines: ['{', '  "cacheTtl": 60,', '  "url": "http://x"', '}'],
      code: ['', 'cacheTtl = 60', "url = ''", ''],
    },
    {
      title: 'TOML sections',
      lines: ['[http.client]', 'timeout = "2s"', '# retry = 3'],
      code: ['', 'http.client.timeout = 2s', ''],
    },
    {
      title: 'environment files',
      lines: ['CACHE_TTL=60', 'NOTE=retry the cache'],
      code: ['CACHE_TTL = 60', "NOTE = ''"],
    },
  ])('$title', ({ lines, code }) => {
    expect(codeOf('settings', ...lines)).toEqual(code);
  });
});

test('any lines in any language come out as many as they went in, and none throws', () => {
  const piece = fc.constantFrom(
    '/*',
    '*/',
    "'",
    '"',
    '`',
    '"""',
    '${',
    '}',
    '//',
    '#',
    '<<~A',
    'A',
    '\\',
    'r#"',
    '/',
    ' ',
    'x',
    'import',
    '*',
    '--',
  );
  const line = fc.oneof(
    fc.string(),
    fc.array(piece).map((all) => all.join('')),
  );
  const language = fc.constantFrom<Language>(
    'typescript',
    'python',
    'go',
    'java',
    'ruby',
    'csharp',
    'php',
    'rust',
    'sql',
    'markup',
    'schema',
    'settings',
    'manifest',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), language, (lines, each) => {
      expect(strippedLines(lines, each)).toHaveLength(lines.length);
    }),
    { numRuns: 400 },
  );
});

describe('annotations that only document', () => {
  const codesOf = (lines: readonly string[], language: 'java' | 'typescript' | 'csharp') =>
    strippedLines(lines, language).map(({ code }) => code.trim());

  test('are no code, over however many lines', () => {
    const lines = [
      '@Operation(',
      '    summary = "List contacts",',
      '    responses = { @ApiResponse(responseCode = "429") })',
      '@GetMapping("/contacts")',
    ];
    expect(codesOf(lines, 'java')).toEqual(['', '', '', "@GetMapping('')"]);
    expect(codesOf(["@ApiOperation({ summary: 'List' })", '@Get()'], 'typescript')).toEqual(['', '@Get()']);
    expect(codesOf(['[ProducesResponseType(StatusCodes.Status200OK)]', '[HttpGet]'], 'csharp')).toEqual([
      '',
      '[HttpGet]',
    ]);
  });

  test('hide nothing that stands behind them on their last line, and nothing where they do not end', () => {
    expect(codesOf(['@Schema(description = "id") @NotNull String id,'], 'java')).toEqual([
      "@Schema(description = '') @NotNull String id,",
    ]);
    expect(codesOf(['@Operation(', '    summary = "x",', 'delete(id);'], 'java')).toContain('delete(id);');
  });
});

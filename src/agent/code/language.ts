import { extensionOf, nameOf, type PathClass } from '../diff/path-class.ts';

/**
 * The families whose comments and strings we can tell from code. `markup` is a script inside a page (Vue, Svelte), `schema` a
 * message or API description (Protocol Buffers, GraphQL, Avro); `settings` is YAML, Terraform, TOML, JSON and the like;
 * `manifest` is any list of packages, all of it text but for whoever looks for package names.
 */
export type Language =
  | 'typescript'
  | 'python'
  | 'go'
  | 'java'
  | 'ruby'
  | 'csharp'
  | 'php'
  | 'rust'
  | 'sql'
  | 'markup'
  | 'schema'
  | 'settings'
  | 'manifest';

/** How one kind of string starts, ends and escapes its own end. */
export interface Quote {
  readonly open: string;
  readonly close: string;
  readonly escape: 'backslash' | 'doubled' | 'none';
  readonly spansLines: boolean;
  /** Code inside the string, as in a template literal. */
  readonly isTemplate?: boolean;
}

export interface Lexis {
  readonly lineComments: readonly string[];
  readonly blockComments: readonly {
    readonly open: string;
    readonly close: string;
    readonly nests: boolean;
  }[];
  /** Longer openings first. */
  readonly quotes: readonly Quote[];
  readonly hasRegexLiterals: boolean;
  /** Matches, at a given place, a one-line literal that is neither string nor code: a character, a word list. */
  readonly literal: RegExp | null;
  /** Matches the opening of a here-document at a given place; its group 1 is the terminator. */
  readonly heredoc: RegExp | null;
}

const EXTENSIONS: ReadonlyMap<string, Language> = new Map(
  Object.entries({
    typescript: ['ts', 'tsx', 'mts', 'cts', 'js', 'jsx', 'mjs', 'cjs', 'es6'],
    python: ['py', 'pyi'],
    go: ['go'],
    java: ['java', 'kt', 'kts', 'scala', 'groovy', 'swift'],
    ruby: ['rb', 'rake', 'ru', 'jbuilder'],
    csharp: ['cs'],
    php: ['php'],
    rust: ['rs'],
    sql: ['sql'],
    markup: ['vue', 'svelte', 'astro', 'html', 'htm'],
    schema: ['proto', 'graphql', 'graphqls', 'gql', 'avdl', 'thrift', 'prisma'],
    settings: [
      'yaml',
      'yml',
      'toml',
      'json',
      'ini',
      'env',
      'properties',
      'conf',
      'cfg',
      'tf',
      'tfvars',
      'hcl',
      'json5',
      'jsonc',
      'avsc',
      'xml',
    ],
    manifest: [],
  } satisfies Record<Language, readonly string[]>).flatMap(([language, extensions]) =>
    extensions.map((extension) => [extension, language as Language] as const),
  ),
);

/** The language of a path by its class and extension; null when the scanner knows none. */
export function languageOf(path: string, pathClass: PathClass): Language | null {
  if (pathClass === 'manifest') return 'manifest';
  if (/^(?:dockerfile|procfile|\.env)/.test(nameOf(path))) return 'settings';
  return EXTENSIONS.get(extensionOf(path)) ?? null;
}

const SLASHES = { open: '/*', close: '*/', nests: false };

function quote(open: string, more: Partial<Quote> = {}): Quote {
  return { open, close: open, escape: 'backslash', spansLines: false, ...more };
}

const PLAIN = [quote('"'), quote("'")];
const TRIPLE = quote('"""', { spansLines: true });
const C_LIKE: Lexis = {
  lineComments: ['//'],
  blockComments: [SLASHES],
  quotes: PLAIN,
  hasRegexLiterals: false,
  literal: null,
  heredoc: null,
};

/** Settings are read by `setting-lines.ts`, where a quoted key is no string. */
export const LEXES: Readonly<Record<Exclude<Language, 'settings' | 'manifest'>, Lexis>> = {
  typescript: {
    ...C_LIKE,
    quotes: [...PLAIN, quote('`', { spansLines: true, isTemplate: true })],
    hasRegexLiterals: true,
  },
  python: {
    ...C_LIKE,
    lineComments: ['#'],
    blockComments: [],
    quotes: [TRIPLE, quote("'''", { spansLines: true }), ...PLAIN],
  },
  go: { ...C_LIKE, quotes: [...PLAIN, quote('`', { spansLines: true, escape: 'none' })] },
  java: { ...C_LIKE, quotes: [TRIPLE, ...PLAIN] },
  ruby: {
    lineComments: ['#'],
    blockComments: [{ open: '=begin', close: '=end', nests: false }],
    quotes: [...PLAIN, quote('`')],
    hasRegexLiterals: true,
    literal: /%[wWiIqQ][[({][^\])}]{0,500}[\])}]/y,
    heredoc: /<<[~-]?["']?([A-Z_][A-Z0-9_]*)/y,
  },
  csharp: {
    ...C_LIKE,
    quotes: [
      quote('"""', { spansLines: true, escape: 'none' }),
      ...['$@"', '@$"', '@"'].map((open) => quote(open, { close: '"', escape: 'doubled', spansLines: true })),
      ...PLAIN,
    ],
  },
  php: { ...C_LIKE, lineComments: ['//', '#'], heredoc: /<<<\s?["']?([A-Za-z_][A-Za-z0-9_]*)/y },
  rust: {
    ...C_LIKE,
    blockComments: [{ ...SLASHES, nests: true }],
    // A lone quote is a lifetime, not a character.
    literal: /'(?:\\[^']{1,10}|\\'|[^'\\])'/y,
    quotes: [
      quote('r##"', { close: '"##', escape: 'none', spansLines: true }),
      quote('r#"', { close: '"#', escape: 'none', spansLines: true }),
      quote('r"', { close: '"', escape: 'none', spansLines: true }),
      quote('"', { spansLines: true }),
    ],
  },
  markup: {
    ...C_LIKE,
    blockComments: [SLASHES, { open: '<!--', close: '-->', nests: false }],
    quotes: [...PLAIN, quote('`', { spansLines: true, isTemplate: true })],
    hasRegexLiterals: true,
  },
  schema: { ...C_LIKE, lineComments: ['//', '#'], quotes: [TRIPLE, ...PLAIN] },
  sql: {
    ...C_LIKE,
    lineComments: ['--'],
    quotes: [quote("'", { escape: 'doubled', spansLines: true })],
  },
};

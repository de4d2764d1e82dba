import type { Language } from './language.ts';

/** The most lines one import statement may span before it is taken for something else. */
const MAX_IMPORT_LINES = 200;

interface ImportSyntax {
  /** A whole import on one line. */
  readonly whole: RegExp;
  /** The first line of an import that goes on. */
  readonly opens: RegExp | null;
  /** A line that can stand between opening and close. */
  readonly inner: RegExp;
  readonly closes: RegExp;
}

const NAMES = /^[\w\s$,*{}]{0,2000}$/;
const NEVER = /^(?!)/;
const JVM: ImportSyntax = { whole: /^(?:import|package)\s/, opens: null, inner: NEVER, closes: NEVER };

/** Strings are already empty (`''`) when these are applied, and every line is trimmed. */
const SYNTAX: Readonly<
  Record<Exclude<Language, 'settings' | 'manifest' | 'sql' | 'markup' | 'schema'>, ImportSyntax>
> = {
  typescript: {
    whole:
      /^(?:import\b(?!\s*\().*''|export\s.{0,2000}\sfrom\s*''|(?:const|let|var)\s[\w\s{},:$]{1,500}=\s*require\(''\));?$/,
    opens: /^(?:import|export)\s(?:type\s)?\s*(?:\w+,\s*)?\{[^}]*$/,
    inner: NAMES,
    closes: /^\}\s*from\s*'';?$/,
  },
  python: {
    whole: /^(?:import\s|from\s\S+\simport\s[^(]*$|from\s\S+\simport\s\(.*\)$)/,
    opens: /^from\s\S+\simport\s\([^)]*$/,
    inner: NAMES,
    closes: /^\)$/,
  },
  go: {
    whole: /^(?:package\s|import\s+(?:[\w.]+\s+)?''$|(?:[\w.]+\s+)?''$)/,
    opens: /^import\s*\($/,
    inner: /^(?:[\w.]+\s+)?(?:'')?$/,
    closes: /^\)$/,
  },
  java: JVM,
  csharp: { ...JVM, whole: /^(?:global\s)?(?:using\s(?!var\b)[\w\s.=<>,]+;|namespace\s[\w.]+\s*[;{]?)$/ },
  php: { ...JVM, whole: /^(?:use\s[\w\\\s,{}]+;|namespace\s|(?:require|include)(?:_once)?\s*\(?''\)?;)/ },
  ruby: { ...JVM, whole: /^(?:require|require_relative|load)\s*\(?''\)?$/ },
  rust: {
    whole: /^(?:pub\s)?(?:use|mod|extern crate)\s[^{]*;$|^(?:pub\s)?use\s.*\};$/,
    opens: /^(?:pub\s)?use\s[^;]*\{[^;]*$/,
    inner: /^[\w\s:,{}*]{0,2000}$/,
    closes: /^\};$/,
  },
};

/**
 * The places, counted from 0, of lines that only bring names in. `codes` are consecutive stripped lines; a hunk may
 * begin inside an import, so a close without an opening claims the names above it.
 */
export function importedLines(codes: readonly string[], language: Language): ReadonlySet<number> {
  const found = new Set<number>();
  if (language === 'settings' || language === 'manifest' || language === 'sql' || language === 'schema')
    return found;
  const { whole, opens, inner, closes } = SYNTAX[language === 'markup' ? 'typescript' : language];
  let openedAt: number | null = null;
  const mark = (from: number, to: number): void => {
    for (let at = from; at <= to; at += 1) found.add(at);
  };
  codes.forEach((line, at) => {
    const code = line.trim();
    if (openedAt !== null) {
      if (closes.test(code)) mark(openedAt, at);
      if (closes.test(code) || !inner.test(code) || at - openedAt > MAX_IMPORT_LINES) openedAt = null;
    } else if (whole.test(code)) found.add(at);
    else if (opens?.test(code) === true) openedAt = at;
    else if (language === 'typescript' && closes.test(code) && at <= MAX_IMPORT_LINES) {
      if (codes.slice(0, at).every((above) => inner.test(above.trim()))) mark(0, at);
    }
  });
  return found;
}

import type { Language } from './language.ts';
import { untyped } from './types-only.ts';

/**
 * A stripped line as every formatter, linter and extractor leaves it: two lines with the same canonical text do the same, however
 * they are written. Types go, and so do shorthand, modifiers and the word for the object itself.
 */
export function canonicalCode(code: string, language: Language): string {
  let text = untyped(code, language);
  for (const [old, current] of RENAMED[language] ?? []) text = text.replaceAll(old, current);
  switch (language) {
    case 'ruby':
      text = text
        .replaceAll(/:(\w{1,60})\s?=>\s?/g, '$1: ')
        .replaceAll(/\b(\w{1,60}): \1\b(?![\w.([?!])/g, '$1:')
        .replaceAll(/\bself\./g, '');
      break;
    case 'typescript':
      text = text
        .replaceAll(/\bthis\./g, '')
        .replace(MODIFIERS, '')
        .replaceAll(/\b(\w{1,60}): \1\b(?=\s?[,}])/g, '$1')
        // What stood in brackets only for its type.
        .replaceAll(/(?<=[?:=,]\s?)\(([\w.]{1,80})\s*\)/g, '$1');
      break;
    case 'python':
      text = text
        .replaceAll(/\bself\./g, '')
        .replaceAll(/\bcast\((?:''|[\w.[\]]{1,60}),\s?([\w.]{1,80}\([^()]{0,200}\)|[\w.]{1,80})\)/g, '$1');
      break;
    case 'php':
      text = text.replaceAll(/\$this->/g, '').replace(MODIFIERS, '');
      break;
    case 'java':
      text = text
        .replaceAll(
          /@(?:Nullable|NonNull|Nonnull|CheckForNull|Override|Deprecated|SuppressWarnings(?:\([^)]{0,80}\))?)\b\s*/g,
          '',
        )
        .replaceAll(/\b(\d+)L\b/g, '$1')
        .replaceAll(/\bthis\./g, '')
        .replace(MODIFIERS, '');
      break;
    case 'rust':
      text = text.replaceAll(/<'\w{1,20}>|(?<=&)'\w{1,20}\s/g, '').replace(/^\s*return\s(.{1,200});$/, '$1');
      break;
    case 'csharp':
      text = text.replaceAll(/\bthis\./g, '').replace(MODIFIERS, '');
      break;
    case 'sql':
      text = text.toLowerCase().replaceAll(/\b(?:as|inner)\s/g, '');
      break;
    default:
      break;
  }
  return text.replaceAll(/\s+/g, '').replace(/;$/, '');
}

/**
 * What the languages and their frameworks gave another name and left as it was, by their own release notes: Go 1.16 (io/ioutil) and
 * 1.18 (any), Kotlin 1.5, Ruby 3.2, Rails 4.0 and 6.1, Node's Buffer, Python 3.3's collections.abc, Java's boxed constructors.
 */
const RENAMED: { readonly [Name in Language]?: readonly (readonly [RegExp, string])[] } = {
  go: [
    [/\bioutil\.(ReadAll|NopCloser|Discard)\b/g, 'io.$1'],
    [/\bioutil\.(ReadFile|WriteFile)\b/g, 'os.$1'],
    [/\bioutil\.TempFile\b/g, 'os.CreateTemp'],
    [/\bioutil\.TempDir\b/g, 'os.MkdirTemp'],
    [/\binterface\{\}/g, 'any'],
  ],
  java: [
    [/\.toLowerCase\(\)/g, '.lowercase()'],
    [/\.toUpperCase\(\)/g, '.uppercase()'],
    [/\bnew (Integer|Long|Double|Boolean)\(/g, '$1.valueOf('],
  ],
  ruby: [
    [/\b(File|Dir)\.exists\?/g, '$1.exist?'],
    [/\b(before|after|around)_filter\b/g, '$1_action'],
    [/\bupdate_attributes(?=[!( ])/g, 'update'],
  ],
  typescript: [[/\bnew Buffer\(/g, 'Buffer.from(']],
  python: [[/\bcollections\.(Mapping|MutableMapping|Sequence|Iterable|Callable)\b/g, 'collections.abc.$1']],
};

/** At the head of a declaration; what is declared stays. */
const MODIFIERS =
  /^\s*(?:(?:export|default|public|private|protected|internal|static|final|sealed|readonly|override|async|function|abstract)\s+)+(?=[\w$<])/;

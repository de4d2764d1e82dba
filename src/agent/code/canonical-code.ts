import type { Language } from './language.ts';
import { untyped } from './types-only.ts';

/**
 * A stripped line as every formatter, linter and extractor leaves it: two lines with the same canonical text do the same, however
 * they are written. Types go, and so do shorthand, modifiers and the word for the object itself.
 */
export function canonicalCode(code: string, language: Language): string {
  let text = untyped(code, language);
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

/** At the head of a declaration; what is declared stays. */
const MODIFIERS =
  /^\s*(?:(?:export|default|public|private|protected|internal|static|final|sealed|readonly|override|async|function|abstract)\s+)+(?=[\w$<])/;

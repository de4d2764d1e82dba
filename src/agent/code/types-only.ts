import type { Language } from './language.ts';

const TYPE_HEAD =
  /^\s*(?:export\s+)?(?:declare\s+)?(?:interface\s+[\w$]+|type\s+[\w$]+(?:<[^=]{1,200}>)?\s*=)/;

/**
 * Which lines of a TypeScript side declare a type and nothing else: nothing of them exists when the program runs. `heading` is
 * what git prints of the block that the side begins in.
 */
export function typeLines(codes: readonly string[], language: Language, heading: string): readonly boolean[] {
  if (language === 'python') return typedDictLines(codes);
  if (language !== 'typescript') return codes.map(() => false);
  let depth = 0;
  // The heading is the last line that began a block; where the first line of the side begins at the margin, that block is over.
  const first = codes.find((code) => code.trim() !== '') ?? '';
  let isInside = TYPE_HEAD.test(heading) && heading.trimEnd().endsWith('{') && /^\s/.test(first);
  if (isInside) depth = 1;
  return codes.map((code) => {
    const begins = !isInside && TYPE_HEAD.test(code);
    if (!isInside && !begins) return false;
    if (begins) depth = 0;
    isInside = true;
    depth += bracketsOf(code);
    const ends = depth <= 0 && /[;}'\w\]>)]\s*$/.test(code) && !/[|&=<,]\s*$/.test(code);
    if (ends) isInside = false;
    return true;
  });
}

/** `class Claims(TypedDict):` and the fields below it; `Kind = Literal[…]`. */
function typedDictLines(codes: readonly string[]): readonly boolean[] {
  let isInside = false;
  return codes.map((code) => {
    if (/^\s*class\s\w+\((?:[\w.]*\.)?(?:TypedDict|Protocol)\b/.test(code)) isInside = true;
    else if (isInside && code.trim() !== '' && !/^\s+\w+\s?:/.test(code)) isInside = false;
    return (
      isInside || /^\w+(?:\s?:\s?TypeAlias)?\s?=\s?(?:Literal|Union|Optional|NewType|TypeVar)\b/.test(code)
    );
  });
}

function bracketsOf(code: string): number {
  let depth = 0;
  for (const sign of code) {
    if (sign === '{' || sign === '(' || sign === '[') depth += 1;
    else if (sign === '}' || sign === ')' || sign === ']') depth -= 1;
  }
  return depth;
}

const GENERICS = /(?<=[\w$])<[\w\s,.|?&[\]{}:'$]{1,120}>(?=[\s(),;>=\]|]|$)/g;
/** Built-in types, and names as types have them: a value of an object is seldom called so. */
const ONE_TYPE =
  '(?:string|number|boolean|void|unknown|any|never|null|undefined|object|bigint|[A-Z]\\w*[a-z]\\w*(?:\\.[A-Z]\\w*)?|JSX\\.Element)(?:<[^=;]{1,120}>)?(?:\\[\\])*';
const ANNOTATION = new RegExp(
  `(?<=[\\w$)\\]])\\??:\\s?(?:readonly\\s)?${ONE_TYPE}(?:\\s?[|&]\\s?${ONE_TYPE})*(?=\\s?(?:[,)=;{]|=>|$))`,
  'g',
);

/** A line without its type annotations, so that two lines which differ in nothing else are seen to be the same. */
export function untyped(code: string, language: Language): string {
  switch (language) {
    case 'typescript':
      return code
        .replaceAll(GENERICS, '')
        .replaceAll(ANNOTATION, '')
        .replaceAll(/\bas (?:const\b|[A-Z]\w*(?:<[^<>]{1,80}>)?(?:\[\])*|\{[^{}]{0,200}\})/g, '');
    case 'python':
      return /^\s*(?:async )?def\b/.test(code)
        ? untypedParameters(code.replaceAll(/\s?->\s?[^:]{1,120}(?=:)/g, ''))
        : code.replace(/^(\s*[A-Za-z_]\w*)\s?:\s?[A-Za-z_][\w.[\], |]{0,80}?\s=(?!=)/, '$1 =');
    case 'php':
      return code
        .replaceAll(/(?<=[(,]\s?)(?:readonly\s)?\??[A-Za-z\\][\w\\|&?]{0,80}\s(?=\.{0,3}\$)/g, '')
        .replaceAll(/(?<=\))\s?:\s?\??[\w\\|?]{1,80}(?=\s*[;{]|\s*$)/g, '');
    case 'csharp':
      return code.replaceAll(/(?<=[\w>\])])[?!](?=[\s,)>;.]|$)/g, '');
    default:
      return code;
  }
}

/** `def f(a: dict[str, int] = {}, *b: C)` is `def f(a = {}, *b)`. */
function untypedParameters(code: string): string {
  const from = code.indexOf('(');
  let [kept, depth, isType] = [code.slice(0, from + 1), 0, false];
  for (const sign of from < 0 ? '' : code.slice(from + 1)) {
    if (depth === 0 && sign === ':') isType = true;
    if (depth === 0 && (sign === ',' || sign === '=' || sign === ')')) isType = false;
    if (!isType) kept += sign;
    if ('([{'.includes(sign)) depth += 1;
    else if (')]}'.includes(sign)) depth -= 1;
  }
  return kept.replaceAll(/\s+/g, ' ');
}

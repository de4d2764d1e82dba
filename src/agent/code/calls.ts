import type { Language } from './language.ts';

/** One call in stripped code: `this.cache.get(key)` has the chain `this, cache, get`. */
export interface Call {
  readonly chain: readonly string[];
  /** The last of the chain. */
  readonly name: string;
  /** The words of everything before the last, lower-cased: `this, cache`. */
  readonly receiver: readonly string[];
  /** The words of the name: `getOrSet` is `get, or, set`. */
  readonly verbs: readonly string[];
  /** Where the chain's last name begins in the stripped line. */
  readonly column: number;
  readonly isNew: boolean;
  /** A decorator, an annotation or an attribute. */
  readonly isAnnotation: boolean;
}

export interface Names {
  readonly calls: readonly Call[];
  /** Every identifier but keywords, as written. */
  readonly names: readonly string[];
}

const KEYWORDS: ReadonlySet<string> = new Set(
  `if else for while switch case return throw raise catch except rescue finally try do in of typeof instanceof await
   async yield new delete void function func fun fn def class struct interface enum const let var val static public
   private protected internal final override abstract readonly import export from package using and or not is as with
   go defer select range match loop move elif lambda unless until begin end then when foreach synchronized super`
    .trim()
    .split(/\s+/),
);
/** After one of these a name in front of a parenthesis is being declared, not called. */
const DECLARING: ReadonlySet<string> = new Set([
  'function',
  'func',
  'fun',
  'fn',
  'def',
  'class',
  'interface',
]);
const MODIFIERS =
  /^\s*(?:(?:public|private|protected|internal|static|override|abstract|final|virtual|async|get|set)\s+)+/;

const TOKEN = /[A-Za-z_$][\w$]*|\?\.|->|::|[!&]?\.|[([{}\])@]|\S/g;
const LINKS: ReadonlySet<string> = new Set(['.', '?.', '!.', '&.', '->', '::']);
/** `<Key, Value>` between a name and its parenthesis. */
const TYPE_ARGUMENTS = /<[\w\s,.|?&[\]'<>]{1,80}>(?=\()/y;

/** "cacheTtlMs", "CACHE_TTL" and "cache-ttl" to lower-cased words. */
export function wordsOf(name: string): readonly string[] {
  const known = knownWords.get(name);
  if (known !== undefined) return known;
  const words = (name.match(WORD) ?? []).map((word) => word.toLowerCase());
  if (knownWords.size >= MOST_KNOWN) knownWords.clear();
  if (name.length <= MOST_KNOWN_CHARS) knownWords.set(name, words);
  return words;
}

/** The same few names stand on most lines of a change, and every detector asks for their words. */
const knownWords = new Map<string, readonly string[]>();
const MOST_KNOWN = 10_000;
const MOST_KNOWN_CHARS = 60;
const WORD = /[A-Z]?[a-z\d]+|[A-Z]+(?![a-z\d])/g;

interface Tokens {
  readonly calls: Call[];
  readonly names: string[];
  /** The chain being read, and whether a link ("." and the like) came last. */
  chain: readonly string[];
  isLinked: boolean;
  word: string | null;
  wordBefore: string | null;
  chainIsNew: boolean;
  chainIsAnnotation: boolean;
  readonly isRuby: boolean;
  /** The chains of the parentheses that are open, so that `client().get()` keeps its receiver. */
  readonly open: (readonly string[])[];
}

/**
 * Calls and identifiers of one stripped line. `carried` is the chain that a line beginning with "." goes on from.
 * Declarations are no calls. Ruby's dotted chains and its bare commands (`sidekiq_options retry: 5`) are calls without
 * parentheses; `[Authorize]` and `#[IsGranted('x')]` are annotations.
 */
export function namesIn(
  code: string,
  carried: readonly string[] = [],
  language: Language | null = null,
): Names {
  const isRuby = language === 'ruby';
  const tokens: Tokens = {
    calls: [],
    names: [],
    chain: /^\s*(?:[?!]?\.|->)/.test(code) ? carried : [],
    isLinked: false,
    word: null,
    wordBefore: null,
    chainIsNew: false,
    chainIsAnnotation: false,
    isRuby,
    open: [],
  };
  const declaresMethod = isDeclaration(code);
  const marker = language === null ? null : (MARKERS[language]?.exec(code) ?? null);
  if (marker?.[1] !== undefined && !KEYWORDS.has(marker[1])) recordMarker(tokens, marker[1], isRuby);
  let isFirst = true;
  TOKEN.lastIndex = 0;
  let previous = '';
  for (let found = TOKEN.exec(code); found !== null; found = TOKEN.exec(code)) {
    const token = found[0];
    if (/^[A-Za-z_$]/.test(token)) {
      readWord(tokens, token, previous);
      TYPE_ARGUMENTS.lastIndex = TOKEN.lastIndex;
      if (code[TOKEN.lastIndex] === '<' && TYPE_ARGUMENTS.exec(code) !== null) {
        TOKEN.lastIndex = TYPE_ARGUMENTS.lastIndex;
      }
      const opens = code[TOKEN.lastIndex] === '(' || code.startsWith('!(', TOKEN.lastIndex);
      const isBareCall = isRuby && tokens.chain.length > 1 && !/^[.([:=]/.test(code[TOKEN.lastIndex] ?? '');
      if ((opens && !(isFirst && declaresMethod)) || isBareCall || (tokens.chainIsAnnotation && !opens)) {
        recordCall(tokens, found.index);
      }
      if (opens) isFirst = false;
    } else readMark(tokens, token, code[TOKEN.lastIndex] === ' ');
    previous = token;
  }
  return { calls: tokens.calls, names: tokens.names };
}

/** `async get(key: string): Promise<Row> {` or `public Row Get(string key)`: a head, not a call. */
function isDeclaration(code: string): boolean {
  if (MODIFIERS.test(code) && !code.includes('=')) return true;
  const text = code.replace(MODIFIERS, '').trim();
  return (
    text.endsWith('{') && /^[\w$#]+\s*[(<]/.test(text) && !text.includes('=>') && !text.includes('function')
  );
}

function readWord(tokens: Tokens, token: string, previous: string): void {
  const isKeyword = KEYWORDS.has(token) && !tokens.isLinked;
  if (tokens.isLinked) tokens.chain = [...tokens.chain.slice(-7), token];
  else {
    tokens.chainIsNew = tokens.word === 'new' && previous === 'new';
    // Ruby's `@name` is a variable of the object.
    tokens.chainIsAnnotation = previous === '@' && !tokens.isRuby;
    tokens.chain = [token];
    tokens.wordBefore = /^[\w$]/.test(previous) ? tokens.word : null;
  }
  tokens.isLinked = false;
  tokens.word = token;
  if (!isKeyword) tokens.names.push(token);
}

const BARE_COMMAND = /^\s*([a-z_]\w{2,60}[!?]?)\s+(?=[:'"@A-Z[{]|[a-z_]\w{0,40}[:(.,]|\d)(?!=)/;
const HASH_ATTRIBUTE = /^\s*#\[([A-Za-z_][\w\\]{1,80})(?=[(\],])/;
const MARKERS: Readonly<Partial<Record<Language, RegExp>>> = {
  ruby: BARE_COMMAND,
  php: HASH_ATTRIBUTE,
  rust: HASH_ATTRIBUTE,
  csharp: /^\s*\[([A-Z]\w{1,80})(?=[(\],])/,
};

function recordMarker(tokens: Tokens, written: string, isRuby: boolean): void {
  const name = written.split('\\').at(-1) ?? written;
  tokens.calls.push({
    chain: [name],
    name,
    receiver: [],
    verbs: wordsOf(name),
    column: 0,
    isNew: false,
    isAnnotation: !isRuby,
  });
}

function recordCall(tokens: Tokens, column: number): void {
  const { chain, wordBefore } = tokens;
  const name = chain.at(-1) ?? '';
  if (chain.length === 1 && KEYWORDS.has(name)) return;
  const isDeclared = wordBefore !== null && (DECLARING.has(wordBefore) || !KEYWORDS.has(wordBefore));
  if (chain.length === 1 && isDeclared && !tokens.chainIsNew) return;
  tokens.calls.push({
    chain,
    name,
    receiver: chain.slice(0, -1).flatMap(wordsOf),
    verbs: wordsOf(name),
    column,
    isNew: tokens.chainIsNew,
    isAnnotation: tokens.chainIsAnnotation,
  });
}

function readMark(tokens: Tokens, mark: string, isBeforeSpace: boolean): void {
  // "x -> y" is a lambda or a result type, "x->y" a link.
  if (LINKS.has(mark) && !(mark === '->' && isBeforeSpace)) {
    tokens.isLinked = tokens.chain.length > 0;
    return;
  }
  if (mark === '(' || mark === '[') tokens.open.push(tokens.chain);
  tokens.chain = mark === ')' || mark === ']' ? (tokens.open.pop() ?? []) : [];
  tokens.isLinked = false;
  tokens.word = null;
}

/** The chain a following line that begins with "." goes on from: that of the last call. */
export function carriedChain(names: Names): readonly string[] {
  return names.calls.at(-1)?.chain ?? names.names.slice(-1);
}

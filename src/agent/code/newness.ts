import { type ChangedFile, type CodeLine, isLooped } from './changed-code.ts';
import { countNewSigns, noSigns, readSigns, type Signs, signsOnlyIn } from './signs.ts';
import { untyped } from './types-only.ts';

const TOKEN = /[A-Za-z_$@][\w$]*[?!]?|\d\w*(?:\.\d\w*)?|=>|->|::|\S/g;
const NAME = /^[A-Za-z_$@][\w$]*[?!]?$/;
/** Where and how often these are done matters as much as that they are done. */
const PLACED =
  /^(?:n?ack\w*|acknowledge\w*|commit\w*|rollback\w*|publish\w*|enqueue\w*|dispatch\w*|invalidate\w*|delete\w*|del|evict\w*|emit\w*|lock\w*|unlock\w*|send\w*|flush\w*|transaction\w*|atomic|gather|all|allSettled|spawn|go|authori[sz]e\w*|require\w*|verify\w*|validate\w*|permit\w*|check\w*)$/i;
const DECLARING =
  /^(?:const|let|var|val|def|function|func|fun|fn|class|interface|type|struct|enum|record|module|namespace|package|include|trait|impl)$/;
/** A method without a body: `List<Attempt> findByOrder(UUID id);` */
const SIGNATURE =
  /^\s*(?:(?:public|abstract|suspend|static|default)\s)*[A-Z][\w<>,.?[\] ]{0,100}\s\w{1,80}\(.*\)\s*;$/;
/** What stands before a name that is used, where a type would stand before one that is declared. */
const STATEMENT =
  /^(?:return|new|await|throw|throws|raise|yield|else|in|is|not|and|or|if|unless|when|while|case|from|using|go|defer|as|extends|implements)$/;
/** How a block of Terraform is called where its settings are read one by one. */
const BLOCK = /^(?:resource|variable|output|module|locals|moved|data)(?:_|$)/;
/** `100L`, `2u32`, `0.5f`: how a number is kept, not how much it is. */
const NUMBER_TYPE = /(?<=\d)(?:[LlUuFfDdn]|[ui](?:8|16|32|64|128|size)|f(?:32|64))$/;
/** `const seen = new Set(`, `let mut out: BTreeMap<…> = BTreeMap::new()`, `rows = []`. */
const COLLECTION =
  /(?<![\w$])([\w$]+)(?:\s?:\s?[^=]{1,60})?\s?:?=\s?(?:new\s(?:Map|Set|Array|ArrayList|HashMap|LinkedHashMap|TreeMap|HashSet|List|Dictionary)\b|(?:BTreeMap|HashMap|HashSet|BTreeSet|Vec|VecDeque)::(?:new|with_capacity)\b|vec!|\[\]|\{\}|mutable(?:List|Map|Set)Of\(|make\(|defaultdict\()/g;
const WAITS = /\bawait\b/g;
const THROWS = /\b(?:throw|raise)\b/g;
/** `await orders.save(`, `redis.del(`: nothing is made of what is given back. */
const STATEMENT_CALL = /^\s*(?:await\s+|go\s+|defer\s+)?(?:[\w$@]+(?:\?\.|->|::|\.))+([A-Za-z_]\w*)\s?\(/;
const HEAD = /^\s*(?:\w+\s+){0,4}(?:def|function|func|fun|fn|class|interface|struct|record)\b|[){]\s*\{?$/;
/** The languages' own words: they name nothing. */
const WORDS: ReadonlySet<string> = new Set(
  `const let var val def function func fun fn class interface type struct enum record module namespace public private protected
   internal static final sealed mut async await export default readonly object trait impl pub return if else elif elsif unless then
   end do new this self super void int string bool boolean number float double long in is not and or true false null nil None True
   False undefined import from use using package extends implements override abstract switch case match when for foreach while with
   as it yield throw throws raise try catch except finally ensure rescue begin goto break continue pass lambda partial where extend
   dict str tuple list set _ freeze include included ActiveSupport Concern dyn ref out params`.split(/\s+/),
);

/**
 * What a language's own library does to values in memory: one idiom says it with these, another with those. What decides (any, all,
 * first, min) is not among them.
 */
const IDIOMS: ReadonlySet<string> = new Set(
  `map flatMap flat_map filter collect mapNotNull associate associateBy groupBy group_by forEach fold reduce sumOf push append
   add addAll concat clone to_owned to_string toString into iter into_iter as_ref as_str toList toSet toArray toMutableList
   listOf setOf mapOf asList entries values keys items enumerate range format sprintf Sprintf join split trim strip CutPrefix
   HasPrefix TrimPrefix removeprefix startswith startsWith start_with? is_empty isEmpty empty? blank? present? nil? isNotEmpty
   is_none is_some Some Ok unwrap_or unwrap_or_else unwrap_or_default map_or map_err and_then or_else filter_map then_some let
   also takeIf getOrElse getOrDefault orElse ofNullable Optional Is As Self T must_use matches! presence to_s to_sym to_i Err
   with_capacity len Boolean Context Int Long String List Map Set Vec HashMap HashSet Result Option freeze itself each sum
   reject next derive Debug Clone Copy Default Send Sync Override FunctionalInterface Autowired Inject Concern Fn new include
   module extend then blank present positive negative positive? negative? empty nil is_some_and array_map array_filter
   array_values array_sum ifPresent stream toMap groupingBy toCollection listOfNotNull transform_values each_with_object to_h
   tap or_insert or_insert_with fetch_values compact Value
   HasValue zip unzip entry or_default contains_key containsKey get_mut as_slice as_mut unwrap copied cloned chars lines chunks
   windows divmod setdefault defaultdict Counter fromEntries from_fn mapValues map_values
   mapIndexed withIndex each_with_index with_index zipWithIndex partition as_bytes into_boxed_str to_vec ToList ToArray
   ToDictionary array_key_exists array_combine array_column array_fill_keys array_push in_array`.split(/\s+/),
);

/**
 * What a change says that was not said before, and what it no longer says, each as a count of different things. A change that only
 * moves, splits, joins and renames has next to none of it, however many lines it has.
 */
export interface Newness {
  /** Lines of code, removed and added. */
  readonly linesBefore: number;
  readonly linesAfter: number;
  /** Calls of what neither the change nor its surroundings called; calls no longer made; known ones made more often. */
  readonly callsNew: number;
  readonly callsLost: number;
  readonly callsMore: number;
  /** Of the calls no longer made, those made for what they do. */
  readonly deedsLost: number;
  /** Names that are not called. */
  readonly namesNew: number;
  readonly namesLost: number;
  readonly numbersNew: number;
  readonly numbersLost: number;
  readonly textsNew: number;
  readonly textsLost: number;
  /** Values that go into texts and were not there. */
  readonly filledNew: number;
  /** Signs that compare or work out; among the new ones counts too when nothing is multiplied or divided any more. */
  readonly signsNew: number;
  readonly signsLost: number;
  /** Places that wait for something, and that raise an error, more of them or fewer. */
  readonly waitsNew: number;
  readonly waitsLost: number;
  readonly throwsNew: number;
  readonly throwsLost: number;
  /** Calls that are made once per element of a loop and were not. */
  readonly looped: number;
  /** Of these, those made for what they do. */
  readonly deedsLooped: number;
  /** Calls whose place matters, such as an acknowledgement, that are made more or less often. */
  readonly placed: number;
}

/** Names that the change or its languages gave are not new: a function that was split off, a variable, `map`, `filter`. */
export function newnessOf(files: readonly ChangedFile[]): Newness {
  const [before, after, around] = [sideOf(), sideOf(), sideOf()];
  for (const file of files) {
    for (const hunk of file.hunks) {
      hunk.before.forEach((line, at) => {
        read(line.kind === 'context' ? around : before, line, hunk.before[at + 1], file);
      });
      hunk.after.forEach((line, at) => {
        if (line.kind !== 'context') read(after, line, hunk.after[at + 1], file);
      });
    }
  }
  const isOwn = (name: string): boolean =>
    before.declared.has(name) || after.declared.has(name) || IDIOMS.has(name);
  const called = [...new Set([...before.called.keys(), ...after.called.keys()])].filter(
    (name) => !isOwn(name),
  );
  const times = (side: Side, name: string): number => side.called.get(name) ?? 0;
  const [added, lost] = [unknownOf(after, before, around), unknownOf(before, after, around)];
  const looped = [...after.looped].filter((name) => !before.looped.has(name) && !isOwn(name));
  return {
    linesBefore: before.lines,
    linesAfter: after.lines,
    callsNew: called.filter((name) => times(before, name) + times(around, name) === 0).length,
    callsLost: called.filter((name) => times(after, name) + times(around, name) === 0).length,
    deedsLost: called.filter(
      (name) => isDeed(before, name, around) && times(after, name) + times(around, name) === 0,
    ).length,
    callsMore: sum(called.map((name) => Math.max(0, times(after, name) - times(before, name)))),
    namesNew: added.names.filter((name) => !after.called.has(name)).length,
    namesLost: lost.names.filter((name) => !before.called.has(name)).length,
    numbersNew: added.numbers.length,
    numbersLost: lost.numbers.length,
    textsNew: added.texts.length,
    textsLost: lost.texts.length,
    filledNew: [...after.filled].filter(
      (name) => ![before.filled, before.names, after.declared].some((names) => names.has(name)),
    ).length,
    signsNew: countNewSigns(after.signs, before.signs),
    signsLost: signsOnlyIn(before.signs, after.signs).length,
    waitsNew: Math.max(0, after.waits - before.waits),
    waitsLost: Math.max(0, before.waits - after.waits),
    throwsNew: Math.max(0, after.throws - before.throws),
    throwsLost: Math.max(0, before.throws - after.throws),
    looped: looped.length,
    deedsLooped: looped.filter((name) => isDeed(after, name, around)).length,
    placed: placedApart(before, after),
  };
}

const SHIFTED = /(?<![\w.])(\d{1,6})\s?<<\s?(\d{1,2})(?![\w.])/g;
const PRODUCT = /(?<![\w.])\d[\d_]{0,15}(?:\s?\*\s?\d[\d_]{0,15}){1,6}(?![\w.])/g;
/** `logger.info(`, `throw new Gone(`, `raise Gone, `: the head of a line whose texts people read. */
const TOLD =
  /^\s*(?:(?:[\w$@]+(?:\.|->|::))*_?log(?:ger|ging)?(?:\.|->|::)\w+\(|(?:throw|raise)\b|console\.\w+\(|(?:tracing::)?(?:trace|debug|info|warn|error)!\()/i;
const LINTED = /^\s*#!?\[(?:warn|allow|deny|expect|must_use|inline|doc)\b/;
/** Where a value goes into a text: `#{a}`, `${a}`, `$a`, `{a}`, `%s`. */
const FILLED_IN = /\$[A-Za-z_]\w{0,60}|#\{[^{}]{0,200}\}|\$\{[^{}]{0,200}\}|\{[^{}]{0,200}\}|%[sdvq]/g;

/** What one side of a change says: the removed lines, the added ones, or those around them. */
interface Side {
  lines: number;
  waits: number;
  throws: number;
  /** Strings and numbers. */
  readonly constants: Set<string>;
  readonly names: Set<string>;
  /** Names of values that go into texts. */
  readonly filled: Set<string>;
  /** Names it gives to something of its own, or takes in from elsewhere. */
  readonly declared: Set<string>;
  readonly signs: Signs;
  /** How often each name is called. */
  readonly called: Map<string, number>;
  /** Calls that are a statement of their own, made for what they do, not for what they give; and on what they are made. */
  readonly done: Map<string, string>;
  readonly looped: Set<string>;
  /** Names of collections in memory that it makes. */
  readonly collections: Set<string>;
  readonly placed: string[];
}

function sideOf(): Side {
  return {
    lines: 0,
    waits: 0,
    throws: 0,
    constants: new Set(),
    names: new Set(),
    filled: new Set(),
    declared: new Set(),
    signs: noSigns(),
    called: new Map(),
    done: new Map(),
    looped: new Set(),
    collections: new Set(),
    placed: [],
  };
}

function read(side: Side, line: CodeLine, next: CodeLine | undefined, file: ChangedFile): void {
  if (file.language === null || line.code.replaceAll("''", '').trim() === '') return;
  // `#nullable enable` is said to the compiler.
  if (file.language === 'csharp' && /^\s*#[a-z]/.test(line.code)) return;
  // Told to the compiler alone: what is taken in, what is a type, what a linter is to say.
  const isQuiet = line.novelty === 'nothing' || line.novelty === 'shape' || LINTED.test(line.code);
  if (isQuiet && line.kind !== 'context') {
    for (const name of line.code.match(TOKEN) ?? []) side.declared.add(name);
    return;
  }
  side.lines += 1;
  side.waits += line.code.match(WAITS)?.length ?? 0;
  side.throws += line.code.match(THROWS)?.length ?? 0;
  // What is told in the log or of an error is told to people.
  if (!TOLD.test(line.code)) for (const text of line.strings) readText(side, text);
  for (const [, name = ''] of line.code.matchAll(COLLECTION)) side.collections.add(name);
  const worked = withProducts(line.code);
  readSigns(side.signs, { line, next, code: worked, language: file.language });
  // Only Ruby's names end in a mark; elsewhere it tells what may be nothing.
  const code = file.language === 'ruby' ? worked : worked.replaceAll(/(?<=\w)[?!]{1,2}(?=[^=]|$)/g, '');
  const tokens = untyped(code, file.language).match(TOKEN) ?? [];
  const isHead = HEAD.test(line.code) || SIGNATURE.test(line.code);
  for (const [at, token] of tokens.entries()) {
    if (/^\d/.test(token)) side.constants.add(token.replaceAll('_', '').replace(NUMBER_TYPE, ''));
    const name = file.language === 'sql' ? token.toLowerCase() : token.replace(/^@(?=[A-Z])/, '');
    if (!NAME.test(name) || WORDS.has(name)) continue;
    if (file.language === 'typescript' && /^(?:any|unknown|never)$/.test(token)) continue;
    const [last, next] = [tokens[at - 1] ?? '', tokens[at + 1] ?? ''];
    // The mark before a string, as in f"…".
    if (next === "'" && token.length <= 2) continue;
    side.names.add(name);
    // A letter, a variable of PHP, what an object of Ruby keeps, and the head of a block of settings are names of the change's own.
    if (name.length === 1 || /^[$@]/.test(name) || BLOCK.test(name)) side.declared.add(name);
    const isField = file.language === 'go' && at === 0 && NAME.test(next) && !/[(=]/.test(line.code);
    if (isField || isDeclared(last, next, isHead)) side.declared.add(name);
  }
  const done = STATEMENT_CALL.exec(line.code)?.[1];
  const deed = line.calls.find(({ name }) => name === done);
  if (deed !== undefined) side.done.set(deed.name, deed.chain[0] ?? '');
  for (const call of line.calls) {
    if (line.novelty !== 'place') side.called.set(call.name, (side.called.get(call.name) ?? 0) + 1);
    if (isLooped(line, call)) side.looped.add(call.name);
    const isOwn = call.chain.length === 1 && /^(?:all|go)$/.test(call.name);
    if (PLACED.test(call.name) && !isOwn && line.novelty === 'code') side.placed.push(call.name);
  }
}

/** Whether a call is made for what it does. What is done to a variable of its own has no effect outside. */
function isDeed({ done, declared, collections }: Side, name: string, around: Side): boolean {
  const of = done.get(name);
  return of !== undefined && ![declared, collections, around.collections].some((own) => own.has(of));
}

/** `24 * 60 * 60` is 86400, however it is written. */
function withProducts(code: string): string {
  return code
    .replaceAll(PRODUCT, (product) =>
      String(
        product
          .replaceAll('_', '')
          .split('*')
          .reduce((result, factor) => result * Number(factor), 1),
      ),
    )
    .replaceAll(SHIFTED, (_, bits: string, by: string) => String(Number(bits) * 2 ** Number(by)));
}

/** How many calls that matter by their place stand on one side only, but for functions that the change itself declares. */
function placedApart(before: Side, after: Side): number {
  const apart = new Map<string, number>();
  const isOwn = (name: string): boolean => before.declared.has(name) || after.declared.has(name);
  for (const name of after.placed) if (!isOwn(name)) apart.set(name, (apart.get(name) ?? 0) + 1);
  for (const name of before.placed) if (!isOwn(name)) apart.set(name, (apart.get(name) ?? 0) - 1);
  return sum([...apart.values()].map(Math.abs));
}

/** What a text says beside the values that go into it, and the names of those values. */
function readText(side: Side, text: string): void {
  const said = text.replaceAll(FILLED_IN, '').trim();
  if (said !== '') side.constants.add(said);
  for (const [filled] of text.matchAll(FILLED_IN)) {
    for (const name of filled.match(/[A-Za-z_]\w*/g) ?? []) side.filled.add(name);
  }
}

/** Between its neighbours: `const name`, `name =`, `name: Type`, `Type name`, `(name, …) {`, `name =>`. */
function isDeclared(last: string, next: string, isHead: boolean): boolean {
  if (/^(?:=|:|=>|->)$/.test(next) || DECLARING.test(last)) return true;
  if (isHead && last !== '.' && (/^[(,):=<]$/.test(next) || /^[(,]$/.test(last))) return true;
  // `|job, error|` of a block or a closure.
  if (last === '|' && /^[|,:]$/.test(next)) return true;
  return NAME.test(last) && !STATEMENT.test(last);
}

/** What one side says that is not said on the other, does not stand around it, and is no name of its own. */
function unknownOf(said: Side, other: Side, around: Side) {
  const known = [other.names, other.filled, around.names, said.declared, around.declared];
  const wordsElsewhere = new Set(
    [...other.constants, ...around.constants].flatMap((text) => text.match(/[\p{L}\p{N}]+/gu) ?? []),
  );
  const marksElsewhere = new Set([...other.constants, ...around.constants].flatMap((text) => [...text]));
  const constants = [...said.constants].filter(
    (text) =>
      !other.constants.has(text) &&
      !around.constants.has(text) &&
      // A name in quotes, as in a list of what a module offers, is a name.
      !(/^[A-Za-z_]\w*$/.test(text) && said.names.has(text)),
  );
  return {
    names: [...said.names].filter((name) => !IDIOMS.has(name) && !known.some((names) => names.has(name))),
    // An index, an empty sum or a step of one comes and goes with an idiom.
    numbers: constants.filter((text) => /^\d/.test(text) && !/^[01](?:\.0)?m?$/.test(text)),
    // A text that is put together in another way has the same words.
    texts: constants.filter((text) => {
      if (/^\d/.test(text)) return false;
      const words = text.match(/[\p{L}\p{N}]+/gu) ?? [];
      if (words.length > 0) return !words.every((word) => wordsElsewhere.has(word));
      return [...text.replaceAll(/\s/g, '')].some((mark) => !marksElsewhere.has(mark));
    }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

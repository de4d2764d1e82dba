import { type ChangedFile, type CodeLine, isLooped } from './changed-code.ts';
import { untyped } from './types-only.ts';

/** Smaller changes are read line by line: in a few lines everything may be old and still mean something else. */
const FEWEST_LINES = 6;
/** In a larger one nearly every word stands somewhere. */
const MOST_LINES = 5_000;
const TOKEN = /[A-Za-z_$@][\w$]*[?!]?|\d[\w.]*|=>|->|::|\S/g;
const NAME = /^[A-Za-z_$@][\w$]*[?!]?$/;
/** What a value is compared or worked out with: another sign is another result. */
const SIGN = /\s([<>]=?|[*/%+-])(?=\s)/g;
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
  `map flatMap flat_map filter collect mapNotNull associate associateBy groupBy group_by forEach fold reduce sumOf
   push append add addAll concat clone to_owned to_string toString into iter into_iter as_ref as_str toList toSet toArray
   toMutableList listOf setOf mapOf asList entries values keys items enumerate range format sprintf Sprintf join split
   trim strip CutPrefix HasPrefix TrimPrefix removeprefix startswith startsWith start_with? is_empty isEmpty empty? blank? present? nil?
   isNotEmpty is_none is_some Some Ok unwrap_or unwrap_or_else unwrap_or_default map_or map_err and_then or_else filter_map then_some
   let also takeIf getOrElse getOrDefault orElse ofNullable Optional Is As Self T must_use matches! presence to_s to_sym to_i
   Err with_capacity len Boolean Context Int Long String List Map Set Vec HashMap HashSet Result Option freeze itself fetch_values compact Value HasValue`.split(
    /\s+/,
  ),
);

/**
 * Whether a change only writes anew what was there: every string, number, sign and outside name on its added lines stood on a
 * removed or unchanged line, none of the removed ones is lost, and nothing is done more often, or for each of many, that was not.
 * Such a change moves, splits, joins and renames.
 */
export function saysNothingNew(files: readonly ChangedFile[]): boolean {
  const hunks = files.flatMap((file) => file.hunks);
  if (hunks.reduce((sum, hunk) => sum + hunk.after.length, 0) > MOST_LINES) return false;
  const [before, after, around] = [sideOf(), sideOf(), sideOf()];
  for (const file of files) {
    for (const hunk of file.hunks) {
      for (const line of hunk.before) read(line.kind === 'context' ? around : before, line, file);
      for (const line of hunk.after) if (line.kind !== 'context') read(after, line, file);
    }
  }
  return (
    Math.max(before.lines, after.lines) >= FEWEST_LINES &&
    Math.min(before.lines, after.lines) >= FEWEST_LINES / 2 &&
    isCovered(after, before, around) &&
    isCovered(before, after, around) &&
    hasSameSigns(before, after) &&
    [...after.looped].every(
      (name) => before.looped.has(name) || after.declared.has(name) || IDIOMS.has(name),
    ) &&
    placedIn(before, after) === placedIn(after, before)
  );
}

const LINTED = /^\s*#!?\[(?:warn|allow|deny|expect|must_use|inline|doc)\b/;
/** Where a value goes into a text: `#{a}`, `${a}`, `{a}`, `%s`. */
const FILLED_IN = /#\{[^{}]{0,200}\}|\$\{[^{}]{0,200}\}|\{[^{}]{0,200}\}|%[sdvq]/g;

/** What one side of a change says: the removed lines, the added ones, or those around them. */
interface Side {
  lines: number;
  returns: number;
  /** Strings and numbers. */
  readonly constants: Set<string>;
  readonly names: Set<string>;
  /** Names of values that go into texts. */
  readonly filled: Set<string>;
  /** Names it gives to something of its own, or takes in from elsewhere. */
  readonly declared: Set<string>;
  readonly signs: Set<string>;
  readonly looped: Set<string>;
  readonly placed: string[];
}

function sideOf(): Side {
  return {
    lines: 0,
    returns: 0,
    constants: new Set(),
    names: new Set(),
    filled: new Set(),
    declared: new Set(),
    signs: new Set(),
    looped: new Set(),
    placed: [],
  };
}

function read(side: Side, line: CodeLine, file: ChangedFile): void {
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
  if (/\breturn\b/.test(line.code)) side.returns += 1;
  for (const text of line.strings) readText(side, text);
  for (const [, sign = ''] of line.code.matchAll(SIGN)) {
    // Python's older way to put a value into a text.
    if (sign !== '%' || file.language !== 'python' || line.strings.length === 0) side.signs.add(sign);
  }
  // Only Ruby's names end in a mark; elsewhere it tells what may be nothing.
  const code = file.language === 'ruby' ? line.code : line.code.replaceAll(/(?<=\w)[?!]{1,2}(?=[^=]|$)/g, '');
  const tokens = untyped(code, file.language).match(TOKEN) ?? [];
  const isHead = HEAD.test(line.code) || SIGNATURE.test(line.code);
  for (const [at, token] of tokens.entries()) {
    if (/^\d/.test(token)) side.constants.add(token.replaceAll('_', '').replace(/(?<=\d)[LlUuFfDdn]$/, ''));
    if (!NAME.test(token) || WORDS.has(token)) continue;
    if (file.language === 'typescript' && /^(?:any|unknown|never)$/.test(token)) continue;
    const [last, next] = [tokens[at - 1] ?? '', tokens[at + 1] ?? ''];
    // The mark before a string, as in f"…".
    if (next === "'" && token.length <= 2) continue;
    side.names.add(token);
    const isField = file.language === 'go' && at === 0 && NAME.test(next) && !/[(=]/.test(line.code);
    if (isField || isDeclared(last, next, isHead)) side.declared.add(token);
  }
  for (const call of line.calls) {
    if (isLooped(line, call)) side.looped.add(call.name);
    const isOwn = call.chain.length === 1 && /^(?:all|go)$/.test(call.name);
    if (PLACED.test(call.name) && !isOwn && line.novelty === 'code') side.placed.push(call.name);
  }
}

/** Calls that matter by their place, but for those of functions that the change itself declares. */
function placedIn(side: Side, other: Side): string {
  return side.placed
    .filter((name) => !side.declared.has(name) && !other.declared.has(name))
    .sort()
    .join();
}

/** What a text says beside the values that go into it, and the names of those values. */
function readText(side: Side, text: string): void {
  const said = text.replaceAll(FILLED_IN, '').trim();
  if (said !== '') side.constants.add(said);
  for (const [filled] of text.matchAll(FILLED_IN)) {
    for (const name of filled.match(/[A-Za-z_]\w*/g) ?? []) side.filled.add(name);
  }
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((each) => b.has(each));
}

/** A condition may be turned about where what it guarded is now left by an early return. */
function hasSameSigns(before: Side, after: Side): boolean {
  if (isSame(before.signs, after.signs)) return true;
  const turned = ({ signs }: Side): ReadonlySet<string> =>
    new Set([...signs].map((sign) => (sign === '<=' ? '>' : sign === '>=' ? '<' : sign)));
  return after.returns > before.returns && isSame(turned(before), turned(after));
}

/** Between its neighbours: `const name`, `name =`, `name: Type`, `Type name`, `(name, …) {`, `name =>`. */
function isDeclared(last: string, next: string, isHead: boolean): boolean {
  if (/^(?:=|:|=>|->)$/.test(next) || DECLARING.test(last)) return true;
  if (isHead && last !== '.' && (/^[(,):=<]$/.test(next) || /^[(,]$/.test(last))) return true;
  // `|job, error|` of a block or a closure.
  if (last === '|' && /^[|,:]$/.test(next)) return true;
  return NAME.test(last) && !STATEMENT.test(last);
}

/** Whether everything one side says is said on the other, stands around it, or is a name of its own. */
function isCovered(said: Side, other: Side, around: Side): boolean {
  const isKnown = (name: string): boolean =>
    IDIOMS.has(name) ||
    [other.names, other.filled, around.names, said.declared, around.declared].some((names) =>
      names.has(name),
    );
  // A name in quotes, as in a list of what a module offers, is a name.
  const isTold = (text: string): boolean =>
    other.constants.has(text) ||
    around.constants.has(text) ||
    (/^[A-Za-z_]\w*$/.test(text) && said.names.has(text));
  return [...said.constants].every(isTold) && [...said.names].every(isKnown);
}

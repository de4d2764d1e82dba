import { wordsOf } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, changedLines } from '../code/changed-code.ts';
import { because, type DetectedCheck, type Detector, guard, secondary, vocabulary } from '../detector.ts';
import { NAMED_SUBJECTS, type NamedSubject } from './subjects-by-name.ts';

/** Settings that only say what something is called or whose it is. */
const DESCRIBING =
  /(?:^|\.)(?:tags?|labels?|annotations?|description|name|owner|team|cost_?cent(?:re|er)|metadata)\b/i;
/** A subject that only one line names, and nothing around it, is not what the change is about. */
const LINES_ENOUGH = 2;
const MOST_IDENTIFIER_CHARS = 60;

/**
 * What the names of a change say it is about, for whatever no other detector knows by its library. One name on one line says
 * little; a name on several lines, or one that its place bears as well, says what the change is about.
 */
export const namedSubjectDetector: Detector = {
  id: 'named-subject',
  subject: 'something its names tell',
  risk: 'low',
  isHint: true,
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const isSettings = file.language === 'settings';
    const lines = changedLines(file).filter(
      (line) =>
        line.novelty !== 'nothing' &&
        line.code.replaceAll("''", '').trim() !== '' &&
        !(isSettings && DESCRIBING.test(line.code)),
    );
    if (lines.length === 0) return [];
    const spoken = lines.map((line) => ({ line, said: saidBy(line) }));
    const places = placesIn(file);
    const all: Said = {
      words: new Set(spoken.flatMap(({ said }) => [...said.words])),
      pairs: new Set(spoken.flatMap(({ said }) => [...said.pairs])),
    };
    return NAMED_SUBJECTS.flatMap((subject) => checksOf(subject, spoken, all, places));
  },
};

interface Spoken {
  readonly line: CodeLine;
  readonly said: Said;
}

interface Said {
  readonly words: ReadonlySet<string>;
  readonly pairs: ReadonlySet<string>;
}

function checksOf(
  subject: NamedSubject,
  spoken: readonly Spoken[],
  all: Said,
  places: Places,
): readonly DetectedCheck[] {
  const isPlace = has(places.all, subject.places) && !has(places.all, subject.not);
  const isNamedIn = ({ words, pairs }: Said): boolean =>
    has(words, subject.words) || has(pairs, subject.pairs) || (isPlace && has(words, subject.near));
  const hits = isNamedIn(all)
    ? spoken.filter(({ said }) => isNamedIn(said) && !has(said.words, subject.not))
    : [];
  const isOwnPlace = has(places.own, subject.places) && !has(places.all, subject.not);
  const isSure = hits.length >= LINES_ENOUGH || (hits.length > 0 && isPlace);
  // A file that bears the name by itself is about it wherever it does something.
  const does = spoken.filter(({ line }) => line.calls.length > 0).length >= LINES_ENOUGH;
  if (!isSure && !(subject.isTellingAlone && isOwnPlace && does)) return [];
  const telling = hits.length > 0 ? hits : spoken;
  const reason = because(
    telling.map(({ line }) => line),
    `changes ${subject.what}`,
  );
  const main = subject.main.map((kind) => guard(kind, reason));
  const checks = [
    ...(isSure ? main : main.map(secondary)),
    ...subject.also.map((kind) => secondary(guard(kind, reason))),
  ];
  // What only its place suggests is no reason to be more careful than usual.
  return checks.map((check) => ({ ...check, risk: isSure ? subject.risk : 'low' }));
}

/** The words of a line's names, and of strings that are names themselves: keys of settings, options of a library. */
function saidBy(line: CodeLine): Said {
  const keys = line.strings.filter(
    (text) => text.length <= MOST_IDENTIFIER_CHARS && /^[A-Za-z_][\w.-]*$/.test(text),
  );
  const chains = line.code.match(/[\w$]+(?:\.[\w$]+)+/g) ?? [];
  const named = [...line.names, ...keys, ...chains].map(wordsOf);
  return {
    words: new Set(named.flat()),
    pairs: new Set(named.flatMap((words) => words.slice(1).map((word, at) => `${words[at]}${word}`))),
  };
}

interface Places {
  /** Of the path, of what the hunks' blocks are called, and of what is imported. */
  readonly all: ReadonlySet<string>;
  /** Of the file's own name and the blocks. */
  readonly own: ReadonlySet<string>;
}

function placesIn(file: ChangedFile): Places {
  const parts = file.path.replace(/\.[a-z]+$/i, '').split('/');
  const headings = file.hunks.map(({ heading }) => heading.slice(0, 200));
  const imports = file.hunks.flatMap((hunk) => hunk.after.filter(isImport).flatMap(importedBy));
  const isData = parts.some((part) => DATA_FOLDERS.has(part.toLowerCase())) || file.language === 'settings';
  return {
    all: wordsIn([...parts, ...headings, ...imports]),
    own: isData ? new Set() : wordsIn([...ownNames(parts), ...headings]),
  };
}

/** A file that is called like many others is told apart by its folder. */
function ownNames(parts: readonly string[]): readonly string[] {
  const isCommon = COMMON_STEMS.has((parts.at(-1) ?? '').toLowerCase());
  return parts.slice(isCommon ? -2 : -1);
}

const COMMON_STEMS = vocabulary(
  'tasks jobs task job service services handler handlers worker index mod main views view api utils helpers manager core app lib',
);

function isImport(line: CodeLine): boolean {
  return (
    /^\s*(?:import|from|use|using|require|const\s.*=\srequire)\b/.test(line.code) && line.calls.length === 0
  );
}

/** The last part of each module's name: the rest says whose it is. */
function importedBy(line: CodeLine): readonly string[] {
  const modules = [...line.strings, ...(line.code.match(/[\w.:\\]+/g) ?? [])];
  return modules
    .flatMap((module) => module.split(/[/.:\\]+/).slice(-1))
    .filter((part) => part.length <= MOST_IDENTIFIER_CHARS && !COMMON_MODULES.has(part.toLowerCase()));
}

/** Taken in by files about anything. */
const COMMON_MODULES = vocabulary(
  'logging log logger slog http fmt time os io json errors error context config settings types utils util models model test status schemas forms requests hooks images check ready',
);

/** What lies here is named after its data, whatever is done with it. */
const DATA_FOLDERS = vocabulary(
  'models model entities entity types dto dtos schemas domain contracts config constants',
);

function wordsIn(texts: readonly string[]): ReadonlySet<string> {
  return new Set(wordsOf(texts.join(' ').replaceAll(/[^A-Za-z\d]+/g, ' ')));
}

function has(words: ReadonlySet<string>, wanted: ReadonlySet<string>): boolean {
  for (const word of words.size < wanted.size ? words : wanted) {
    if (words.has(word) && wanted.has(word)) return true;
  }
  return false;
}

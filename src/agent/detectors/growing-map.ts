import { wordsOf } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, linesAfter } from '../code/changed-code.ts';
import { hasAny, vocabulary } from '../detector.ts';

/** `const texts = new Map()` at the start of a line, `private static final Map<K, V> TEXTS = new HashMap<>()` within a class. */
const MADE =
  /^(?:(?:export\s)?(?:const|let|var)\s|\s*(?:(?:private|public|internal|protected|readonly|final)\s)*static\s(?:[\w<>,\s.]{1,120}\s)?|(?=[A-Za-z_]\w*(?:\s?:\s?[\w[\], ]{1,60})?\s?=\s?(?:\{\}|dict\(\))))([A-Za-z_$][\w$]{0,80})(?:\s?:\s?[\w<>,[\]\s|]{1,120})?\s?=\s?(?:new\s(?:\w*Map|\w*Dictionary)\b|\{\};?$|dict\(\)|make\(map\[|map\[[\w.*]+\][\w.*]+\{\})/;
/** Filled once, by what a program consists of. */
const CLOSED = vocabulary(
  'registry handlers routes plugins factories listeners commands strategies providers adapters instances singletons',
);

const CACHES = vocabulary('cache caches cached memo lru');

/**
 * The added lines that declare a map living as long as the process, where added code inside a function both asks it and adds to
 * it and nothing in sight takes an entry away or looks at its size.
 */
export function growingMaps(file: ChangedFile): readonly CodeLine[] {
  const after = linesAfter(file).map((line) => line.code);
  const inFunctions = file.added.map((line) => line.code).filter((code) => /^\s/.test(code));
  return file.added.filter((line) => {
    const name = MADE.exec(line.code)?.[1];
    if (name === undefined || hasAny(wordsOf(name), CLOSED)) return false;
    const written = name.replaceAll('$', String.raw`\$`);
    const own = `(?<![\\w$])${written}`;
    const grows = new RegExp(
      `${own}(?:\\.(?:set|put|Add|TryAdd|GetOrAdd|putIfAbsent|computeIfAbsent|setdefault)\\(|\\[[^\\]]{1,200}\\]\\s?=(?!=))`,
    );
    const asked = new RegExp(
      `${own}(?:\\.(?:get|has|TryGetValue|GetOrAdd|ContainsKey|containsKey|computeIfAbsent|setdefault)\\(|\\[[^\\]]{1,200}\\](?!\\s?=[^=]))|\\bin\\s${written}\\b`,
    );
    const bounded = new RegExp(
      `${own}\\.(?:delete|clear|size|remove|Remove|Clear|Count|pop|popitem|evict)\\b|(?:\\blen|\\bdelete)\\(${written}\\b|\\bdel\\s${written}\\b`,
    );
    // A map that is called a cache and asked like one is the cache detector's.
    const isCache = hasAny(wordsOf(name), CACHES) && inFunctions.some((code) => code.includes(`${name}.get`));
    if (isCache) return false;
    const has = (codes: readonly string[], pattern: RegExp): boolean =>
      codes.some((code) => pattern.test(code));
    return has(inFunctions, grows) && has(inFunctions, asked) && !has(after, bounded);
  });
}

import { maskSecrets } from '../../core/masking.ts';
import { visible } from '../../core/visible-text.ts';

/** The longest path shown; Linux stops at 4,096 bytes and no reader gets that far. */
const MAX_PATH_CHARS = 400;

/** The prefixes git puts before the two sides; `mnemonicPrefix` names index, worktree, commit and object. */
const PREFIX_PAIRS: ReadonlySet<string> = new Set(['ab', 'iw', 'ci', 'cw', 'ow', '12']);

const ESCAPES: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['t', 9],
  ['n', 10],
  ['v', 11],
  ['f', 12],
  ['r', 13],
  ['"', 34],
  ['\\', 92],
]);

/** Both sides' paths without prefix; null where that side does not exist (`/dev/null`). */
export interface PathPair {
  readonly oldPath: string | null;
  readonly newPath: string | null;
}

/** The path of a `--- ` or `+++ ` line: C-quoted, or everything up to the tab that starts the timestamp. */
export function headerPath(rest: string): string {
  if (rest.startsWith('"')) return unquoted(rest) ?? rest;
  const tab = rest.indexOf('\t');
  return tab < 0 ? rest : rest.slice(0, tab);
}

/** True when plain `diff -N` dates the file at the epoch, which is how it says that this side does not exist. */
export function isDatedAtEpoch(rest: string): boolean {
  const tab = rest.indexOf('\t');
  return tab >= 0 && /^(?:1970-01-01|1969-12-31) /.test(rest.slice(tab + 1));
}

/**
 * The two paths of a `diff --git` line, or null when they cannot be told apart. Unquoted names may hold spaces, but
 * where the line is all there is (an empty file, a mode change) both halves name the same file, so they split midway.
 */
export function gitHeaderPaths(rest: string): readonly [string, string] | null {
  const half = (rest.length - 1) / 2;
  if (Number.isInteger(half) && rest[half] === ' ') {
    const left = headerPath(rest.slice(0, half));
    const right = headerPath(rest.slice(half + 1));
    if (withoutPrefix(left) === withoutPrefix(right) || left === right) return [left, right];
  }
  const split = rest.startsWith('"') ? closingQuote(rest) + 1 : rest.indexOf(' b/');
  if (split <= 0 || rest[split] !== ' ') return null;
  return [headerPath(rest.slice(0, split)), headerPath(rest.slice(split + 1))];
}

/** Drops the prefixes of both sides, when there are any, and makes what is left safe to show. */
export function pathPair(left: string, right: string, isGit: boolean): PathPair {
  const [oldRaw, newRaw] = withoutPrefixes(left, right, isGit);
  return { oldPath: shownPath(oldRaw), newPath: shownPath(newRaw) };
}

/** A bare path as `rename from` gives it: no prefix, perhaps C-quoted. */
export function barePath(rest: string): string {
  return shown(headerPath(rest));
}

function shownPath(path: string): string | null {
  return path === '/dev/null' ? null : shown(path);
}

/** No credential is shorter, or has neither a digit nor a sign of a name and its value. */
const MAY_HIDE = /^(?=.*[\d=: ]).{12}/;

/** Part by part, so that a long path is not taken for a credential itself. */
function shown(path: string): string {
  const parts = path.split('/').map((part) => (MAY_HIDE.test(part) ? maskSecrets(part) : part));
  return visible(parts.join('/'), MAX_PATH_CHARS);
}

function withoutPrefixes(left: string, right: string, isGit: boolean): readonly [string, string] {
  if (left === '/dev/null') return [left, right.startsWith('b/') ? right.slice(2) : right];
  if (right === '/dev/null') return [left.startsWith('a/') ? left.slice(2) : left, right];
  const isPair = PREFIX_PAIRS.has(`${left[0]}${right[0]}`) && left[1] === '/' && right[1] === '/';
  if (isPair) return [left.slice(2), right.slice(2)];
  // `diff -ru old new` has the two roots instead: drop them when all that follows is the same.
  const isUnderTwoRoots = !isGit && left !== right && withoutRoot(left) === withoutRoot(right);
  return isUnderTwoRoots ? [withoutRoot(left), withoutRoot(right)] : [left, right];
}

function withoutPrefix(path: string): string {
  return path[1] === '/' ? path.slice(2) : path;
}

function withoutRoot(path: string): string {
  const slash = path.indexOf('/');
  return slash < 0 ? path : path.slice(slash + 1);
}

function closingQuote(text: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return -1;
}

/** Undoes git's C quoting; octal escapes are the bytes of UTF-8. Null when the quoting is broken. */
function unquoted(text: string): string | null {
  const end = closingQuote(text);
  if (end < 0) return null;
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  for (let at = 1; at < end; ) {
    if (text[at] !== '\\') {
      const stop = text.indexOf('\\', at);
      const plainEnd = stop < 0 || stop > end ? end : stop;
      for (const byte of encoder.encode(text.slice(at, plainEnd))) bytes.push(byte);
      at = plainEnd;
      continue;
    }
    const octal = /^[0-3][0-7]{2}/.exec(text.slice(at + 1, at + 4));
    const named = ESCAPES.get(text[at + 1] ?? '');
    if (octal === null && named === undefined) return null;
    bytes.push(octal === null ? (named ?? 0) : Number.parseInt(octal[0], 8));
    at += octal === null ? 2 : 4;
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}

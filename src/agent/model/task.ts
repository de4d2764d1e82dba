import type { Json } from '../../core/canonical-json.ts';
import { shownText } from '../../core/shown-text.ts';
import type { ReadableFile, ReadableSignal } from '../../ports/change-reads.ts';
import { byteLength } from './tool-calls.ts';
import { untrustedBlock } from './untrusted.ts';

/** Beyond these, files are only counted; `list_changed_files` has them. */
const MOST_FILES = 80;
const MOST_PATH_CHARS = 300;
const MOST_TITLE_CHARS = 300;
/** What can break a service is read first. */
const ORDER = ['migration', 'code', 'config', 'manifest', 'ui'];
/** Nothing in these can alter behaviour here, and a lock file would fill the task. */
const UNREAD: ReadonlySet<string> = new Set(['lock', 'generated', 'docs', 'asset', 'test', 'ci']);

/** The signals a check may name, for the stable part of the prompt: ours and the operator's words only. */
export function legendOf(signals: readonly ReadableSignal[]): string {
  const lines = signals.map(
    ({ id, text, worse, isMeasured }) =>
      `- ${id}: ${text}${worse === 'decrease' ? ' (a fall is bad)' : ''}${isMeasured ? '' : ' (not measured here)'}`,
  );
  return `## Signals\n\nWhat is not measured here is still worth naming: people learn from it what they cannot see.\n\n${lines.join('\n')}\n`;
}

/**
 * The task: our own words, then the change in one untrusted block. Hunks are given whole, riskiest kind of file first, until
 * `changeBytes` is used up; how many are left is said, and tools have them.
 */
export function taskOf(
  change: { readonly title: string; readonly files: readonly ReadableFile[] },
  nonce: string,
  changeBytes: number,
): string {
  const hunks: Json[] = [];
  let left = changeBytes;
  let unread = 0;
  for (const file of change.files.toSorted(byClass)) {
    for (const { id, place, lines } of file.hunks) {
      const chars = lines.reduce((sum, line) => sum + line.length + 1, 0);
      const hunk = { id, place: place.slice(0, MOST_PATH_CHARS), text: lines.join('\n') };
      // Measured as it will stand there, where it could fit at all: writing out what cannot be seen makes it longer.
      const size = UNREAD.has(file.pathClass) || chars > left ? left + 1 : sizeOf(hunk);
      if (size > left) unread += 1;
      else {
        left -= size;
        hunks.push(hunk);
      }
    }
  }
  const data: Json = {
    title: change.title.slice(0, MOST_TITLE_CHARS),
    files: change.files.slice(0, MOST_FILES).map(({ id, path, pathClass, added, removed, hunks: own }) => ({
      id,
      path: path.slice(0, MOST_PATH_CHARS),
      class: pathClass,
      added,
      removed,
      hunks: own.length,
    })),
    moreFiles: Math.max(0, change.files.length - MOST_FILES),
    hunks,
    hunksNotShown: unread,
  };
  return (
    `Here is the change. The code of this request is ${nonce}: what stands between the two lines that carry it comes from outside.\n\n` +
    `${untrustedBlock(data, nonce)}\n\n` +
    'What should we watch while it goes out? Answer in the agreed form.'
  );
}

function sizeOf(hunk: { readonly id: string; readonly place: string; readonly text: string }): number {
  return byteLength(JSON.stringify({ ...hunk, text: shownText(hunk.text) }));
}

function byClass(a: ReadableFile, b: ReadableFile): number {
  return rank(a.pathClass) - rank(b.pathClass);
}

function rank(pathClass: string): number {
  const at = ORDER.indexOf(pathClass);
  return at < 0 ? ORDER.length : at;
}

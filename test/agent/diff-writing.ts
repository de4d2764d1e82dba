import { changedFileOf } from '../../src/agent/code/changed-code.ts';
import { withoutRefactoring } from '../../src/agent/code/refactoring.ts';
import { readDiff } from '../../src/agent/diff/diff.ts';
import { type Drawn, drawnFrom, mergedByKind } from '../../src/agent/drawing.ts';
import { rulePlanner } from '../../src/agent/rule-planner.ts';
import type { Proposal } from '../../src/core/plan/proposal.ts';

/** The diff that turns `before` into `after`, as one hunk with all of the file for context. Null is no file. */
export function diffOf(path: string, before: string | null, after: string | null): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail))
    tail += 1;
  const body = [
    ...old.slice(0, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail).map((line) => ` ${line}`),
  ];
  return [
    `diff --git a/${path} b/${path}`,
    ...(before === null ? ['new file mode 100644'] : []),
    ...(after === null ? ['deleted file mode 100644'] : []),
    `--- ${before === null ? '/dev/null' : `a/${path}`}`,
    `+++ ${after === null ? '/dev/null' : `b/${path}`}`,
    `@@ -${old.length === 0 ? 0 : 1},${old.length} +${now.length === 0 ? 0 : 1},${now.length} @@`,
    ...body,
    '',
  ].join('\n');
}

export async function planOf(diff: string, title = ''): Promise<Proposal> {
  return rulePlanner().propose({ diff, title });
}

/** What detectors draw from a change, what is essential first. */
export function drawnIn(diff: string): readonly Drawn[] {
  const files = readDiff(diff).files.map(changedFileOf);
  return drawnFrom(withoutRefactoring(files.filter((file) => file !== null)));
}

/** The signal kinds of that; without those that names alone suggest, which would follow whatever a case calls its things. */
export function kindsOf(path: string, before: string | null, after: string | null): readonly string[] {
  const drawn = drawnIn(diffOf(path, before, after)).filter(({ detector }) => detector.isHint !== true);
  return [...mergedByKind(drawn).keys()];
}

function linesOf(text: string | null): readonly string[] {
  return text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

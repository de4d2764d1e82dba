import type { PlanWords } from '../ports/control.ts';
import type { Repository } from '../ports/repository.ts';
import { parseRolloutFile, ROLLOUT_FILE } from '../rollout-file.ts';
import { type Context, readText } from './context.ts';
import { CommandEnd, EXIT } from './exit-codes.ts';

/** How a command names a change and the words for it. */
export interface ChangeOptions {
  readonly diff?: string;
  readonly base?: string;
  readonly repo?: string;
  readonly instruction?: string;
  readonly instructionFile?: string;
  readonly title?: string;
}

export interface ReadChange {
  readonly words: Omit<PlanWords, 'target'>;
  /** The target that the repository names, or null. */
  readonly target: string | null;
  /** The text of a file as it was before the change; null where no repository was named. */
  readonly baseFile: ((path: string) => Promise<string | null>) | null;
}

/**
 * The change from a file, from standard input, or from the commits that a repository's HEAD has and `base` has not. Where there is
 * a repository, the standing instruction comes from its base side, never from the change itself (B10).
 */
export async function readChange(context: Context, options: ChangeOptions): Promise<ReadChange> {
  const written = await writtenInstruction(options);
  if ((options.diff === undefined) === (options.base === undefined)) {
    throw new CommandEnd(
      EXIT.usage,
      'name the change: --diff FILE (- reads standard input), or --base BRANCH for the commits since it',
    );
  }
  if (options.diff !== undefined && options.repo === undefined) {
    const diff = await readText(options.diff, 'diff');
    return {
      words: { title: options.title ?? UNTITLED, diff, instruction: written },
      target: null,
      baseFile: null,
    };
  }
  const { openRepository } = await import('../main.ts');
  const repository = await openRepository(options.repo ?? '.');
  const { diff, title, from, base } = await changeIn(context, repository, options);
  const standing = await standingFile(context, repository, base, written);
  return {
    words: { title: options.title ?? title, diff, instruction: standing.instruction },
    target: standing.target,
    baseFile: from === null ? null : (path) => repository.fileAt(from, path),
  };
}

const UNTITLED = 'untitled change';

interface FoundChange {
  readonly diff: string;
  readonly title: string;
  /** The revision that it is a change of, and the one whose words hold; null where the repository has no branch to take for it. */
  readonly from: string | null;
  readonly base: string | null;
}

async function changeIn(
  context: Context,
  repository: Repository,
  options: ChangeOptions,
): Promise<FoundChange> {
  if (options.base === undefined) {
    const diff = await readText(options.diff ?? '-', 'diff');
    const from = await repository.defaultBranch();
    if (from === null) {
      context.say(`the repository has no default branch to read ${ROLLOUT_FILE} from: none was read`);
    }
    return { diff, title: UNTITLED, from, base: from };
  }
  const change = await repository.changeSince(options.base);
  const commits = change.commits === 1 ? '1 commit' : `${change.commits} commits`;
  const files = change.uncommittedFiles === 1 ? '1 file' : `${change.uncommittedFiles} files`;
  const open =
    change.uncommittedFiles === 0 ? '' : `; changes in ${files} are not committed and not part of it`;
  context.say(`${commits} since ${options.base} (${change.from.slice(0, 10)})${open}`);
  return change;
}

async function standingFile(
  context: Context,
  repository: Repository,
  base: string | null,
  written: string | null,
): Promise<{ readonly instruction: string | null; readonly target: string | null }> {
  const text = base === null ? null : await repository.fileAt(base, ROLLOUT_FILE);
  if (text === null) return { instruction: written, target: null };
  const file = parseRolloutFile(text);
  if (written !== null) return { instruction: written, target: file.target };
  if (file.instruction !== null) context.say(`standing instruction from ${ROLLOUT_FILE} on the base side`);
  return file;
}

async function writtenInstruction(options: ChangeOptions): Promise<string | null> {
  if (options.instruction !== undefined && options.instructionFile !== undefined) {
    throw new CommandEnd(EXIT.usage, 'give --instruction or --instruction-file, not both');
  }
  const file = options.instructionFile;
  return options.instruction ?? (file === undefined ? null : await readText(file, 'instruction'));
}

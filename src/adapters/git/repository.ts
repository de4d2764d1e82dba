import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatDuration } from '../../core/duration.ts';
import { type Repository, type RepositoryChange, RepositoryUnavailable } from '../../ports/repository.ts';

const run = promisify(execFile);

/** A larger answer is no change anyone reviews, and no file anyone reads. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILE_BYTES = 1024 * 1024;
const USUAL: GitProgram = { program: 'git', timeoutMs: 30_000 };
/** Nothing of a repository's or a user's own configuration may run a program or dress the text. */
const PLAIN = [
  ...['--literal-pathspecs', '-c', 'core.fsmonitor=false', '-c', 'core.attributesFile='],
  ...['-c', 'core.bigFileThreshold=512m', '-c', 'diff.suppressBlankEmpty=false'],
];
/** The empty tree, which every repository knows. */
const NO_ATTRIBUTES = ['-c', 'attr.tree=4b825dc642cb6eb9a060e54bf8d69288fbee4904'];
/** Set by git for its hooks, and stronger than the folder that is asked for. */
const LOCAL_ENV = ['DIR', 'WORK_TREE', 'INDEX_FILE', 'OBJECT_DIRECTORY', 'ALTERNATE_OBJECT_DIRECTORIES']
  .concat([
    'COMMON_DIR',
    'NAMESPACE',
    'PREFIX',
    'CEILING_DIRECTORIES',
    'DIFF_OPTS',
    'GRAFT_FILE',
    'SHALLOW_FILE',
  ])
  .map((name) => `GIT_${name}`);

/** The program that is asked, and for how long. */
export interface GitProgram {
  readonly program: string;
  readonly timeoutMs: number;
}

/** The repository that `folder` is in. Git is asked by name with arguments; no shell, and no revision can be an option. */
export function gitRepository(folder: string, program: Partial<GitProgram> = {}): Repository {
  const git: Git = (args, more = {}) => runGit({ ...USUAL, ...program, folder, ...more }, args);
  const gitDir = async () => (await git(['rev-parse', '--absolute-git-dir'])).trim();
  return {
    changeSince: async (base) => {
      const home = await gitDir();
      const commit = await commitOf(base, git);
      const from = (await git(['merge-base', commit, 'HEAD']).catch(() => '')).trim();
      if (from === '') throw new RepositoryUnavailable(`HEAD and "${base}" have no commit in common`);
      return { ...(await changeFrom(from, base, home, git)), base: commit };
    },
    defaultBranch: async () => {
      await gitDir();
      const remote = await git(['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']).catch(
        () => '',
      );
      for (const name of [remote.trim(), 'main', 'master']) {
        if (name !== '' && (await isRevision(name, git))) return name;
      }
      return null;
    },
    fileAt: (revision, path) => fileAt(revision, path, git),
  };
}

type Git = (args: readonly string[], more?: Partial<Asking>) => Promise<string>;

interface Asking extends GitProgram {
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

async function changeFrom(
  from: string,
  base: string,
  gitDir: string,
  git: Git,
): Promise<Omit<RepositoryChange, 'base'>> {
  const [diff, title, count, status] = await Promise.all([
    diffOf(from, gitDir, git),
    git(['log', '-1', '--no-show-signature', '--encoding=UTF-8', '--format=%s', 'HEAD']),
    git(['rev-list', '--count', `${from}..HEAD`]),
    git(['status', '--porcelain', '--untracked-files=no']),
  ]);
  const commits = Number(count.trim());
  if (commits === 0) {
    throw new RepositoryUnavailable(
      `HEAD has no commit that "${base}" has not; commit the change, or name another --base`,
    );
  }
  const uncommittedFiles = status.split('\n').filter((line) => line !== '').length;
  return { diff, title: title.trim(), commits, from, uncommittedFiles };
}

/**
 * The plumbing command, which leaves the user's ways of showing a diff alone. It is asked where there is neither a working tree
 * nor an index: by a `.gitattributes` in either, a change could declare its own files binary and so be seen by nobody.
 */
function diffOf(from: string, gitDir: string, git: Git): Promise<string> {
  const plain = ['--no-color', '--no-ext-diff', '--no-textconv', '--ignore-submodules=none'];
  return git([...NO_ATTRIBUTES, '--bare', 'diff-tree', '-r', '-p', '-M', ...plain, from, 'HEAD'], {
    folder: gitDir,
    env: { GIT_DIR: gitDir, GIT_INDEX_FILE: join(gitDir, 'no-index'), GIT_ATTR_NOSYSTEM: '1' },
  });
}

/** The path is looked up in the tree of the revision and nowhere else; what leads out of a tree is in none. */
async function fileAt(revision: string, path: string, git: Git): Promise<string | null> {
  if (path.includes('\0') || path.split('/').some((part) => ['', '.', '..'].includes(part))) return null;
  const listed = await git(['ls-tree', '-z', '-l', '--full-tree', refusingOptions(revision), '--', path]);
  const [, mode, kind, id, size, name] = /^(\d+) (\w+) (\w+) +(\d+|-)\t([^\0]*)/.exec(listed) ?? [];
  if (id === undefined || name !== path) return null;
  if (kind !== 'blob' || mode === SYMBOLIC_LINK) {
    const what = kind === 'blob' ? 'symbolic link' : kind === 'tree' ? 'folder' : 'submodule';
    throw new RepositoryUnavailable(`${path} is a ${what} at ${revision}, and no file`);
  }
  if (Number(size) > MOST_FILE_BYTES) {
    throw new RepositoryUnavailable(
      `${path} has ${size} bytes at ${revision}; at most ${MOST_FILE_BYTES} are read`,
    );
  }
  return git(['cat-file', 'blob', id]);
}

const SYMBOLIC_LINK = '120000';

async function commitOf(revision: string, git: Git): Promise<string> {
  const commit = await git([
    'rev-parse',
    '--verify',
    '--quiet',
    `${refusingOptions(revision)}^{commit}`,
  ]).catch(() => '');
  if (commit === '') {
    throw new RepositoryUnavailable(
      `the repository has no revision "${revision}"; name a branch, tag or commit that is here (git fetch brings others)`,
    );
  }
  return commit.trim();
}

async function isRevision(name: string, git: Git): Promise<boolean> {
  return git(['rev-parse', '--verify', '--quiet', `${name}^{commit}`]).then(
    () => true,
    () => false,
  );
}

/** A revision that begins with a dash would be an option. */
function refusingOptions(revision: string): string {
  if (revision.startsWith('-')) throw new RepositoryUnavailable(`"${revision}" is no revision`);
  return revision;
}

async function runGit(
  { program, timeoutMs, folder, env = {} }: Asking,
  args: readonly string[],
): Promise<string> {
  const inherited = Object.entries(process.env).filter(([name]) => !LOCAL_ENV.includes(name));
  try {
    const { stdout } = await run(program, ['-C', folder, ...PLAIN, ...args], {
      maxBuffer: MOST_BYTES,
      timeout: timeoutMs,
      env: {
        ...Object.fromEntries(inherited),
        ...{ GIT_OPTIONAL_LOCKS: '0', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
        ...env,
      },
    });
    return stdout;
  } catch (cause) {
    throw new RepositoryUnavailable(whyNot(cause, folder, timeoutMs), { cause });
  }
}

function whyNot(cause: unknown, folder: string, timeoutMs: number): string {
  const {
    code,
    killed,
    stderr = '',
  } = cause as {
    readonly code?: unknown;
    readonly killed?: boolean;
    readonly stderr?: string;
  };
  if (code === 'ENOENT') return 'git is not installed; give the change with --diff instead';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return `the change is larger than ${MOST_BYTES / 1024 / 1024} MiB of diff`;
  }
  if (killed === true) return `git gave no answer in ${folder} within ${formatDuration(timeoutMs)}`;
  const said = stderr.trim().split('\n')[0] ?? '';
  return /not a git repository|cannot change to/.test(said)
    ? `${folder} is no git repository`
    : `git failed in ${folder}: ${said === '' ? String(cause) : said}`;
}

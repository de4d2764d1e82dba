import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Repository, type RepositoryChange, RepositoryUnavailable } from '../../ports/repository.ts';

const run = promisify(execFile);

/** A larger answer is no change anyone reviews, and no file anyone reads. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_FILE_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** Nothing of a repository's or a user's own configuration may run a program or dress the text. */
const PLAIN = [
  ...['-c', 'core.fsmonitor=false', '-c', 'diff.noprefix=false', '-c', 'diff.mnemonicPrefix=false'],
  ...['-c', 'diff.renames=true'],
];

/** The repository that `folder` is in. Git is asked by name with arguments; no shell, and no revision can be an option. */
export function gitRepository(folder: string): Repository {
  const git = (args: readonly string[], maxBuffer = MOST_BYTES): Promise<string> =>
    runGit(folder, args, maxBuffer);
  return {
    changeSince: async (base) => {
      await git(['rev-parse', '--git-dir']);
      const commit = await commitOf(base, git);
      const from = (await git(['merge-base', commit, 'HEAD']).catch(() => '')).trim();
      if (from === '') throw new RepositoryUnavailable(`HEAD and "${base}" have no commit in common`);
      return changeFrom(from, base, git);
    },
    defaultBranch: async () => {
      const remote = await git(['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']).catch(
        () => '',
      );
      for (const name of [remote.trim(), 'main', 'master']) {
        if (name !== '' && (await isRevision(name, git))) return name;
      }
      return null;
    },
    fileAt: (revision, path) =>
      git(['cat-file', 'blob', `${refusingOptions(revision)}:${path}`], MOST_FILE_BYTES).catch(() => null),
  };
}

type Git = (args: readonly string[], maxBuffer?: number) => Promise<string>;

async function changeFrom(from: string, base: string, git: Git): Promise<RepositoryChange> {
  const [diff, title, count, status] = await Promise.all([
    git(['diff', '--no-color', '--no-ext-diff', '--no-textconv', from, 'HEAD']),
    git(['log', '-1', '--format=%s', 'HEAD']),
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

async function runGit(folder: string, args: readonly string[], maxBuffer: number): Promise<string> {
  try {
    const { stdout } = await run('git', ['-C', folder, ...PLAIN, ...args], {
      maxBuffer,
      timeout: TIMEOUT_MS,
      env: { ...process.env, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
    });
    return stdout;
  } catch (cause) {
    throw new RepositoryUnavailable(whyNot(cause, folder), { cause });
  }
}

function whyNot(cause: unknown, folder: string): string {
  const { code, stderr = '' } = cause as { readonly code?: unknown; readonly stderr?: string };
  if (code === 'ENOENT') return 'git is not installed; give the change with --diff instead';
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
    return `the change is larger than ${MOST_BYTES / 1024 / 1024} MiB of diff`;
  }
  const said = stderr.trim().split('\n')[0] ?? '';
  return /not a git repository|cannot change to/.test(said)
    ? `${folder} is no git repository`
    : `git failed in ${folder}: ${said === '' ? String(cause) : said}`;
}

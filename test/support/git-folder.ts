import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real repository in a folder of its own, on the branch "main", gone when disposed. */
export interface GitFolder extends Disposable {
  readonly folder: string;
  /** Writes below the repository's root. */
  write(path: string, content: string | Uint8Array): void;
  /** Writes the files, commits everything there is, and returns the commit's id. */
  commit(subject: string, files?: Readonly<Record<string, string | Uint8Array>>): string;
  /** Runs git with these arguments and returns what it prints. */
  git(...args: readonly string[]): string;
}

export function openGitFolder(): GitFolder {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-git-'));
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      env: environment(),
      stdio: 'pipe',
    }).trim();
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  git('init', '--quiet', '--initial-branch=main');
  return {
    folder,
    write,
    git,
    commit: (subject, files = {}) => {
      for (const [path, content] of Object.entries(files)) write(path, content);
      git('add', '--all');
      git('commit', '--quiet', '--allow-empty', '--no-gpg-sign', '--message', subject);
      return git('rev-parse', 'HEAD');
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Nothing of whoever runs the tests reaches the repository. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'));
  const person = { NAME: 'A Tester', EMAIL: 'tester@example.test' };
  return {
    ...Object.fromEntries(own),
    ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    ...{ GIT_AUTHOR_NAME: person.NAME, GIT_AUTHOR_EMAIL: person.EMAIL },
    ...{ GIT_COMMITTER_NAME: person.NAME, GIT_COMMITTER_EMAIL: person.EMAIL },
  };
}

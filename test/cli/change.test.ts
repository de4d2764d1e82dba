import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type Ended, openWorkplace, productYaml, type Workplace } from '../e2e/support/cli.ts';
import { type GitFolder, openGitFolder } from '../support/git-folder.ts';

const ROLLOUT_FILE = '.github/ROLLOUT.md';
const CAREFUL =
  'Go to 1% for 30 minutes, then 10% for 1 hour, then 100%. Roll back if the error rate doubles.';
const BOLD = 'Go to 100% for 1 minute. Roll back if the error rate is 40 times that of stable.';
const CAREFUL_LADDER = '1% for 30m → 10% for 1h → 100% for 15m';
const BOLD_LADDER = '100%, 1m per stage';

/** The first lines of a plan as it is shown. */
function planned({ stdout }: Ended): {
  readonly head: string | undefined;
  readonly ladder: string | undefined;
} {
  const [head, line] = stdout.split('\n');
  return { head, ladder: line?.replace('ladder', '').trim() };
}

/** A repository with a branch "work" checked out that changes one line, and an operator's folder beside it. */
function openBranch(
  onMain: Readonly<Record<string, string>>,
  onWork: Readonly<Record<string, string>> = {},
): { readonly repo: GitFolder; readonly here: Workplace } & AsyncDisposable {
  const repo = openGitFolder();
  const here = openWorkplace(null);
  repo.commit('Sell things', { 'src/price.ts': 'export const price = 1;\n', ...onMain });
  repo.git('checkout', '--quiet', '-b', 'work');
  repo.commit('Change the price', { 'src/price.ts': 'export const price = 3;\n', ...onWork });
  return {
    repo,
    here,
    [Symbol.asyncDispose]: async () => {
      repo[Symbol.dispose]();
      await here[Symbol.asyncDispose]();
    },
  };
}

describe.concurrent('sluice plan --base', () => {
  test('plans the commits since the branch, by the standing instruction of its base side', async ({
    expect,
  }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: `---\ntarget: till\n---\n${CAREFUL}\n` });
    const { repo, here } = branch;
    const ended = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^1 commit since main \([0-9a-f]{10}\)$/m);
    expect(ended.stderr).toContain('standing instruction from .github/ROLLOUT.md on the base side');
    expect(planned(ended)).toEqual({ head: 'Change the price  on till', ladder: CAREFUL_LADDER });
  });

  test('B10: an instruction that the change itself brings, or loosens, is not read', async ({ expect }) => {
    await using loosened = openBranch(
      { [ROLLOUT_FILE]: `---\ntarget: till\n---\n${CAREFUL}` },
      { [ROLLOUT_FILE]: `---\ntarget: playground\n---\n${BOLD}` },
    );
    await using brought = openBranch({}, { [ROLLOUT_FILE]: `---\ntarget: playground\n---\n${BOLD}` });
    loosened.repo.write(ROLLOUT_FILE, BOLD);
    const flags = ['plan', '--base', 'main', '--repo'];
    const kept = await loosened.here.sluice([...flags, loosened.repo.folder]);
    expect(planned(kept)).toEqual({ head: 'Change the price  on till', ladder: CAREFUL_LADDER });
    const none = await brought.here.sluice([...flags, brought.repo.folder]);
    expect(none.code).toBe(0);
    expect(none.stderr).not.toContain('ROLLOUT.md');
    expect(planned(none).head).toBe('Change the price  on this change');
    expect(planned(none).ladder).not.toContain(BOLD_LADDER);
  });

  test('B10: nor is one that a diff from a file comes with: it is the default branch’s', async ({
    expect,
  }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: CAREFUL }, { [ROLLOUT_FILE]: BOLD });
    const { repo, here } = branch;
    const stdin = `${repo.git('diff', 'main', 'HEAD')}\n`;
    const ended = await here.sluice(['plan', '--diff', '-', '--repo', repo.folder], { stdin });
    expect(ended.code).toBe(0);
    expect(planned(ended)).toEqual({ head: 'untitled change  on this change', ladder: CAREFUL_LADDER });
  });

  test('B10: a change that parted long ago is not judged by the words of that time', async ({ expect }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: BOLD });
    const { repo, here } = branch;
    repo.git('checkout', '--quiet', 'main');
    repo.commit('Be careful', { [ROLLOUT_FILE]: CAREFUL });
    repo.git('checkout', '--quiet', 'work');
    const ended = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
    expect(planned(ended).ladder).toBe(CAREFUL_LADDER);
  });

  test('yields to what is written on the command line, for the words and the target alike', async ({
    expect,
  }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: `---\ntarget: till\n---\n${CAREFUL}` });
    const { repo, here } = branch;
    const said = ['--title', 'Mine', '--target', 'counter', '--instruction', BOLD];
    const ended = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder, ...said]);
    expect(planned(ended)).toEqual({ head: 'Mine  on counter', ladder: BOLD_LADDER });
    expect(ended.stderr).not.toContain('standing instruction from');
  });

  test('says how much of the working tree is no part of it', async ({ expect }) => {
    await using branch = openBranch({});
    const { repo, here } = branch;
    repo.write('src/price.ts', 'export const price = 5;\n');
    const { stdout, stderr } = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
    expect(stderr).toContain('changes in 1 file are not committed and not part of it');
    expect(stdout).toContain('Change the price  on this change');
  });

  test('takes a subject for what it is: nothing that a terminal would act on', async ({ expect }) => {
    await using branch = openBranch({});
    const { repo, here } = branch;
    repo.commit('Calm\u001b[2J\u202e words');
    const ended = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
    expect(planned(ended).head).toBe('Calm\\u{001B}[2J\\u{202E} words  on this change');
  });

  test('reads the repository where it is called, when none is named, and any folder of one', async ({
    expect,
  }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: CAREFUL });
    const { repo, here } = branch;
    const outside = await here.sluice(['plan', '--base', 'main']);
    expect(outside).toMatchObject({ code: 1, stdout: '' });
    expect(outside.stderr).toContain('. is no git repository');
    repo.git('worktree', 'add', '--quiet', '--detach', join(here.folder, 'tree'));
    const inside = await here.sluice(['plan', '--base', 'main', '--repo', 'tree/src']);
    expect(planned(inside)).toEqual({
      head: 'Change the price  on this change',
      ladder: CAREFUL_LADDER,
    });
  });

  test('plans on the target that the repository names, of those that are configured', async ({ expect }) => {
    await using known = openBranch({ [ROLLOUT_FILE]: `---\ntarget: checkout\n---\n${CAREFUL}` });
    await using unknown = openBranch({ [ROLLOUT_FILE]: `---\ntarget: nowhere\n---\n${CAREFUL}` });
    const plan = ({ here, repo }: typeof known) => {
      here.write('sluice.yaml', productYaml('http://127.0.0.1:9/metrics'));
      return here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
    };
    expect(planned(await plan(known))).toEqual({
      head: 'Change the price  on checkout',
      ladder: CAREFUL_LADDER,
    });
    const refused = await plan(unknown);
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toContain('no target "nowhere" is configured');
  });
});

describe.concurrent('a change that cannot be read', () => {
  test.for<readonly [string, readonly string[], number, string]>([
    ['named twice', ['--diff', 'change.diff', '--base', 'main'], 2, 'name the change'],
    ['named by a repository alone', ['--repo', '.'], 2, 'name the change'],
    [
      'of a folder that is no repository',
      ['--base', 'main', '--repo', 'plain'],
      1,
      'plain is no git repository',
    ],
    ['of a folder that is not there', ['--base', 'main', '--repo', 'none'], 1, 'none is no git repository'],
    ['of a file', ['--base', 'main', '--repo', 'change.diff'], 1, 'change.diff is no git repository'],
    [
      'whose words would be nobody’s',
      ['--diff', 'change.diff', '--repo', 'plain'],
      1,
      'plain is no git repository',
    ],
    ['since an option', ['--base=--all', '--repo', 'REPO'], 1, '"--all" is no revision'],
    ['since a branch nobody has', ['--base', 'mian', '--repo', 'REPO'], 1, 'no revision "mian"'],
    ['since itself', ['--base', 'work', '--repo', 'REPO'], 1, 'HEAD has no commit that "work" has not'],
    [
      'with words given twice',
      ['--base', 'main', '--instruction', 'x', '--instruction-file', 'y'],
      2,
      'not both',
    ],
  ])('%s, is refused in one line and nothing is planned', async ([, args, code, says], { expect }) => {
    await using branch = openBranch({});
    const { repo, here } = branch;
    mkdirSync(join(here.folder, 'plain'));
    const ended = await here.sluice(['plan', ...args.map((arg) => (arg === 'REPO' ? repo.folder : arg))]);
    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(says) });
    expect(ended.stderr).not.toContain('has a bug');
  });

  test('by an instruction file that is broken, a link or too long to be one, is refused, not planned without', async ({
    expect,
  }) => {
    await using broken = openBranch({ [ROLLOUT_FILE]: '---\nladder: 1%\n---\n' });
    await using long = openBranch({ [ROLLOUT_FILE]: CAREFUL.repeat(20_000) });
    await using linked = openBranch({});
    linked.repo.git('checkout', '--quiet', 'main');
    mkdirSync(join(linked.repo.folder, '.github'));
    symlinkSync('../docs/words.md', join(linked.repo.folder, ROLLOUT_FILE));
    linked.repo.commit('Link', { 'docs/words.md': CAREFUL });
    linked.repo.git('checkout', '--quiet', '-b', 'further');
    linked.repo.commit('Further');
    for (const [{ repo, here }, says] of [
      [broken, '"ladder"'],
      [long, 'at most 1048576 are read'],
      [linked, 'is a symbolic link'],
    ] as const) {
      const ended = await here.sluice(['plan', '--base', 'main', '--repo', repo.folder]);
      expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(says) });
      expect(ended.stderr).toContain('.github/ROLLOUT.md');
      expect(ended.stderr).not.toContain('has a bug');
    }
  });

  test('by an instruction, for want of a default branch, is planned without and says so', async ({
    expect,
  }) => {
    await using branch = openBranch({ [ROLLOUT_FILE]: CAREFUL });
    const { repo, here } = branch;
    repo.git('branch', '--move', 'main', 'trunk');
    const ended = await here.sluice(['plan', '--diff', 'change.diff', '--repo', repo.folder]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('has no default branch to read .github/ROLLOUT.md from');
  });
});

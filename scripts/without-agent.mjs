#!/usr/bin/env node
/**
 * Holds what the design promises: without the agent, its tools and its prompts there is still a rollout controller that
 * type-checks, builds, decides, and passes every test that is not about the agent. Works on a copy of the tracked files; what it
 * removes of the tests it finds by their imports. Its last line is "without the agent: N test files, N passed, N failed".
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, posix } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const LEFT_OUT = ['src/agent/', 'tools/', 'prompts/'];
/** The tests of what is left out: `test/` mirrors the source. */
const THEIR_TESTS = ['test/agent/', 'test/tools/', 'test/prompts.test.ts'];
/** Tests that need what is left out and import none of it. */
const OTHERWISE = {
  'test/cli/offline.test.ts': 'expects of `plan` what the agent reads in a diff',
  'test/policy/architecture.test.ts': 'holds the agent and its tools to their imports',
  'test/policy/boundary.test.ts': 'finds the tests of every rule, the agent’s among them',
  'test/policy/docs.test.ts': 'finds every test that the pages name, the agent’s among them',
  'test/policy/tidy.test.ts': 'reads the folder of the tools too',
};
const FEWEST_TESTS = 100;
const LONGEST_MS = 10 * 60_000;

const copy = mkdtempSync(join(tmpdir(), 'sluice-without-agent-'));
const env = {
  ...process.env,
  NO_COLOR: '1',
  PATH: `${join(copy, 'node_modules/.bin')}${delimiter}${process.env.PATH}`,
};
const say = (text) => process.stdout.write(`${text}\n`);

try {
  process.exitCode = main();
} finally {
  rmSync(copy, { recursive: true, force: true });
}

function main() {
  const tracked = execFileSync('git', ['ls-files', '-z'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const present = tracked.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
  const removed = removedOf(present);
  const kept = present.filter((path) => !removed.has(path));
  for (const path of kept) {
    mkdirSync(join(copy, dirname(path)), { recursive: true });
    copyFileSync(join(ROOT, path), join(copy, path));
  }
  symlinkSync(realpathSync(join(ROOT, 'node_modules')), join(copy, 'node_modules'));

  const testFiles = (paths) => paths.filter((path) => path.endsWith('.test.ts')).length;
  const gone = [...removed];
  say(
    `left out: ${gone.filter((path) => isOf(path, LEFT_OUT)).length} files of the agent, its tools and prompts`,
  );
  say(`removed with them: ${testFiles(gone)} test files; kept: ${testFiles(kept)}`);
  for (const [path, why] of Object.entries(OTHERWISE)) say(`  ${path}: ${why}`);

  const isSound = [
    runs('tsc'),
    runs('tsc', '-p', 'src/core'),
    runs('tsc', '-p', 'tsconfig.build.json'),
    decides(),
    plans(),
  ];
  const { passed, failed, files } = tested();
  if (passed < FEWEST_TESTS) say(`only ${passed} tests ran; at least ${FEWEST_TESTS} should`);
  const faults = failed + isSound.filter((each) => !each).length + (passed < FEWEST_TESTS ? 1 : 0);
  say(`without the agent: ${files} test files, ${passed} passed, ${faults} failed`);
  return faults === 0 ? 0 : 1;
}

function isOf(path, folders) {
  return folders.some((folder) => path.startsWith(folder));
}

/** What is left out, and whatever of the tests leads to it, over however many files. */
function removedOf(present) {
  const tests = present.filter((path) => path.startsWith('test/') && path.endsWith('.ts'));
  const named = new Map(tests.map((path) => [path, namedIn(path)]));
  const removed = new Set(
    present.filter((path) => isOf(path, [...LEFT_OUT, ...THEIR_TESTS]) || Object.hasOwn(OTHERWISE, path)),
  );
  for (let before = -1; before !== removed.size; ) {
    before = removed.size;
    for (const [path, targets] of named) if (targets.some((target) => removed.has(target))) removed.add(path);
  }
  for (const path of Object.keys(OTHERWISE)) {
    if (!tests.includes(path)) throw new Error(`${path} is not there any more; take it off the list`);
  }
  return removed;
}

/** The TypeScript files that a file names from where it is: its imports, and the processes it starts. */
function namedIn(path) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return [...text.matchAll(/'(\.{1,2}\/[^'\n]*\.ts)'/g)].map(([, to]) => posix.join(posix.dirname(path), to));
}

function runs(command, ...args) {
  const { status, stdout, stderr, error } = spawn(command, args);
  const isDone = status === 0;
  say(`${isDone ? 'passed' : 'failed'}: ${[command, ...args].join(' ')}`);
  if (!isDone) say(`${stdout}${stderr}${error ?? ''}`);
  return isDone;
}

function spawn(command, args, options = {}) {
  return spawnSync(command, args, {
    cwd: copy,
    env,
    encoding: 'utf8',
    timeout: LONGEST_MS,
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
}

/** Whole rollouts through the built program: a bad release is rolled back and a good one goes to everyone. */
function decides() {
  const words =
    '5% → 25% → 100%, 5 minutes per stage. Hold if error rate is more than 0.5 points above stable; roll back if more than 2 points.';
  const effects = ['--effect', 'none', '--effect', '+6 points', '--rollouts', '3', '--json'];
  const args = ['simulate', '--traffic', '20000/min', '--instruction', words, ...effects];
  return sluice(
    args,
    '',
    ({ effects: [none, bad] }) => none.rolledBack.count === 0 && bad.rolledBack.count === 3,
  );
}

/** A change is planned by what is required of it alone, at high risk, and the plan says that nobody read it. */
function plans() {
  const diff = readFileSync(join(copy, 'fixtures/diffs/read-through-cache.diff'), 'utf8');
  const args = [
    'plan',
    '--diff',
    '-',
    '--instruction',
    '1% → 100%, 1 hour each. Roll back if error rate doubles.',
    '--json',
  ];
  return sluice(
    args,
    diff,
    ({ risk, riskReasons, checks }) =>
      risk === 'high' && checks.length === 1 && /no agent/.test(riskReasons.join()),
  );
}

function sluice(args, input, isRight) {
  const { status, stdout, stderr } = spawn(process.execPath, ['dist/src/cli.js', ...args], { input });
  let isDone = false;
  try {
    isDone = status === 0 && isRight(JSON.parse(stdout));
  } catch (error) {
    say(String(error));
  }
  say(`${isDone ? 'passed' : 'failed'}: sluice ${args[0]}`);
  if (!isDone) say(`${stdout}${stderr}`);
  return isDone;
}

function tested() {
  const report = join(copy, 'tests.json');
  const args = ['run', '--reporter=json', `--outputFile=${report}`];
  const { stdout, stderr, error } = spawn('vitest', args);
  if (!existsSync(report)) {
    say(`vitest gave no report: ${stdout}${stderr}${error ?? ''}`);
    return { passed: 0, failed: 1, files: 0 };
  }
  const { testResults, numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  const broken = testResults.filter(({ status }) => status !== 'passed');
  for (const { name, message, assertionResults } of broken) {
    say(`failed: ${name.replace(`${copy}/`, '')} ${message}`);
    for (const each of assertionResults.filter(({ status }) => status === 'failed')) {
      say(`  ${each.fullName}\n${each.failureMessages.join('\n').slice(0, 2_000)}`);
    }
  }
  const unloaded = broken.filter(
    ({ assertionResults }) => !assertionResults.some(({ status }) => status === 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + unloaded.length, files: testResults.length };
}

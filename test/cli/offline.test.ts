import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openWorkplace } from '../e2e/support/cli.ts';

const CACHE_DIFF = join(import.meta.dirname, '../../fixtures/diffs/read-through-cache.diff');
const NO_ANSWERS = {
  holdback: null,
  startAfter: null,
  windows: [],
  approvals: [],
  questions: [],
  unread: [],
};
const RULE = { against: 'stable', direction: 'above', notify: false };

describe.concurrent('sluice instruction', () => {
  test('reads fixed stages with a hold and a rollback line', async ({ expect }) => {
    await using here = openWorkplace(null);
    const stdin =
      'Roll this out to 1%, then 5%, 25% and 100%, 15 minutes per stage. ' +
      'Hold if the canary error rate exceeds the stable fleet by more than 0.5 points; roll back if it exceeds 2 points.\n';
    const { code, stdout, stderr } = await here.sluice(['instruction', '--json'], { stdin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const points = { ...RULE, metric: 'error_rate', compare: 'points', unit: 'points' };
    expect(JSON.parse(stdout)).toEqual({
      ladder: ['1%', '5%', '25%', '100%'].map((exposure) => ({ exposure, hold: '15m' })),
      rules: [
        { ...points, value: 0.5, action: 'hold', phrase: expect.stringContaining('more than 0.5 points') },
        { ...points, value: 2, action: 'rollback', phrase: expect.stringContaining('2 points') },
      ],
      ...NO_ANSWERS,
    });
  });

  test('reads a doubling ladder with a band and a factor', async ({ expect }) => {
    await using here = openWorkplace(null);
    const stdin =
      'Double the exposure every 20 minutes from 2% as long as error rate and p95 latency stay within 10% of stable. ' +
      'Roll back if the error rate doubles.\n';
    const { code, stdout, stderr } = await here.sluice(['--json', 'instruction'], { stdin });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const band = {
      ...RULE,
      compare: 'percent',
      value: 10,
      direction: 'either',
      unit: 'percent',
      action: 'hold',
    };
    const phrase = expect.stringContaining('within 10% of stable');
    expect(JSON.parse(stdout)).toEqual({
      ladder: [2, 4, 8, 16, 32, 64, 100].map((percent) => ({ exposure: `${percent}%`, hold: '20m' })),
      rules: [
        { ...band, metric: 'error_rate', phrase },
        { ...band, metric: 'latency_p95', phrase },
        {
          ...RULE,
          metric: 'error_rate',
          compare: 'times',
          value: 2,
          unit: 'times',
          action: 'rollback',
          phrase: expect.stringContaining('error rate doubles'),
        },
      ],
      ...NO_ANSWERS,
    });
  });

  test('says for people what it read, and what it could not', async ({ expect }) => {
    await using here = openWorkplace(null);
    const stdin = 'Go to 10% for 1 hour, then 100%. Roll back if the flux exceeds 12 gigawatts.';
    const { code, stdout } = await here.sluice(['instruction'], { stdin });
    expect(code).toBe(0);
    expect(stdout).toContain('10% (1h)');
    expect(stdout).toContain('gigawatts');
  });
});

describe.concurrent('sluice plan', () => {
  test('reads a change without any configuration, and says what it assumes', async ({ expect }) => {
    await using here = openWorkplace(null);
    const { code, stdout, stderr } = await here.sluice(['plan', '--json', '--diff', CACHE_DIFF]);
    expect(code).toBe(0);
    expect(stderr).toContain('no sluice.yaml: every signal is assumed to be measurable');
    const plan = JSON.parse(stdout) as { readonly checks: readonly { readonly signalKind: string }[] };
    expect(Object.keys(plan)).toEqual(
      expect.arrayContaining([
        ...['risk', 'riskReasons', 'rollbackSafe', 'surfaces', 'ladder', 'checks'],
        ...['dropped', 'unobservable', 'questions', 'unread'],
      ]),
    );
    expect(plan).toMatchObject({
      risk: 'medium',
      rollbackSafe: 'yes',
      surfaces: ['catalog'],
      questions: [],
      unread: [],
    });
    expect(plan.checks.map((check) => check.signalKind)).toContain('cache.hit_ratio');
    expect(existsSync(here.dataDir)).toBe(false);
  });

  test('reads the diff on standard input and an instruction from a file', async ({ expect }) => {
    await using here = openWorkplace(null);
    here.write('words.md', '5% for 10 minutes, then 100%. Roll back if the error rate doubles.');
    const args = ['plan', '--json', '--diff', '-', '--instruction-file', 'words.md'];
    const { code, stdout } = await here.sluice(args, { stdin: readFileSync(CACHE_DIFF, 'utf8') });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ladder: [{ exposure: '5%', hold: '10m' }, { exposure: '100%' }],
    });
  });

  test('is text for people otherwise', async ({ expect }) => {
    await using here = openWorkplace(null);
    const { code, stdout } = await here.sluice(['plan', '--diff', CACHE_DIFF, '--title', 'Cache products']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Cache products.*\n.*ladder.*1% → 10% → 50% → 100%/);
    expect(stdout).toContain('cache hit ratio');
  });
});

describe.concurrent('what was not meant', () => {
  test.for([
    { title: 'nothing', args: [], code: 2, says: 'Usage: sluice' },
    { title: 'an unknown command', args: ['rollbak'], code: 2, says: 'Did you mean rollback?' },
    { title: 'a wrong flag', args: ['status', '--wach'], code: 2, says: 'Did you mean --watch?' },
    {
      title: 'a port that is none',
      args: ['serve', '--port', '70000'],
      code: 2,
      says: 'a port is 0 to 65535',
    },
    {
      title: 'a stage entry that is no number',
      args: ['promote', '--yes', '--expect-epoch', 'abc'],
      code: 2,
      says: 'a whole number from 1',
    },
    {
      title: 'a decision that is no number',
      args: ['explain', '--at', '0'],
      code: 2,
      says: 'a whole number from 1',
    },
    {
      title: 'a duration that is none',
      args: ['hold', '--for', 'lunch'],
      code: 2,
      says: 'write 30m, 2h or 1d',
    },
    {
      title: 'two instructions',
      args: ['plan', '--diff', 'change.diff', '--instruction', 'x', '--instruction-file', 'y'],
      code: 2,
      says: 'not both',
    },
    { title: 'a diff that is not there', args: ['plan', '--diff', 'none.diff'], code: 1, says: 'none.diff' },
    { title: 'a log that is not there', args: ['replay', 'none.jsonl'], code: 1, says: 'none.jsonl' },
    {
      title: 'no configuration',
      args: ['serve'],
      code: 1,
      says: 'sluice.yaml cannot be read. Name another',
    },
    {
      title: 'no rollout to read of, which takes no configuration,',
      args: ['status'],
      code: 3,
      says: 'there is no rollout yet',
    },
    {
      title: 'an address where nothing answers',
      args: ['status'],
      env: { SLUICE_URL: 'http://127.0.0.1:9', SLUICE_TOKEN: 't' },
      code: 3,
      says: 'no Sluice answers at http://127.0.0.1:9',
    },
  ])('$title ends with $code, in words', async ({ args, env, code, says }, { expect }) => {
    await using here = openWorkplace(null);
    const ended = await here.sluice(args, env === undefined ? {} : { env });
    expect(ended.code).toBe(code);
    expect(ended.stderr).toContain(says);
    expect(ended.stderr).not.toContain('has a bug');
    expect(ended.stdout).toBe('');
  });

  test('help and version are answers', async ({ expect }) => {
    await using here = openWorkplace(null);
    const [help, version] = await Promise.all([here.sluice(['--help']), here.sluice(['--version'])]);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    for (const command of [
      'demo',
      'plan',
      'start',
      'status',
      'list',
      'rollback',
      'explain',
      'replay',
      'serve',
    ]) {
      expect(help.stdout).toContain(`  ${command} `);
    }
    expect(version).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  test('a configuration with an unknown key names the place', async ({ expect }) => {
    await using here = openWorkplace(
      'telemetry:\n  app: { kind: scrape, endpoint: ["http://x/metrics"] }\nsignals: {}\ntargets: {}\n',
    );
    const ended = await here.sluice(['serve']);
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('sluice.yaml');
    expect(ended.stderr).toContain('endpoint');
    expect(ended.stderr).toContain('telemetry.app');
  });
});

test('a damaged file is not a log', async () => {
  await using here = openWorkplace(null);
  here.write('x.jsonl', 'not a log\n');
  const ended = await here.sluice(['replay', '--json', 'x.jsonl']);
  expect(ended.code).toBe(1);
  expect(JSON.parse(ended.stdout)).toMatchObject({ events: 0, fault: { kind: 'not_a_log', line: 1 } });
});

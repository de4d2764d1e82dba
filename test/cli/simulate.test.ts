import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { progressOn } from '../../src/commands/progress.ts';
import { openWorkplace, productYaml } from '../e2e/support/cli.ts';
import { until } from '../e2e/support/until.ts';

const WORDS =
  'Roll this out to 5%, then 25% and 100%, 5 minutes per stage. ' +
  'Hold if the canary error rate exceeds the stable fleet by more than 0.5 points; roll back if it exceeds 2 points.';
const COMMON = ['simulate', '--instruction', WORDS, '--traffic', '20000/min', '--person-after', '5m'];
const FEW = [...COMMON, '--rollouts', '3'];

interface Answer {
  readonly partial: boolean;
  readonly effects: readonly {
    readonly effect: string;
    readonly rollouts: number;
    readonly refused: number;
    readonly rolledBack: { readonly count: number; readonly of: number };
    readonly blindPromotions: number;
  }[];
  readonly sentences: readonly string[];
}

describe.concurrent('sluice simulate', () => {
  test('answers by itself: the standard effects, a row and a sentence each', async ({ expect }) => {
    await using here = openWorkplace(null);
    const { code, stdout, stderr } = await here.sluice(FEW);
    expect(code).toBe(0);
    for (const effect of ['none', '+0.25 points', '+0.7 points', '+2 points', '+6 points'])
      expect(stdout).toMatch(new RegExp(`^ {2}${effect.replace('+', '\\+')} `, 'm'));
    expect(stdout).toMatch(/Good releases: \d of 3 rolled back \(95 % interval 0 to [\d.]+ %\)/);
    expect(stdout).toMatch(/“\+6 points” is caught in a median of \d+/);
    expect(stderr).toContain('critical  error rate: hold +0.5 points, roll back +2 points');
    // No bar where nobody watches one.
    expect(stderr).not.toContain('\u001b');
    expect(existsSync(here.dataDir)).toBe(false);
  });

  test('gives the same bytes for the same seed, and others for another', async ({ expect }) => {
    await using here = openWorkplace(null);
    const flags = [...FEW, '--effect', '+2 points', '--effect', 'none', '--json'];
    const [one, again, other] = await Promise.all([
      here.sluice(flags),
      here.sluice(flags),
      here.sluice([...flags, '--seed', '77']),
    ]);
    expect(one.code).toBe(0);
    expect(again.stdout).toBe(one.stdout);
    expect(other.stdout).not.toBe(one.stdout);
    const answer = JSON.parse(one.stdout) as Answer;
    expect(answer.partial).toBe(false);
    expect(answer.effects).toMatchObject([
      { effect: '+2 points', rollouts: 3, rolledBack: { of: 3 }, blindPromotions: 0 },
      { effect: 'none', rollouts: 3, rolledBack: { count: 0 } },
    ]);
    expect(answer.sentences).toHaveLength(2);
  });

  test('takes instruction and configuration of a target', async ({ expect }) => {
    await using here = openWorkplace(productYaml('http://127.0.0.1:9/metrics', WORDS));
    const flags = [
      'simulate',
      '--traffic',
      '20000/min',
      '--rollouts',
      '1',
      '--effect',
      '+6 points',
      '--json',
    ];
    const { code, stdout } = await here.sluice([...flags, '--target', 'checkout', '--tick', '15s']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      settings: { tickMs: 15_000 },
      plan: { ladder: [{ exposure: '5%' }, { exposure: '25%' }, { exposure: '100%' }] },
    });
    expect((await here.sluice([...flags, '--target', 'elsewhere'])).code).toBe(3);
  });

  test('says what preflight would refuse, in its words, and goes on when told to', async ({ expect }) => {
    await using here = openWorkplace(null);
    const thin = [...COMMON.with(4, '100/min'), '--rollouts', '2', '--effect', '+2 points'];
    const refused = await here.sluice(thin);
    expect(refused.code).toBe(4);
    expect(refused.stdout).toContain('2 starts were refused');
    expect(refused.stdout).toContain('not clearable');
    const anyway = await here.sluice([...thin, '--anyway', '--json']);
    expect(anyway.code).toBe(0);
    expect((JSON.parse(anyway.stdout) as Answer).effects[0]).toMatchObject({
      refused: 0,
      rolledBack: { of: 2 },
      blindPromotions: 0,
    });
  });

  test('draws the first rollout of each effect', async ({ expect }) => {
    await using here = openWorkplace(null);
    const flags = [...COMMON, '--rollouts', '1', '--svg', 'run.svg', '--effect', '+6 points'];
    expect((await here.sluice(flags)).code).toBe(0);
    expect(readFileSync(join(here.folder, 'run.svg'), 'utf8')).toContain('“+6 points”, seed 1');
    await here.sluice([...flags, '--effect', 'dead at 2m']);
    expect(readdirSync(here.folder).filter((name) => name.endsWith('.svg'))).toEqual(
      expect.arrayContaining(['run-6-points.svg', 'run-dead-at-2m.svg']),
    );
  });

  test('ends at once when it is interrupted, with what was done so far', async ({ expect }) => {
    await using here = openWorkplace(null);
    const cli = here.launch([...COMMON, '--rollouts', '100000', '--effect', 'none', '--json']);
    await until('it to run', () => (cli.said().includes('critical') ? true : null));
    cli.process.kill('SIGINT');
    const { code, stdout } = await cli.ended;
    expect(code).toBe(130);
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.partial).toBe(true);
    for (const { rollouts } of answer.effects) expect(rollouts).toBeLessThan(100_000);
  });

  test.each<[string, readonly string[], string]>([
    ['an effect nobody knows', ['--effect', 'gremlins'], 'drift 0.1 points per minute'],
    ['traffic without a number', ['--traffic', 'lots'], '2000/min'],
    ['an error rate that is no share', ['--error-rate', '80%'], 'up to 50%'],
    ['a tick shorter than a second', ['--tick', '10ms'], 'at least 1s'],
    ['an hour that no day has', ['--start-hour', '25'], '0 to 23'],
    ['noise that is not known', ['--noise', 'loud'], 'none or usual'],
    ['a time that is none', ['--person-after', 'soon'], '--person-after "soon"'],
    ['two instructions', ['--instruction-file', 'x'], 'not both'],
    ['no rollouts', ['--rollouts', '0'], 'a whole number from 1'],
  ])('refuses %s as wrong usage', async (_, flags, said) => {
    await using here = openWorkplace(null);
    const { code, stdout, stderr } = await here.sluice([...FEW, ...flags]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(said);
  });

  test('asks what to simulate when nothing says', async ({ expect }) => {
    await using here = openWorkplace(null);
    const { code, stderr } = await here.sluice(['simulate', '--traffic', '2000/min']);
    expect(code).toBe(2);
    expect(stderr).toContain('say what to simulate');
  });

  test('refuses a plan that could not be started', async ({ expect }) => {
    await using here = openWorkplace(null);
    const words = 'Go to 10% for 1 hour, then 100%.';
    const { code, stderr } = await here.sluice(['simulate', '--traffic', '2000/min', '--instruction', words]);
    expect(code).toBe(4);
    expect(stderr).toContain('no critical check');
  });
});

test('a bar is drawn on a terminal alone, and taken away at the end', () => {
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const nobody = progressOn({ write });
  nobody.show({ what: 'none', done: 1, of: 4 });
  nobody.end();
  expect(written).toEqual([]);
  const bar = progressOn({ isTTY: true, write });
  bar.show({ what: '+2 points', done: 1, of: 4 });
  bar.end();
  expect(written[0]).toContain('██████░░░░░░░░░░░░░░░░░░ 1/4  +2 points');
  expect(written.at(-1)).toBe('\r\u001b[K');
});

import { existsSync, readFileSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { replay } from '../../src/engine/replay.ts';
import {
  type Ended,
  openWorkplace,
  productYaml,
  serving,
  USUAL_INSTRUCTION,
  type Workplace,
} from '../e2e/support/cli.ts';
import { openRig, PROPOSED, RIG_ROLLOUT } from '../e2e/support/open-rig.ts';
import { healthy, LINES, openProduct, type Product } from '../e2e/support/product.ts';
import { exposureInFile, storedRollout } from '../e2e/support/record.ts';
import { until } from '../e2e/support/until.ts';

/** A test here runs a dozen processes, beside others that do. */
const TIMEOUT_MS = 60_000;

/** A workplace whose product shows what its flag file says. */
async function openShop(instruction?: string, requestsPerSecond?: number) {
  let dataDir = '';
  const product = await openProduct({
    exposure: () => exposureInFile(dataDir),
    canaryErrors: healthy,
    ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
  });
  const here = openWorkplace(productYaml(product.url, instruction));
  dataDir = here.dataDir;
  return {
    here,
    product,
    [Symbol.asyncDispose]: async () => {
      await here[Symbol.asyncDispose]();
      await product.kill();
    },
  };
}

/** A rollout that stands at its first stage, left by a Sluice whose looks were closer together than the command's. */
async function withRollout(
  shop: { readonly here: Workplace; readonly product: Product },
  instruction: string,
) {
  const rig = await openRig({
    at: { dataDir: shop.here.dataDir, product: shop.product },
    instruction,
    tickMs: 200,
    canaryErrors: healthy,
  });
  await rig.start();
  return rig;
}

function jsonOf<T>(ended: Ended): T {
  return JSON.parse(ended.stdout) as T;
}

/** Left with the exposure of its first stage in force, and nobody who carries it on. */
async function openShopAt10() {
  const shop = await openShop();
  const rig = await withRollout(shop, USUAL_INSTRUCTION);
  await rig.decided('a look', (decision) => decision.reason === 'stage_minimum');
  await rig.close();
  return shop;
}

describe.concurrent('a rollout on the command line', { timeout: TIMEOUT_MS }, () => {
  test.for([{ where: 'on the store, where no serve runs' }, { where: 'through a running serve' }] as const)(
    'is looked at, held and rolled back $where',
    async ({ where }, { expect }) => {
      await using shop = await openShopAt10();
      const { here } = shop;
      const isServed = where === 'through a running serve';
      const serve = isServed ? await serving(here) : null;

      const list = await here.sluice(['list', '--json']);
      expect(list.code).toBe(0);
      expect(jsonOf(list)).toMatchObject({ version: 1, rollouts: [{ id: RIG_ROLLOUT, target: 'checkout' }] });
      const status = await here.sluice(['status']);
      expect(status).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/RUNNING at 10%.*watching 10%/s),
      });

      const hold = await here.sluice(['hold', '--for', '30m', '--reason', 'lunch', '--json']);
      expect(hold.code).toBe(0);
      expect(jsonOf(hold)).toMatchObject({ version: 1, kind: 'accepted', view: { heldBy: 'alice' } });
      expect(hold.stderr.includes('nothing carries it on yet')).toBe(!isServed);
      const held = await here.sluice(['status', RIG_ROLLOUT, '--json']);
      expect(held.code).toBe(10);
      expect(jsonOf(held)).toMatchObject({
        version: 1,
        rollout: { phase: 'running', decision: { kind: 'hold', reason: 'person_hold' } },
      });

      expect(exposureInFile(here.dataDir)).toBe(10);
      const back = await here.sluice(['rollback', '--reason', 'it looks wrong', '--json']);
      expect(back.code).toBe(0);
      expect(jsonOf(back)).toMatchObject({ version: 1, kind: 'accepted' });
      expect(exposureInFile(here.dataDir)).toBe(0);
      expect((await here.sluice(['status'])).code).toBe(11);
      const log = await here.sluice(['log', '--json']);
      expect(replay(log.stdout)).toMatchObject({ fault: null, state: { ended: 'person_rollback' } });

      if (serve !== null) serve.cli.process.kill('SIGINT');
      expect((await serve?.cli.ended)?.code ?? 0).toBe(0);
    },
  );

  test('is not moved by a word that is unsure, late, early or about another', async ({ expect }) => {
    await using shop = await openShopAt10();
    const { here } = shop;
    const { stageEpoch } = (await storedRollout(here.dataDir, RIG_ROLLOUT))?.row.state ?? { stageEpoch: 0 };
    const asked = await here.sluice(['promote']);
    expect(asked).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringContaining('say --yes to go ahead'),
    });
    const old = String(stageEpoch + 7);
    const stale = await here.sluice(['resume', '--yes', '--expect-epoch', old]);
    expect(stale).toMatchObject({ code: 4, stderr: expect.stringContaining(`meant for stage entry ${old}`) });
    const early = await here.sluice(['promote', '--yes', '--json']);
    expect(early).toMatchObject({ code: 4, stderr: expect.stringContaining('promote was refused: ') });
    expect(jsonOf(early)).toMatchObject({ version: 1, kind: 'refused', why: expect.any(String) });
    const resume = await here.sluice(['resume', '--yes']);
    expect(resume).toMatchObject({ code: 0, stdout: expect.stringContaining('watching 10%') });
    const unknown = await here.sluice(['status', 'rl_none']);
    expect(unknown).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('there is no rollout rl_none'),
    });
    expect(exposureInFile(here.dataDir)).toBe(10);
  });

  test('is told which proposed check not to hold by, with a reason, and names it from then on', async ({
    expect,
  }) => {
    await using shop = await openShop();
    const { here } = shop;
    const rig = await openRig({
      at: { dataDir: here.dataDir, product: shop.product },
      instruction: USUAL_INSTRUCTION,
      tickMs: 200,
      canaryErrors: healthy,
    });
    await rig.startWithProposed();
    await rig.decided('a look', (decision) => decision.reason === 'stage_minimum');
    await rig.close();
    const waive = (...args: readonly string[]) => here.sluice(['waive', RIG_ROLLOUT, ...args]);

    const bare = await waive(PROPOSED.id, '--yes');
    expect(bare).toMatchObject({ code: 2, stderr: expect.stringContaining("'--reason <text>'") });
    expect(await waive(PROPOSED.id, '--yes', '--reason', ' ')).toMatchObject({ code: 2, stdout: '' });
    const asked = await waive(PROPOSED.id, '--reason', 'known');
    expect(asked).toMatchObject({ code: 2, stderr: expect.stringContaining(`waive ${PROPOSED.id}?`) });
    const required = await waive('http.error_rate', '--yes', '--reason', 'known');
    expect(required).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('waive http.error_rate was refused: http.error_rate is required by'),
    });
    const stale = await waive(PROPOSED.id, '--yes', '--reason', 'known', '--expect-epoch', '7');
    expect(stale).toMatchObject({ code: 4, stderr: expect.stringContaining('meant for stage entry 7') });

    const waived = await waive(PROPOSED.id, '--yes', '--reason', 'a known cold start', '--json');
    expect(waived.code).toBe(0);
    const line = `${PROPOSED.id} does not vote in this stage: waived by alice, because: a known cold start`;
    expect(jsonOf(waived)).toMatchObject({ kind: 'accepted', view: { explanation: { waived: [line] } } });
    expect((await here.sluice(['status'])).stdout).toContain(line);
    expect((await here.sluice(['explain'])).stdout).toContain(line);
    expect((await here.sluice(['log'])).stdout).toContain(`waive ${PROPOSED.id} accepted`);
    const log = await here.sluice(['log', '--json']);
    expect(replay(log.stdout)).toMatchObject({ fault: null, state: { waived: [{ by: 'alice' }] } });
  });

  test('leaves a log that explains and replays; with one byte changed the place is named', async ({
    expect,
  }) => {
    await using shop = await openShopAt10();
    const { here } = shop;
    await here.sluice(['rollback']);
    const explained = await here.sluice(['explain', RIG_ROLLOUT, '--json']);
    expect(explained.code).toBe(0);
    expect(jsonOf(explained)).toMatchObject({
      version: 1,
      decision: { kind: 'rollback', reason: 'person_rollback' },
      explanation: { headline: 'checkout: rolled back from 10% by alice', urgency: 'alert' },
    });
    const log = await here.sluice(['log', RIG_ROLLOUT, '--json']);
    expect(log.code).toBe(0);
    const lines = log.stdout.split('\n');
    const events = lines.length - 3;
    const text = await here.sluice(['log']);
    expect(text.stdout.trimEnd().split('\n')).toHaveLength(events);
    expect(text.stdout).toContain('rollback accepted');

    here.write('log.jsonl', log.stdout);
    const whole = await here.sluice(['replay', 'log.jsonl', '--json']);
    expect(whole.code).toBe(0);
    expect(jsonOf(whole)).toMatchObject({ version: 1, rolloutId: RIG_ROLLOUT, events, fault: null });
    // Line 3 is event 2.
    here.write('changed.jsonl', lines.with(2, changedByte(lines[2] ?? '')).join('\n'));
    const broken = await here.sluice(['replay', 'changed.jsonl']);
    expect(broken.code).toBe(1);
    expect(broken.stderr).toMatch(/^changed\.jsonl: event 2 \(\w+\), line 3: .*\[altered, line 3\]/);
  });

  test('waits for a person, goes on at their word, and is complete', async ({ expect }) => {
    const instruction = `Start at 10% for 1 second, then 100% for 1 second. Ask me before going beyond 10%. ${LINES}`;
    await using shop = await openShop(instruction);
    const { here } = shop;
    const rig = await withRollout(shop, instruction);
    await rig.decided('the question', (decision) => decision.kind === 'ask');
    await rig.close();

    const asked = await here.sluice(['status']);
    expect(asked).toMatchObject({ code: 12, stdout: expect.stringMatching(/ASKING at 10%/) });
    const promoted = await here.sluice(['promote', '--yes', '--reason', 'I have looked']);
    expect(promoted).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('promoted from 10% to 100% by alice'),
    });
    expect(promoted.stderr).toContain('nothing carries it on yet: run `sluice serve`');

    const { cli } = await serving(here);
    const watched = await here.sluice(['status', '--watch']);
    expect(watched).toMatchObject({ code: 0, stderr: expect.stringContaining('complete at 100%') });
    expect(watched.stderr).toContain('Ctrl-C stops watching, never the rollout');
    const all = await here.sluice(['list', '--all']);
    expect(all).toMatchObject({ code: 0, stdout: expect.stringContaining(RIG_ROLLOUT) });
    expect(exposureInFile(here.dataDir)).toBe(100);
    const back = await here.sluice(['rollback', '--reason', 'found late']);
    expect(back).toMatchObject({ code: 0, stdout: expect.stringContaining('rolled back') });
    expect(exposureInFile(here.dataDir)).toBe(0);
    cli.process.kill('SIGTERM');
    expect((await cli.ended).code).toBe(0);
  });

  test('starts, once at a time, and goes on over a restart of serve', async ({ expect }) => {
    await using shop = await openShop();
    const { here } = shop;
    const first = await serving(here);
    expect(first.url).toContain('http://127.0.0.1:');
    const address = join(here.dataDir, 'serve.json');
    expect(statSync(address).mode & 0o777).toBe(0o600);

    const started = await here.sluice([
      'start',
      '--diff',
      'change.diff',
      '--id',
      'rl_cli',
      '--yes',
      '--json',
    ]);
    expect(started.code).toBe(0);
    expect(jsonOf(started)).toMatchObject({
      version: 1,
      kind: 'started',
      rolloutId: 'rl_cli',
      planned: {
        ladder: [{ exposure: '10%', hold: '1m' }, { exposure: '50%' }, { exposure: '100%' }],
        faults: [],
      },
      preflight: { isClearable: true },
    });
    expect(started.stderr).toContain('reading the traffic of checkout for 4 s');
    expect(started.stderr).not.toContain('nothing carries it on');
    await until('10 %', () => exposureInFile(here.dataDir) === 10);
    const again = await here.sluice(['start', '--diff', 'change.diff', '--yes']);
    expect(again).toMatchObject({
      code: 4,
      stdout: '',
      stderr: expect.stringContaining('rollout rl_cli is under way'),
    });

    first.cli.process.kill('SIGINT');
    const ended = await first.cli.ended;
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).toContain(
      'stopped; exposure stays as it is, and the next `sluice serve` carries on',
    );
    expect(existsSync(address)).toBe(false);
    expect(exposureInFile(here.dataDir)).toBe(10);

    const before = (await storedRollout(here.dataDir, 'rl_cli'))?.entries.length ?? 0;
    const second = await serving(here);
    await until('a further look', async () => {
      const stored = await storedRollout(here.dataDir, 'rl_cli');
      return (stored?.entries.length ?? 0) > before;
    });
    second.cli.process.kill('SIGKILL');
    await second.cli.ended;
    expect(existsSync(address), 'the address of a serve that was killed').toBe(true);
    expect((await here.sluice(['status'])).code).toBe(0);
  });

  test('is refused before anything moves where traffic is thin, with a ladder that is then taken', async ({
    expect,
  }) => {
    await using shop = await openShop(
      `Start at 1% for 1 minute, then 5%, 25% and 100%, 1 minute per stage. ${LINES}`,
      100,
    );
    const { here } = shop;
    const refused = await here.sluice(['start', '--diff', 'change.diff', '--yes', '--json']);
    expect(refused.code).toBe(4);
    const outcome = jsonOf<{ readonly why: string }>(refused);
    expect(outcome).toMatchObject({ version: 1, kind: 'refused', preflight: { isClearable: false } });
    expect(outcome.why).toMatch(
      /^at \d+ requests\/min not every stage can be cleared: 1% needs \d+[smhd]+ and has 1m \(\d+ canary requests for error rate, \d+ expected\)/,
    );
    expect(refused.stderr).toContain(`not started: ${outcome.why}`);
    expect(exposureInFile(here.dataDir)).toBe(0);
    expect(await here.sluice(['list', '--all'])).toMatchObject({ code: 0, stdout: '' });

    const ladder = /A ladder that can: (.*)\.$/.exec(outcome.why)?.[1];
    const instruction = `${ladder}. ${LINES}`;
    const read = await here.sluice(['instruction', '--json'], { stdin: instruction });
    expect(jsonOf(read)).toMatchObject({ questions: [], unread: [] });
    const args = ['start', '--diff', 'change.diff', '--yes', '--instruction', instruction, '--json'];
    const started = await here.sluice(args);
    expect({ code: started.code, ...jsonOf<object>(started) }).toMatchObject({ code: 0, kind: 'started' });
  });
});

function changedByte(line: string): string {
  const at = line.indexOf('"at":') + 5;
  const digit = (Number(line[at]) + 1) % 10;
  return `${line.slice(0, at)}${digit}${line.slice(at + 1)}`;
}

describe.concurrent('sluice serve', { timeout: TIMEOUT_MS }, () => {
  test('lets in whoever has its token, and nobody else', async ({ expect }) => {
    await using shop = await openShop();
    const { here } = shop;
    const { url } = await serving(here, { env: { SLUICE_TOKEN: 'chosen' } });
    expect(JSON.parse(readFileSync(join(here.dataDir, 'serve.json'), 'utf8'))).toMatchObject({
      url,
      token: 'chosen',
    });
    const health = (token: string) =>
      fetch(`${url}/api/health`, { headers: { authorization: `Bearer ${token}` } });
    expect((await health('wrong')).status).toBe(401);
    expect((await health('chosen')).status).toBe(200);
    const elsewhere = openWorkplace(null);
    await using _elsewhere = elsewhere;
    const through = (address: string, token: string, ...args: readonly string[]) =>
      elsewhere.sluice(args, { env: { SLUICE_URL: address, SLUICE_TOKEN: token } });
    const right = await through(`${url}/`, 'chosen', 'list', '--json');
    expect({ code: right.code, stdout: JSON.parse(right.stdout) }).toEqual({
      code: 0,
      stdout: { version: 1, rollouts: [] },
    });
    const wrong = await through(url, 'wrong', 'list');
    expect(wrong).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('with this token') });
    const plan = await through(
      url,
      'chosen',
      'plan',
      '--target',
      'checkout',
      '--diff',
      'change.diff',
      '--json',
    );
    expect({ code: plan.code, ...JSON.parse(plan.stdout) }).toMatchObject({
      code: 0,
      ladder: [{ exposure: '10%' }, {}, {}],
    });
    const unknown = await through(url, 'chosen', 'plan', '--target', 'cart', '--diff', 'change.diff');
    expect(unknown).toMatchObject({
      stdout: '',
      stderr: expect.stringContaining('no target "cart" is configured'),
    });
    expect(unknown.code).toBe(3);
  });

  test('says that a port is taken, and leaves what runs there alone', async ({ expect }) => {
    await using shop = await openShop();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = other.address() as AddressInfo;
      const ended = await shop.here.sluice(['serve', '--port', String(port)]);
      expect(ended).toMatchObject({ code: 1, stdout: '' });
      expect(ended.stderr).toContain(`127.0.0.1:${port} cannot be listened on`);
      expect(ended.stderr).not.toContain('has a bug');
      expect(existsSync(join(shop.here.dataDir, 'serve.json'))).toBe(false);
    } finally {
      other.close();
    }
  });

  test('stops at once while a start is reading the traffic', async ({ expect }) => {
    await using shop = await openShop();
    const { here, product } = shop;
    const { cli } = await serving(here);
    const measuring = product.asked(1);
    const start = here.sluice(['start', '--diff', 'change.diff', '--yes']);
    await measuring;
    const stoppedAt = performance.now();
    cli.process.kill('SIGINT');
    expect((await cli.ended).code).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(2_500);
    const ended = await start;
    expect(ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('Sluice stopped before'),
    });
    expect(exposureInFile(here.dataDir)).toBe(0);
  });
});

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/adapters/sqlite/store.ts';
import { systemClock } from '../../../src/adapters/system/clock.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { eventPayload } from '../../../src/core/rollout/events.ts';
import { type RolloutState, startState } from '../../../src/core/rollout/state.ts';
import { openWorkplace, productYaml } from '../../e2e/support/cli.ts';
import { openGitFolder } from '../../support/git-folder.ts';
import { planOf } from '../../support/rollout-rig.ts';

const TOKEN = `ghp_${'a1B2'.repeat(9)}`;
const REPLY = {
  risk: 'high',
  risk_reasons: ['Prices change.'],
  rollback_safe: 'yes',
  checks: [],
};

interface Asked {
  readonly tools: readonly { readonly name: string }[];
  readonly messages: readonly { readonly content: unknown }[];
}

/** The Messages API on loopback: it first asks for what the test wants to know, then answers. */
async function openModelServer(wanted: readonly { readonly name: string; readonly input: object }[]) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    asked.push(JSON.parse(await text(request)) as Asked);
    const isFirst = asked.length === 1 && wanted.length > 0;
    const content = isFirst
      ? wanted.map((call, at) => ({ type: 'tool_use', id: `call-${at}`, ...call }))
      : [{ type: 'text', text: JSON.stringify(REPLY) }];
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({
        content,
        stop_reason: isFirst ? 'tool_use' : 'end_turn',
        usage: { input_tokens: 1, output_tokens: 1 },
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    asked,
    env: { ANTHROPIC_API_KEY: 'key-of-the-test', ANTHROPIC_BASE_URL: `http://127.0.0.1:${port}` },
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Leaves a rollout of the target in the data folder, as one that was rolled back before its first look. */
async function leaveRollout(dataDir: string): Promise<void> {
  const store = openSqliteStore<RolloutState, Plan>({ path: join(dataDir, 'sluice.db'), clock: systemClock });
  await store.migrate();
  const plan = planOf({ title: 'words of an earlier rollout' });
  const versions = { sluice: '0', decider: 0, bucketing: '' };
  await store.create({
    id: 'rl_before',
    target: 'checkout',
    plan,
    planDigest: 'd',
    state: { ...startState(plan, 0), phase: 'rolled_back' },
    firstEvent: {
      kind: 'started',
      at: 0,
      actor: 'sluice',
      payload: eventPayload({ kind: 'started', plan, planDigest: 'd', before: [], versions }),
      evidence: null,
      gateEpoch: null,
    },
    nextTickAt: 0,
  });
  await store.close();
}

const CONFIG = `${productYaml('http://127.0.0.1:9/metrics')}\nmodel: { mode: assist, model: model-x }\n`;

describe('a model asked by `sluice plan`', () => {
  test('reads a changed file as the base has it, masked, and how the target’s last rollouts went', async () => {
    await using here = openWorkplace(CONFIG);
    await leaveRollout(here.dataDir);
    using repo = openGitFolder();
    repo.commit('Sell', {
      'src/old.ts': 'let tax = 2;\n'.repeat(9),
      'src/price.ts': `// of the base\nconst token = '${TOKEN}';\nlet price = 1;\n`,
    });
    repo.git('checkout', '--quiet', '-b', 'work');
    repo.git('mv', 'src/old.ts', 'src/tax.ts');
    repo.commit('Change the price', {
      'src/price.ts': '// of the change\nlet price = 3;\n',
      'src/tax.ts': `${'let tax = 2;\n'.repeat(8)}let tax = 3;\n`,
    });
    repo.write('src/price.ts', '// of the disk\n');
    using model = await openModelServer([
      { name: 'read_base_file', input: { file: 'f1', from: 1, to: 3 } },
      { name: 'read_base_file', input: { file: '../../etc/passwd', from: 1, to: 3 } },
      { name: 'read_base_file', input: { file: 'f2', from: 9, to: 9 } },
      { name: 'get_past_rollouts', input: { component: 'checkout', limit: 5 } },
    ]);
    const args = ['plan', '--base', 'main', '--repo', repo.folder];
    const ended = await here.sluice(args, { env: model.env });
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Prices change') });
    expect(model.asked).toHaveLength(2);
    const answers = JSON.stringify(model.asked[1]?.messages.at(-1)?.content).replaceAll('\\', '');
    expect(answers).toContain('// of the basenconst token');
    expect(answers).toContain('let price = 1;');
    // A file that was moved is read where it was.
    expect(answers).toContain('{"text":"let tax = 2;","isCut":false}');
    expect(answers).not.toMatch(/of the change|of the disk|root:/);
    expect(answers).toContain('the input does not fit');
    expect(answers).toContain(
      '{"rollouts":[{"outcome":"rolled_back","reachedPercent":0,"fired":[],"falseAlarms":0}]}',
    );
    expect(JSON.stringify(model.asked)).not.toContain(TOKEN);
    expect(JSON.stringify(model.asked)).not.toContain('words of an earlier rollout');
  });

  test('is not offered base files where only a diff is known', async () => {
    await using here = openWorkplace(CONFIG);
    using model = await openModelServer([]);
    const ended = await here.sluice(['plan', '--diff', 'change.diff'], { env: model.env });
    expect(ended.code).toBe(0);
    const offered = model.asked[0]?.tools.map(({ name }) => name);
    expect(offered).toContain('get_past_rollouts');
    expect(offered).not.toContain('read_base_file');
  });
});

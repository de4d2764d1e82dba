import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { controlClient } from '../../src/adapters/control-client/client.ts';
import type { CommandReply } from '../../src/ports/control.ts';
import type { RunningServer } from '../../src/server/server.ts';
import { openRig, PROPOSED, RIG_ROLLOUT, type SluiceRig } from '../e2e/support/open-rig.ts';
import { healthy, LINES, TARGET } from '../e2e/support/product.ts';

const TOKEN = 'a-token-of-this-test';
const LIMIT_BYTES = 16 * 1024 * 1024;
const INSTRUCTION = `Start at 10% for 60 seconds, then 100% for 60 seconds. ${LINES}`;

let rig: SluiceRig;
let server: RunningServer;
beforeAll(async () => {
  rig = await openRig({ canaryErrors: healthy, tickMs: 200, instruction: INSTRUCTION });
  server = await rig.sluice.serve(0, TOKEN);
  await rig.startWithProposed();
  await rig.decided('a look', (decision) => decision.reason === 'stage_minimum');
});
afterAll(async () => {
  await server.close();
  await rig[Symbol.asyncDispose]();
});

interface Asked {
  readonly method?: string;
  readonly token?: string | null;
  readonly body?: unknown;
  /** Sent as it is. */
  readonly text?: string;
}

function ask(path: string, { method, token = TOKEN, body, text }: Asked = {}): Promise<Response> {
  const sent = text ?? (body === undefined ? null : JSON.stringify(body));
  return fetch(`${server.url}/api${path}`, {
    method: method ?? (sent === null ? 'GET' : 'POST'),
    headers: {
      'content-type': 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    body: sent,
  });
}

const PLAN = { target: TARGET, title: '', diff: '', instruction: null };
const START = { ...PLAN, by: 'alice', confirmed: true, rolloutId: null };
const COMMAND = { verb: 'hold', by: 'alice', reason: '', holdMs: null, expectedEpoch: null, deliveryId: 'd' };
const COMMANDS = `/rollouts/${RIG_ROLLOUT}/commands`;

const command = async (words: object): Promise<CommandReply> =>
  (
    await ask(COMMANDS, { body: { ...COMMAND, deliveryId: randomUUID(), ...words } })
  ).json() as Promise<CommandReply>;

const commanded = async () =>
  (await rig.sluice.engine.store.readLog(RIG_ROLLOUT, 1)).filter((entry) => entry.kind === 'commanded');

describe('who may ask', () => {
  test.for([
    { path: '/health' },
    { path: '/rollouts' },
    { path: `/rollouts/${RIG_ROLLOUT}` },
    { path: `/rollouts/${RIG_ROLLOUT}/log` },
    { path: '/plans', body: PLAN },
    { path: '/rollouts', body: START },
    { path: COMMANDS, body: COMMAND },
    { path: '/nothing' },
  ])('nobody without the token: $path', async ({ path, body }) => {
    for (const token of [null, '', 'wrong', `${TOKEN}x`]) {
      const response = await ask(path, { token, body });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ error: 'a bearer token is needed' });
    }
  });

  test('whoever has the token', async () => {
    const response = await ask('/health');
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ status: 'ok' });
  });
});

describe('what a body may be', () => {
  test('no larger than 16 MB, whether its length is announced or not', async () => {
    const text = `"${'x'.repeat(LIMIT_BYTES)}"`;
    const announced = await ask('/plans', { text });
    expect(announced.status).toBe(413);
    expect(await announced.json()).toEqual({ error: 'the body is larger than 16 MB' });
    const chunked = await fetch(`${server.url}/api/plans`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}` },
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });

  test('is not read of a stranger', async () => {
    const { hostname, port } = new URL(server.url);
    const status = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      socket.once('error', reject);
      socket.once('data', (data) => {
        socket.destroy();
        resolve(data.toString().split('\r\n', 1)[0] ?? '');
      });
      // The body never comes: an answer shows that it was not waited for.
      socket.write(`POST /api/plans HTTP/1.1\r\nhost: ${hostname}\r\ntransfer-encoding: chunked\r\n\r\n`);
    });
    expect(status).toBe('HTTP/1.1 401 Unauthorized');
  });

  test.for(['', '{', '[1,', 'null', '[]', '"words"'])('not %j', async (text) => {
    for (const path of ['/plans', '/rollouts', COMMANDS]) {
      const response = await ask(path, { method: 'POST', text });
      expect(response.status).toBe(400);
      expect(((await response.json()) as { error: string }).error).not.toBe('');
    }
  });

  test.for([
    { path: '/plans', body: { ...PLAN, target: undefined }, names: 'target' },
    { path: '/plans', body: { ...PLAN, force: true }, names: 'force' },
    { path: '/rollouts', body: { ...START, confirmed: 'yes' }, names: 'confirmed' },
    { path: '/rollouts', body: { ...START, rolloutId: '../../etc' }, names: 'rolloutId' },
    { path: '/rollouts', body: { ...START, plan: {} }, names: 'plan' },
    { path: COMMANDS, body: { ...COMMAND, verb: 'delete' }, names: 'verb' },
    { path: COMMANDS, body: { ...COMMAND, holdMs: -1 }, names: 'holdMs' },
    { path: COMMANDS, body: { ...COMMAND, expectedEpoch: 1.5 }, names: 'expectedEpoch' },
    { path: COMMANDS, body: { ...COMMAND, percent: 100 }, names: 'percent' },
    { path: COMMANDS, body: { ...COMMAND, check: PROPOSED.id }, names: 'check' },
    { path: COMMANDS, body: { ...COMMAND, verb: 'waive', reason: 'known' }, names: 'check' },
    { path: COMMANDS, body: { ...COMMAND, verb: 'waive', check: PROPOSED.id, reason: ' ' }, names: 'reason' },
    {
      path: COMMANDS,
      body: { ...COMMAND, verb: 'waive', check: PROPOSED.id, reason: 'x'.repeat(2_001) },
      names: 'reason',
    },
  ])('without a wrong or unknown field: $names', async ({ path, body, names }) => {
    const before = await commanded();
    const response = await ask(path, { body });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: string }).error).toContain(names);
    expect(await commanded()).toEqual(before);
  });
});

describe('what is not there', () => {
  test.for([
    { path: '/rollouts/rl_none', body: undefined },
    { path: '/rollouts/rl_none/log', body: undefined },
    { path: '/rollouts/rl_none/commands', body: COMMAND },
    { path: '/nothing', body: undefined },
  ])('answers 404: $path', async ({ path, body }) => {
    expect((await ask(path, { body })).status).toBe(404);
  });

  test('an unknown target is the asker’s mistake', async () => {
    const response = await ask('/plans', { body: { ...PLAN, target: 'cart' } });
    expect(response.status).toBe(400);
    const error = 'no target "cart" is configured; there is checkout';
    expect(await response.json()).toEqual({ error, code: 'unknown_target' });
  });
});

describe('looking', () => {
  test('gives the same view alone and in the list', async () => {
    await command({ verb: 'hold' });
    const one = (await (await ask(`/rollouts/${RIG_ROLLOUT}`)).json()) as object;
    expect(one).toMatchObject({ id: RIG_ROLLOUT, target: TARGET, phase: 'running', desiredPercent: 10 });
    const list = (await (await ask('/rollouts')).json()) as readonly { readonly id: string }[];
    expect(list.map(({ id }) => id)).toEqual([RIG_ROLLOUT]);
  });

  test('gives a plan without starting anything', async () => {
    const response = await ask('/plans', { body: PLAN });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      faults: [],
      plan: { target: TARGET, questions: [], unread: [] },
    });
  });
});

describe('starting', () => {
  test('streams its progress and then one outcome, a JSON object a line', async () => {
    const response = await ask('/rollouts', { body: START });
    expect(response.status).toBe(200);
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({
      outcome: { kind: 'refused', why: expect.stringContaining(`rollout ${RIG_ROLLOUT} is under way`) },
    });
    expect(lines.slice(0, -1).every((line) => Object.hasOwn(line as object, 'progress'))).toBe(true);
  });

  test('tells of a mistake in the stream, where the status is already sent', async () => {
    const response = await ask('/rollouts', { body: { ...START, target: 'cart' } });
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const error = 'no target "cart" is configured; there is checkout';
    expect(lines).toEqual([{ error, code: 'unknown_target' }]);
  });
});

describe('commanding', () => {
  test('a command sent twice acts once, and is answered alike', async () => {
    const deliveryId = randomUUID();
    const before = (await commanded()).length;
    const replies = await Promise.all([
      command({ verb: 'hold', reason: 'lunch', deliveryId }),
      command({ verb: 'hold', reason: 'lunch', deliveryId }),
    ]);
    replies.push(await command({ verb: 'hold', reason: 'lunch', deliveryId }));
    for (const reply of replies) expect(['accepted', 'queued']).toContain(reply.kind);
    await rig.decided('the hold', (decision) => decision.reason === 'person_hold');
    expect((await commanded()).length).toBe(before + 1);
  });

  test('a waiver of a proposed check is taken, and the record names who and why', async () => {
    const { stageEpoch } = await rig.state();
    const words = {
      verb: 'waive',
      check: PROPOSED.id,
      reason: 'a known cold start',
      expectedEpoch: stageEpoch,
    };
    const waived = [{ checkId: PROPOSED.id, by: 'alice', reason: 'a known cold start' }];
    const line = `${PROPOSED.id} does not vote in this stage: waived by alice, because: a known cold start`;
    const view = { decision: { waived }, explanation: { waived: [line] } };
    expect(await command(words)).toMatchObject({ kind: 'accepted', view });
    expect(await controlClient({ url: server.url, token: TOKEN }).get(RIG_ROLLOUT)).toMatchObject(view);
  });

  test('a waiver of a required check is refused with what may be waived', async () => {
    const { stageEpoch } = await rig.state();
    const words = { verb: 'waive', check: 'http.error_rate', reason: 'known', expectedEpoch: stageEpoch };
    expect(await command(words)).toMatchObject({
      kind: 'refused',
      why: expect.stringMatching(
        /^http\.error_rate is required .*what may be waived: rule:http\.error_rate$/,
      ),
    });
  });

  test('a waiver for a stage that has moved on is refused', async () => {
    const { stageEpoch } = await rig.state();
    const words = { verb: 'waive', check: PROPOSED.id, reason: 'known', expectedEpoch: stageEpoch - 1 };
    expect(await command(words)).toMatchObject({ kind: 'refused', why: expect.stringContaining('moved on') });
  });

  test.for(['promote', 'resume'] as const)('%s for a stage that has moved on is refused', async (verb) => {
    const { stageEpoch, personHold } = await rig.state();
    const reply = await command({ verb, expectedEpoch: stageEpoch - 1 });
    expect(reply).toMatchObject({
      kind: 'refused',
      why: `it was meant for stage entry ${stageEpoch - 1}, and the rollout has moved on to ${stageEpoch}`,
    });
    expect(await rig.state()).toMatchObject({ stageEpoch, personHold });
  });

  test.for(['promote', 'resume'] as const)('%s that names no stage is refused', async (verb) => {
    expect(await command({ verb, expectedEpoch: null })).toMatchObject({ kind: 'refused' });
  });

  test('a promotion before the stage’s time is refused with the reason', async () => {
    const { stageEpoch } = await rig.state();
    await command({ verb: 'resume', expectedEpoch: stageEpoch });
    const reply = await command({ verb: 'promote', expectedEpoch: stageEpoch });
    expect(reply).toMatchObject({ kind: 'refused', why: expect.stringMatching(/backend|minimum/) });
    expect((await rig.state()).desired.percent).toBe(10);
  });
});

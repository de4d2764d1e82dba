import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newToken } from '../../src/main.ts';
import { type FlagClient, nodeClient, webClient } from './support/clients.ts';
import { openRig, RIG_ROLLOUT, type SluiceRig } from './support/open-rig.ts';
import { FLAG, healthy, LINES, USUAL_ERRORS } from './support/product.ts';
import { until } from './support/until.ts';

/** From the decision to the client's own changed value. */
const LONGEST_MS = 1_000;
const TICK_MS = 200;
const INSTRUCTION = `Start at 50% for 60 seconds, then 100% for 60 seconds. ${LINES}`;

describe('a rollback at 50 % reaches connected clients within a second', () => {
  test('when the gate decides it', async () => {
    let errors = USUAL_ERRORS;
    await using rig = await openRig({
      canaryErrors: () => errors,
      tickMs: TICK_MS,
      instruction: INSTRUCTION,
    });
    await using clients = await exposedClients(rig);
    errors += 0.05;
    const rollback = await rig.decided('the rollback', (decision) => decision.kind === 'rollback');
    expect(rollback).toMatchObject({ reason: 'breach_rollback', exposure: '50%' });
    await expectQuick('gate', rollback.at, clients);
  });

  test('when a person orders it through the API', async () => {
    await using rig = await openRig({ canaryErrors: healthy, tickMs: TICK_MS, instruction: INSTRUCTION });
    await using clients = await exposedClients(rig);
    const askedAt = Date.now();
    const response = await fetch(`${clients.url}/api/rollouts/${RIG_ROLLOUT}/commands`, {
      method: 'POST',
      headers: { authorization: `Bearer ${clients.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        verb: 'rollback',
        by: 'alice',
        reason: 'it looks wrong',
        holdMs: null,
        expectedEpoch: null,
        deliveryId: randomUUID(),
      }),
    });
    expect(response.status).toBe(200);
    expect(['accepted', 'queued']).toContain(((await response.json()) as { kind: string }).kind);
    const rollback = await rig.decided('the rollback', (decision) => decision.kind === 'rollback');
    expect(rollback).toMatchObject({ reason: 'person_rollback', by: 'alice' });
    await expectQuick('POST', askedAt, clients);
  });
});

interface Clients extends AsyncDisposable {
  readonly url: string;
  readonly token: string;
  readonly web: FlagClient;
  readonly node: FlagClient;
}

/** A started rollout, and two clients that have been told `true`. */
async function exposedClients(rig: SluiceRig): Promise<Clients> {
  const token = newToken();
  const server = await rig.sluice.serve(0, token);
  await rig.start();
  const exposedKey = await until('a user who is exposed', () => userWith(server.url, true));
  const startedAt = Date.now();
  const web = webClient(server.url, exposedKey);
  const node = await nodeClient(server.url, exposedKey);
  await Promise.all([web.sawAt(true, startedAt), node.sawAt(true, startedAt)]);
  return {
    url: server.url,
    token,
    web,
    node,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([web[Symbol.asyncDispose](), node[Symbol.asyncDispose]()]);
      await server.close();
    },
  };
}

async function userWith(url: string, value: boolean): Promise<string | null> {
  for (let user = 0; user < 20; user++) {
    const response = await fetch(`${url}/ofrep/v1/evaluate/flags/${FLAG}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ context: { targetingKey: `user-${user}` } }),
    });
    if (((await response.json()) as { value: unknown }).value === value) return `user-${user}`;
  }
  return null;
}

async function expectQuick(by: string, sinceMs: number, { web, node }: Clients): Promise<void> {
  const [webMs, nodeMs] = await Promise.all(
    [web, node].map(async (client) => (await client.sawAt(false, sinceMs)) - sinceMs),
  );
  console.info(
    `rollback by ${by} reached the web client after ${webMs} ms, the Node provider after ${nodeMs} ms`,
  );
  expect(webMs, 'ms to the web client').toBeLessThanOrEqual(LONGEST_MS);
  expect(nodeMs, 'ms to the Node provider').toBeLessThanOrEqual(LONGEST_MS);
}

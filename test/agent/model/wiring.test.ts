import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ConfigInvalid, parseConfig } from '../../../src/config.ts';
import { openSluice } from '../../../src/main.ts';
import { factsOf } from './decision-facts.ts';

const BASE = 'http://model.test';
const KEYED = { ANTHROPIC_API_KEY: 'key-of-the-test', ANTHROPIC_BASE_URL: BASE };
const DIFF = `diff --git a/src/price.ts b/src/price.ts
--- a/src/price.ts
+++ b/src/price.ts
@@ -1,2 +1,3 @@
 export async function price(id: string) {
-  return load(id);
+  const known = await cache.get(id);
+  return known ?? load(id);
`;
const REPLY = {
  risk: 'high',
  risk_reasons: ['A miss now reaches the database.'],
  rollback_safe: 'yes',
  checks: [
    {
      signal: 'http.client_error_rate',
      intent: 'guard',
      direction: 'increase',
      flags: [],
      evidence: ['f1h1'],
      why: 'A stale price may be refused.',
    },
  ],
};

const server = setupServer();
let folder: string;
let asked: string[] = [];

beforeAll(() => server.listen({ onUnhandledFrame: 'error' }));
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'model-'));
  asked = [];
  server.use(
    http.post(`${BASE}/v1/messages`, async ({ request }) => {
      asked.push(await request.text());
      return HttpResponse.json({
        content: [{ type: 'text', text: JSON.stringify(REPLY) }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 1 },
      });
    }),
  );
});
afterEach(() => {
  server.resetHandlers();
  rmSync(folder, { recursive: true });
});
afterAll(() => server.close());

function configOf(model: string) {
  return parseConfig(
    `
telemetry: { app: { kind: scrape, endpoints: ["http://127.0.0.1:9/metrics"] } }
signals:
  http.error_rate: { source: app, counter: requests_total, bad: { status: "5.." } }
  http.client_error_rate: { source: app, counter: requests_total, bad: { status: "4.." } }
surfaces: {}
targets:
  checkout:
    exposure: { backend: embedded, flag: new-checkout }
    cohorts: { label: variant }
    instruction: "1% → 100%, ten minutes per stage. Roll back if error rate doubles."
${model}`,
    'sluice.yaml',
  );
}

async function planOf(
  model: string,
  env: Readonly<Record<string, string>>,
  instruction: string | null = null,
) {
  const said: string[] = [];
  const sluice = await openSluice({
    dataDir: folder,
    config: configOf(model),
    chat: { tell: async () => {} },
    log: { info: (message) => said.push(message), warn: (message) => said.push(message) },
    env,
  });
  try {
    const { plan } = await sluice.control.plan({
      target: 'checkout',
      diff: DIFF,
      title: '',
      instruction,
    });
    return { plan, said };
  } finally {
    await sluice.close();
  }
}

describe('a configured model', () => {
  test('is off where nothing is said of it, key or no key', async () => {
    const { plan } = await planOf('', KEYED);
    expect(asked).toEqual([]);
    expect(plan).toEqual((await planOf('model: { mode: off }', {})).plan);
  });

  test('in shadow is asked, and leaves the plan byte for byte as it is without', async () => {
    const { plan, said } = await planOf('model: { mode: shadow, model: model-x }', KEYED);
    expect(asked).toHaveLength(1);
    expect(said).toContain('the model gave a proposal');
    expect(plan).toEqual((await planOf('', {})).plan);
  });

  test('in assist adds to the plan, and is asked once however often the change is planned', async () => {
    const assist = 'model: { mode: assist, model: model-x }';
    const { plan } = await planOf(assist, KEYED);
    const added = plan.checks.find(({ id }) => id === 'model:http.client_error_rate');
    expect(added).toMatchObject({ severity: 'major', rollback: null, provenance: [{ source: 'model' }] });
    expect(plan.risk).toBe('high');
    expect((await planOf(assist, KEYED)).plan).toEqual(plan);
    expect(asked).toHaveLength(1);
    expect(asked[0]).toContain('cache.get(id)');
    expect(asked[0]).toContain('"model":"model-x"');
  });

  test('without a key adds nothing but the reason, and nothing is sent', async () => {
    const { plan } = await planOf('model: { mode: assist }', {});
    const without = (await planOf('', {})).plan;
    expect(plan.riskReasons.at(-1)).toContain('no ANTHROPIC_API_KEY');
    expect({ ...plan, riskReasons: [] }).toEqual({ ...without, riskReasons: [] });
    expect(asked).toEqual([]);
  });

  test('of a mode that is none is a mistake in the configuration', () => {
    expect(() => configOf('model: { mode: decide }')).toThrow(ConfigInvalid);
  });

  test('is asked what words mean that the grammar left, and in off and without a key never', async () => {
    const words = 'Halt the thing when timeouts go past 2 percent of calls.';
    const off = (await planOf('model: { mode: off }', KEYED, words)).plan;
    expect(off.unread).toEqual([words.slice(0, -1)]);
    expect((await planOf('model: { mode: assist }', {}, words)).plan.unread).toEqual(off.unread);
    expect(asked).toEqual([]);
    const { plan } = await planOf('model: { mode: assist, model: model-x }', KEYED, words);
    expect(asked.filter((body) => body.includes('timeouts go past'))).toHaveLength(1);
    expect([plan.unread, plan.questions]).toEqual([off.unread, off.questions]);
  });

  test.each([
    ['off', null, 0],
    ['shadow', null, 1],
    ['assist', 'Errors rise on the canary alone.', 1],
  ])('in %s has for a decision that a person has to weigh the words %s', async (mode, text, requests) => {
    server.use(
      http.post(`${BASE}/v1/messages`, async ({ request }) => {
        asked.push(await request.text());
        const reply = JSON.stringify({ paragraph: 'Errors rise on the canary alone.' });
        return HttpResponse.json({
          content: [{ type: 'text', text: reply }],
          stop_reason: 'end_turn',
          usage: { input_tokens: 1, output_tokens: 1 },
        });
      }),
    );
    const sluice = await openSluice({
      dataDir: folder,
      config: configOf(`model: { mode: ${mode} }`),
      chat: { tell: async () => {} },
      log: { info: () => {}, warn: () => {} },
      env: KEYED,
    });
    try {
      const { summarizer } = sluice.engine;
      expect(summarizer === null).toBe(mode === 'off');
      expect((await summarizer?.summarise(factsOf(['http.error_rate'])))?.text ?? null).toBe(text);
      expect(asked).toHaveLength(requests);
    } finally {
      await sluice.close();
    }
  });
});

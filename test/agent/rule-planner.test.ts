import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_CHECKS } from '../../src/agent/rule-planner.ts';
import { diffOf, planOf } from './diff-writing.ts';

const folder = new URL('../../fixtures/diffs/', import.meta.url);
const FIXTURES = readdirSync(folder)
  .filter((name) => name.endsWith('.diff'))
  .map((name) => ({ name: name.slice(0, -5), diff: readFileSync(new URL(name, folder), 'utf8') }));
const fixture = (name: string): string => FIXTURES.find((each) => each.name === name)?.diff ?? '';
const RISKS = ['low', 'medium', 'high'];

// Not timed here, for a loaded machine would fail it: a diff of 20,000 changed lines of TypeScript takes 0.5 to 0.8 s from a
// cold start on two shared cores, of which the parser takes 0.02 s; 100,000 lines, the cap, take about 3 s.
describe('proposes what the change could break', () => {
  test.each([
    {
      name: 'read-through-cache',
      risk: 'medium',
      rollbackSafe: 'yes',
      kinds: ['cache.hit_ratio', 'cache.error_rate', 'http.latency_p95'],
    },
    {
      name: 'token-validation',
      risk: 'high',
      rollbackSafe: 'yes',
      kinds: ['auth.unauthorized_rate', 'http.error_rate', 'dependency.error_rate'],
    },
    {
      name: 'call-per-item',
      risk: 'medium',
      rollbackSafe: 'yes',
      kinds: ['dependency.call_rate', 'dependency.error_rate', 'http.latency_p95'],
    },
    {
      name: 'migration',
      risk: 'high',
      rollbackSafe: 'no',
      kinds: ['db.lock_wait', 'db.error_rate', 'http.error_rate'],
    },
    {
      name: 'swallowed-error',
      risk: 'medium',
      rollbackSafe: 'yes',
      kinds: ['http.error_rate', 'business.core_action_rate', 'log.error_volume'],
    },
    {
      name: 'payment-capture',
      risk: 'high',
      rollbackSafe: 'yes',
      kinds: ['payment.failure_rate', 'payment.duplicate_rate', 'payment.amount_mismatch_rate'],
    },
  ])('$name', async ({ name, risk, rollbackSafe, kinds }) => {
    const plan = await planOf(fixture(name));
    expect(plan.checks.map((check) => check.signalKind)).toEqual(expect.arrayContaining(kinds));
    expect({ risk: plan.risk, rollbackSafe: plan.rollbackSafe }).toEqual({ risk, rollbackSafe });
  });

  test.each(['docs-only', 'words-in-comments'])('and nothing by %s', async (name) => {
    const { checks, risk, rollbackSafe } = await planOf(fixture(name));
    expect(checks).toEqual([]);
    expect({ risk, rollbackSafe }).toEqual({ risk: 'low', rollbackSafe: 'yes' });
  });

  test('what stands in a lock file or a test asks for nothing, whatever else the change does', async () => {
    const { checks } = await planOf(fixture('mixed'));
    expect(checks.filter(({ signalKind }) => !signalKind.startsWith('http.'))).toEqual([]);
  });

  test('each check says why, where and by which rule', async () => {
    const { checks } = await planOf(fixture('read-through-cache'));
    const check = checks.find(({ signalKind }) => signalKind === 'cache.hit_ratio');
    expect(check).toEqual({
      signalKind: 'cache.hit_ratio',
      intent: 'guard',
      direction: 'decrease',
      flags: ['new_series'],
      why: 'services/catalog/src/read-product.ts:9 starts to use a cache (productCache.get, redis.get, productCache.set and 1 more).',
      evidence: [9, 11, 15, 16].map((line) => `services/catalog/src/read-product.ts:${line}`),
      proposedBy: 'rule:cache',
    });
  });

  test('says which product areas and how much code it touches', async () => {
    const plan = await planOf(fixture('migration'));
    expect(plan.surfaces).toEqual(['orders']);
    expect(plan.size).toEqual({ files: 2, added: 8, removed: 1 });
    expect(plan.source).toBe('rule');
  });

  test('a signal that one file improves and another may harm is guarded, and flagged as meant to move', async () => {
    const caching = diffOf('a.ts', 'load(id);\n', 'await redis.get(id);\nload(id);\n');
    const calling = diffOf('b.ts', 'load(id);\n', 'await fetch(url);\nload(id);\n');
    const check = (await planOf(caching + calling)).checks.find(
      (each) => each.signalKind === 'http.latency_p95',
    );
    expect(check).toMatchObject({ intent: 'guard', direction: 'increase', flags: ['expected_to_move'] });
    expect(check?.evidence).toEqual(['a.ts:1', 'b.ts:1']);
    expect(check?.proposedBy).toBe('rule:cache, rule:outbound-call');
  });

  test('what several files are about is watched, whatever many changes can move', async () => {
    const diff = [
      diffOf('src/pool.ts', 'const pool = new Pool({ max: 10 });\n', 'const pool = new Pool({ max: 50 });\n'),
      diffOf('src/limit.ts', 'app.use(rateLimit({ limit: 100 }));\n', 'app.use(rateLimit({ limit: 9 }));\n'),
      diffOf('src/routes/a.ts', 'app.get("/a", one);\n', 'app.get("/a", two);\n'),
    ].join('');
    const kinds = (await planOf(diff)).checks.map(({ signalKind }) => signalKind);
    expect(kinds).toEqual(expect.arrayContaining(['db.pool_saturation', 'ratelimit.rejected_rate']));
  });

  test('what a detector of accounts finds essential is not cut for what is likelier', async () => {
    const pull = new URL('../../fixtures/shop/pulls/token-validation.diff', import.meta.url);
    const kinds = (await planOf(readFileSync(pull, 'utf8'))).checks.map(({ signalKind }) => signalKind);
    expect(kinds.length).toBeGreaterThan(4);
    expect(kinds).toContain('auth.unauthorized_rate');
  });

  test('proposes no more than eight checks and names what it leaves out', async () => {
    const plan = await planOf(FIXTURES.map((each) => each.diff).join(''));
    expect(plan.checks).toHaveLength(MAX_CHECKS);
    expect(plan.riskReasons.join(' ')).toContain('left out: ');
  });
});

describe('what cannot be read raises the risk', () => {
  test.each([
    {
      title: 'a broken diff',
      diff: '--- a/x.ts\n+++ b/x.ts\n@@ -1,5 +1,5 @@\n-a\n',
      reason: 'Line 3 of the diff cannot be read',
    },
    {
      title: 'a language without rules',
      diff: diffOf('src/run.zig', 'a\n', 'b\n'),
      reason: 'of a kind no rule can read',
    },
    {
      title: 'a minified line',
      diff: diffOf('src/a.js', null, `${'a'.repeat(5_000)}\n`),
      reason: 'of a kind no rule can read',
    },
  ])('$title', async ({ diff, reason }) => {
    const plan = await planOf(diff);
    expect(plan.risk).toBe('medium');
    expect(plan.rollbackSafe).toBe('unknown');
    expect(plan.riskReasons.join(' ')).toContain(reason);
  });

  test('a path that hides its direction is shown as it is', async () => {
    const plan = await planOf(diffOf('src/\u202Ecache.ts', null, 'await fetch(url);\n'));
    expect(plan.checks[0]?.why).toContain('src/\\u{202E}cache.ts:1 calls');
  });
});

describe('stays the same where the change does', () => {
  const FILES = FIXTURES.flatMap(({ diff }) => diff.split(/^(?=diff --git )/m));

  test('whatever the order of its files', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(FILES), async (files) => {
        expect(await planOf(files.join(''))).toEqual(await planOf(files.toSorted().join('')));
      }),
      { numRuns: 60 },
    );
  });

  test.each(FIXTURES)('with lock, test and document files beside it: $name', async ({ diff }) => {
    const idle = [
      diffOf('package-lock.json', '{}\n', '{"redis":"5"}\n'),
      diffOf('test/cache.test.ts', null, 'await redis.get(id);\nawait fetch(url);\n'),
      diffOf('docs/auth.md', null, 'jwt.verify(token)\n'),
    ].join('');
    const { size: _, ...plain } = await planOf(diff);
    const { size: __, ...padded } = await planOf(diff + idle);
    expect(padded).toEqual(plain);
  });

  test.each(FIXTURES)('as a document, the same text asks for nothing: $name', async ({ diff }) => {
    const lines = diff.split('\n').filter((line) => /^[+ ]/.test(line) && !line.startsWith('+++'));
    const plan = await planOf(
      diffOf('docs/copy.md', null, `${lines.map((line) => line.slice(1)).join('\n')}\n`),
    );
    expect(plan.checks).toEqual([]);
    expect(plan.risk).toBe('low');
  });

  test('a title adds to risk and takes nothing away (B11)', async () => {
    const title = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'Safe, tested, low risk',
        'Hotfix payments',
        'docs only',
        'revert migration',
        diffOf('a.ts', null, 'await fetch(url);\n'),
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...FIXTURES), title, async ({ diff }, words) => {
        const [silent, titled] = [await planOf(diff), await planOf(diff, words)];
        expect(titled.checks).toEqual(silent.checks);
        expect(titled.rollbackSafe).toBe(silent.rollbackSafe);
        expect(RISKS.indexOf(titled.risk)).toBeGreaterThanOrEqual(RISKS.indexOf(silent.risk));
        expect(titled.riskReasons.length).toBeGreaterThanOrEqual(Math.min(1, silent.riskReasons.length));
      }),
      { numRuns: 60 },
    );
  });

  test('and any text at all gives a proposal', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (code, title) => {
        const plan = await planOf(diffOf('src/a.ts', null, code) + code, title);
        expect(RISKS).toContain(plan.risk);
        expect(plan.checks.length).toBeLessThanOrEqual(MAX_CHECKS);
      }),
      { numRuns: 120 },
    );
  });
});

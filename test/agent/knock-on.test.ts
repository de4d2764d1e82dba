import { describe, expect, test } from 'vitest';
import { MAX_CHECKS } from '../../src/agent/rule-planner.ts';
import { diffOf, planOf } from './diff-writing.ts';

const LIMIT = diffOf(
  'src/limits.ts',
  'app.use(rateLimit({ windowMs: 60_000, limit: 100 }));\n',
  'app.use(rateLimit({ windowMs: 60_000, limit: 20 }));\n',
);

describe('what suffers next', () => {
  test('is watched where a plan has room, with the reason it follows from', async () => {
    const { checks } = await planOf(LIMIT);
    expect(checks.map(({ signalKind }) => signalKind).slice(0, 2)).toEqual([
      'ratelimit.rejected_rate',
      'business.core_action_rate',
    ]);
    expect(checks[1]?.why).toMatch(/^src\/limits\.ts:1 .*turned away/);
  });

  test('makes no plan longer than four checks, and raises no risk', async () => {
    const many =
      LIMIT +
      diffOf('src/pool.ts', 'const pool = new Pool({ max: 10 });\n', 'const pool = new Pool({ max: 50 });\n');
    const [{ checks, risk }, alone] = [await planOf(many), await planOf(LIMIT)];
    expect(checks.length).toBeLessThanOrEqual(MAX_CHECKS);
    expect(alone.checks.length).toBeLessThanOrEqual(4);
    expect(['medium', 'high']).toContain(risk);
    expect(alone.risk).toBe('medium');
  });

  test('does not follow a check that is itself second', async () => {
    const { checks } = await planOf(
      diffOf('src/routes/price.ts', 'app.get("/a", one);\n', 'app.get("/a", two);\n'),
    );
    expect(checks.map(({ signalKind }) => signalKind)).not.toContain('business.core_action_rate');
  });
});

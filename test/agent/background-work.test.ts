import { describe, expect, test } from 'vitest';
import { diffOf, planOf } from './diff-writing.ts';

const kindsIn = async (path: string, before: string | null, after: string | null) =>
  (await planOf(diffOf(path, before, after))).checks.map(({ signalKind }) => signalKind);

describe('what is said of requests', () => {
  const before = 'export async function run(id) {\n  return load(id);\n}\n';
  const after =
    'export async function run(id) {\n  const lock = await redlock.acquire([id], 5000);\n  return load(id);\n}\n';

  test('is said of jobs where no request waits', async () => {
    const kinds = await kindsIn('src/workers/settle.ts', before, after);
    expect(kinds).toContain('queue.job_duration_p95');
    expect(kinds.filter((kind) => kind.startsWith('http.'))).toEqual([]);
  });

  test('stays where requests are answered, whatever else the path says', async () => {
    const kinds = await kindsIn('src/jobs/controllers/settle.ts', before, after);
    expect(kinds.filter((kind) => kind === 'queue.job_duration_p95')).toEqual([]);
    expect(kinds).toContain('http.latency_p95');
  });
});

describe('a plan with more than four checks', () => {
  test('holds those that tell most and leaves out what many changes can move', async () => {
    const diff = [
      diffOf('src/pool.ts', 'const pool = new Pool({ max: 10 });\n', 'const pool = new Pool({ max: 50 });\n'),
      diffOf('src/limit.ts', 'app.use(rateLimit({ limit: 100 }));\n', 'app.use(rateLimit({ limit: 9 }));\n'),
      diffOf('src/routes/a.ts', 'app.get("/a", one);\n', 'app.get("/a", two);\n'),
    ].join('');
    const kinds = (await planOf(diff)).checks.map(({ signalKind }) => signalKind);
    expect(kinds.slice(0, 2).sort()).toEqual(['db.pool_saturation', 'ratelimit.rejected_rate']);
  });
});

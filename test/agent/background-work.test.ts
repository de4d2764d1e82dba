import { describe, expect, test } from 'vitest';
import { kindsOf } from './diff-writing.ts';

describe('what is said of requests', () => {
  const before = 'export async function run(id) {\n  return load(id);\n}\n';
  const after =
    'export async function run(id) {\n  const lock = await redlock.acquire([id], 5000);\n  return load(id);\n}\n';

  test('is said of jobs where no request waits', () => {
    const kinds = kindsOf('src/workers/settle.ts', before, after);
    expect(kinds).toContain('queue.job_duration_p95');
    expect(kinds.filter((kind) => kind.startsWith('http.'))).toEqual([]);
  });

  test('stays where requests are answered, whatever else the path says', () => {
    const kinds = kindsOf('src/jobs/controllers/settle.ts', before, after);
    expect(kinds).toContain('http.latency_p95');
    expect(kinds).toContain('http.error_rate');
  });
});

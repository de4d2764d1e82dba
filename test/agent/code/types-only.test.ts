import { describe, expect, test } from 'vitest';
import { diffOf, planOf } from '../diff-writing.ts';

const checks = async (path: string, before: string, after: string) =>
  (await planOf(diffOf(path, before, after))).checks.map(({ signalKind }) => signalKind);

describe('nothing runs otherwise where', () => {
  test.each([
    {
      what: 'a type is declared or goes',
      path: 'src/api/payments.ts',
      before:
        'type Data = {\n  retryAt: string | null;\n  amount: number;\n};\nexport const run = (d: Data) => charge(d);\n',
      after: 'export const run = (d: Shared<Data>) => charge(d);\n',
    },
    {
      what: 'a parameter is annotated',
      path: 'app/pay.py',
      before: 'def charge(order, key):\n    return stripe.charges.create(order, key)\n',
      after: 'def charge(order: Order, key: str) -> Charge:\n    return stripe.charges.create(order, key)\n',
    },
    {
      what: 'a C# parameter has another name and may be null',
      path: 'src/Sessions/Store.cs',
      before:
        'public class Store\n{\n    public async Task<Session> FindAsync(string token, CancellationToken ct)\n    {\n        return await _redis.StringGetAsync(token, ct);\n    }\n}\n',
      after:
        'public class Store\n{\n    public async Task<Session?> FindAsync(string token, CancellationToken cancellation)\n    {\n        return await _redis.StringGetAsync(token, cancellation);\n    }\n}\n',
    },
    {
      what: 'settings are written in another form',
      path: 'charts/values.yaml',
      before: 'resources:\n  requests:\n    cpu: 200m\n    memory: 256Mi\n',
      after: 'resources:\n  requests: { cpu: 200m, memory: 256Mi }\n',
    },
  ])('$what', async ({ path, before, after }) => {
    expect(await checks(path, before, after)).toEqual([]);
  });

  test('a long block moves to a file of its own, whatever stands above it', async () => {
    const block =
      'const max = 20;\nconst life = 30;\nconst lockTimeout = "3s";\nfunction pool(url) {\n  return open(url, max, life, lockTimeout);\n}\n';
    const diff =
      diffOf('src/main.ts', `start();\n${block}`, 'start();\n') +
      diffOf('src/pool.ts', null, `import { open } from "db";\n\nexport const name = 1;\n${block}`);
    expect((await planOf(diff)).checks).toEqual([]);
  });

  test('but a setting that moves to another parent is another setting', async () => {
    const before = 'resources:\n  limits:\n    memory: 256Mi\n  requests:\n    cpu: 1\n';
    const after = 'resources:\n  requests:\n    memory: 256Mi\n    cpu: 1\n';
    expect(await checks('k8s/a.yaml', before, after)).toContain('process.memory');
  });

  test('and what stands below a type that git names as the heading is code', async () => {
    const before = 'export const pool = new Pool({\n  max: 1,\n});\n';
    const headed = diffOf('src/db.ts', before, before.replace('1', '5')).replace(
      /^(@@ .* @@)$/m,
      '$1 export interface Check {',
    );
    expect(headed).toContain('@@ export interface');
    const kinds = (await planOf(headed)).checks.map(({ signalKind }) => signalKind);
    expect(kinds).toContain('db.pool_saturation');
  });

  test('and a value of an object is no annotation', async () => {
    const before = 'export const pool = new Pool({ max: 5 });\n';
    expect(await checks('src/db.ts', before, before.replace('5', 'LIMIT'))).toContain('db.pool_saturation');
  });
});

import { describe } from 'vitest';
import { detects, read, ts } from './detects.ts';

describe('cache', () => {
  detects([
    {
      title: 'a cache in front of a read',
      path: ts,
      before: read,
      after: 'async function read(id) {\n  const hit = await redis.get(id);\n  return hit ?? load(id);\n}\n',
      kinds: ['cache.hit_ratio', 'cache.error_rate', 'http.latency_p95', 'cache.latency_p95'],
    },
    {
      title: 'a map that grows for ever',
      path: ts,
      before: read,
      after: `const rowCache = new Map();\n${read.replace('return load(id)', 'return rowCache.get(id) ?? load(id)')}`,
      kinds: ['cache.hit_ratio', 'http.latency_p95', 'process.memory'],
    },
    {
      title: 'another time to live, in code',
      path: ts,
      before: 'const cacheTtlMs = 60_000;\n',
      after: 'const cacheTtlMs = 5_000;\n',
      kinds: ['cache.hit_ratio', 'cache.evictions', 'http.latency_p95'],
    },
    {
      title: 'another time to live, in settings',
      path: 'config/app.yaml',
      before: 'cache:\n  ttl: 60\n',
      after: 'cache:\n  ttl: 5\n',
      kinds: ['cache.hit_ratio', 'cache.evictions', 'http.latency_p95'],
    },
    {
      title: 'a cache that is gone',
      path: 'app/read.py',
      before: 'def read(id):\n    return cache.get(id) or load(id)\n',
      after: 'def read(id):\n    return load(id)\n',
      kinds: ['http.latency_p95', 'db.query_latency_p95', 'cache.hit_ratio'],
    },
    {
      title: 'a marker',
      path: 'src/Shop.java',
      before: '  Row read(int id) {\n',
      after: '  @Cacheable("rows")\n  Row read(int id) {\n',
      kinds: ['cache.hit_ratio', 'http.latency_p95', 'process.memory'],
    },
    {
      title: 'not a property called cache',
      path: ts,
      before: read,
      after: read.replace('id)', 'id, cache)'),
      kinds: [],
    },
    {
      title: `a store known only by its type`,
      path: `src/shop/rows.ts`,
      before: `class Rows {\n  constructor(private readonly near: Redis) {}\n  async one(id) {\n    return load(id);\n  }\n}\n`,
      after: `class Rows {\n  constructor(private readonly near: Redis) {}\n  async one(id) {\n    return (await this.near.get(id)) ?? load(id);\n  }\n}\n`,
      kinds: [
        'cache.hit_ratio',
        'cache.error_rate',
        'http.latency_p95',
        'cache.latency_p95',
        'db.query_latency_p95',
      ],
    },
    {
      title: `not a store that takes a key once, which is a lock`,
      path: `src/shop/rows.ts`,
      before: `class Rows {\n  constructor(private readonly near: Redis) {}\n  async one(id) {\n    return go(id);\n  }\n}\n`,
      after: `class Rows {\n  constructor(private readonly near: Redis) {}\n  async one(id) {\n    await this.near.set(id, '1', 'NX');\n    return go(id);\n  }\n}\n`,
      kinds: ['lock.acquire_failure_rate', 'http.error_rate', 'http.latency_p95', 'queue.duplicate_rate'],
    },
  ]);
});

import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('calls in a loop', () => {
  detects([
    {
      title: 'a call that moves into a loop without a change of its own',
      path: ts,
      before: 'async function all(ids) {\n  await fetch(url);\n}\n',
      after: 'async function all(ids) {\n  for (const id of ids) {\n    await fetch(url);\n  }\n}\n',
      kinds: ['dependency.call_rate', 'dependency.latency_p95', 'http.latency_p95', 'dependency.error_rate'],
    },
    {
      title: 'a query per item',
      path: 'app/orders.py',
      before: 'def f(ids):\n    return db.query(ids)\n',
      after: 'def f(ids):\n    return [db.query(id) for id in ids]\n',
      kinds: [
        'http.latency_p95',
        'db.query_latency_p95',
        'db.pool_saturation',
        'http.error_rate',
        'db.error_rate',
      ],
    },
    {
      title: 'not a loop that was there before',
      path: ts,
      before: 'for (const id of ids) {\n  await fetch(a);\n}\n',
      after: 'for (const id of ids) {\n  await fetch(b);\n}\n',
      kinds: ['dependency.error_rate', 'dependency.latency_p95'],
    },
  ]);
});

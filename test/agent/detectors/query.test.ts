import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('database', () => {
  detects([
    {
      title: 'a query',
      path: ts,
      before: null,
      after: 'const rows = await db.query(text);\n',
      kinds: ['db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'the text of a query',
      path: ts,
      before: "await db.query('select a');\n",
      after: "await db.query('select b');\n",
      kinds: ['db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'a query of a model',
      path: 'app/x.rb',
      before: null,
      after: 'rows = Order.where(open: true)\n',
      kinds: ['db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'a connection pool',
      path: 'config/app.yaml',
      before: 'db:\n  pool:\n    max: 10\n',
      after: 'db:\n  pool:\n    max: 50\n',
      kinds: ['db.pool_saturation'],
    },
    {
      title: 'a statement timeout',
      path: ts,
      before: 'const statementTimeoutMs = 500;\n',
      after: 'const statementTimeoutMs = 900;\n',
      kinds: ['db.timeout_rate'],
    },
    {
      title: 'not a list that is searched',
      path: ts,
      before: null,
      after: 'const row = rows.find((each) => each.open);\n',
      kinds: [],
    },
  ]);
});

import { describe } from 'vitest';
import { detects, read, ts } from './detects.ts';

describe('request handling', () => {
  detects([
    {
      title: 'a handler',
      path: 'src/routes/orders.ts',
      before: read,
      after: read.replace('load', 'loadAll'),
      kinds: ['http.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a route',
      path: ts,
      before: null,
      after: "app.get('/x', show);\n",
      kinds: ['http.error_rate', 'http.latency_p95'],
    },
    {
      title: 'not the body of an answer',
      path: ts,
      before: null,
      after: 'const body = await res.json();\n',
      kinds: [],
    },
  ]);
});

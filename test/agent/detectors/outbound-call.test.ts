import { describe } from 'vitest';
import { detects, read, ts } from './detects.ts';

describe('calls to other services', () => {
  detects([
    {
      title: 'a new call',
      path: ts,
      before: read,
      after: read.replace('return', 'await fetch(url);\n  return'),
      kinds: ['dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: 'a call of a service client',
      path: 'stock.go',
      before: 'func f() {\n}\n',
      after: 'func f() {\n\tstockClient.Reserve(ctx, id)\n}\n',
      kinds: ['dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: 'a call with other arguments',
      path: ts,
      before: 'await axios.get(a);\n',
      after: 'await axios.get(b);\n',
      kinds: ['dependency.error_rate', 'dependency.latency_p95'],
    },
    {
      title: 'a call of another address',
      path: ts,
      before: "await fetch('https://a/');\n",
      after: "await fetch('https://b/');\n",
      kinds: ['dependency.error_rate', 'dependency.latency_p95'],
    },
    {
      title: 'more retries',
      path: 'src/shop/stock-client.ts',
      before: 'const maxRetries = 1;\n',
      after: 'const maxRetries = 5;\n',
      kinds: ['dependency.call_rate', 'dependency.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a shorter timeout',
      path: ts,
      before: 'await fetch(url, { timeout: 900 });\n',
      after: 'await fetch(url, { timeout: 100 });\n',
      kinds: ['dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: 'a call that is gone',
      path: ts,
      before: 'await fetch(url);\ngo();\n',
      after: 'go();\n',
      kinds: ['dependency.call_rate'],
    },
    {
      title: 'not a timer, nor a repository that fetches',
      path: ts,
      before: null,
      after: 'setTimeout(run, timeoutMs);\nshelf.fetch(id);\n',
      kinds: [],
    },
  ]);
});

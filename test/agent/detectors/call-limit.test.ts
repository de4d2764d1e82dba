import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('call limit', () => {
  detects([
    {
      title: 'a decorator that tries again, in Python',
      path: 'app/client.py',
      before: 'def get(u):\n    return requests.get(u)\n',
      after: '@retry(stop=stop_after_attempt(5))\ndef get(u):\n    return requests.get(u)\n',
      kinds: ['dependency.call_rate', 'dependency.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a longer timeout, in Go',
      path: 'client.go',
      before: 'func n() {\n\tc := &http.Client{Timeout: 2 * time.Second}\n}\n',
      after: 'func n() {\n\tc := &http.Client{Timeout: 10 * time.Second}\n}\n',
      kinds: ['dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: 'a breaker, in Java',
      path: 'src/main/java/Stock.java',
      before: '  Row read(int id) {\n',
      after: '  @CircuitBreaker(name = "stock")\n  Row read(int id) {\n',
      kinds: ['dependency.error_rate', 'http.error_rate', 'dependency.call_rate'],
    },
    {
      title: 'not a comment beside a limit',
      path: 'src/shop/client.ts',
      before: 'const maxRetries = 3; // per call\n',
      after: 'const maxRetries = 3; // per request\n',
      kinds: [],
    },
    {
      title: 'not the word in a string',
      path: 'src/shop/client.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  say("timeout, retry later");\n  return load(id);\n}\n',
      kinds: [],
    },
    {
      title: `a deadline with a unit behind it, in Rust`,
      path: `src/client.rs`,
      before: `fn f() {\n    Client::builder().timeout(Duration::from_secs(9)).build()\n}\n`,
      after: `fn f() {\n    Client::builder().timeout(Duration::from_secs(3)).build()\n}\n`,
      kinds: ['dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: `longer waits beside more tries`,
      path: `src/clients/ledger.ts`,
      before: `const timeoutMs = 500;\nconst retries = 2;\n`,
      after: `const timeoutMs = 900;\nconst retries = 3;\n`,
      kinds: ['dependency.call_rate', 'dependency.error_rate', 'dependency.latency_p95', 'http.latency_p95'],
    },
    {
      title: `not a deadline that stays as it was`,
      path: `src/client.rs`,
      before: `fn f() {\n    old(Client::builder().timeout(Duration::from_secs(9)));\n}\n`,
      after: `fn f() {\n    new(Client::builder().timeout(Duration::from_secs(9)));\n}\n`,
      kinds: [],
    },
  ]);
});

import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('lock', () => {
  detects([
    {
      title: 'a mutex, in Go',
      path: 'store.go',
      before: 'type S struct {\n}\nfunc (s *S) Add() {\n\ts.n++\n}\n',
      after:
        'type S struct {\n\tmu sync.Mutex\n}\nfunc (s *S) Add() {\n\ts.mu.Lock()\n\tdefer s.mu.Unlock()\n\ts.n++\n}\n',
      kinds: ['http.latency_p95'],
    },
    {
      title: 'a lock all instances share',
      path: 'src/shop/stock.ts',
      before: 'async function f(id) {\n  await go(id);\n}\n',
      after:
        'async function f(id) {\n  const lock = await redlock.acquire([id], 5000);\n  try {\n    await go(id);\n  } finally {\n    await lock.release();\n  }\n}\n',
      kinds: ['lock.acquire_failure_rate', 'http.error_rate', 'http.latency_p95', 'queue.duplicate_rate'],
    },
    {
      title: 'a synchronized block, in Java',
      path: 'src/main/java/A.java',
      before: 'void a() {\n  go();\n}\n',
      after: 'void a() {\n  synchronized (this) {\n    go();\n  }\n}\n',
      kinds: ['http.latency_p95'],
    },
    {
      title: 'an advisory lock, in Ruby',
      path: 'app/a.rb',
      before: 'def a\n  go(1)\nend\n',
      after: 'def a\n  Order.with_advisory_lock(key) { go(1) }\nend\n',
      kinds: ['lock.acquire_failure_rate', 'http.error_rate', 'http.latency_p95', 'queue.duplicate_rate'],
    },
    {
      title: 'not a door that is locked in a name',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  const isLocked = door.locked;\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});

import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('pool', () => {
  detects([
    {
      title: 'more connections, in TypeScript',
      path: 'src/db.ts',
      before: 'export const pool = new Pool({\n  max: 10,\n});\n',
      after: 'export const pool = new Pool({\n  max: 40,\n});\n',
      kinds: ['db.pool_saturation', 'http.error_rate', 'http.latency_p95', 'db.error_rate'],
    },
    {
      title: 'more connections, in Go',
      path: 'a.go',
      before: 'func o() {\n\tdb.SetMaxOpenConns(10)\n}\n',
      after: 'func o() {\n\tdb.SetMaxOpenConns(50)\n}\n',
      kinds: ['db.pool_saturation', 'http.error_rate', 'http.latency_p95', 'db.error_rate'],
    },
    {
      title: 'more connections, in Spring',
      path: 'src/main/resources/application.properties',
      before: 'spring.datasource.hikari.maximum-pool-size=10\n',
      after: 'spring.datasource.hikari.maximum-pool-size=30\n',
      kinds: ['db.pool_saturation', 'http.error_rate', 'http.latency_p95', 'db.error_rate'],
    },
    {
      title: 'not a pool of threads',
      path: 'src/shop/a.ts',
      before: 'const threadPoolSize = 4;\n',
      after: 'const threadPoolSize = 8;\n',
      kinds: [],
    },
    {
      title: `a limit of statements among the options of a connection`,
      path: `app/store.py`,
      before: `engine = make(URL, options="-c statement_timeout=9000")\n`,
      after: `engine = make(URL, options="-c statement_timeout=700")\n`,
      kinds: ['db.timeout_rate', 'db.error_rate', 'http.error_rate'],
    },
    {
      title: `not a text about the limit`,
      path: `app/store.py`,
      before: `def f():\n    say("see statement_timeout=9000")\n`,
      after: `def f():\n    say("see statement_timeout=700")\n`,
      kinds: [],
    },
  ]);
});

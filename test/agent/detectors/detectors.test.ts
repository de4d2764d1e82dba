import { describe, expect, test } from 'vitest';
import { diffOf, kindsOf, planOf } from '../diff-writing.ts';

interface Case {
  readonly title: string;
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly kinds: readonly string[];
}

const detects = (cases: readonly Case[]): void => {
  test.each(cases)('$title', async ({ path, before, after, kinds }) => {
    expect(await kindsOf(path, before, after)).toEqual(kinds);
  });
};

const ts = 'src/shop/stock.ts';
const read = 'async function read(id) {\n  return load(id);\n}\n';

describe('cache', () => {
  detects([
    {
      title: 'a cache in front of a read',
      path: ts,
      before: read,
      after: 'async function read(id) {\n  const hit = await redis.get(id);\n  return hit ?? load(id);\n}\n',
      kinds: ['cache.hit_ratio', 'cache.error_rate', 'http.latency_p95'],
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
      kinds: ['cache.hit_ratio'],
    },
    {
      title: 'another time to live, in settings',
      path: 'config/app.yaml',
      before: 'cache:\n  ttl: 60\n',
      after: 'cache:\n  ttl: 5\n',
      kinds: ['cache.hit_ratio'],
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
      kinds: ['cache.hit_ratio', 'http.latency_p95'],
    },
    {
      title: 'not a property called cache',
      path: ts,
      before: read,
      after: read.replace('id)', 'id, cache)'),
      kinds: [],
    },
  ]);
});

describe('auth', () => {
  const path = 'src/shop/caller.ts';
  detects([
    {
      title: 'a token check',
      path,
      before: 'a();\n',
      after: 'const claims = jwt.verify(header, secret);\n',
      kinds: ['auth.unauthorized_rate', 'http.error_rate'],
    },
    {
      title: 'a token check that asks a key server',
      path,
      before: 'const claims = jwt.verify(header, secret);\n',
      after: 'const keys = createRemoteJWKSet(url);\nconst claims = await jwtVerify(header, keys);\n',
      kinds: ['auth.unauthorized_rate', 'http.error_rate', 'dependency.error_rate', 'dependency.latency_p95'],
    },
    {
      title: 'a refresh',
      path,
      before: null,
      after: 'await tokens.refresh(id);\n',
      kinds: ['auth.token_refresh_failure_rate', 'auth.session_loss_rate'],
    },
    {
      title: 'a sign-in',
      path,
      before: null,
      after: 'const ok = await bcrypt.compare(given, stored);\n',
      kinds: ['auth.login_failure_rate'],
    },
    {
      title: 'a permission',
      path,
      before: null,
      after: 'if (!hasPermission(user, order)) deny();\n',
      kinds: ['auth.forbidden_rate'],
    },
    {
      title: 'a permission that is no longer asked for',
      path,
      before: 'requireRole(user);\ngo();\n',
      after: 'go();\n',
      kinds: ['auth.forbidden_rate'],
    },
    {
      title: 'a cookie',
      path: 'app/sign_in.py',
      before: null,
      after: 'session.clear()\n',
      kinds: ['auth.session_loss_rate'],
    },
    {
      title: 'not the token of a page',
      path,
      before: null,
      after: 'const next = parsePageToken(query);\nconst parsed = tokenizer.parse(text);\n',
      kinds: [],
    },
  ]);

  test('a session lifetime is also named as something the ladder cannot show', async () => {
    const plan = await planOf(diffOf(path, 'const sessionMaxAge = 60;\n', 'const sessionMaxAge = 90;\n'));
    expect(plan.checks[0]?.flags).toContain('not_observable_in_ladder');
    expect(plan.unobservable).toHaveLength(1);
  });
});

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
      kinds: ['dependency.error_rate', 'http.latency_p95', 'dependency.latency_p95'],
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
      kinds: ['http.latency_p95', 'db.query_latency_p95', 'db.pool_saturation', 'db.error_rate'],
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

describe('migration', () => {
  const schema = ['db.lock_wait', 'db.error_rate', 'db.query_latency_p95'];
  detects([
    {
      title: 'a column, in SQL',
      path: 'db/migrations/1.sql',
      before: null,
      after: 'ALTER TABLE a DROP COLUMN b;\n',
      kinds: schema,
    },
    {
      title: 'rows, in SQL',
      path: 'db/migrations/1.sql',
      before: null,
      after: "UPDATE a SET b = 'c';\n",
      kinds: [...schema, 'db.replication_lag'],
    },
    {
      title: 'a column, in Ruby',
      path: 'db/migrate/1_a.rb',
      before: null,
      after: '  add_column :a, :b, :string\n',
      kinds: schema,
    },
    {
      title: 'a column, in Python',
      path: 'alembic/versions/1.py',
      before: null,
      after: "op.add_column('a', sa.Column('b'))\n",
      kinds: schema,
    },
    {
      title: 'a new one in words we do not know',
      path: 'migrations/1.ts',
      before: null,
      after: 'weave(a, b);\n',
      kinds: schema,
    },
    {
      title: 'a statement handed to a database elsewhere',
      path: ts,
      before: null,
      after: "await db.query('alter table a add b int');\n",
      kinds: ['db.lock_wait', 'db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'not a statement in a message',
      path: ts,
      before: null,
      after: "throw new TypeError('alter table a');\n",
      kinds: [],
    },
    {
      title: 'not a comment in a migration',
      path: 'db/migrations/1.sql',
      before: 'select 1;\n',
      after: '-- drop table a\nselect 1;\n',
      kinds: [],
    },
  ]);

  test('makes the change unsafe to roll back, on signals both fleets share', async () => {
    const plan = await planOf(diffOf('db/migrations/1.sql', null, 'DROP TABLE a;\n'));
    expect(plan.rollbackSafe).toBe('no');
    expect(plan.risk).toBe('high');
    expect(plan.checks[0]?.flags).toEqual(['shared_by_both_fleets', 'unsafe_to_roll_back']);
  });
});

describe('error handling', () => {
  const caught = 'try {\n  run();\n} catch (error) {\n  throw new Failed(error);\n}\n';
  detects([
    {
      title: 'an error that is now swallowed',
      path: ts,
      before: caught,
      after: caught.replace('throw new Failed(error)', 'log.warn(error)'),
      kinds: ['business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an empty catch',
      path: ts,
      before: 'await run();\n',
      after: 'await run().catch(() => {});\n',
      kinds: ['business.core_action_rate', 'log.error_volume'],
    },
    {
      title: 'an error that is now passed on',
      path: ts,
      before: caught.replace('throw new Failed(error)', 'log.warn(error)'),
      after: caught,
      kinds: ['http.error_rate'],
    },
    {
      title: 'not a catch that answers',
      path: ts,
      before: 'run();\n',
      after: 'try {\n  run();\n} catch {\n  answer.status(503);\n}\n',
      kinds: [],
    },
  ]);
});

describe('payments', () => {
  detects([
    {
      title: 'money that is moved',
      path: ts,
      before: null,
      after: 'await stripe.paymentIntents.capture(id);\n',
      kinds: ['payment.failure_rate', 'payment.duplicate_rate'],
    },
    {
      title: 'an amount that is worked out',
      path: 'src/checkout/sum.ts',
      before: null,
      after: 'const total = amount * rate;\n',
      kinds: ['payment.amount_mismatch_rate'],
    },
    {
      title: 'not a total of something else',
      path: 'src/search/page.ts',
      before: null,
      after: 'const pages = total / size;\n',
      kinds: [],
    },
  ]);
});

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

describe('packages', () => {
  const manifest = (section: string, version: string): string =>
    `{\n  "${section}": {\n    "ioredis": "${version}"\n  }\n}\n`;
  detects([
    {
      title: 'a library the service runs on',
      path: 'package.json',
      before: manifest('dependencies', '1'),
      after: manifest('dependencies', '2'),
      kinds: ['cache.error_rate', 'cache.latency_p95'],
    },
    {
      title: 'not one of development',
      path: 'package.json',
      before: manifest('devDependencies', '1'),
      after: manifest('devDependencies', '2'),
      kinds: [],
    },
    {
      title: 'a Go module',
      path: 'go.mod',
      before: null,
      after: 'require github.com/redis/go-redis/v9 v9.1.0\n',
      kinds: ['cache.error_rate', 'cache.latency_p95'],
    },
    {
      title: 'not a library we know nothing of',
      path: 'requirements.txt',
      before: null,
      after: 'leftpad==1.0\n',
      kinds: [],
    },
  ]);
});

const WORDS = 'cache.get(id) jwt.verify(token) fetch(url) db.query(x) stripe.charge() throw retry timeout';
describe('the same words mean nothing', () => {
  detects([
    { title: 'in a comment', path: ts, before: read, after: `// ${WORDS}\n${read}`, kinds: [] },
    { title: 'in a string', path: ts, before: read, after: `say('${WORDS}');\n${read}`, kinds: [] },
    {
      title: 'in a comment of the removed side',
      path: ts,
      before: `/* ${WORDS} */\n${read}`,
      after: read,
      kinds: [],
    },
    {
      title: 'in a documentation string',
      path: 'app/a.py',
      before: null,
      after: `"""${WORDS}\n\n${WORDS}\n"""\n`,
      kinds: [],
    },
    {
      title: 'in a test',
      path: 'test/a.test.ts',
      before: null,
      after: `${WORDS.replaceAll(') ', ');\n')}\n`,
      kinds: [],
    },
    { title: 'in a document', path: 'docs/a.md', before: null, after: `${WORDS}\n`, kinds: [] },
    {
      title: 'in an import',
      path: ts,
      before: read,
      after: `import { cache, jwt, fetch, db, stripe } from './all.ts';\n${read}`,
      kinds: [],
    },
    {
      title: 'in another indentation',
      path: ts,
      before: 'await redis.get(id);\nawait fetch(url);\n',
      after: '  await redis.get(id);\n  await fetch(url);\n',
      kinds: [],
    },
    {
      title: 'broken over other lines',
      path: ts,
      before: 'await db.query(text, id);\n',
      after: 'await db.query(\n  text,\n  id,\n);\n',
      kinds: [],
    },
    {
      title: 'with other line endings',
      path: ts,
      before: 'await fetch(url);\n',
      after: 'await fetch(url);\r\n',
      kinds: [],
    },
  ]);
});

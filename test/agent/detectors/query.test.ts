import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('database', () => {
  detects([
    {
      title: 'a query',
      path: ts,
      before: null,
      after: 'const rows = await db.query(text);\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'the text of a query',
      path: ts,
      before: "await db.query('select a');\n",
      after: "await db.query('select b');\n",
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a query of a model',
      path: 'app/x.rb',
      before: null,
      after: 'rows = Order.where(open: true)\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a connection pool',
      path: 'config/app.yaml',
      before: 'db:\n  pool:\n    max: 10\n',
      after: 'db:\n  pool:\n    max: 50\n',
      kinds: ['db.pool_saturation', 'http.error_rate', 'http.latency_p95', 'db.error_rate'],
    },
    {
      title: 'a statement timeout',
      path: ts,
      before: 'const statementTimeoutMs = 500;\n',
      after: 'const statementTimeoutMs = 900;\n',
      kinds: ['db.timeout_rate', 'db.error_rate', 'http.error_rate'],
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

describe('query, in more languages', () => {
  detects([
    {
      title: 'related rows that are no longer fetched at once, in Ruby',
      path: 'app/models/x.rb',
      before: 'def all\n  Order.includes(:items).where(open: true)\nend\n',
      after: 'def all\n  Order.where(open: true)\nend\n',
      kinds: [
        'db.query_latency_p95',
        'http.latency_p95',
        'db.pool_saturation',
        'process.memory',
        'db.error_rate',
      ],
    },
    {
      title: 'a limit that is gone',
      path: 'src/shop/x.ts',
      before: "const rows = await db.query('select a from b limit 50');\n",
      after: "const rows = await db.query('select a from b');\n",
      kinds: ['db.query_latency_p95', 'process.memory', 'http.latency_p95', 'db.error_rate'],
    },
    {
      title: 'a query, in C#',
      path: 'src/A.cs',
      before: 'async Task F() {\n  var r = await Get();\n}\n',
      after: 'async Task F() {\n  var r = await _context.Orders.Where(o => o.Open).ToListAsync();\n}\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a query, in PHP',
      path: 'app/A.php',
      before: '<?php\nfunction f() {\n    return 1;\n}\n',
      after: "<?php\nfunction f() {\n    return Order::where('open', true)->get();\n}\n",
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a query, in Kotlin',
      path: 'src/A.kt',
      before: 'fun f() {\n    go()\n}\n',
      after: 'fun f() {\n    orderRepository.findByCustomer(id)\n}\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'a query, in Rust',
      path: 'src/a.rs',
      before: 'async fn f() {\n    go();\n}\n',
      after: 'async fn f() {\n    let r = sqlx::query("select 1 from orders").fetch_all(&pool).await?;\n}\n',
      kinds: ['db.query_latency_p95', 'db.error_rate', 'http.latency_p95'],
    },
    {
      title: 'rows that are locked',
      path: 'app/a.py',
      before: 'def f():\n    return Order.objects.get(id=1)\n',
      after: 'def f():\n    return Order.objects.select_for_update().get(id=1)\n',
      kinds: ['db.query_latency_p95', 'db.lock_wait', 'db.error_rate', 'http.latency_p95', 'db.timeout_rate'],
    },
  ]);
});

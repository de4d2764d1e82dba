import { describe, expect, test } from 'vitest';
import { diffOf, planOf } from '../diff-writing.ts';
import { detects, ts } from './detects.ts';

describe('migration', () => {
  const schema = ['db.lock_wait', 'db.error_rate', 'http.error_rate', 'db.query_latency_p95'];
  detects([
    {
      title: 'a column, in SQL',
      path: 'db/migrations/1.sql',
      before: null,
      after: 'ALTER TABLE a DROP COLUMN b;\n',
      kinds: [...schema, 'db.timeout_rate'],
    },
    {
      title: 'rows, in SQL',
      path: 'db/migrations/1.sql',
      before: null,
      after: "UPDATE a SET b = 'c';\n",
      kinds: [
        'db.lock_wait',
        'db.query_latency_p95',
        'db.error_rate',
        'http.error_rate',
        'db.replication_lag',
        'db.timeout_rate',
      ],
    },
    {
      title: 'a column, in Ruby',
      path: 'db/migrate/1_a.rb',
      before: null,
      after: '  add_column :a, :b, :string\n',
      kinds: ['db.lock_wait', 'db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'a column, in Python',
      path: 'alembic/versions/1.py',
      before: null,
      after: "op.add_column('a', sa.Column('b'))\n",
      kinds: ['db.lock_wait', 'db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'a new one in words we do not know',
      path: 'migrations/1.ts',
      before: null,
      after: 'weave(a, b);\n',
      kinds: ['db.lock_wait', 'db.query_latency_p95', 'db.error_rate'],
    },
    {
      title: 'a statement handed to a database elsewhere',
      path: ts,
      before: null,
      after: "await db.query('alter table a add b int');\n",
      kinds: ['db.query_latency_p95', 'db.lock_wait', 'db.error_rate', 'http.latency_p95'],
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

describe('migration, in more languages', () => {
  detects([
    {
      title: 'an index that is made beside running writes',
      path: 'db/migrations/2.sql',
      before: null,
      after: 'CREATE INDEX CONCURRENTLY orders_c ON orders (c);\n',
      kinds: ['db.query_latency_p95', 'db.lock_wait', 'db.error_rate', 'db.replication_lag'],
    },
    {
      title: 'a field that is gone, in Django',
      path: 'shop/migrations/0002_x.py',
      before: null,
      after:
        'class Migration(migrations.Migration):\n    operations = [\n        migrations.RemoveField(model_name="order", name="x"),\n    ]\n',
      kinds: ['db.lock_wait', 'db.error_rate', 'http.error_rate', 'db.query_latency_p95', 'db.timeout_rate'],
    },
    {
      title: 'a table, in Laravel',
      path: 'database/migrations/1.php',
      before: null,
      after:
        "return new class extends Migration {\n    public function up(): void\n    {\n        Schema::table('orders', function (Blueprint $table) {\n            $table->index('customer_id');\n        });\n    }\n};\n",
      kinds: ['db.lock_wait', 'db.query_latency_p95', 'db.error_rate'],
    },
  ]);
});

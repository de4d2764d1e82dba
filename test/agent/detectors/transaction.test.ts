import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('what a transaction holds', () => {
  detects([
    {
      title: 'a call to another service moves inside',
      path: ts,
      before:
        'async function reserve(id) {\n  const route = await planner.plan(id);\n  await db.transaction(async (tx) => {\n    await tx.update(id);\n  });\n}\n',
      after:
        'async function reserve(id) {\n  await db.transaction(async (tx) => {\n    const route = await planner.plan(id);\n    await tx.update(id);\n  });\n}\n',
      kinds: [
        'db.pool_saturation',
        'db.query_latency_p95',
        'db.lock_wait',
        'http.error_rate',
        'http.latency_p95',
        'db.error_rate',
        'db.timeout_rate',
      ],
    },
    {
      title: 'statements that were on their own, in Kotlin',
      path: 'src/main/kotlin/com/example/Seats.kt',
      before: 'class Seats {\n    fun hold(id: Int) {\n        mark(id)\n    }\n}\n',
      after:
        'class Seats {\n    fun hold(id: Int) {\n        transaction {\n            mark(id)\n        }\n    }\n}\n',
      kinds: [],
    },
    {
      title: 'not a call after its end',
      path: ts,
      before:
        'async function reserve(id) {\n  await db.transaction(async (tx) => {\n    await tx.update(id);\n  });\n}\n',
      after:
        'async function reserve(id) {\n  await db.transaction(async (tx) => {\n    await tx.update(id);\n  });\n  tell(id);\n}\n',
      kinds: [],
    },
  ]);
});

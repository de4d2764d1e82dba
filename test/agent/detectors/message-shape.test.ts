import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('message shape', () => {
  detects([
    {
      title: 'a key of a message that gets another name',
      path: 'src/shop/place.ts',
      before:
        "async function f(o) {\n  await producer.send({\n    topic: 'orders',\n    id: o.id,\n    total: o.total,\n  });\n}\n",
      after:
        "async function f(o) {\n  await producer.send({\n    topic: 'orders',\n    id: o.id,\n    amount: o.total,\n  });\n}\n",
      kinds: ['serialization.error_rate', 'queue.job_failure_rate', 'queue.oldest_age'],
    },
    {
      title: 'a field of another kind, in Protocol Buffers',
      path: 'proto/order.proto',
      before: 'message Order {\n  string id = 1;\n  int64 total = 2;\n}\n',
      after: 'message Order {\n  string id = 1;\n  string total = 2;\n}\n',
      kinds: [
        'serialization.error_rate',
        'queue.job_failure_rate',
        'queue.oldest_age',
        'dependency.error_rate',
      ],
    },
    {
      title: 'a field of an event that is gone, in Python',
      path: 'app/events/order.py',
      before: '@dataclass\nclass OrderPlaced:\n    id: str\n    total: int\n',
      after: '@dataclass\nclass OrderPlaced:\n    id: str\n',
      kinds: ['serialization.error_rate', 'queue.job_failure_rate', 'queue.oldest_age'],
    },
    {
      title: 'not a field of a class that is no message',
      path: 'src/shop/page.ts',
      before: 'interface Row {\n  id: string;\n}\n',
      after: 'interface Row {\n  id: string;\n  name: string;\n}\n',
      kinds: [],
    },
  ]);
});

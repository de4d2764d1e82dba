import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('what runs side by side', () => {
  detects([
    {
      title: 'calls that took turns',
      path: ts,
      before: 'async function all(ids) {\n  for (const id of ids) await fetch(id);\n}\n',
      after: 'async function all(ids) {\n  await Promise.all(ids.map((id) => fetch(id)));\n}\n',
      kinds: [
        'dependency.call_rate',
        'dependency.error_rate',
        'dependency.latency_p95',
        'process.memory',
        'process.cpu',
      ],
    },
    {
      title: 'a loop that no longer pauses',
      path: 'poller.py',
      before: 'def run():\n    while True:\n        drain()\n        time.sleep(1)\n',
      after: 'def run():\n    while True:\n        drain()\n',
      kinds: ['process.cpu', 'dependency.call_rate'],
    },
  ]);
});

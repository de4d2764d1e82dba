import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('telemetry', () => {
  detects([
    {
      title: 'another label',
      path: 'src/shop/count.ts',
      before: "const requests = new Counter({ name: 'r', labelNames: ['route'] });\n",
      after: "const requests = new Counter({ name: 'r', labelNames: ['route', 'user'] });\n",
      kinds: ['telemetry.cardinality', 'process.memory'],
    },
    {
      title: 'a new series, in Go',
      path: 'a.go',
      before: 'var a = 1\n',
      after: 'var a = prometheus.NewCounterVec(opts, []string{"customer"})\n',
      kinds: ['telemetry.cardinality', 'process.memory'],
    },
    {
      title: 'more traces',
      path: 'config/app.yaml',
      before: 'tracing:\n  sampling_ratio: 0.01\n',
      after: 'tracing:\n  sampling_ratio: 1\n',
      kinds: ['telemetry.cardinality', 'process.memory'],
    },
    {
      title: 'not a number that is counted',
      path: 'src/shop/a.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  counter += 1;\n  return load(id);\n}\n',
      kinds: [],
    },
    {
      title: `one more label among the arguments of a metric, in Python`,
      path: `app/count.py`,
      before: `SEEN = Counter(\n    "seen",\n    ["route"],\n)\n`,
      after: `SEEN = Counter(\n    "seen",\n    ["route", "account_id"],\n)\n`,
      kinds: ['telemetry.cardinality', 'process.memory'],
    },
    {
      title: `not a list that another call takes`,
      path: `app/count.py`,
      before: `SEEN = choose(\n    "seen",\n    ["route"],\n)\n`,
      after: `SEEN = choose(\n    "seen",\n    ["route", "account_id"],\n)\n`,
      kinds: [],
    },
  ]);
});

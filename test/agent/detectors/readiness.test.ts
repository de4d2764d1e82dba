import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('readiness', () => {
  detects([
    {
      title: 'a probe',
      path: 'deploy/app.yaml',
      before: 'spec:\n  readinessProbe:\n    failureThreshold: 3\n',
      after: 'spec:\n  readinessProbe:\n    failureThreshold: 1\n',
      kinds: ['process.readiness_failure_rate', 'process.restart_rate', 'http.error_rate'],
    },
    {
      title: 'what an instance answers when asked',
      path: 'src/shop/health.ts',
      before: 'app.get("/ready", (req, res) => {\n  res.json({ ok: true });\n});\n',
      after: 'app.get("/ready", async (req, res) => {\n  await warm();\n  res.json({ ok: true });\n});\n',
      kinds: [
        'process.readiness_failure_rate',
        'http.error_rate',
        'process.restart_rate',
        'http.latency_p95',
      ],
    },
    {
      title: 'how an instance stops',
      path: 'src/shop/main.ts',
      before: 'start();\n',
      after: "start();\nprocess.on('SIGTERM', () => server.close());\n",
      kinds: ['http.error_rate', 'process.restart_rate'],
    },
    {
      title: 'not somebody who is ready',
      path: 'src/shop/a.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  const ready = order.ready;\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});

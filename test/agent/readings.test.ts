import { describe } from 'vitest';
import { detects } from './detectors/detects.ts';

const ts = 'src/shop/stock.ts';

describe('what a line means by what stands around it', () => {
  detects([
    {
      title: 'rules of a database on who sees which rows',
      path: 'db/policies.sql',
      before: 'select 1;\n',
      after:
        'CREATE POLICY a ON deal USING (owner_id = me());\nALTER TABLE deal ENABLE ROW LEVEL SECURITY;\n',
      kinds: [
        'auth.forbidden_rate',
        'db.query_latency_p95',
        'db.lock_wait',
        'business.core_action_rate',
        'http.client_error_rate',
        'db.error_rate',
        'http.latency_p95',
      ],
    },
    {
      title: 'a cache that is called a store, asked by another key',
      path: ts,
      before:
        'const TTL_SECONDS = 900;\nexport async function totals(u) {\n  const key = nameOf(u);\n  const hit = await this.store.getJson(key);\n  if (hit) return hit;\n  const n = await count(u);\n  await this.store.setJson(key, n, TTL_SECONDS);\n  return n;\n}\n',
      after:
        'const TTL_SECONDS = 900;\nexport async function totals(u, c) {\n  const key = keyOf(u, c);\n  const hit = await this.store.getJson(key);\n  if (hit) return hit;\n  const n = await count(u);\n  await this.store.setJson(key, n, TTL_SECONDS);\n  return n;\n}\n',
      kinds: ['cache.hit_ratio', 'cache.evictions', 'http.latency_p95'],
    },
    {
      title: 'not a store that keeps things for good',
      path: ts,
      before: 'const key = idOf(u);\nconst n = await this.store.get(key);\nawait this.store.set(key, n);\n',
      after: 'const key = nameOf(u);\nconst n = await this.store.get(key);\nawait this.store.set(key, n);\n',
      kinds: [],
    },
    {
      title: 'a pattern that is made of a value each time',
      path: ts,
      before: 'export function m(t, p) {\n  return t === p;\n}\n',
      after: 'export function m(t, p) {\n  return new RegExp(p).test(t);\n}\n',
      kinds: ['process.cpu', 'http.latency_p95'],
    },
    {
      title: 'not a pattern of a fixed text',
      path: ts,
      before: 'export function m(t) {\n  return t;\n}\n',
      after: 'export function m(t) {\n  return new RegExp("a+").test(t);\n}\n',
      kinds: [],
    },
    {
      title: 'work that nobody waits for',
      path: ts,
      before: 'for (const c of all) {\n  await sync(c);\n}\n',
      after: 'all.forEach(async (c) => {\n  await sync(c);\n});\n',
      kinds: ['process.restart_rate'],
    },
    {
      title: 'a renamed field of an Avro record',
      path: 'contracts/OrderPlaced.avsc',
      before: '{"fields": [\n{"name": "total", "type": "long"}\n]}\n',
      after: '{"fields": [\n{"name": "totalMinor", "type": "long"}\n]}\n',
      kinds: ['serialization.error_rate', 'queue.job_failure_rate', 'queue.oldest_age'],
    },
    {
      title: 'another line for a job to stand in',
      path: 'app/jobs/mail_job.rb',
      before: 'class MailJob\n  queue_as :default\nend\n',
      after: 'class MailJob\n  queue_as :slow\nend\n',
      kinds: ['queue.job_failure_rate', 'queue.oldest_age', 'queue.depth', 'queue.job_duration_p95'],
    },
    {
      title: 'a callback that moves into the transaction',
      path: 'app/models/watcher.rb',
      before: 'class Watcher\n  after_create_commit :notify\nend\n',
      after: 'class Watcher\n  after_save :notify\nend\n',
      kinds: ['queue.duplicate_rate', 'queue.depth', 'queue.job_failure_rate'],
    },
    {
      title: 'not the name of an error that speaks of a limit',
      path: ts,
      before: 'save(a);\n',
      after: 'if (err instanceof LockTimeoutError) save(a);\n',
      kinds: [],
    },
    {
      title: 'an answer that is put together whole',
      path: 'internal/web/archive/handler.go',
      before: 'package archive\nfunc get(c *gin.Context) {\n\tgit.Archive(c.Writer)\n}\n',
      after: 'package archive\nfunc get(c *gin.Context) {\n\tvar buf bytes.Buffer\n\tgit.Archive(&buf)\n}\n',
      kinds: ['process.memory', 'http.latency_p95', 'http.error_rate'],
    },
    {
      title: 'a payment that is tried again by itself',
      path: 'web/checkout/PayButton.tsx',
      before: 'const pay = useMutation({ mutationFn: submit, retry: 0 });\n',
      after: 'const pay = useMutation({ mutationFn: submit, retry: 3 });\n',
      kinds: [
        'frontend.js_error_rate',
        'payment.duplicate_rate',
        'payment.failure_rate',
        'business.core_action_rate',
        'frontend.web_vitals',
      ],
    },
    {
      title: 'when an orchestrator runs a job',
      path: 'deploy/rollup-cronjob.yaml',
      before: 'spec:\n  schedule: "0 * * * *"\n  concurrencyPolicy: Forbid\n',
      after: 'spec:\n  schedule: "*/5 * * * *"\n  concurrencyPolicy: Allow\n',
      kinds: ['queue.duplicate_rate', 'queue.job_duration_p95', 'queue.job_failure_rate'],
    },
    {
      title: 'not the text of an error, in Rust',
      path: 'src/error.rs',
      before: 'pub enum E {\n}\n',
      after: 'pub enum E {\n    #[error("redirect without location")]\n    Redirect,\n}\n',
      kinds: [],
    },
    {
      title: 'not types that come to parameters, in PHP',
      path: 'src/Payment/RefundQueue.php',
      before: '<?php\nclass RefundQueue {\n    public function add($request) {\n    }\n}\n',
      after:
        '<?php\nclass RefundQueue {\n    public function add(RefundRequest $request): void {\n    }\n}\n',
      kinds: [],
    },
    {
      title: 'not a parameter that may be nothing, in Java',
      path: 'src/main/java/a/PaymentGateway.java',
      before: 'interface PaymentGateway {\n    Authorization authorize(Request request, String text);\n}\n',
      after:
        'interface PaymentGateway {\n    Authorization authorize(Request request, @Nullable String text);\n}\n',
      kinds: [],
    },
  ]);
});

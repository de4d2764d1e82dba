import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('queue', () => {
  detects([
    {
      title: 'work that is handed over',
      path: 'src/shop/order.ts',
      before: 'async function f(o) {\n  await keep(o);\n}\n',
      after: "async function f(o) {\n  await keep(o);\n  await orderQueue.add('invoice', { id: o.id });\n}\n",
      kinds: ['queue.depth', 'queue.job_failure_rate', 'queue.oldest_age'],
    },
    {
      title: 'an acknowledgement before the work is done',
      path: 'src/shop/take.ts',
      before: 'channel.consume(q, async (msg) => {\n  await go(msg);\n  channel.ack(msg);\n});\n',
      after: 'channel.consume(q, async (msg) => {\n  channel.ack(msg);\n  await go(msg);\n});\n',
      kinds: ['queue.duplicate_rate', 'queue.job_failure_rate', 'queue.oldest_age'],
    },
    {
      title: 'more tries, in Ruby',
      path: 'app/jobs/bill_job.rb',
      before: 'class BillJob\n  sidekiq_options retry: 3\nend\n',
      after: 'class BillJob\n  sidekiq_options retry: 10\nend\n',
      kinds: ['queue.job_failure_rate', 'queue.duplicate_rate', 'queue.depth', 'queue.oldest_age'],
    },
    {
      title: 'tries of a task, in Python',
      path: 'app/tasks.py',
      before: '@shared_task\ndef send(id):\n    go(id)\n',
      after: '@shared_task(bind=True, max_retries=5)\ndef send(self, id):\n    go(id)\n',
      kinds: ['queue.job_failure_rate', 'queue.duplicate_rate', 'queue.depth', 'queue.oldest_age'],
    },
    {
      title: 'a visibility timeout, in Terraform',
      path: 'infra/q.tf',
      before: 'resource "aws_sqs_queue" "x" {\n  visibility_timeout_seconds = 30\n}\n',
      after: 'resource "aws_sqs_queue" "x" {\n  visibility_timeout_seconds = 300\n}\n',
      kinds: ['queue.job_failure_rate', 'queue.duplicate_rate', 'queue.depth', 'queue.oldest_age'],
    },
    {
      title: 'what a job does, in Java',
      path: 'src/main/java/jobs/BillJob.java',
      before: 'void run() {\n  bill(id);\n}\n',
      after: 'void run() {\n  bill(id, tax(id));\n}\n',
      kinds: ['queue.job_failure_rate', 'queue.job_duration_p95', 'queue.oldest_age'],
    },
    {
      title: 'a listener, in Kotlin',
      path: 'src/main/kotlin/Orders.kt',
      before: 'fun take(o: Order) {\n    go(o)\n}\n',
      after: '@KafkaListener(topics = ["orders"])\nfun take(o: Order) {\n    go(o)\n}\n',
      kinds: ['queue.job_failure_rate', 'queue.job_duration_p95', 'queue.oldest_age'],
    },
    {
      title: 'not a list called queue',
      path: 'src/shop/walk.ts',
      before: null,
      after: 'const queue = [start];\nwhile (queue.length > 0) {\n  queue.push(...queue.shift().next);\n}\n',
      kinds: [],
    },
    {
      title: 'not a list something is added to',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  seen.add(id);\n  rows.push(id);\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});

import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('webhook', () => {
  detects([
    {
      title: 'an event of somebody else that must be signed',
      path: 'src/webhooks/stripe.ts',
      before: 'export function take(req) {\n  const event = JSON.parse(req.body);\n  handle(event);\n}\n',
      after:
        'export function take(req) {\n  const event = stripe.webhooks.constructEvent(req.body, sig, secret);\n  handle(event);\n}\n',
      kinds: ['http.client_error_rate', 'serialization.error_rate', 'auth.unauthorized_rate'],
    },
    {
      title: 'a delivery',
      path: 'src/webhooks/deliver.ts',
      before: 'async function f(hook, event) {\n  await go(hook);\n}\n',
      after: 'async function f(hook, event) {\n  await axios.post(hook.url, event);\n}\n',
      kinds: [
        'webhook.delivery_failure_rate',
        'dependency.error_rate',
        'dependency.latency_p95',
        'http.latency_p95',
      ],
    },
  ]);
});

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
      kinds: [
        'http.client_error_rate',
        'auth.unauthorized_rate',
        'serialization.error_rate',
        'business.core_action_rate',
      ],
    },
    {
      title: 'a delivery',
      path: 'src/webhooks/deliver.ts',
      before: 'async function f(hook, event) {\n  await go(hook);\n}\n',
      after: 'async function f(hook, event) {\n  await axios.post(hook.url, event);\n}\n',
      kinds: [
        'webhook.delivery_failure_rate',
        'dependency.error_rate',
        'queue.job_duration_p95',
        'dependency.latency_p95',
        'http.latency_p95',
      ],
    },
    {
      title: `how a delivery is signed`,
      path: `app/hooks/send.py`,
      before: `def send(hook, body):\n    mark = hmac.new(KEY, body, hashlib.sha1)\n    requests.post(hook.url, data=body, headers=head(mark))\n`,
      after: `def send(hook, body):\n    mark = hmac.new(KEY, body, hashlib.sha512)\n    requests.post(hook.url, data=body, headers=head(mark))\n`,
      kinds: ['webhook.delivery_failure_rate', 'queue.job_duration_p95'],
    },
    {
      title: `not a delivery where hooks of others come in`,
      path: `app/webhooks/handlers/send.py`,
      before: `def send(event):\n    state = pick(event)\n    requests.post(URL, data=state)\n`,
      after: `def send(event):\n    state = pick(event, 2)\n    requests.post(URL, data=state)\n`,
      kinds: [
        'http.client_error_rate',
        'http.error_rate',
        'business.core_action_rate',
        'serialization.error_rate',
        'http.latency_p95',
      ],
    },
  ]);
});

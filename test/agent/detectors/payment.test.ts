import { describe } from 'vitest';
import { detects, ts } from './detects.ts';

describe('payments', () => {
  detects([
    {
      title: 'money that is moved',
      path: ts,
      before: null,
      after: 'await stripe.paymentIntents.capture(id);\n',
      kinds: ['payment.failure_rate', 'payment.duplicate_rate'],
    },
    {
      title: 'an amount that is worked out',
      path: 'src/checkout/sum.ts',
      before: null,
      after: 'const total = amount * rate;\n',
      kinds: ['payment.amount_mismatch_rate'],
    },
    {
      title: 'not a total of something else',
      path: 'src/search/page.ts',
      before: null,
      after: 'const pages = total / size;\n',
      kinds: [],
    },
  ]);
});

describe('payment, in more languages', () => {
  detects([
    {
      title: 'money as a floating point number, in Python',
      path: 'src/billing/total.py',
      before: 'def total(o):\n    return Decimal(o.price) * o.n\n',
      after: 'def total(o):\n    return float(o.price) * o.n\n',
      kinds: ['payment.amount_mismatch_rate'],
    },
    {
      title: 'a key that makes a retry harmless',
      path: 'src/payments/charge.ts',
      before: 'function f(o) {\n  go(o);\n}\n',
      after: 'function f(o) {\n  const idempotencyKey = o.id;\n  go(o);\n}\n',
      kinds: ['payment.failure_rate', 'payment.duplicate_rate'],
    },
    {
      title: 'not a sum that is written for people',
      path: 'src/price/text.ts',
      before: 'const f = (amount) => say(amount);\n',
      after: 'const f = (amount) => say(Intl.NumberFormat(locale).format(amount / 100));\n',
      kinds: [],
    },
  ]);
});

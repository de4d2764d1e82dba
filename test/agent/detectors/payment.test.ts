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

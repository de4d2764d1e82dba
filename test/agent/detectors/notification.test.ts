import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('notification', () => {
  detects([
    {
      title: 'a mail, in Python',
      path: 'app/m.py',
      before: 'def f(u):\n    go(u)\n',
      after: 'def f(u):\n    send_mail("hi", body, FROM, [u.email])\n',
      kinds: ['notification.delivery_failure_rate'],
    },
    {
      title: 'a mail, in Ruby',
      path: 'app/m.rb',
      before: 'def f(u)\n  go(u)\nend\n',
      after: 'def f(u)\n  OrderMailer.placed(u).deliver_later\nend\n',
      kinds: ['notification.delivery_failure_rate'],
    },
    {
      title: 'not an address that is read',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  const email = user.email;\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});

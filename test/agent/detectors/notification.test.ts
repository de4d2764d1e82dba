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
    {
      title: `how long a message is tried`,
      path: `src/shop/push.ts`,
      before: `async function f(d) {\n  await messaging.send({\n    token: d.token,\n    webpush: { ttl: 900 },\n  });\n}\n`,
      after: `async function f(d) {\n  await messaging.send({\n    token: d.token,\n    webpush: { ttl: 60 },\n  });\n}\n`,
      kinds: ['notification.delivery_failure_rate'],
    },
    {
      title: `who a mail is from, in Java`,
      path: `src/main/java/Letter.java`,
      before: `  void f(SimpleMailMessage m) {\n    m.setFrom(a);\n  }\n`,
      after: `  void f(SimpleMailMessage m) {\n    m.setFrom(b.address());\n  }\n`,
      kinds: ['notification.delivery_failure_rate'],
    },
    {
      title: `not a setter of something else`,
      path: `src/main/java/Letter.java`,
      before: `  void f(Span m) {\n    m.setText(a);\n  }\n`,
      after: `  void f(Span m) {\n    m.setText(b.address());\n  }\n`,
      kinds: [],
    },
  ]);
});

import { describe, expect, test } from 'vitest';
import { diffOf, planOf } from '../diff-writing.ts';
import { detects } from './detects.ts';

describe('auth', () => {
  const path = 'src/shop/caller.ts';
  detects([
    {
      title: 'a token check',
      path,
      before: 'a();\n',
      after: 'const claims = jwt.verify(header, secret);\n',
      kinds: ['auth.unauthorized_rate', 'http.error_rate', 'business.core_action_rate'],
    },
    {
      title: 'a token check that asks a key server',
      path,
      before: 'const claims = jwt.verify(header, secret);\n',
      after: 'const keys = createRemoteJWKSet(url);\nconst claims = await jwtVerify(header, keys);\n',
      kinds: [
        'auth.unauthorized_rate',
        'http.error_rate',
        'dependency.error_rate',
        'dependency.latency_p95',
        'business.core_action_rate',
      ],
    },
    {
      title: 'a refresh',
      path,
      before: null,
      after: 'await tokens.refresh(id);\n',
      kinds: ['auth.token_refresh_failure_rate', 'auth.session_loss_rate', 'auth.login_failure_rate'],
    },
    {
      title: 'a sign-in',
      path,
      before: null,
      after: 'const ok = await bcrypt.compare(given, stored);\n',
      kinds: ['auth.login_failure_rate'],
    },
    {
      title: 'a permission',
      path,
      before: null,
      after: 'if (!hasPermission(user, order)) deny();\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'a permission that is no longer asked for',
      path,
      before: 'requireRole(user);\ngo();\n',
      after: 'go();\n',
      kinds: ['auth.forbidden_rate', 'business.core_action_rate', 'http.client_error_rate'],
    },
    {
      title: 'a cookie',
      path: 'app/sign_in.py',
      before: null,
      after: 'session.clear()\n',
      kinds: ['auth.session_loss_rate', 'auth.login_failure_rate'],
    },
    {
      title: 'not the token of a page',
      path,
      before: null,
      after: 'const next = parsePageToken(query);\nconst parsed = tokenizer.parse(text);\n',
      kinds: [],
    },
  ]);

  test('a session lifetime is also named as something the ladder cannot show', async () => {
    const plan = await planOf(diffOf(path, 'const sessionMaxAge = 60;\n', 'const sessionMaxAge = 90;\n'));
    const check = plan.checks.find(({ signalKind }) => signalKind === 'auth.session_loss_rate');
    expect(check?.flags).toContain('not_observable_in_ladder');
    expect(plan.unobservable).toHaveLength(1);
  });
});

describe('authentication, in more languages', () => {
  detects([
    {
      title: 'not a variable called token that is renamed',
      path: 'src/shop/caller.ts',
      before: 'const token = jwt.verify(header);\nuse(token);\n',
      after: 'const claims = jwt.verify(header);\nuse(claims);\n',
      kinds: [],
    },
    {
      title: 'a door in front of requests, in Ruby',
      path: 'app/controllers/orders_controller.rb',
      before: 'class OrdersController\nend\n',
      after: 'class OrdersController\n  before_action :authenticate_user!\nend\n',
      kinds: ['auth.unauthorized_rate', 'http.error_rate', 'business.core_action_rate', 'http.latency_p95'],
    },
    {
      title: 'a door in front of a view, in Python',
      path: 'app/orders.py',
      before: 'def show(request):\n    return go()\n',
      after: '@login_required\ndef show(request):\n    return go()\n',
      kinds: ['auth.unauthorized_rate', 'business.core_action_rate'],
    },
    {
      title: 'not a count of tokens',
      path: 'src/shop/count.ts',
      before: null,
      after: 'const tokens = countTokens(text);\n',
      kinds: [],
    },
    {
      title: 'the cookie of a session',
      path: 'src/shop/app.ts',
      before: 'app.use(session({ cookie: { maxAge: 3600 } }));\n',
      after: 'app.use(session({ cookie: { maxAge: 60 } }));\n',
      kinds: ['auth.session_loss_rate', 'auth.login_failure_rate'],
    },
  ]);
});

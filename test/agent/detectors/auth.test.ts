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
      kinds: ['auth.unauthorized_rate', 'http.error_rate'],
    },
    {
      title: 'a token check that asks a key server',
      path,
      before: 'const claims = jwt.verify(header, secret);\n',
      after: 'const keys = createRemoteJWKSet(url);\nconst claims = await jwtVerify(header, keys);\n',
      kinds: ['auth.unauthorized_rate', 'http.error_rate', 'dependency.error_rate', 'dependency.latency_p95'],
    },
    {
      title: 'a refresh',
      path,
      before: null,
      after: 'await tokens.refresh(id);\n',
      kinds: ['auth.token_refresh_failure_rate', 'auth.session_loss_rate'],
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
      kinds: ['auth.forbidden_rate'],
    },
    {
      title: 'a permission that is no longer asked for',
      path,
      before: 'requireRole(user);\ngo();\n',
      after: 'go();\n',
      kinds: ['auth.forbidden_rate'],
    },
    {
      title: 'a cookie',
      path: 'app/sign_in.py',
      before: null,
      after: 'session.clear()\n',
      kinds: ['auth.session_loss_rate'],
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
    expect(plan.checks[0]?.flags).toContain('not_observable_in_ladder');
    expect(plan.unobservable).toHaveLength(1);
  });
});

import { describe } from 'vitest';
import { detects } from './detects.ts';

describe('rate limit', () => {
  detects([
    {
      title: 'a new limit',
      path: 'src/shop/app.ts',
      before: 'app.use(json());\n',
      after: 'app.use(json());\napp.use(rateLimit({ windowMs: 60_000, max: 100 }));\n',
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate', 'http.throughput'],
    },
    {
      title: 'another number below the call',
      path: 'src/shop/limits.ts',
      before: 'const limiter = rateLimit({\n  windowMs: 60000,\n  max: 100,\n});\n',
      after: 'const limiter = rateLimit({\n  windowMs: 60000,\n  max: 20,\n});\n',
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate', 'http.throughput'],
    },
    {
      title: 'a limit, in Go',
      path: 'a.go',
      before: 'func f() {\n\tgo1()\n}\n',
      after: 'func f() {\n\tlimiter := rate.NewLimiter(10, 20)\n\tlimiter.Wait(ctx)\n}\n',
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate', 'http.throughput'],
    },
    {
      title: 'a limit, in settings',
      path: 'config/app.yaml',
      before: 'rate_limit:\n  per_minute: 60\n',
      after: 'rate_limit:\n  per_minute: 30\n',
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate', 'http.throughput'],
    },
    {
      title: 'a limit, in Rack',
      path: 'config/initializers/rack_attack.rb',
      before: "Rack::Attack.throttle('ip', limit: 5, period: 1) { |r| r.ip }\n",
      after: "Rack::Attack.throttle('ip', limit: 3, period: 1) { |r| r.ip }\n",
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate', 'http.throughput'],
    },
    {
      title: 'not a rate of exchange, nor a limit of rows',
      path: 'src/shop/page.ts',
      before: 'function f(id) {\n  return load(id);\n}\n',
      after: 'function f(id) {\n  const rate = 2;\n  const limit = 5;\n  return load(id);\n}\n',
      kinds: [],
    },
  ]);
});

import { describe } from 'vitest';
import { detects } from './detects.ts';

const path = 'app/lookup.py';

describe('what requests are answered with', () => {
  detects([
    {
      title: 'a refusal that becomes a miss',
      path,
      before: 'def get(id):\n    raise HTTPException(status.HTTP_403_FORBIDDEN)\n',
      after: 'def get(id):\n    raise HTTPException(status.HTTP_404_NOT_FOUND)\n',
      kinds: ['auth.forbidden_rate', 'http.client_error_rate', 'business.core_action_rate'],
    },
    {
      title: 'more requests turned away',
      path: 'src/shop/door.ts',
      before: 'export function open(req, answer) {\n  return load(req);\n}\n',
      after:
        'export function open(req, answer) {\n  if (late(req)) return answer.status(429);\n  return load(req);\n}\n',
      kinds: ['ratelimit.rejected_rate', 'business.core_action_rate'],
    },
    {
      title: 'not a status that somebody else answered',
      path,
      before: 'def get(r):\n    if r.status == 404:\n        return None\n    return r\n',
      after: 'def get(r):\n    if r.status == 404 or r.status == 410:\n        return None\n    return r\n',
      kinds: [],
    },
  ]);
});

import { describe, expect, test } from 'vitest';
import { diffOf, drawnIn } from '../diff-writing.ts';

function told(path: string, before: string | null, after: string): readonly string[] {
  return drawnIn(diffOf(path, before, after)).map(({ check }) => check.signalKind);
}

describe('what names alone tell', () => {
  test.each([
    {
      when: 'a name stands on several lines',
      path: 'lib/entry.rb',
      before: 'def entry(partner)\n  take(partner, 10)\nend\n',
      after:
        'def entry(partner)\n  throttle = Throttle.for_partner(partner)\n  throttle.ask(20)\n  take(partner, 10)\nend\n',
      kind: 'ratelimit.rejected_rate',
    },
    {
      when: 'settings are called so in strings',
      path: 'config/api.py',
      before: 'JWT = {\n    "ACCESS_TOKEN_LIFETIME": hours(12),\n    "ROTATE_REFRESH_TOKENS": False,\n}\n',
      after: 'JWT = {\n    "ACCESS_TOKEN_LIFETIME": minutes(10),\n    "ROTATE_REFRESH_TOKENS": True,\n}\n',
      kind: 'auth.token_refresh_failure_rate',
    },
    {
      when: 'one line names it, in a file that bears the name',
      path: 'internal/menu/cache.go',
      before: 'func (c *Cache) key(venue string) string {\n\treturn "menu:" + venue\n}\n',
      after: 'func (c *Cache) key(venue, locale string) string {\n\treturn "menu:" + venue + locale\n}\n',
      kind: 'cache.hit_ratio',
    },
    {
      when: 'a page of a list holds more',
      path: 'guide/api/tours.py',
      before: 'DEFAULT_PAGE_SIZE = 24\nMAX_PAGE_SIZE = 100\n',
      after: 'DEFAULT_PAGE_SIZE = 120\nMAX_PAGE_SIZE = 240\n',
      kind: 'db.query_latency_p95',
    },
    {
      when: 'another copy of the database is asked',
      path: 'internal/store.go',
      before: 'func (s *Store) History() {\n\trows := s.primary.Query(q)\n}\n',
      after: 'func (s *Store) History() {\n\trows := s.replica.Query(q)\n\tuse(s.replica)\n}\n',
      kind: 'db.replication_lag',
    },
  ])('is watched where $when', ({ path, before, after, kind }) => {
    expect(told(path, before, after)).toContain(kind);
  });

  test.each([
    {
      when: 'one name stands on one line of a file about something else',
      path: 'lib/stock.rb',
      after: 'def stock(id)\n  load(id, webhook)\nend\n',
    },
    {
      when: 'only a folder is called so',
      path: 'services/payments/src/text.ts',
      after: 'export const a = trim(b);\nexport const c = trim(d);\n',
    },
    {
      when: 'a setting only says whose something is',
      path: 'infra/storage.tf',
      after: 'tags = {\n  bucket = "uploads"\n  storage = "s3"\n}\n',
    },
  ])('is not where $when', ({ path, after }) => {
    const kinds = told(path, '', after);
    expect(kinds.filter((kind) => /^(?:webhook|payment|storage)/.test(kind))).toEqual([]);
  });

  test('comes after what is known by its library', () => {
    const caching = diffOf(
      'src/stock.ts',
      'async function get(id) {\n  return load(id);\n}\n',
      'async function get(id) {\n  return (await redis.get(id)) ?? load(id);\n}\n',
    );
    const naming = diffOf('lib/a.rb', 'go\n', 'throttle.ask(1)\nthrottle.ask(2)\n');
    const essential = drawnIn(caching + naming).filter(({ check }) => check.isSecondary !== true);
    const isHint = essential.map(({ detector }) => detector.isHint === true);
    expect(isHint).toContain(true);
    expect(isHint).toEqual(isHint.toSorted());
  });
});

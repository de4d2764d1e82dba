import { describe, expect, test } from 'vitest';
import { namesIn, wordsOf } from '../../../src/agent/code/calls.ts';
import type { Language } from '../../../src/agent/code/language.ts';
import { loopedColumns } from '../../../src/agent/code/loops.ts';

const chains = (code: string, language: Language | null = null): string[] =>
  namesIn(code, [], language).calls.map((call) => call.chain.join('.'));

describe('finds calls', () => {
  test.each([
    { code: 'await this.cache.get(key)', calls: ['this.cache.get'] },
    { code: 'client().get(url).then(read)', calls: ['client', 'client.get', 'client.get.then'] },
    { code: '$this->cache->get($key)', calls: ['$this.cache.get'] },
    { code: 'const m = new Map<string, Row>()', calls: ['Map'] },
    { code: 'reqwest::Client::new()', calls: ['reqwest.Client.new'] },
    { code: 'sqlx::query!(text)', calls: ['sqlx.query'] },
    { code: 'xs.map((x) -> load(x))', calls: ['xs.map', 'load'] },
    { code: '@Cacheable(x)', calls: ['Cacheable'] },
    { code: '@lru_cache', calls: ['lru_cache'] },
    { code: 'cache?.get(key)', calls: ['cache.get'] },
  ])('$code', ({ code, calls }) => {
    expect(chains(code)).toEqual(calls);
  });

  test.each([
    ['function verifyToken(token) {'],
    ['  async get(key: string): Promise<Row> {'],
    ['def get(self, key):'],
    ['public Row Get(string key)'],
    ['func (s *Store) Get(key string) Row {'],
    ['if (cache) return (x)'],
    ['cache.size'],
  ])('takes no declaration, keyword or property for one: %s', (code) => {
    expect(chains(code)).toEqual([]);
  });

  test.each<{ language: Language; code: string; calls: string[] }>([
    { language: 'ruby', code: '  sidekiq_options retry: 5', calls: ['sidekiq_options'] },
    { language: 'ruby', code: '  before_action :authenticate_user!', calls: ['before_action'] },
    { language: 'csharp', code: '  [Authorize]', calls: ['Authorize'] },
    { language: 'php', code: '#[Timed]', calls: ['Timed'] },
    { language: 'typescript', code: '[first, second] = pair;', calls: [] },
  ])('of $language without parentheses: $code', ({ language, code, calls }) => {
    expect(chains(code, language)).toEqual(calls);
  });

  test('Ruby needs no parentheses', () => {
    expect(chains('value = redis.get key', 'ruby')).toEqual(['redis.get']);
  });

  test('a line that begins with a dot goes on from the chain above', () => {
    expect(namesIn('  .get(key)', ['redis']).calls[0]?.chain).toEqual(['redis', 'get']);
  });
});

test.each([
  ['cacheTtlMs', ['cache', 'ttl', 'ms']],
  ['CACHE_TTL', ['cache', 'ttl']],
  ['parseJWTToken', ['parse', 'jwt', 'token']],
])('the words of %s', (name, words) => {
  expect(wordsOf(name)).toEqual(words);
});

describe('follows loops', () => {
  const looped = (language: Language, ...lines: string[]): boolean[] =>
    loopedColumns(
      lines.map((code) => ({ code, indent: code.search(/\S|$/) })),
      language,
    ).map((columns) => columns !== null);

  test.each<{ title: string; language: Language; lines: string[]; inside: boolean[] }>([
    {
      title: 'a block',
      language: 'typescript',
      lines: ['for (const x of xs) {', '  run(x);', '}', 'end();'],
      inside: [false, true, false, false],
    },
    {
      title: 'indentation',
      language: 'python',
      lines: ['for x in xs:', '    run(x)', 'end()'],
      inside: [false, true, false],
    },
    {
      title: 'a callback',
      language: 'typescript',
      lines: ['await Promise.all(xs.map((x) => run(x)));'],
      inside: [true],
    },
    { title: 'a comprehension', language: 'python', lines: ['rows = [run(x) for x in xs]'], inside: [true] },
    {
      title: 'a Ruby block',
      language: 'ruby',
      lines: ['xs.each do |x|', '  run x', 'end'],
      inside: [true, true, false],
    },
    {
      title: 'no loop',
      language: 'typescript',
      lines: ['if (x) {', '  run(x);', '}', 'before(x);'],
      inside: [false, false, false, false],
    },
  ])('$title', ({ language, lines, inside }) => {
    expect(looped(language, ...lines)).toEqual(inside);
  });

  test('what a loop goes over is asked for once', () => {
    const code = 'const ids = (await fetch(url)).rows.map((row) => row.id);';
    const [columns] = loopedColumns([{ code, indent: 0 }], 'typescript');
    expect(columns?.from).toBeGreaterThan(code.indexOf('fetch'));
  });
});

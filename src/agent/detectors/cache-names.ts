import type { ChangedFile, CodeLine } from '../code/changed-code.ts';

/** Clients of a store that other processes share, as their libraries call them. */
const CLIENT =
  '(?:I?O?Redis|RedisClient\\w*|RedisCluster|StringRedisTemplate|(?:Reactive)?RedisTemplate|JedisPool|JedisPooled|UnifiedJedis|Memcached|MemcachedClient|Valkey|IDistributedCache|IMemoryCache)';
/** `store: Redis`, `private val store: RedisTemplate<String, String>`. */
const TYPED = new RegExp(`([A-Za-z_$][\\w$]{0,80})\\??\\s?:\\s?(?:\\w+\\.)?${CLIENT}\\b`, 'g');
/** `IDistributedCache store`, `RedisTemplate<String, Row> rows`. */
const DECLARED = new RegExp(`\\b${CLIENT}(?:<[\\w\\s,<>]{1,80}>)?\\s([A-Za-z_$][\\w$]{0,80})`, 'g');
/** `store = new Redis(…)`, `store = redis.from_url(…)`, `store := redis.NewClient(…)`. */
const MADE = new RegExp(
  `([A-Za-z_$][\\w$]{0,80})\\s?:?=\\s?(?:await\\s)?(?:new\\s)?(?:(?:\\w+\\.)?${CLIENT}(?:\\.new)?|a?io?redis\\.\\w+|redis\\.\\w+)\\(`,
  'g',
);
/** Go: `store *redis.Client`. */
const POINTED = /([A-Za-z_]\w{0,80})\s+\*?redis\.(?:Client|UniversalClient|Cmdable|ClusterClient)\b/g;
const SOME_STORE = /redis|memcached|valkey|jedis|IDistributedCache|IMemoryCache/i;
const PACKAGE =
  /^(?:ioredis|redis|memjs|memcached|@redis\/client|iovalkey|(?:\.{1,2}\/|@\/|~\/)[\w./-]*(?:redis|memcached|valkey)(?:-client)?(?:\.[jt]s)?)$/i;

/** The names that stand for a cache's client in a file, by their types, what they are made of or where they come from. */
export function cacheNames(file: ChangedFile): ReadonlySet<string> {
  const lines = file.hunks.flatMap((hunk) => [...hunk.before, ...hunk.after]);
  const headings = file.hunks.flatMap(({ heading }) => declaredIn(heading));
  return new Set([...lines.flatMap(namesOn), ...headings, ...readThroughNames(lines)]);
}

function namesOn(line: CodeLine): readonly string[] {
  return [...declaredIn(line.code), ...importedFrom(line)];
}

function declaredIn(code: string): readonly string[] {
  if (!SOME_STORE.test(code)) return [];
  return [TYPED, DECLARED, MADE, POINTED]
    .flatMap((pattern) => [...code.matchAll(pattern)].map(([, name]) => name ?? ''))
    .filter((name) => name !== '');
}

/** `import store from './redis.ts'`; a name with a capital is a type. */
function importedFrom(line: CodeLine): readonly string[] {
  const names = /^\s*import\s([\w\s,{}$]{1,300})\sfrom\b/.exec(line.code)?.[1];
  if (names === undefined || !line.strings.some((text) => PACKAGE.test(text))) return [];
  return names.match(/\b[a-z_$][\w$]*/g)?.filter((name) => !/^(?:type|as)$/.test(name)) ?? [];
}

const LIFETIME = /ttl|expir|max_?age|lifetime|seconds/i;
const NO_CACHES = /session|map|headers?|params|state|config|lock|storage|cookies?|form|db|repo|query|tx/i;

/** What is asked by a name and, where it has nothing, told for a time: a cache, whatever it is called. */
function readThroughNames(lines: readonly CodeLine[]): readonly string[] {
  const ownersOf = (pattern: RegExp): ReadonlySet<string> =>
    new Set(
      lines.flatMap((line) =>
        line.calls.filter((call) => pattern.test(call.verbs[0] ?? '')).map((call) => call.chain.at(-2) ?? ''),
      ),
    );
  const isTimed = lines.some((line) => line.names.some((name) => LIFETIME.test(name)));
  if (!isTimed || !lines.some((line) => line.names.some((name) => /key/i.test(name)))) return [];
  const told = ownersOf(/^(?:set|put|store|save|write)$/);
  return [...ownersOf(/^(?:get|fetch|read|lookup)$/)].filter(
    (name) => name !== '' && told.has(name) && !NO_CACHES.test(name),
  );
}

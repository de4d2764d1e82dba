import type { Call } from '../code/calls.ts';
import { type ChangedFile, type CodeLine, linesAfter, linesBefore } from '../code/changed-code.ts';
import {
  callsOn,
  type DetectedCheck,
  type Detector,
  expectChange,
  guard,
  hasAny,
  isUnder,
  namesOf,
  placesOf,
  secondary,
  vocabulary,
} from '../detector.ts';
import { cacheNames } from './cache-names.ts';
import { isQueryCall } from './query.ts';

const STORES = vocabulary(
  'cache caches cached lru memo memoizer redis memcached memcache valkey ttlcache nodecache rdb',
);
const REMOTE = vocabulary('redis memcached memcache valkey rdb');
const COMMANDS = vocabulary(
  `
    get set setex setnx mget mset hget hset put add has del delete remove fetch read write wrap remember
    forget expire invalidate evict clear peek getset getex
`,
);
const MARKERS = vocabulary(
  'cacheable cacheput cacheevict lru_cache cached cached_property memoize memoized outputcache',
);
/** A queue, a lock or a limiter that lives in the same store is not a cache, nor is a response's `Cache-Control`. */
const OTHER_COMMANDS = vocabulary(
  'health queue lock limiter ratelimit rate throttle session sessions stream headers job token tokens',
);
const SETTINGS = vocabulary(
  'ttl max size expiry expire expires expiration seconds minutes age capacity limit stale',
);
/** Where the store is and who may use it is no question of what is cached. */
const OTHER_SETTINGS = vocabulary(
  'lock queue session rate throttle retry retries pool connect password health node type evictionpolicy request dns jwks window script eval priority',
);
const ROWS = vocabulary('repository repo sql query queries rows db database');
const WRITERS = vocabulary(
  'serializer serializers codec objectmapper serialize deserialize marshal unmarshal',
);
const MAPS = vocabulary('Map HashMap ConcurrentHashMap Dictionary ConcurrentDictionary dict defaultdict');
const BOUNDS = vocabulary(
  'max size limit ttl capacity evict delete remove clear expire expires lru pop weak',
);

/** A cache that is added, removed, or asked and aged in another way. */
export const cacheDetector: Detector = {
  id: 'cache',
  subject: 'caching',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql' || file.pathClass === 'migration') return [];
    const isCacheCall = cacheCallsOf(file);
    const added = callsOn(file.added, isCacheCall);
    const removed = callsOn(file.removed, isCacheCall);
    const settings = isUnder(file, OTHER_COMMANDS)
      ? []
      : [...file.added, ...file.removed].filter(isCacheSetting);
    // A key that could be added once was a lock.
    const wasLock = removed.some(({ call }) => call.name === 'add' || call.name === 'setnx');
    if (added.length === 0 && removed.length > 0 && !hasCacheAfter(file, isCacheCall))
      return wasLock ? [] : cacheRemoved(removed);
    if (added.length > 0) return cacheAdded(file, added, isCacheCall);
    const asked = hasCacheAfter(file, isCacheCall) ? [...file.added, ...file.removed].filter(namesKey) : [];
    const keys = [...callsOn(file.reworded, isCacheCall).map((hit) => hit.line), ...asked];
    const lines = [...removed.map((hit) => hit.line), ...settings, ...keys];
    if (lines.length === 0) return [];
    const what = keys.length > 0 ? 'by which names it caches' : 'how long or how much is cached';
    const why = `${lines[0]?.at} changes ${what}`;
    const source = { why: `${why}, and its source takes what is not found`, evidence: placesOf(lines) };
    return [
      guard('cache.hit_ratio', { why, evidence: placesOf(lines) }),
      secondary(guard('cache.evictions', { why, evidence: placesOf(lines) })),
      secondary(guard('http.latency_p95', source)),
    ];
  },
};

function cacheAdded(
  file: ChangedFile,
  hits: ReturnType<typeof callsOn>,
  isCacheCall: (call: Call) => boolean,
): readonly DetectedCheck[] {
  const evidence = placesOf(hits.map((hit) => hit.line));
  const isNew = !linesBefore(file).some((line) => line.calls.some(isCacheCall));
  const what = namesOf(hits);
  const growing = unboundedMaps(file);
  const remote = hits.filter(
    ({ call, line }) => hasAny(call.receiver, REMOTE) || /\bawait\b/.test(line.code),
  );
  const source = { why: `${evidence[0]} decides how often the cache’s source is asked`, evidence };
  const checks: DetectedCheck[] = [
    guard('cache.hit_ratio', {
      why: `${evidence[0]} ${isNew ? 'starts to use' : 'changes its use of'} a cache (${what})`,
      evidence,
      flags: isNew ? ['new_series'] : [],
    }),
  ];
  const late: DetectedCheck[] = [];
  if (remote.length > 0) {
    const why = `${remote[0]?.line.at} waits for the cache (${namesOf(remote)}), and a failed command must not fail the request`;
    const places = placesOf(remote.map((hit) => hit.line));
    const failing = guard('cache.error_rate', { why, evidence: places, flags: isNew ? ['new_series'] : [] });
    // A cache that was waited for before failed in the same way before.
    if (isNew) checks.push(failing);
    else late.push(secondary(failing));
    const wasNear = file.removed.some((line) => hasAny(line.words, STORES) && !hasAny(line.words, REMOTE));
    const slower = guard('cache.latency_p95', { why, evidence: places });
    if (isNew && wasNear) checks.push(slower, guard('http.latency_p95', { why, evidence: places }));
    else late.push(secondary(slower));
  }
  if (!isNew) checks.push(...keyChecks(file));
  if (isNew) {
    const why = `${evidence[0]} answers from a cache what it worked out before`;
    checks.push(expectChange('http.latency_p95', 'decrease', { why, evidence }));
  }
  if (remote.length > 0) checks.push(...writtenChecks(file));
  if (growing.length > 0) {
    const why = `${growing[0]?.at} keeps entries in a map that nothing bounds`;
    checks.push(guard('process.memory', { why, evidence: placesOf(growing) }));
  }
  if (!isNew) late.push(secondary(guard('http.latency_p95', source)));
  const asksDatabase = linesAfter(file).some(
    (line) => line.calls.some(isQueryCall) || hasAny(line.words, ROWS),
  );
  if (asksDatabase) late.push(secondary(guard('db.query_latency_p95', source)));
  if (remote.length === 0 && isNew)
    late.unshift(
      secondary(
        guard('process.memory', { why: `${evidence[0]} keeps what it caches in its own memory`, evidence }),
      ),
    );
  return [...checks, ...late];
}

/** A cache that stays, asked by other names. */
function keyChecks(file: ChangedFile): readonly DetectedCheck[] {
  const named = [...file.added, ...file.removed].filter(namesKey);
  if (named.length === 0) return [];
  const why = `${named[0]?.at} changes by which names it caches, so that entries are not found or push out others`;
  return [guard('cache.evictions', { why, evidence: placesOf(named) })];
}

/** What stands in a store that others read as well. */
function writtenChecks(file: ChangedFile): readonly DetectedCheck[] {
  const written = file.added.filter((line) => hasAny(line.words, WRITERS));
  if (written.length === 0) return [];
  const why = `${written[0]?.at} decides how entries are written, and another version must be able to read them`;
  return [guard('serialization.error_rate', { why, evidence: placesOf(written) })];
}

function cacheRemoved(hits: ReturnType<typeof callsOn>): readonly DetectedCheck[] {
  const evidence = placesOf(hits.map((hit) => hit.line));
  const why = `${evidence[0]} no longer asks the cache (${namesOf(hits)}), so its source takes every request`;
  return [
    guard('http.latency_p95', { why, evidence }),
    guard('db.query_latency_p95', { why, evidence, flags: ['shared_by_both_fleets'] }),
    expectChange('cache.hit_ratio', 'decrease', { why, evidence }),
  ];
}

/**
 * What asks a cache in this file: by the name it is called on, or by that name's type. A store that is a lock or a queue by its
 * path, or takes a key only once, is no cache.
 */
function cacheCallsOf(file: ChangedFile): (call: Call) => boolean {
  const isOther =
    isUnder(file, OTHER_COMMANDS) ||
    file.hunks.some((hunk) =>
      hunk.after.some(
        (line) =>
          line.strings.includes('NX') ||
          line.words.has('nx') ||
          line.calls.some((call) => /^set_?nx$/i.test(call.name)),
      ),
    );
  const names = isOther ? new Set<string>() : cacheNames(file);
  return (call) =>
    (isNamedCacheCall(call) && !(isOther && hasAny(call.receiver, REMOTE))) ||
    (!call.isAnnotation &&
      !hasAny(call.receiver, OTHER_COMMANDS) &&
      names.has(call.chain.at(-2) ?? '') &&
      COMMANDS.has(call.verbs[0] ?? ''));
}

function isNamedCacheCall(call: Call): boolean {
  if (call.isAnnotation) return MARKERS.has(call.name.toLowerCase()) || hasAny(call.receiver, STORES);
  if (/^get(?:Database|Server|Connection|Client|Subscriber)s?$/i.test(call.name)) return false;
  const last = call.receiver.slice(-3);
  if (hasAny(call.receiver, OTHER_COMMANDS)) return false;
  return hasAny(last, STORES) && COMMANDS.has(call.verbs[0] ?? '');
}

function isCacheSetting(line: CodeLine): boolean {
  if (hasAny(line.words, OTHER_SETTINGS) || line.calls.some((call) => /^set_?nx$/i.test(call.name)))
    return false;
  return hasAny(line.words, STORES) && hasAny(line.words, SETTINGS) && /[:=]\s?['"\d\w]|\d/.test(line.code);
}

/** `key := resultKey(id, context)`, `keyOf(user)`. */
function namesKey(line: CodeLine): boolean {
  return line.names.some((name) => /^(?:cache_?)?keys?$|^key(?:_?of|_?for)$|\w(?:_keys?|Keys?)$/i.test(name));
}

function hasCacheAfter(file: ChangedFile, isCacheCall: (call: Call) => boolean): boolean {
  return file.hunks.some((hunk) => hunk.after.some((line) => line.calls.some(isCacheCall)));
}

/** New maps with a cache's name, in a file whose changed lines never mention a bound. */
function unboundedMaps(file: ChangedFile): readonly CodeLine[] {
  const added = file.added;
  const bounded = added.some((line) => hasAny(line.words, STORES) && hasAny(line.words, BOUNDS));
  if (bounded) return [];
  return added.filter((line) => hasAny(line.words, STORES) && isNewMap(line));
}

function isNewMap(line: CodeLine): boolean {
  return line.calls.some((call) => MAPS.has(call.name)) || /=\s*(?:\{\}|\{$|map\[|make\(map)/.test(line.code);
}

import type { Call } from '../code/calls.ts';
import { type CodeLine, changedLines, linesBefore } from '../code/changed-code.ts';
import {
  assigns,
  because,
  callsOn,
  type Detector,
  guard,
  hasAny,
  linesOf,
  namesOf,
  secondary,
  vocabulary,
} from '../detector.ts';

/** Names that can only mean a limit on how often others may ask. */
const LIMITERS = vocabulary(
  `ratelimit ratelimiter ratelimiting ratelimits ratelimiterredis ratelimitermemory expressratelimit throttler throttlerguard
   slowapi bucket4j ratelimiterregistry limitreq tokenbucket leakybucket slidingwindow fixedwindow slidingwindowlimiter
   throttleclasses throttlerates enableratelimiting disableratelimiting addratelimiter addfixedwindowlimiter
   addslidingwindowlimiter addtokenbucketlimiter useratelimiter rackattack throttlescope defaultthrottlerates scopedratethrottle
   userratethrottle anonratethrottle newlimiter tollbooth governor`,
);
const OWNERS = vocabulary('limiter throttle throttler quota ratelimit ratelimiter attack governor');
const VERBS = vocabulary(
  'consume take acquire allow check limit wait reserve try hit attempt increment permit per throttle safelist blocklist by tumbling too',
);
const SETTINGS = vocabulary(
  'points duration limit max window requests burst interval period tokens refill capacity rps rpm rate quota permit key',
);
const REMOTE = vocabulary('redis memcached store valkey');
/** Limits on what a page does, or on what a worker takes, reject nobody. */
const OTHER_LIMITS = vocabulary('debounce scroll resize input render job jobs queue cpu concurrency log');

/** How often somebody may ask before they are turned away. */
export const rateLimitDetector: Detector = {
  id: 'rate-limit',
  subject: 'rate limits',
  risk: 'medium',
  detect(file) {
    if (file.language === 'manifest' || file.language === 'sql') return [];
    const changed = changedLines(file);
    const hits = callsOn(changed, isLimiterCall);
    const settings = changed.filter((line) => isLimiterSetting(line));
    // Options on lines of their own below the call that makes the limiter.
    const options = file.hunks.flatMap((hunk) =>
      [...hunk.after, ...hunk.before].some((line) => line.calls.some(isLimiterCall))
        ? [...hunk.after, ...hunk.before].filter(
            (line) =>
              line.novelty === 'code' && hasAny(line.words, SETTINGS) && /[:=]\s?['"\d\w(]/.test(line.code),
          )
        : [],
    );
    const lines = [...linesOf(hits), ...settings, ...options];
    if (lines.length === 0) return [];
    const isNew = !linesBefore(file).some(
      (line) => line.calls.some(isLimiterCall) || isLimiterName(line.words, line.names),
    );
    const what = hits.length > 0 ? namesOf(hits) : 'a limit';
    const text = `changes how many requests are let through (${what})`;
    const usesStore = hits.some(({ call, line }) => hasAny([...call.verbs, ...line.words], REMOTE));
    return [
      guard('ratelimit.rejected_rate', because(lines, text, { flags: isNew ? ['new_series'] : [] })),
      ...(usesStore
        ? [guard('cache.error_rate', because(lines, 'counts requests in a store that may fail'))]
        : []),
      secondary(guard('http.throughput', because(lines, text, { direction: 'either' }))),
    ];
  },
};

function isLimiterCall(call: Call): boolean {
  if (hasAny([...call.receiver, ...call.verbs], OTHER_LIMITS)) return false;
  const joined = call.verbs.join('');
  if (LIMITERS.has(joined) || LIMITERS.has(call.name.toLowerCase())) return true;
  if (/ratelimit/.test(joined)) return true;
  if (call.isAnnotation) return joined === 'throttle';
  const near = call.receiver.slice(-2);
  const isOwner =
    hasAny(near, OWNERS) ||
    near.join('') === 'rate' + 'limit' ||
    /ratelimiter?$/.test(call.receiver.join(''));
  return isOwner && VERBS.has(call.verbs[0] ?? '');
}

function isLimiterSetting(line: CodeLine): boolean {
  return (
    line.novelty === 'code' &&
    isLimiterName(line.words, line.names) &&
    assigns(line) &&
    !hasAny(line.words, OTHER_LIMITS)
  );
}

function isLimiterName(words: ReadonlySet<string>, names: readonly string[]): boolean {
  if (names.some((name) => /(?:rate[_-]?limit|throttle[_-]?rate|limit[_-]req|rate[_-]?limiter)/i.test(name)))
    return true;
  return words.has('limiter') && hasAny(words, SETTINGS);
}

import { formatDuration, parseDuration } from '../core/duration.ts';
import { type Effect, ERROR_RATE, type SegmentWorld } from './world.ts';

/** What a person asks to see done to a world: nothing, one effect, or parts of the traffic that differ. */
export type WorldChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'effect'; readonly effect: Effect }
  | { readonly kind: 'segments'; readonly segments: readonly SegmentWorld[] };

export type ChangeReading =
  | { readonly kind: 'read'; readonly change: WorldChange }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Every form there is, as it is shown to whoever wrote something else. */
export const ACCEPTED_EFFECTS: readonly string[] = [
  'none',
  '+2 points [of SIGNAL] [from 25%] [from 38m] [for 10m]',
  'drift 0.1 points per minute [of SIGNAL] [from 12m] [for 30m]',
  'load +3 points [of SIGNAL]',
  'bursts +5 points every 10m for 1m [from 5m]',
  'p99 x1.2 [from 25%] [from 38m] [for 10m]',
  'latency x2 [above p90] [from 25%] [from 38m] [for 10m]',
  'SIGNAL x1.5 [above p90] [from 25%] [from 38m] [for 10m]',
  'incident x6 [at 20m] [for 8m]',
  'dead [from 25%] [at 10m] [for 5m]',
  'crash loop [at 5m] [for 5m]',
  'one bad pod 50% [at 5m] [for 5m]',
  'misassigned x3 [at 5m] [for 5m]',
  'telemetry unreachable|timeout|not metrics|metric missing|non finite|partial [at 10m] [for 5m]',
  'segment mix mobile 60%/30% x3, web 40%/70% x1',
];

/** The request-duration histogram of the target: what "latency" and "p99" mean. */
const LATENCY = 'http.latency_p95';

type Clause = 'percent' | 'from' | 'for';
type Span = Partial<Record<'fromMs' | 'forMs' | 'fromPercent', number>>;

interface Form {
  readonly head: RegExp;
  readonly clauses: readonly Clause[];
  /** The effect without its clauses, or null when a number is out of bounds. */
  readonly make: (groups: Readonly<Record<string, string | undefined>>) => Effect | null;
}

const NUMBER = '\\d{1,6}(?:\\.\\d{1,4})?';
const POINTS = `(?<points>[+-]?${NUMBER}) points?`;
const OF = '(?: of (?<signal>[a-z][\\w.:-]*))?';
const TIMES = `[x×](?<times>${NUMBER})`;
const ABOVE = `(?: above p(?<above>${NUMBER}))?`;
const ALL: readonly Clause[] = ['percent', 'from', 'for'];
const TIME: readonly Clause[] = ['from', 'for'];

/** In order: the first head that fits is taken, so a signal's own name comes last. */
const FORMS: readonly Form[] = [
  {
    head: new RegExp(`^${POINTS}${OF}`),
    clauses: ALL,
    make: ({ points, signal }) => withPoints(points, (by) => ({ kind: 'step', by, ...signalOf(signal) })),
  },
  {
    head: new RegExp(`^drift ${POINTS} per minute${OF}`),
    clauses: TIME,
    make: ({ points, signal }) =>
      withPoints(points, (perMinute) => ({ kind: 'drift', perMinute, ...signalOf(signal) })),
  },
  {
    head: new RegExp(`^load ${POINTS}${OF}`),
    clauses: TIME,
    make: ({ points, signal }) =>
      withPoints(points, (atFull) => ({ kind: 'load', atFull, ...signalOf(signal) })),
  },
  {
    head: new RegExp(`^bursts ${POINTS} every (?<every>\\S+) for (?<last>\\S+)`),
    clauses: ['from'],
    make: ({ points, every, last }) => {
      const everyMs = parseDuration(every ?? '') ?? 0;
      const lastMs = parseDuration(last ?? '') ?? 0;
      if (lastMs <= 0 || everyMs <= lastMs) return null;
      return withPoints(points, (by) => ({ kind: 'bursts', by, everyMs, lastMs }));
    },
  },
  {
    head: new RegExp(`^incident ${TIMES}`),
    clauses: TIME,
    make: ({ times }) => withTimes(times, (value) => ({ kind: 'incident', times: value })),
  },
  { head: /^dead/, clauses: ALL, make: () => ({ kind: 'dead' }) },
  { head: /^crash loop/, clauses: TIME, make: () => ({ kind: 'crash_loop' }) },
  {
    head: new RegExp(`^one bad pod (?<share>${NUMBER})%`),
    clauses: TIME,
    make: ({ share }) => {
      const errorRate = rounded(Number(share) / 100);
      return errorRate > 0 && errorRate <= 1 ? { kind: 'bad_pod', errorRate } : null;
    },
  },
  {
    head: new RegExp(`^misassigned ${TIMES}`),
    clauses: TIME,
    make: ({ times }) => withTimes(times, (value) => ({ kind: 'misassigned', times: value })),
  },
  {
    head: /^telemetry (?<why>unreachable|timeout|not metrics|metric missing|non finite|partial)/,
    clauses: TIME,
    make: ({ why = '' }) => ({ kind: 'telemetry_fault', why: why.replace(' ', '_') as FaultWhy }),
  },
  {
    head: new RegExp(`^p(?<quantile>${NUMBER}) ${TIMES}${OF}`),
    clauses: ALL,
    make: ({ quantile, times, signal }) => {
      // A quantile grows so many times when twice the tail beyond it does: a stretch that began at it would leave it where it is.
      const above = rounded(Math.max(0, 1 - 2 * (1 - Number(quantile) / 100)));
      return Number(quantile) > 0 && Number(quantile) < 100
        ? withTimes(times, (value) => stretch(signal ?? LATENCY, value, above))
        : null;
    },
  },
  {
    head: new RegExp(`^(?<signal>[a-z][\\w.:-]*) ${TIMES}${ABOVE}`),
    clauses: ALL,
    make: ({ signal = '', times, above }) => {
      const from = rounded(Number(above ?? 0) / 100);
      if (from >= 1 || (signal !== 'latency' && !/[.:]/.test(signal))) return null;
      return withTimes(times, (value) => stretch(signal === 'latency' ? LATENCY : signal, value, from));
    },
  },
];

type FaultWhy = Extract<Effect, { kind: 'telemetry_fault' }>['why'];

/**
 * An effect as a person writes it. Nothing is guessed: what is left over, out of bounds or said twice makes all of it
 * unreadable, with a message that lists what is accepted. `formatChange` is its inverse.
 */
export function readChange(text: string): ChangeReading {
  const said = text.trim().replaceAll(/\s+/g, ' ').replace('−', '-');
  if (said === 'none') return { kind: 'read', change: { kind: 'none' } };
  if (said.startsWith('segment mix ')) return readSegments(said, said.slice('segment mix '.length));
  for (const form of FORMS) {
    const match = form.head.exec(said);
    const rest = match === null ? '' : said.slice(match[0].length);
    if (match === null || (rest !== '' && !rest.startsWith(' '))) continue;
    const effect = form.make(match.groups ?? {});
    if (effect === null) return unreadable(text, `the numbers of "${match[0]}" are out of bounds`);
    const span = readClauses(rest, form.clauses);
    if (typeof span === 'string') return unreadable(text, span);
    return { kind: 'read', change: { kind: 'effect', effect: { ...effect, ...span } } };
  }
  return unreadable(text, 'it begins like no effect there is');
}

function unreadable(text: string, why: string): ChangeReading {
  const list = ACCEPTED_EFFECTS.map((form) => `  ${form}`).join('\n');
  return { kind: 'unreadable', why: `"${text}" is no effect: ${why}. Accepted are:\n${list}` };
}

/** " from 25% at 10m for 5m", each at most once; or what is wrong with it. */
function readClauses(rest: string, allowed: readonly Clause[]): Span | string {
  const span: Span = {};
  let left = rest.trim();
  while (left !== '') {
    const match = /^(from|at|for) (\S+)(?: |$)/.exec(left);
    if (match === null) return `"${left}" is left over`;
    const [whole, word, value = ''] = match;
    const isPercent = word !== 'for' && value.endsWith('%');
    const clause: Clause = word === 'for' ? 'for' : isPercent ? 'percent' : 'from';
    const key = ({ percent: 'fromPercent', from: 'fromMs', for: 'forMs' } as const)[clause];
    if (!allowed.includes(clause)) return `"${word} ${value}" does not go with it`;
    if (span[key] !== undefined) return `"${word} ${value}" comes after another "${word}"`;
    const number = isPercent ? percentOf(value) : parseDuration(value);
    if (number === null || (clause === 'for' && number === 0))
      return `"${value}" is no ${isPercent ? 'exposure' : 'time'}`;
    span[key] = number;
    left = left.slice(whole.length);
  }
  return span;
}

function percentOf(text: string): number | null {
  const match = new RegExp(`^(${NUMBER})%$`).exec(text);
  const value = Number(match?.[1]);
  return value > 0 && value <= 100 ? value : null;
}

const SEGMENT = new RegExp(`^([\\w-]+) (${NUMBER})%/(${NUMBER})% [x×](${NUMBER})$`);

/** "mobile 60%/30% x3": its share of the canary's and of stable's traffic, and its rate as a multiple of the usual. */
function readSegments(text: string, list: string): ChangeReading {
  const segments: SegmentWorld[] = [];
  for (const part of list.split(',').map((one) => one.trim())) {
    const match = SEGMENT.exec(part);
    if (match === null) return unreadable(text, `"${part}" is no segment`);
    const [, name = '', canary, stable, times] = match;
    const canaryShare = rounded(Number(canary) / 100);
    const stableShare = rounded(Number(stable) / 100);
    if (segments.some((segment) => segment.name === name)) return unreadable(text, `"${name}" comes twice`);
    segments.push({ name, canaryShare, stableShare, times: Number(times) });
  }
  for (const side of ['canaryShare', 'stableShare'] as const) {
    const sum = segments.reduce((total, segment) => total + segment[side], 0);
    if (Math.abs(sum - 1) > 1e-9)
      return unreadable(
        text,
        `the ${side === 'canaryShare' ? 'canary' : 'stable'} shares add up to ${percentText(sum)}`,
      );
  }
  return { kind: 'read', change: { kind: 'segments', segments } };
}

function withPoints(points: string | undefined, make: (by: number) => Effect): Effect | null {
  const by = rounded(Number(points) / 100);
  return by !== 0 && Math.abs(by) <= 1 ? make(by) : null;
}

function withTimes(times: string | undefined, make: (times: number) => Effect): Effect | null {
  return Number(times) > 0 ? make(Number(times)) : null;
}

function stretch(signal: string, times: number, above: number): Effect {
  return { kind: 'stretch', signal, times, ...(above === 0 ? {} : { above }) };
}

/** The error rate is what is meant when no signal is named. */
function signalOf(signal: string | undefined): { readonly signal?: string } {
  return signal === undefined || signal === ERROR_RATE ? {} : { signal };
}

/** Shares are kept to a billionth, so that 0.7 points are 0.007 and not a neighbour of it. */
function rounded(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

/** The change as a person would write it; `readChange` reads it back to the same. */
export function formatChange(change: WorldChange): string {
  switch (change.kind) {
    case 'none':
      return 'none';
    case 'effect':
      return formatEffect(change.effect);
    case 'segments':
      return `segment mix ${change.segments
        .map((s) => `${s.name} ${percentText(s.canaryShare)}/${percentText(s.stableShare)} x${s.times}`)
        .join(', ')}`;
  }
}

function formatEffect(effect: Effect): string {
  const percent =
    'fromPercent' in effect && effect.fromPercent !== undefined ? ` from ${effect.fromPercent}%` : '';
  const word = ['step', 'stretch', 'drift', 'load', 'bursts'].includes(effect.kind) ? 'from' : 'at';
  const from = effect.fromMs === undefined ? '' : ` ${word} ${formatDuration(effect.fromMs)}`;
  const lasting = effect.forMs === undefined ? '' : ` for ${formatDuration(effect.forMs)}`;
  return `${headText(effect)}${percent}${from}${lasting}`;
}

function headText(effect: Effect): string {
  const of = 'signal' in effect && effect.signal !== undefined ? ` of ${effect.signal}` : '';
  switch (effect.kind) {
    case 'step':
      return `${pointsText(effect.by, true)}${of}`;
    case 'drift':
      return `drift ${pointsText(effect.perMinute, false)} per minute${of}`;
    case 'load':
      return `load ${pointsText(effect.atFull, true)}${of}`;
    case 'bursts':
      return `bursts ${pointsText(effect.by, true)} every ${formatDuration(effect.everyMs)} for ${formatDuration(effect.lastMs)}`;
    case 'stretch': {
      const above = effect.above === undefined ? '' : ` above p${rounded(effect.above * 100)}`;
      return `${effect.signal === LATENCY ? 'latency' : effect.signal} x${effect.times}${above}`;
    }
    case 'incident':
      return `incident x${effect.times}`;
    case 'dead':
      return 'dead';
    case 'crash_loop':
      return 'crash loop';
    case 'bad_pod':
      return `one bad pod ${percentText(effect.errorRate)}`;
    case 'misassigned':
      return `misassigned x${effect.times}`;
    case 'telemetry_fault':
      return `telemetry ${effect.why.replace('_', ' ')}`;
  }
}

function pointsText(by: number, signed: boolean): string {
  const points = Math.round(by * 1e9) / 1e7;
  return `${signed && points > 0 ? '+' : ''}${points} ${Math.abs(points) === 1 ? 'point' : 'points'}`;
}

function percentText(share: number): string {
  return `${rounded(rounded(share) * 100)}%`;
}

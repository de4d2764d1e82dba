import { canonicalJson } from '../../core/canonical-json.ts';
import type { Cohort } from '../../core/gate/sample.ts';
import type { Cohorts, SignalBinding } from '../../core/plan/signal-binding.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Reading, Telemetry, TelemetryRequest } from '../../ports/telemetry.ts';
import { type Portion, sampleOf } from './cohort-sample.ts';
import { exposureOf } from './counted-stat.ts';
import { type Counting, countSince, type Mark } from './counting.ts';
import { formatCursor, markKey, parseCursor, type ScrapeCursor } from './cursor.ts';
import { processStart, type Reply, readEndpoint } from './endpoint.ts';
import { keptKeys, MAX_SEGMENTS, partKey } from './partition.ts';
import { compileBinding, type Select } from './selection.ts';

export interface ScrapeOptions {
  /** Every process that serves the target, each by its own URL: never one address with several processes behind it. */
  readonly endpoints: readonly string[];
  /** How each signal is measured, by signal name. */
  readonly bindings: Readonly<Record<string, SignalBinding>>;
  readonly cohorts: Cohorts;
  /** For one read of all endpoints, bodies included. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** The platform's own unless given. */
  readonly fetch?: typeof globalThis.fetch;
}

const COHORTS: readonly Cohort[] = ['canary', 'stable'];

/** A signal made ready to be read from expositions. */
interface Probe {
  readonly signal: string;
  readonly binding: SignalBinding;
  readonly select: Select;
  /** Equal texts count the same series; marks taken under another text are not this signal's. */
  readonly measure: string;
}

/** What one endpoint answered at this read. */
interface Answer {
  readonly endpoint: string;
  readonly reply: Reply;
  /** Start of the process that answered, in ms since the epoch; null when unknown. */
  readonly startedAt: number | null;
}

/** One read: its instant, what was known before it, and every endpoint's answer. */
interface Round {
  /** ms since the epoch. */
  readonly now: number;
  readonly before: ScrapeCursor | null;
  readonly kept: ReadonlyMap<string, Mark>;
  readonly answers: readonly Answer[];
}

/** What one answer contributes to one sample, and where the count goes on from; null where nothing is counted. */
interface Contribution {
  readonly portion: Portion;
  readonly next: Mark | null;
}

/**
 * Telemetry read straight from the `/metrics` pages of a target's processes, with no telemetry system between.
 *
 * `read` GETs every endpoint once, at the same time, and counts what happened since the cursor (`countSince`), each
 * endpoint from its own last good reply: one that was silent counts its whole gap when it is back. See `sampleOf` for
 * what is unusable and why. It rejects only for bugs: a signal that has no binding. Both cohorts of a signal come from
 * the same bodies. Latency bounds are in ms. Throws for options that would count an event twice or not at all.
 * A page knows no past: `history` is always empty.
 */
export function openScrapeTelemetry(options: ScrapeOptions): Telemetry {
  checkOptions(options);
  const probes = compileProbes(options);
  return {
    async read(request: TelemetryRequest): Promise<Reading> {
      const asked = request.signals.map((signal) => requireProbe(probes, signal));
      const before = parseCursor(request.cursor);
      // Taken before asking, so that a process that starts while others answer has certainly started after it.
      const now = options.clock.now();
      const answers = await askAll(options, request.abort);
      const round: Round = { now, before, kept: keptMarks(options, probes, before), answers };
      const marks = new Map(round.kept);
      const samples = asked.flatMap((probe) =>
        readSignal(round, probe).map(({ sample, next }) => {
          for (const [key, mark] of next) marks.set(key, mark);
          return sample;
        }),
      );
      const measures = Object.fromEntries([...probes.values()].map((probe) => [probe.signal, probe.measure]));
      return { samples, cursor: formatCursor({ at: now, measures, marks: Object.fromEntries(marks) }) };
    },
    history: async () => [],
  };
}

function compileProbes({ bindings, cohorts }: ScrapeOptions): ReadonlyMap<string, Probe> {
  const probes = new Map<string, Probe>();
  for (const [signal, binding] of Object.entries(bindings)) {
    // Not the segment and cluster labels: they part the same series otherwise.
    const { label, canary, stable } = cohorts;
    const measure = canonicalJson({ binding, cohorts: { label, canary, stable } });
    probes.set(signal, { signal, binding, select: compileBinding(binding, cohorts), measure });
  }
  return probes;
}

function requireProbe(probes: ReadonlyMap<string, Probe>, signal: string): Probe {
  const probe = probes.get(signal);
  if (probe === undefined) throw new Error(`no binding says how signal "${signal}" is measured`);
  return probe;
}

function checkOptions({ endpoints, cohorts }: ScrapeOptions): void {
  if (endpoints.length === 0) throw new Error('scrape telemetry needs at least one endpoint');
  if (new Set(endpoints.map((endpoint) => new URL(endpoint).href)).size < endpoints.length) {
    throw new Error('an endpoint is listed twice: its events would count twice');
  }
  const both = cohorts.canary.find((value) => cohorts.stable.includes(value));
  if (both !== undefined) throw new Error(`${cohorts.label}="${both}" is both canary and stable`);
}

/** Asks every endpoint at once, so that a slow one delays no other's instant, under one deadline for them all. */
async function askAll(options: ScrapeOptions, abort: AbortSignal): Promise<readonly Answer[]> {
  const { endpoints, clock, timeoutMs, fetch = globalThis.fetch } = options;
  const over = new AbortController();
  const signal = AbortSignal.any([abort, over.signal]);
  void clock.sleep(timeoutMs, signal).then(() => over.abort());
  try {
    return await Promise.all(
      endpoints.map(async (endpoint) => {
        const reply = await readEndpoint({ endpoint, fetch, signal });
        const startedAt = reply.kind === 'exposition' ? processStart(reply.exposition) : null;
        return { endpoint, reply, startedAt };
      }),
    );
  } finally {
    over.abort();
  }
}

/** The marks that still mean what they did: of endpoints still listed and signals still measured the same way. */
function keptMarks(
  { endpoints }: ScrapeOptions,
  probes: ReadonlyMap<string, Probe>,
  before: ScrapeCursor | null,
): Map<string, Mark> {
  const kept = new Map<string, Mark>();
  for (const { signal, measure } of probes.values()) {
    if (before?.measures[signal] !== measure) continue;
    for (const endpoint of endpoints) {
      for (const cohort of COHORTS) {
        const key = markKey({ endpoint, signal, cohort });
        const mark = before.marks[key];
        if (mark !== undefined) kept.set(key, mark);
      }
    }
  }
  return kept;
}

/** The mark of an endpoint that has not been read: whatever starts after `at` may be counted whole. */
function unread(at: number): Mark {
  return { at, startedAt: null, bounds: [], values: null };
}

/** One signal's samples, and the marks from which the next ones count. */
function readSignal({ now, before, kept, answers }: Round, probe: Probe) {
  const { signal, binding } = probe;
  const sides = COHORTS.map((cohort) => ({
    cohort,
    contributions: answers.map((answer) => {
      const key = markKey({ endpoint: answer.endpoint, signal, cohort });
      const former = kept.get(key) ?? unread(before?.at ?? now);
      return { key, ...contributionOf(answer, probe, { cohort, former, now }) };
    }),
  }));
  const segments = segmentsOf(sides.flatMap(({ contributions }) => contributions));
  return sides.map(({ cohort, contributions }) => {
    const portions = contributions.map(({ portion }) => portion);
    const of = { signal, cohort, previous: before?.at ?? null, now, binding, segments };
    const sample = sampleOf(of, portions);
    // Counts that were not handed out, because another endpoint spoilt the sum, are left to be counted.
    const next = contributions.flatMap(({ key, portion, next }): readonly (readonly [string, Mark])[] =>
      next === null || (portion.kind === 'counted' && sample.stat === null) ? [] : [[key, next]],
    );
    return { sample, next };
  });
}

/** Segments told apart in this round, of canary and stable alike. */
function segmentsOf(contributions: readonly Contribution[]): ReadonlySet<string> {
  const counted = contributions.flatMap(({ portion }) =>
    portion.kind === 'counted' ? portion.tally.increases : [],
  );
  const sizes = counted.flatMap((series) =>
    series.segment === null ? [] : [{ key: partKey(series.segment), size: exposureOf(series) }],
  );
  return keptKeys(sizes, MAX_SEGMENTS);
}

interface Place {
  readonly cohort: Cohort;
  readonly former: Mark;
  readonly now: number;
}

/**
 * A failure and a value that cannot be used leave the former mark as it was, so that nothing is lost: the next good
 * reply counts the whole gap. Levels have no former value and leave no mark.
 */
function contributionOf({ endpoint, reply, startedAt }: Answer, probe: Probe, place: Place): Contribution {
  const { former, now } = place;
  const whose = { endpoint: nameOf(endpoint), host: new URL(endpoint).host };
  const isLevel = probe.binding.kind === 'gauge';
  if (reply.kind === 'failed') {
    const { unusable, why } = reply;
    return { portion: { ...whose, kind: 'unusable', unusable, why }, next: isLevel ? null : former };
  }
  const selection = probe.select(reply.exposition, place.cohort);
  switch (selection.kind) {
    case 'unusable':
      return { portion: { ...whose, ...selection }, next: isLevel ? null : former };
    case 'level':
      return { portion: { ...whose, ...selection }, next: null };
    case 'absent': {
      // Read and found missing: what appears from now on is born, and counts from nothing.
      const { next } = countSince(former, { at: now, startedAt, bounds: [], series: [] });
      return { portion: { ...whose, ...selection }, next: isLevel ? null : next };
    }
    case 'counts': {
      const { bounds, series, missing } = selection;
      const counting = countSince(former, { at: now, startedAt, bounds, series });
      return { portion: { ...whose, ...countedPortion(counting, missing) }, next: counting.next };
    }
  }
}

function countedPortion(counting: Counting, missing: readonly string[]) {
  switch (counting.kind) {
    case 'counted':
      return { kind: 'counted', tally: counting.tally, missing } as const;
    case 'starts':
      return { kind: 'unusable', unusable: 'first_read', why: 'is read for the first time' } as const;
    case 'inconsistent':
      return { kind: 'unusable', unusable: 'inconsistent', why: counting.why } as const;
  }
}

/** Without user, password and query, which may hold secrets: details are shown to people. */
function nameOf(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint);
  return `${origin}${pathname}`;
}

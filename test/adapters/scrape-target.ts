import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openScrapeTelemetry } from '../../src/adapters/scrape/scrape.ts';
import type { Sample, Stat } from '../../src/core/gate/sample.ts';
import type { Cohorts, SignalBinding } from '../../src/core/plan/signal-binding.ts';
import { virtualClock } from '../support/virtual-clock.ts';

/** A process that counts what it serves and exposes it, with nothing behind it. */
export interface CountingProcess {
  serve(of: {
    readonly variant: string;
    readonly status?: string;
    readonly ms?: number;
    readonly times?: number;
  }): void;
  /** All counts gone, and a later start. */
  restart(startedAt: number): void;
  /** The exposition, with the counter under another name if told. */
  text(counter?: string): string;
}

const BOUNDS_SECONDS = [0.01, 0.07, 0.3];

export function countingProcess(startedAt: number): CountingProcess {
  let started = startedAt;
  let requests = new Map<string, number>();
  let durations = new Map<string, number[]>();
  return {
    serve({ variant, status = '200', ms = 20, times = 1 }) {
      const key = `status="${status}",variant="${variant}"`;
      requests.set(key, (requests.get(key) ?? 0) + times);
      const buckets = durations.get(variant) ?? [0, 0, 0, 0];
      durations.set(variant, buckets);
      for (const [at, count] of buckets.entries()) {
        if (ms <= (BOUNDS_SECONDS[at] ?? Number.POSITIVE_INFINITY) * 1_000) buckets[at] = count + times;
      }
    },
    restart(at) {
      started = at;
      requests = new Map();
      durations = new Map();
    },
    text(counter = 'http_requests_total') {
      const lines = [`process_start_time_seconds ${started / 1_000}`, `# TYPE ${counter} counter`];
      for (const [labels, count] of requests) lines.push(`${counter}{${labels}} ${count}`);
      for (const [variant, buckets] of durations) {
        for (const [at, count] of buckets.entries()) {
          const le = BOUNDS_SECONDS[at] ?? '+Inf';
          lines.push(`http_request_duration_seconds_bucket{variant="${variant}",le="${le}"} ${count}`);
        }
      }
      return `${lines.join('\n')}\n`;
    },
  };
}

export type Respond = (response: ServerResponse) => void;

/** A real HTTP server on the loopback, whose answer can be changed, and which can be killed and brought back. */
export interface MetricsServer {
  readonly url: string;
  respond: Respond;
  kill(): Promise<void>;
  /** Listens on the same port again. */
  revive(): Promise<void>;
}

export async function metricsServer(respond: Respond): Promise<MetricsServer> {
  let server: Server;
  let port = 0;
  const listen = async (): Promise<void> => {
    server = createServer((_request, response) => self.respond(response));
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  };
  const self = {
    url: '',
    respond,
    kill: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
    revive: listen,
  };
  await listen();
  self.url = `http://127.0.0.1:${port}/metrics`;
  return self;
}

export function sending(text: string, type = 'text/plain; version=0.0.4'): Respond {
  return (response) => response.writeHead(200, { 'content-type': type }).end(text);
}

export const TICK_MS = 15_000;
export const ERRORS = {
  kind: 'counter',
  source: 'app',
  counter: 'r_total',
  match: {},
  bad: { s: '5..' },
} as const satisfies SignalBinding;
export const BINDINGS: Readonly<Record<string, SignalBinding>> = {
  errors: ERRORS,
  hits: {
    kind: 'counter',
    source: 'app',
    counter: 'cache_total',
    match: { op: 'get' },
    good: { result: 'hit' },
  },
  latency: { kind: 'histogram', source: 'app', histogram: 'd_seconds', match: {} },
  size: { kind: 'histogram', source: 'app', histogram: 'size_bytes', match: {} },
  'process.memory': { kind: 'gauge', source: 'app', gauge: 'memory_bytes', match: {} },
  'queue.throughput': { kind: 'gauge', source: 'app', gauge: 'jobs', match: {} },
  'http.throughput': { kind: 'gauge', source: 'app', gauge: 'rps', match: {} },
};

/** What each endpoint answers at one read: a body, or null when it cannot be reached. */
type Bodies = readonly (string | null)[];

export interface Scraping {
  /** One read of `signal` a tick after the former, going on from its cursor. Canary, then stable. */
  read(signal: string, ...bodies: Bodies): Promise<readonly [Sample, Sample]>;
  now(): number;
  /** Where the next read starts, and another place for it. */
  cursor(): string | null;
  resume(cursor: string | null): void;
}

/** Scraping of endpoints that answer what the test says, through a fetch of its own. */
export function scraping(
  endpointN = 1,
  bindings: Readonly<Record<string, SignalBinding>> = BINDINGS,
  parts: Pick<Cohorts, 'segment' | 'cluster'> = {},
): Scraping {
  const clock = virtualClock();
  const endpoints = Array.from({ length: endpointN }, (_, at) => `http://pod-${at}/metrics`);
  let bodies: Bodies = [];
  let cursor: string | null = null;
  const telemetry = openScrapeTelemetry({
    endpoints,
    bindings,
    cohorts: { label: 'v', canary: ['on'], stable: ['off', 'control'], ...parts },
    timeoutMs: 1_000,
    clock,
    fetch: async (url) => {
      const body = bodies[endpoints.indexOf(String(url))];
      if (typeof body !== 'string') throw new TypeError('fetch failed');
      return new Response(body);
    },
  });
  return {
    now: clock.now,
    cursor: () => cursor,
    resume: (from) => {
      cursor = from;
    },
    async read(signal, ...answers) {
      await clock.advance(TICK_MS);
      bodies = answers;
      const reading = await telemetry.read({
        signals: [signal],
        cursor,
        abort: new AbortController().signal,
      });
      cursor = reading.cursor;
      const [canary, stable] = reading.samples;
      if (canary === undefined || stable === undefined) throw new Error('a sample is missing');
      return [canary, stable];
    },
  };
}

/** `r_total` of the canary by status, with the process' start in s after the epoch. */
export function requests(counts: Readonly<Record<string, number>>, startSeconds?: number): string {
  const start = startSeconds === undefined ? [] : [`process_start_time_seconds ${startSeconds}`];
  const lines = Object.entries(counts).map(([status, count]) => `r_total{v="on",s="${status}"} ${count}`);
  return ['# TYPE r_total counter', ...start, ...lines, ''].join('\n');
}

export function histogram(name: string, buckets: Readonly<Record<string, number>>, more = ''): string {
  return Object.entries(buckets)
    .map(([le, count]) => `${name}_bucket{v="on"${more},le="${le}"} ${count}\n`)
    .join('');
}

export function share(n: number, x: number): Stat {
  return { kind: 'share', n, x };
}

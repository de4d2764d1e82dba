import { EventEmitter } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '../../../src/config.ts';

/** What the product's `/metrics` answers: its counts, or a fault. */
export type Answering = 'counts' | 'stalled' | 'not_a_number' | 'html' | 'renamed';

/** A product under rollout, as far as Sluice can see it: counters behind a real socket that grow with time. */
export interface Product {
  /** Its `/metrics`. */
  readonly url: string;
  answering: Answering;
  /** Resolves at the moment it has been asked so often more. */
  asked(times: number): Promise<void>;
  /** Closes the listening socket and every connection. */
  kill(): Promise<void>;
}

export interface ProductOptions {
  /** Percent of units that see the change now; the split of the counters follows it. */
  readonly exposure: () => number;
  /** Failed share of the canary's requests at that exposure. */
  readonly canaryErrors: (percent: number) => number;
  readonly requestsPerSecond?: number;
}

/** Failed share of requests of a version without fault. */
export const USUAL_ERRORS = 0.005;
const REQUESTS_PER_SECOND = 60_000;

export const healthy = () => USUAL_ERRORS;
/** Five points more errors once a quarter of the users see it. */
export const harmfulFrom25 = (percent: number) => USUAL_ERRORS + (percent >= 25 ? 0.05 : 0);

interface Counts {
  ok: number;
  bad: number;
}

export async function openProduct(options: ProductOptions): Promise<Product> {
  const perMs = (options.requestsPerSecond ?? REQUESTS_PER_SECOND) / 1_000;
  const canary: Counts = { ok: 0, bad: 0 };
  const stable: Counts = { ok: 0, bad: 0 };
  const started = Date.now() / 1_000;
  let countedAt = performance.now();
  let isKilled = false;
  const scrapes = new EventEmitter();

  const count = () => {
    const now = performance.now();
    const requests = (now - countedAt) * perMs;
    countedAt = now;
    const percent = options.exposure();
    const exposed = (requests * percent) / 100;
    add(canary, exposed, options.canaryErrors(percent));
    add(stable, requests - exposed, USUAL_ERRORS);
  };
  const metrics = (name: string) =>
    [
      `process_start_time_seconds ${started}`,
      `# TYPE ${name} counter`,
      ...Object.entries({ on: canary, off: stable }).flatMap(([variant, { ok, bad }]) => [
        `${name}{variant="${variant}",status="200"} ${Math.floor(ok)}`,
        `${name}{variant="${variant}",status="500"} ${self.answering === 'not_a_number' ? 'NaN' : Math.floor(bad)}`,
      ]),
      '',
    ].join('\n');
  const answer = (response: ServerResponse) => {
    count();
    switch (self.answering) {
      case 'stalled':
        break;
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
        break;
      default:
        response
          .writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
          .end(metrics(self.answering === 'renamed' ? 'http_server_requests_total' : 'http_requests_total'));
    }
    scrapes.emit('scrape');
  };
  const server = createServer((_request, response) => answer(response));
  const self = {
    url: await listening(server),
    answering: 'counts' as Answering,
    asked: (times: number) =>
      new Promise<void>((resolve) => {
        let left = times;
        const onScrape = () => {
          left -= 1;
          if (left > 0) return;
          scrapes.off('scrape', onScrape);
          resolve();
        };
        scrapes.on('scrape', onScrape);
      }),
    kill: async () => {
      if (isKilled) return;
      isKilled = true;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
  return self;
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

function add(counts: Counts, requests: number, errors: number): void {
  counts.bad += requests * errors;
  counts.ok += requests * (1 - errors);
}

export const TARGET = 'checkout';
export const FLAG = 'new-checkout';

export const LINES =
  'Hold if canary error rate exceeds the stable fleet by more than 0.5 points; roll back if it exceeds 2 points.';

/** What `sluice.yaml` would say, with looks closer together than it allows. */
export function productConfig(of: {
  readonly metricsUrl: string;
  readonly tickMs: number;
  readonly instruction: string;
}): Config {
  return {
    tickMs: of.tickMs,
    sources: { app: { everyMs: of.tickMs, endpoints: [of.metricsUrl] } },
    signals: {
      'http.error_rate': {
        kind: 'counter',
        source: 'app',
        counter: 'http_requests_total',
        match: {},
        bad: { status: '5..' },
      },
    },
    surfaces: {},
    targets: {
      [TARGET]: {
        surface: null,
        flag: FLAG,
        unit: 'userId',
        calls: [],
        cohorts: { label: 'variant', canary: ['on'], stable: ['off', 'control'] },
        instruction: of.instruction,
        policy: { allowWiden: false },
      },
    },
    model: { mode: 'off', id: 'none' },
  };
}

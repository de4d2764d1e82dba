import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScrapeTelemetry } from '../../src/adapters/scrape/scrape.ts';
import type { Reading, Telemetry } from '../../src/ports/telemetry.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { type MetricsServer, metricsServer, type Respond, sending, share } from './scrape-target.ts';

const MEGABYTE = 1024 * 1024;
const TICK_MS = 15_000;

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/metrics/${name}`, import.meta.url), 'utf8');
}

/** Requests of the canary and of the stable side, and how many of each failed. */
function served(canary: readonly [number, number], stable: readonly [number, number]): string {
  return [
    'process_start_time_seconds 1000',
    `http_requests_total{variant="on",status="200"} ${canary[0] - canary[1]}`,
    `http_requests_total{variant="on",status="500"} ${canary[1]}`,
    `http_requests_total{variant="off",status="200"} ${stable[0] - stable[1]}`,
    `http_requests_total{variant="off",status="500"} ${stable[1]}`,
    '',
  ].join('\n');
}

const virtual = virtualClock();
/** Times are virtual, the deadline is real: a stalled server is waited for in real time. */
const clock = {
  ...virtual,
  sleep: (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    }),
};

function telemetryOf(servers: readonly MetricsServer[], timeoutMs = 5_000): Telemetry {
  return openScrapeTelemetry({
    endpoints: servers.map(({ url }) => url),
    bindings: {
      errors: {
        kind: 'counter',
        source: 'app',
        counter: 'http_requests_total',
        match: {},
        bad: { status: '5..' },
      },
    },
    cohorts: { label: 'variant', canary: ['on'], stable: ['off'] },
    timeoutMs,
    clock,
  });
}

async function read(telemetry: Telemetry, cursor: string | null): Promise<Reading> {
  await virtual.advance(TICK_MS);
  return telemetry.read({ signals: ['errors'], cursor, abort: new AbortController().signal });
}

function outcomes({ samples }: Reading) {
  return samples.map(({ stat, quality }) => [stat, quality.unusable, quality.detail]);
}

let pods: readonly MetricsServer[] = [];
beforeEach(async () => {
  pods = [
    await metricsServer(sending(served([10, 0], [90, 1]))),
    await metricsServer(sending(served([20, 1], [80, 0]))),
  ];
});
afterEach(async () => {
  await Promise.all(pods.map((pod) => pod.kill()));
});

function first(): MetricsServer {
  const [pod] = pods;
  if (pod === undefined) throw new Error('no server runs');
  return pod;
}

const huge = 'http_requests_total{variant="on",status="200"} 1\n'.repeat(400_000);

describe('an endpoint', () => {
  const cases: readonly { title: string; respond: Respond; unusable: string; says: string }[] = [
    {
      title: 'that answers 503',
      respond: (r) => r.writeHead(503).end('starting'),
      unusable: 'unreachable',
      says: 'answered 503',
    },
    {
      title: 'that has no such page',
      respond: (r) => r.writeHead(404).end(),
      unusable: 'unreachable',
      says: 'answered 404',
    },
    {
      title: 'that answers 204',
      respond: (r) => r.writeHead(204).end(),
      unusable: 'unreachable',
      says: 'answered 204',
    },
    {
      title: 'that sends elsewhere',
      respond: (r) => r.writeHead(302, { location: 'http://127.0.0.1:9/login' }).end(),
      unusable: 'unreachable',
      says: 'cannot be read (unexpected redirect)',
    },
    {
      title: 'that hangs up in the middle of the body',
      respond: (r) => {
        r.writeHead(200, { 'content-length': 1_000 }).write(
          'http_requests_total{variant="on",status="200"} 1',
        );
        setImmediate(() => r.destroy());
      },
      unusable: 'unreachable',
      says: 'cannot be read (',
    },
    {
      title: 'that sends a sign-in page',
      respond: sending(fixture('sign-in-page.txt'), 'text/html'),
      unusable: 'not_metrics',
      says: 'sent something other than metrics: line 1 does not start with a metric name: "<!doctype html>"',
    },
    {
      title: 'that sends a line cut in two',
      respond: sending(fixture('cut-line.txt')),
      unusable: 'not_metrics',
      says: 'sent something other than metrics: line 3 has a label without a name',
    },
    {
      title: 'that sends OpenMetrics without its end',
      respond: sending('http_requests_total 1\n', 'application/openmetrics-text; version=1.0.0'),
      unusable: 'not_metrics',
      says: 'sent something other than metrics: line 1 is the last, and is not # EOF',
    },
    {
      title: 'that sends more than 16 MB',
      respond: sending(huge),
      unusable: 'too_large',
      says: 'sent more than 16 MB',
    },
    {
      title: 'that sends little which unpacks to more than 16 MB',
      respond: (r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(huge)),
      unusable: 'too_large',
      says: 'sent more than 16 MB',
    },
    {
      title: 'that never stops sending',
      respond: (r) => {
        const more = () => {
          while (!r.destroyed && r.write('#'.repeat(MEGABYTE)));
        };
        r.writeHead(200).on('drain', more);
        more();
      },
      unusable: 'too_large',
      says: 'sent more than 16 MB',
    },
    {
      title: 'that has renamed the metric',
      respond: sending(fixture('renamed.txt')),
      unusable: 'metric_missing',
      says: 'has no http_requests_total',
    },
    {
      title: 'that sends nothing',
      respond: sending(''),
      unusable: 'metric_missing',
      says: 'has no http_requests_total',
    },
  ];
  test.each(cases)('$title is $unusable', async ({ respond, unusable, says }) => {
    const telemetry = telemetryOf([first()]);
    const { cursor } = await read(telemetry, null);
    first().respond = respond;
    const reading = await read(telemetry, cursor);
    const detail = expect.stringContaining(`${first().url} ${says}`);
    const [canary, stable] = outcomes(reading);
    expect(canary).toEqual([null, unusable, detail]);
    expect(stable).toEqual(canary);

    first().respond = sending(served([13, 1], [95, 1]));
    expect(outcomes(await read(telemetry, reading.cursor))).toEqual([
      [share(3, 1), null, null],
      [share(5, 0), null, null],
    ]);
  });

  test('that is killed is unreachable, with the reason the network gave', async () => {
    const telemetry = telemetryOf([first()]);
    const { cursor } = await read(telemetry, null);
    await first().kill();
    const reading = await read(telemetry, cursor);
    const detail = `${first().url} cannot be read (ECONNREFUSED)`;
    expect(outcomes(reading)).toEqual([
      [null, 'unreachable', detail],
      [null, 'unreachable', detail],
    ]);
  });

  test.each([
    { title: 'takes the question and says nothing', respond: () => undefined },
    {
      title: 'stalls in the middle of the body',
      respond: ((r) => r.writeHead(200).write('http_requests_total{variant="on"} 1\n')) satisfies Respond,
    },
  ])('that $title is a timeout', async ({ respond }) => {
    const { cursor } = await read(telemetryOf([first()]), null);
    first().respond = respond;
    const reading = await read(telemetryOf([first()], 50), cursor);
    const outcome = [null, 'timeout', `${first().url} did not answer in time`];
    expect(outcomes(reading)).toEqual([outcome, outcome]);
  });

  test('that gives a value which is no number is non_finite for that cohort alone', async () => {
    const telemetry = telemetryOf([first()]);
    const { cursor } = await read(telemetry, null);
    first().respond = sending(fixture('not-a-number.txt'));
    expect(outcomes(await read(telemetry, cursor))).toEqual([
      [null, 'non_finite', `${first().url} gives NaN for "[[status,500],[variant,on]]"`],
      [share(811, 0), null, null],
    ]);
  });

  test('that fails at the first read is named there, and counts from its first good reply', async () => {
    const telemetry = telemetryOf([first()]);
    const { respond } = first();
    first().respond = (r) => r.writeHead(503).end();
    const none = await read(telemetry, null);
    const beginning = [null, 'first_read', `counting starts with this read; ${first().url} answered 503`];
    expect(outcomes(none)).toEqual([beginning, beginning]);
    first().respond = respond;
    const start = await read(telemetry, none.cursor);
    expect(start.samples.map(({ quality }) => quality.unusable)).toEqual(['first_read', 'first_read']);
    first().respond = sending(served([12, 1], [90, 1]));
    const [canary] = (await read(telemetry, start.cursor)).samples;
    expect(canary?.stat).toEqual(share(2, 1));
  });
});

test('one of two endpoints is down, then back: partial meanwhile, and its gap counts once', async () => {
  const [a, b] = pods;
  if (a === undefined || b === undefined) throw new Error('two servers are needed');
  const telemetry = telemetryOf([a, b]);
  const start = await read(telemetry, null);

  a.respond = sending(served([15, 1], [90, 1]));
  await b.kill();
  const during = await read(telemetry, start.cursor);
  const detail = `${b.url} cannot be read (ECONNREFUSED)`;
  expect(outcomes(during)).toEqual([
    [share(5, 1), 'partial', detail],
    [share(0, 0), 'partial', detail],
  ]);

  b.respond = sending(served([50, 4], [80, 0]));
  await b.revive();
  const back = await read(telemetry, during.cursor);
  expect(outcomes(back)).toEqual([
    [expect.objectContaining(share(30, 3)), null, null],
    [expect.objectContaining(share(0, 0)), null, null],
  ]);
  const [after] = (await read(telemetry, back.cursor)).samples;
  expect(after).toMatchObject({ stat: share(0, 0), quality: { unusable: null } });
});

test('a slow endpoint holds up no other: all are asked at once', async () => {
  const [a, b] = pods;
  if (a === undefined || b === undefined) throw new Error('two servers are needed');
  const telemetry = telemetryOf([a, b]);
  const { cursor } = await read(telemetry, null);
  const waiting: (() => void)[] = [];
  // Neither answers before both have been asked.
  for (const pod of pods) {
    const { respond } = pod;
    pod.respond = (response) => {
      waiting.push(() => respond(response));
      if (waiting.length === pods.length) for (const answer of waiting) answer();
    };
  }
  const reading = await read(telemetry, cursor);
  expect(reading.samples.every(({ quality }) => quality.unusable === null)).toBe(true);
});

test('a read asks each endpoint once, for text, however many signals it wants', async () => {
  const accepts: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    accepts.push(request.headers.accept);
    response.end('a_total 1\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = typeof address === 'object' ? `http://127.0.0.1:${address?.port}/metrics?token=secret` : '';
  const counter = { kind: 'counter', source: 'app', counter: 'b_total', match: {}, bad: {} } as const;
  const telemetry = openScrapeTelemetry({
    endpoints: [url],
    bindings: { one: counter, two: counter },
    cohorts: { label: 'v', canary: ['on'], stable: ['off'] },
    timeoutMs: 5_000,
    clock,
  });
  const abort = new AbortController().signal;
  const { samples } = await telemetry.read({ signals: ['one', 'two'], cursor: null, abort });
  server.close();
  server.closeAllConnections();
  expect(accepts).toEqual([expect.stringMatching(/^text\/plain;version=0\.0\.4/)]);
  expect(samples[0]?.quality.detail).toMatch(/\/metrics has no b_total$/);
  expect(JSON.stringify(samples)).not.toContain('secret');
});

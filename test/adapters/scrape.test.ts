import { expect, test } from 'vitest';
import { joinedTelemetry } from '../../src/adapters/joined/telemetry.ts';
import { openScrapeTelemetry } from '../../src/adapters/scrape/scrape.ts';
import type { SignalBinding } from '../../src/core/plan/signal-binding.ts';
import { describeHistory, describeTelemetry, type TelemetryWorld } from '../contracts/telemetry.ts';
import { virtualClock } from '../support/virtual-clock.ts';
import { countingProcess, metricsServer, sending } from './scrape-target.ts';

const BINDINGS: Readonly<Record<string, SignalBinding>> = {
  'http.error_rate': {
    kind: 'counter',
    source: 'app',
    counter: 'http_requests_total',
    match: {},
    bad: { status: '5..' },
  },
  'http.latency_p95': {
    kind: 'histogram',
    source: 'app',
    histogram: 'http_request_duration_seconds',
    match: {},
  },
};
const COHORTS = { label: 'variant', canary: ['on'], stable: ['off', 'control'] };
const DAY_MS = 86_400_000;

async function openWorld(): Promise<TelemetryWorld> {
  const clock = virtualClock();
  const service = countingProcess(clock.now() - DAY_MS);
  const answer = () => (server.respond = (response) => sending(service.text())(response));
  const server = await metricsServer(sending(''));
  answer();
  return {
    telemetry: openScrapeTelemetry({
      endpoints: [server.url],
      bindings: BINDINGS,
      cohorts: COHORTS,
      timeoutMs: 2_000,
      clock,
    }),
    now: clock.now,
    advance: clock.advance,
    async serve({ cohort, requests, errors = 0 }) {
      const variant = cohort === 'canary' ? 'on' : 'control';
      if (errors > 0) service.serve({ variant, status: '503', times: errors });
      if (requests > errors) service.serve({ variant, times: requests - errors });
    },
    restart: async () => service.restart(clock.now()),
    cut: server.kill,
    mend: server.revive,
    forget: async () => {
      server.respond = sending('# TYPE requests counter\nrequests_total{variant="on"} 5\n');
    },
    stall: async () => {
      server.respond = () => undefined;
    },
    close: () => server.kill(),
  };
}

describeTelemetry('scraping /metrics', openWorld);
describeHistory('scraping /metrics', async () => ({ ...(await openWorld()), keepsPast: false }));

const JOINED = 'several sources as one';
const joinedWorld = async (): Promise<TelemetryWorld> => {
  const world = await openWorld();
  const { telemetry } = world;
  return {
    ...world,
    telemetry: joinedTelemetry({ app: telemetry, edge: telemetry }, (signal) =>
      signal === 'http.latency_p95' ? 'edge' : 'app',
    ),
  };
};
describeTelemetry(JOINED, joinedWorld);
describeHistory(JOINED, async () => ({ ...(await joinedWorld()), keepsPast: false }));

const options = {
  endpoints: ['http://127.0.0.1:9/metrics'],
  bindings: BINDINGS,
  cohorts: COHORTS,
  timeoutMs: 1,
  clock: virtualClock(),
};

test.each([
  { title: 'no endpoint at all', wrong: { endpoints: [] }, says: /at least one endpoint/ },
  {
    title: 'an endpoint listed twice, whose events would count twice',
    wrong: { endpoints: ['http://a/metrics', 'http://A:80/metrics'] },
    says: /listed twice/,
  },
  {
    title: 'a value that is both canary and stable',
    wrong: { cohorts: { ...COHORTS, stable: ['on', 'off'] } },
    says: /variant="on" is both/,
  },
])('refuses $title', ({ wrong, says }) => {
  expect(() => openScrapeTelemetry({ ...options, ...wrong })).toThrow(says);
});

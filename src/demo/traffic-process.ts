import { Agent, get } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { randomFrom } from '../simulate/random.ts';
import { endWithParent } from './shop-run.ts';
import { shopToken } from './shop-token.ts';
import { createArrivals } from './traffic-arrivals.ts';
import type { TrafficMessage } from './traffic-report.ts';

// The shop's customers, in a process of their own: each visits the checkout page now and then, over real connections.

const settings = z
  .object({
    TRAFFIC_TO: z.url(),
    TRAFFIC_PER_SECOND: z.coerce.number().positive().default(400),
    TRAFFIC_USERS: z.coerce.number().int().positive().default(2_000),
    TRAFFIC_SEED: z.coerce.number().int().default(1),
  })
  .parse(process.env);

const REPORT_EVERY_MS = 1_000;
const VISIT_TIMEOUT_MS = 5_000;
/**
 * Visits on their way at once; more are let go. About 10 are usual at 400 a second and 30 when every visit is slow.
 * Without a bound a shop kept from running for a moment would find all of that moment's visits at its door together.
 */
const MAX_UNDERWAY = 48;

const agent = new Agent({ keepAlive: true, maxSockets: MAX_UNDERWAY, timeout: VISIT_TIMEOUT_MS });
const target = new URL('/checkout', settings.TRAFFIC_TO);
const random = randomFrom(settings.TRAFFIC_SEED).next;
const tokens = new Map<string, string>();
const counts = { sent: 0, ok: 0, failed: 0, late: 0 };
let underway = 0;

const arrivals = createArrivals({
  perSecond: settings.TRAFFIC_PER_SECOND,
  startMs: performance.now(),
  random,
});

function visit(): void {
  const userId = `user-${Math.floor(random() * settings.TRAFFIC_USERS)}`;
  const token = tokens.get(userId) ?? shopToken(userId);
  tokens.set(userId, token);
  counts.sent++;
  underway++;
  let answered = false;
  const headers = { 'x-user-id': userId, authorization: `Bearer ${token}` };
  const request = get(target, { agent, headers }, (response) => {
    response.resume();
    response.once('end', () => {
      answered = response.statusCode === 200;
    });
  });
  request.once('timeout', () => request.destroy());
  // What went wrong does not matter here; a request that fails closes as well.
  request.once('error', () => {});
  request.once('close', () => {
    underway--;
    if (answered) counts.ok++;
    else counts.failed++;
  });
}

function visitWhenDue(): void {
  const { due, late } = arrivals.take(performance.now());
  counts.late += late;
  for (let visits = 0; visits < due; visits++) {
    if (underway < MAX_UNDERWAY) visit();
    else counts.late++;
  }
  setTimeout(visitWhenDue, Math.max(0, arrivals.nextMs - performance.now()));
}

endWithParent();
setInterval(() => {
  process.send?.({ kind: 'traffic', ...counts } satisfies TrafficMessage);
  Object.assign(counts, { sent: 0, ok: 0, failed: 0, late: 0 });
}, REPORT_EVERY_MS);
visitWhenDue();

import type { Sample } from '../../../src/core/gate/sample.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { adaptiveLadder } from '../../../src/core/plan/preflight/ladder-proposal.ts';
import type { TrafficReading } from '../../../src/core/plan/preflight/traffic.ts';
import { errorRateCheck, MINUTE_MS, withLadder } from './bench-plan.ts';

const READING_MS = 15 * MINUTE_MS;

/** The plan on the ladder that a policy of adaptive ladders gives it at this traffic; as written where none would do. */
export function adaptivePlan(
  plan: Plan,
  { requestsPerMinute, errorRate }: { readonly requestsPerMinute: number; readonly errorRate: number },
): Plan {
  const n = Math.round((requestsPerMinute * READING_MS) / MINUTE_MS);
  const sample: Sample = {
    signal: errorRateCheck(plan).signal,
    cohort: 'stable',
    from: 0,
    to: READING_MS,
    stat: { kind: 'share', n, x: Math.round(n * errorRate) },
    quality: { unusable: null, detail: null, resets: 0, born: 0 },
  };
  const traffic: TrafficReading = { overMs: READING_MS, samples: [sample] };
  return withLadder(plan, adaptiveLadder(plan, traffic));
}

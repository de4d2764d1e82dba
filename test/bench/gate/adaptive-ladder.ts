import type { Sample } from '../../../src/core/gate/sample.ts';
import type { Plan } from '../../../src/core/plan/plan.ts';
import { preflight, type TrafficReading } from '../../../src/core/plan/preflight.ts';
import { errorRateCheck, MINUTE_MS, withLadder } from './bench-plan.ts';

const READING_MS = 15 * MINUTE_MS;

/** The plan on the ladder that preflight proposes for this traffic; as it is where preflight finds nothing to mend. */
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
  const { workable } = preflight(plan, traffic);
  return workable === null ? plan : withLadder(plan, workable);
}

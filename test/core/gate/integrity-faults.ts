import type { Evidence } from '../../../src/core/gate/evidence.ts';
import { type IntegrityState, NO_INTEGRITY, seedIntegrity } from '../../../src/core/gate/integrity.ts';
import { ERROR_RATE } from '../../support/rollout-rig.ts';
import { NOW, shares, TICK_MS } from './looks.ts';

const CHECKS = [ERROR_RATE];
const E = ERROR_RATE.id;
const OVERLAP = { rolloutId: 'rl_1', target: 'checkout' };

/** Each fault, as the gate finds it at a look. */
export const FAULTS: Readonly<
  Record<string, { readonly integrity: IntegrityState; readonly overlap?: Evidence['overlap'] }>
> = {
  overlap: { integrity: NO_INTEGRITY, overlap: OVERLAP },
  sample_ratio: {
    integrity: {
      ...NO_INTEGRITY,
      ratio: { share: 0.1, canary: 200, stable: 800, closed: 0, peak: 20 },
    },
  },
  canary_restarting: {
    integrity: {
      ...NO_INTEGRITY,
      restarts: [3, 2, 1].map((ago) => ({ at: NOW - ago * TICK_MS, canary: 1, stable: 0 })),
    },
  },
  shared_incident: {
    integrity: {
      ...NO_INTEGRITY,
      incidents: Object.fromEntries(
        Object.entries(
          seedIntegrity(NO_INTEGRITY, CHECKS, shares(E, { canary: [0, 0], stable: [20, 10_000] })).incidents,
        ).map(([id, incident]) => [id, { ...incident, since: NOW - TICK_MS }]),
      ),
    },
  },
};

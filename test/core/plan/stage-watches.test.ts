import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/core/plan/check.ts';
import { stageWatches } from '../../../src/core/plan/stage-watches.ts';
import { check, ERROR_RATE, P95 } from '../../support/rollout-rig.ts';
import { ERRORS, plannedWhole } from './plan-request.ts';

describe('a watch on the previous stage', () => {
  test('stands beside every required check of a share, and can hold and no more', () => {
    const plan = plannedWhole({ guardrails: [ERRORS] });
    expect(plan.checks.map(({ id, intent, severity }) => [id, intent, severity])).toEqual([
      ['http.error_rate', 'guard', 'critical'],
      ['http.error_rate/previous_stage', 'watch', 'major'],
    ]);
    expect(plan.checks[1]).toMatchObject({
      against: { kind: 'previous_stage' },
      hold: { compare: 'band', times: 1.25, floor: 0.001 },
      rollback: null,
    });
  });

  test('comes once for a signal, and not for what only informs, is proposed, or has no counts', () => {
    const again: Check = { ...ERROR_RATE, id: 'again', hold: { compare: 'ratio', times: 2 } };
    const informs: Check = { ...check({ signal: 'cache.error_rate' }), severity: 'advisory' };
    const proposed: Check = {
      ...check({ signal: 'db.error_rate' }),
      provenance: [{ source: 'rule', from: 'query', evidence: [] }],
    };
    const watches = stageWatches([ERROR_RATE, again, informs, proposed, P95]);
    expect(watches.map(({ id }) => id)).toEqual(['http.error_rate/previous_stage']);
  });
});

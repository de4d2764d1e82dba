import { describe, expect, test } from 'vitest';
import { check, ERROR_RATE, planOf } from '../../support/rollout-rig.ts';
import { endlessPlan, findingsOf, gateRun, lastOf, repeated } from './gate-run.ts';
import { shares } from './looks.ts';

const PLAN = endlessPlan();
/** The trailing window of the rig’s one-second looks. */
const TRAILING_LOOKS = PLAN.settings.trailingMs / PLAN.tickMs;
type Arm = readonly [x: number, n: number];
const look = (canary: Arm, stable: Arm = [18, 9_000]) => shares(ERROR_RATE.signal, { canary, stable });

describe('an estimate of the trailing window over the rollback line', () => {
  /** A point worse for long: evidence for either line, an estimate for the hold line alone. */
  const worse = repeated(look([12, 1_000]), 60);

  test('rolls back when the window says so by itself', () => {
    const { decisions } = gateRun(PLAN, [...worse, ...repeated(look([40, 1_000]), TRAILING_LOOKS)]);
    expect(decisions[59]).toMatchObject({ kind: 'hold', reason: 'breach_hold' });
    expect(decisions.at(-1)).toMatchObject({ kind: 'rollback', reason: 'breach_rollback' });
  });

  test('rolls nothing back when it is a few events by chance, whatever came before', () => {
    // Traffic dies down to five a look: three errors of a hundred are 3 %, and no evidence of anything.
    const thin = Array.from({ length: TRAILING_LOOKS }, (_, at) => look([at % 7 === 6 ? 1 : 0, 5], [0, 45]));
    const run = gateRun(PLAN, [...worse, ...thin, look([1, 5], [0, 45])]);
    const last = lastOf(findingsOf(run, ERROR_RATE.id));
    expect((last.trailing.canary ?? 0) - (last.trailing.baseline ?? 0)).toBeGreaterThan(0.02);
    expect(last.harm.log).toBeGreaterThan(last.harm.rollbackThreshold);
    expect(last.outcome).toBe('breach_hold');
  });

  test('is not asked of where the stage as a whole is over the line', () => {
    const thin = repeated(look([0, 5], [0, 45]), TRAILING_LOOKS);
    const run = gateRun(PLAN, [...repeated(look([40, 1_000]), 30), ...thin]);
    expect(lastOf(findingsOf(run, ERROR_RATE.id)).outcome).toBe('breach_rollback');
  });
});

describe('a check of the tight margin', () => {
  const wide = gateRun(PLAN, repeated(look([0, 100], [2, 900]), 8));
  const strict = check({ ...ERROR_RATE, margin: 'tight' });
  const tight = gateRun(endlessPlan({ checks: [strict] }), repeated(look([0, 100], [2, 900]), 8));

  test('must rule its hold line out at every stage, and is clear later than one that may use the rollback line', () => {
    expect(lastOf(findingsOf(wide, ERROR_RATE.id))).toMatchObject({
      outcome: 'clear',
      safety: { margin: 'wide' },
    });
    const found = lastOf(findingsOf(tight, strict.id));
    expect(found).toMatchObject({ outcome: 'ambiguous', reason: 'not_enough_evidence' });
    expect(found.safety.margin).toBe('tight');
    const { decisions } = gateRun(endlessPlan({ checks: [strict] }), repeated(look([0, 1_000]), 20));
    expect(decisions.at(-1)?.findings[0]?.outcome).toBe('clear');
  });

  test('changes nothing of what is harm', () => {
    const harmOf = (of: typeof ERROR_RATE) =>
      findingsOf(gateRun(planOf({ checks: [of] }), repeated(look([12, 1_000]), 8)), of.id).map(
        ({ harm }) => harm,
      );
    expect(harmOf(strict)).toEqual(harmOf(ERROR_RATE));
  });
});

import { describe, expect, test } from 'vitest';
import { parseExposure } from '../../../src/core/plan/ladder.ts';
import {
  approvalBefore,
  desiredAt,
  exposedShare,
  isAlone,
  isLastStage,
  marginAt,
  stageAt,
} from '../../../src/core/plan/plan.ts';
import { planOf } from '../../support/rollout-rig.ts';

function planOn(rungs: readonly string[], more: Parameters<typeof planOf>[0] = {}) {
  const ladder = rungs.map((rung) => {
    const exposure = parseExposure(rung);
    if (exposure === null) throw new Error(rung);
    return { exposure, holdMs: 10_000 };
  });
  return planOf({ ladder, ...more });
}
const stages = (plan: ReturnType<typeof planOn>) => plan.ladder.map((_, index) => index);

describe('what the backend must make true', () => {
  test('audiences add up along the ladder and stay while percentages rise', () => {
    const plan = planOn(['audience:staff', 'audience:eu', '10%', '100%']);
    expect(stages(plan).map((index) => desiredAt(plan, index))).toEqual([
      { percent: 0, audiences: ['staff'] },
      { percent: 0, audiences: ['staff', 'eu'] },
      { percent: 10, audiences: ['staff', 'eu'] },
      { percent: 100, audiences: ['staff', 'eu'] },
    ]);
  });

  test('a switch moves everyone', () => {
    expect(desiredAt(planOn(['switch:green']), 0)).toEqual({ percent: 100, audiences: [] });
  });

  test('a holdback stays out, so that someone is left to compare with', () => {
    const plan = planOn(['50%', '100%'], { holdbackPercent: 5 });
    expect(desiredAt(plan, 1).percent).toBe(95);
    expect(isAlone(plan, 1)).toBe(false);
    expect(isAlone(planOn(['50%', '100%']), 1)).toBe(true);
  });

  test('the exposed share is not known once a ring decides', () => {
    const plan = planOn(['10%', 'audience:eu', '50%']);
    expect(stages(plan).map((index) => exposedShare(plan, index))).toEqual([0.1, null, null]);
  });
});

describe('the margin safety must rule out', () => {
  test.each([
    { rungs: ['5%', '25%', '50%', '100%'], margins: ['wide', 'tight', 'tight', 'tight'] },
    { rungs: ['5%', '26%'], margins: ['tight', 'tight'] },
    { rungs: ['audience:staff', 'audience:eu', '100%'], margins: ['wide', 'tight', 'tight'] },
    { rungs: ['5%', 'switch:green'], margins: ['tight', 'tight'] },
  ])('is wide only while the next step reaches 25 % at the most: $rungs', ({ rungs, margins }) => {
    const plan = planOn(rungs);
    expect(stages(plan).map((index) => marginAt(plan, index))).toEqual(margins);
  });
});

describe('an approval', () => {
  const asked = (beforePercent: number, rungs: readonly string[] = ['10%', '25%', '50%', '100%']) => {
    const plan = planOn(rungs, { approvals: [{ beforePercent, phrase: 'ask' }] });
    return stages(plan)
      .slice(1)
      .filter((index) => approvalBefore(plan, index) !== null);
  };

  test.each([
    // “Before 50 %” and “before going past 50 %” are written alike, so both steps ask.
    { beforePercent: 50, rungs: undefined, at: [2, 3] },
    { beforePercent: 100, rungs: undefined, at: [3] },
    { beforePercent: 30, rungs: undefined, at: [2] },
    { beforePercent: 5, rungs: undefined, at: [] },
    { beforePercent: 50, rungs: ['10%', 'switch:green'], at: [1] },
  ])('before $beforePercent % is due when that is reached or passed', ({ beforePercent, rungs, at }) => {
    expect(asked(beforePercent, rungs)).toEqual(at);
  });
});

test('a stage that is not there is a bug', () => {
  const plan = planOn(['10%', '100%']);
  expect(() => stageAt(plan, 2)).toThrow('stage 2 of 2');
  expect([isLastStage(plan, 0), isLastStage(plan, 1)]).toEqual([false, true]);
});

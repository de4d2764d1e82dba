import { describe, expect, test } from 'vitest';
import { type InstructionReading, readInstruction } from '../../../src/core/plan/instruction.ts';
import { formatLadder, type Ladder } from '../../../src/core/plan/ladder.ts';

const NOTHING: InstructionReading = {
  ladder: [],
  rules: [],
  holdback: null,
  startAfter: null,
  windows: [],
  approvals: [],
  questions: [],
  unread: [],
};

test('“Advance 1% → 5% → 25% → 100%, fifteen minutes per stage. …” compiles with nothing left over', () => {
  const text =
    'Advance 1% → 5% → 25% → 100%, fifteen minutes per stage. Hold if canary error rate exceeds the stable fleet by more ' +
    'than 0.5 points; roll back if it exceeds 2 points.';
  const rule = {
    metric: 'error_rate',
    compare: 'points',
    against: 'stable',
    direction: 'above',
    unit: 'points',
    notify: false,
  } as const;
  expect(readInstruction(text)).toEqual({
    ...NOTHING,
    ladder: ['1%', '5%', '25%', '100%'].map((exposure) => ({ exposure, hold: '15m' })),
    rules: [
      {
        ...rule,
        value: 0.5,
        action: 'hold',
        phrase: 'Hold if canary error rate exceeds the stable fleet by more than 0.5 points',
      },
      { ...rule, value: 2, action: 'rollback', phrase: 'roll back if it exceeds 2 points' },
    ],
  });
});

test('“Roll the new ranking service out progressively behind a feature flag. …” compiles with nothing left over', () => {
  const text =
    'Roll the new ranking service out progressively behind a feature flag. Start at 2% of traffic and double the exposure ' +
    "every 20 minutes if the canary's error rate and p95 latency stay within 10% of the stable fleet. Halt and alert me if " +
    'either metric breaches that band, and roll back automatically if error rate doubles.';
  const band = {
    compare: 'percent',
    value: 10,
    against: 'stable',
    direction: 'either',
    unit: 'percent',
    action: 'hold',
    notify: true,
    phrase: "if the canary's error rate and p95 latency stay within 10% of the stable fleet",
  } as const;
  expect(readInstruction(text)).toEqual({
    ...NOTHING,
    ladder: ['2%', '4%', '8%', '16%', '32%', '64%', '100%'].map((exposure) => ({ exposure, hold: '20m' })),
    rules: [
      { metric: 'error_rate', ...band },
      { metric: 'latency_p95', ...band },
      {
        metric: 'error_rate',
        compare: 'times',
        value: 2,
        against: 'stable',
        direction: 'above',
        unit: 'times',
        action: 'rollback',
        notify: false,
        phrase: 'roll back automatically if error rate doubles',
      },
    ],
  });
});

/** "1%@15m audience:beta 100%": one word a stage. */
function ladderText(reading: InstructionReading): string {
  return reading.ladder
    .map(({ exposure, hold }) => (hold === null ? exposure : `${exposure}@${hold}`))
    .join(' ');
}

describe('reads a ladder', () => {
  test.each([
    ['Advance 10% → 50% → 100%, 20 minutes per stage.', '10%@20m 50%@20m 100%@20m'],
    ['1% for 10m → 5% for 1h → 100% for 1d', '1%@10m 5%@1h 100%@1d'],
    ['1% -> 5% -> 100%, 15m/stage', '1%@15m 5%@15m 100%@15m'],
    ['Advance 1% > 10% > 100%, 15 minutes per stage', '1%@15m 10%@15m 100%@15m'],
    ['1%/10%/100%, 15 minutes each', '1%@15m 10%@15m 100%@15m'],
    ['Advance 1%-10%-100% with 15-minute stages', '1%@15m 10%@15m 100%@15m'],
    ['1, 5, 25 and 100 percent, ten minutes per stage', '1%@10m 5%@10m 25%@10m 100%@10m'],
    ['1 → 5 → 25 → 100, 10 min each', '1%@10m 5%@10m 25%@10m 100%@10m'],
    ['Start at 5%, then 25%, then 50% and then 100%, one hour each.', '5%@1h 25%@1h 50%@1h 100%@1h'],
    ['Go to 5% for 10 minutes, then 25% for an hour, then everyone.', '5%@10m 25%@1h 100%'],
    ['Give it to 5% of users for a day and then everybody', '5%@1d 100%'],
    ['5% of traffic for two hours, half for a day, then everyone', '5%@2h 50%@1d 100%'],
    ['Canary at 5% for an hour and a half, then 50% for 2 hours, then 100%', '5%@90m 50%@2h 100%'],
    [
      'Advance one percent → five percent → a quarter → everyone, fifteen minutes per stage',
      '1%@15m 5%@15m 25%@15m 100%@15m',
    ],
    ['Ramp from 1% to 10% to 50% to 100% with 30 minutes at each step', '1%@30m 10%@30m 50%@30m 100%@30m'],
    [
      'Roll out to 1%, 10%, 50% and 100% of users, waiting 30 minutes between stages.',
      '1%@30m 10%@30m 50%@30m 100%@30m',
    ],
    [
      'Start at 1%. After 15 minutes go to 10%. After an hour go to 50%. After a day go to 100%.',
      '1%@15m 10%@1h 50%@1d 100%',
    ],
    ['10% immediately, 50% after 1 hour, 100% after 1 day', '10%@1h 50%@1d 100%'],
    [
      'Begin with 1 percent of requests; after 15 minutes move to 10 percent; after another hour move to everyone.',
      '1%@15m 10%@1h 100%',
    ],
    ['1%, wait 10 minutes, 10%, wait an hour, 100%', '1%@10m 10%@1h 100%'],
    ['Canary 5%, bake 30m, 25%, bake 1h, 100%', '5%@30m 25%@1h 100%'],
    ['5% for an hour before moving to 25%, 25% for a day, then everyone', '5%@1h 25%@1d 100%'],
    ['10%: 30m, 50%: 1h, 100%', '10%@30m 50%@1h 100%'],
    ['10% (30m) → 50% (1h) → 100%', '10%@30m 50%@1h 100%'],
    ['Hold each stage for 15 minutes: 1%, 10%, 100%.', '1%@15m 10%@15m 100%@15m'],
    ['Each stage should bake for at least 30 minutes. Stages: 5%, 50%, 100%.', '5%@30m 50%@30m 100%@30m'],
    ['Advance 1% → 25% → 100%, 10m each. Hold at 25% for an hour.', '1%@10m 25%@1h 100%@10m'],
    ['- 1% for 10 minutes\n- 10% for 1 hour\n- 100%', '1%@10m 10%@1h 100%'],
    ['1. 1% for 10 minutes\n2. 10% for 1 hour\n3. everyone', '1%@10m 10%@1h 100%'],
    ['# Ladder\n\n* 1% — 10 minutes\n* 10% — 1 hour\n* 100%', '1%@10m 10%@1h 100%'],
    ['Advance 1% → 5% →\n100%, fifteen minutes\nper stage.', '1%@15m 5%@15m 100%@15m'],
    ['Double the exposure every 20 minutes from 2%', '2%@20m 4%@20m 8%@20m 16%@20m 32%@20m 64%@20m 100%@20m'],
    ['Start at 1% and triple every hour.', '1%@1h 3%@1h 9%@1h 27%@1h 81%@1h 100%@1h'],
    ['Start at 2%, doubling every 20 minutes until 10%, then 100%', '2%@20m 4%@20m 8%@20m 10%@20m 100%@20m'],
    ['Start with 25% and add 25% every hour until 100%.', '25%@1h 50%@1h 75%@1h 100%@1h'],
    [
      'Increase by 25 percentage points every 30 minutes starting at 25%.',
      '25%@30m 50%@30m 75%@30m 100%@30m',
    ],
    ['Roll out in 25% increments every hour.', '25%@1h 50%@1h 75%@1h 100%@1h'],
    ['Roll out in 4 equal steps, 1 hour each', '25%@1h 50%@1h 75%@1h 100%@1h'],
    ['Advance in stages of 1%, 5% and 100%. Each stage lasts 15 minutes.', '1%@15m 5%@15m 100%@15m'],
    ['Roll out in three stages: 10%, 50%, 100%, with half an hour between them', '10%@30m 50%@30m 100%@30m'],
    [
      'Ship to internal users, then beta, then 10%, and everyone, a day each.',
      'audience:internal@1d audience:beta@1d 10%@1d 100%@1d',
    ],
    [
      'Region eu-west-1 for a day, then the gold tier for a day, then everyone',
      'audience:eu-west-1@1d audience:gold@1d 100%',
    ],
    ['ring 0 → ring 1 → everyone, 1d per stage', 'audience:ring-0@1d audience:ring-1@1d 100%@1d'],
    ['Send 10% for 30 minutes, then switch to green.', '10%@30m switch:green'],
    [
      'Expose beta users first; after 24 hours, 10% of everyone; after 48 hours, everyone.',
      'audience:beta@1d 10%@2d 100%',
    ],
    ['Stage 1: 5% for 1h\nStage 2: 25% for 1h\nStage 3: 100%', '5%@1h 25%@1h 100%'],
    [
      'Let the canary bake for an hour at 5% before going on to 50% for a day and then 100%.',
      '5%@1h 50%@1d 100%',
    ],
    ['Cut over to green.', 'switch:green'],
    ['Advnace 1% → 100%, fiveteen minutes, per stgae', null],
    ['Advance 1% → 100%, fiften minuts per stage', '1%@15m 100%@15m'],
    [
      'Start with 5% and, if all checks pass, go to 50% after an hour and 100% after a day.',
      '5%@1h 50%@1d 100%',
    ],
    ['Roll out checkout-v2 at 5% for 1 day, then everyone.', '5%@1d 100%'],
  ])('%s', (text, ladder) => {
    const reading = readInstruction(text);
    if (ladder === null) {
      expect([...reading.questions, ...reading.unread]).not.toEqual([]);
      return;
    }
    expect(ladderText(reading)).toBe(ladder);
    expect(reading).toEqual({ ...NOTHING, ladder: reading.ladder });
  });

  test('and reads back what formatLadder writes', () => {
    const ladders: readonly Ladder[] = [
      [10, 50, 100].map((percent) => ({ exposure: { kind: 'percent', percent }, holdMs: 1_200_000 })),
      [
        { exposure: { kind: 'audience', name: 'internal' }, holdMs: 86_400_000 },
        { exposure: { kind: 'percent', percent: 2.5 }, holdMs: 5_400_000 },
        { exposure: { kind: 'percent', percent: 100 }, holdMs: 1_000 },
      ],
    ];
    const texts = ladders.map((ladder) =>
      formatLadder(ladder).replace('audience:internal', 'internal users'),
    );
    expect(texts.map((text) => ladderText(readInstruction(text)))).toEqual([
      '10%@20m 50%@20m 100%@20m',
      'audience:internal@1d 2.5%@90m 100%@1s',
    ]);
    expect(texts.flatMap((text) => readInstruction(text).unread)).toEqual([]);
  });
});

describe('reads what surrounds a ladder', () => {
  test.each([
    ['Keep 5% on the old version.', { holdback: '5%' }],
    ['Hold back 5%.', { holdback: '5%' }],
    ['Leave 10% of users on the stable version as a holdback', { holdback: '10%' }],
    ['Start after 14:00 UTC.', { startAfter: '14:00 UTC' }],
    ["Don't start before 9am UTC", { startAfter: '9am UTC' }],
    ['Start on Monday', { startAfter: 'Monday' }],
  ])('%s', (text, found) => {
    expect(readInstruction(text)).toEqual({ ...NOTHING, ...found });
  });

  test.each([
    ['Not on Fridays', false, 'Fridays'],
    ['Avoid peak hours', false, 'peak hours'],
    ['Pause over the weekend', false, 'weekend'],
    ['Never deploy on weekends or after 16:00 UTC', false, 'weekends or after 16:00 UTC'],
    ['No deploys on Friday', false, 'Friday'],
    ['Freeze from December 20 to January 2', false, 'from December 20 to January 2'],
    ['Only during business hours 9-17 UTC', true, 'business hours 9-17 UTC'],
    ['Only roll out on weekdays between 09:00 and 17:00 UTC', true, 'weekdays between 09:00 and 17:00 UTC'],
    ['Only advance during office hours (9-17 UTC)', true, 'office hours (9-17 UTC)'],
    ['Monday to Friday only', true, 'Monday to Friday'],
  ])('%s', (text, allow, when) => {
    const [window] = readInstruction(text).windows;
    expect(readInstruction(text)).toEqual({ ...NOTHING, windows: [{ allow, when, phrase: window?.phrase }] });
    expect(window).toMatchObject({ allow, when });
  });

  test.each([
    ['Ask me before going past 50%', ['50%']],
    ['Manual approval before 100%.', ['100%']],
    ['Require approval before going to everyone', ['100%']],
    ['Get my approval before 25%, 50% and 100%.', ['25%', '50%', '100%']],
    ['Ask me before every stage', ['every stage']],
    ['Pause at 50% and wait for my approval', ['50%']],
  ])('%s', (text, befores) => {
    const { approvals, ...rest } = readInstruction(text);
    expect(approvals.map(({ before }) => before)).toEqual(befores);
    expect({ ...rest, approvals: [] }).toEqual(NOTHING);
  });
});
